import type { QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { client } from "../contract/client.ts";
import { type ChangeType, nextChange } from "../domain/changes.ts";
import { type Actor, type ChainHead, emptyChain } from "../domain/event-chain.ts";
import { chainHead } from "./chain.ts";
import { putChange } from "./changes.ts";
import { attempts, commit, type Dynamo, type Item, type Place, readAll, type Write } from "./dynamo.ts";
import { readPage } from "./page.ts";
import { unchanged } from "./unchanged.ts";

/** What is told of a client: only public keys are here. */
export type ClientFacts = z.input<typeof client>;

/** An OAuth client with where the chain of its changes stands. */
export type Client = ClientFacts & { head: ChainHead };

const stored = z.object({
  ...client.shape,
  head: chainHead,
});

/** The one partition of the index from which clients are read in the order of their ids. */
const listing = "clients";

export const clientPlace = (table: string, clientId: string): Place => ({ table, key: { clientId } });

export const clientFrom = (item: Item | undefined): Client | undefined => item && stored.parse(item);

export const presentClient = ({ head: _, ...facts }: Client): ClientFacts => facts;

/** Who makes a change, and when. */
export type ClientFact = { at: string; actor: Actor };

/** A key by its thumbprint (RFC 7638). */
export type Thumbprint = string;

type Tables = { clients: string; changes: string };

/** A new client, with the first link of its chain of changes and its claim to its keys. */
export const addClient = (
  tables: Tables,
  facts: Pick<ClientFacts, "clientId" | "authority" | "name" | "scopes" | "keys">,
  thumbprints: readonly Thumbprint[],
  { at, actor }: ClientFact,
): { after: Client; writes: Write[] } => {
  const told: ClientFacts = { ...facts, active: true, createdAt: at, updatedAt: at, version: 1 };
  const link = linkOf("client.registered", emptyChain, { before: null, after: told, at, actor });
  const after = { ...told, head: link.head };
  return {
    after,
    writes: [
      putClient(tables.clients, after, { ConditionExpression: "attribute_not_exists(clientId)" }),
      putChange(tables.changes, link.change),
      ...thumbprints.map((thumbprint) => claimKey(tables.clients, thumbprint, after.clientId)),
    ],
  };
};

/** The client as it is after a change. Fails when it was changed since it was read. */
export const changeClient = (
  tables: Tables,
  before: Client,
  changes: Partial<Pick<ClientFacts, "name" | "scopes" | "active" | "keys">>,
  thumbprints: readonly Thumbprint[],
  { at, actor }: ClientFact,
): { after: Client; writes: Write[] } => {
  const told: ClientFacts = { ...presentClient(before), ...changes, updatedAt: at, version: before.version + 1 };
  const fact = { before: presentClient(before), after: told, at, actor };
  const link = linkOf("client.changed", before.head, fact);
  const after = { ...told, head: link.head };
  return {
    after,
    writes: [
      putClient(tables.clients, after, unchanged(before)),
      putChange(tables.changes, link.change),
      ...thumbprints.map((thumbprint) => claimKey(tables.clients, thumbprint, after.clientId)),
    ],
  };
};

const linkOf = (
  type: ChangeType,
  head: ChainHead,
  { before, after, ...fact }: ClientFact & { before: ClientFacts | null; after: ClientFacts },
) => nextChange(head, { subject: subjectOfClient(after.clientId), type, before, after, ...fact });

/** The subject of a client's chain of changes. */
export const subjectOfClient = (clientId: string): string => `client#${clientId}`;

const putClient = (
  table: string,
  after: Client,
  condition: { ConditionExpression: string; ExpressionAttributeValues?: Record<string, unknown> },
): Write => ({
  name: `client ${after.clientId}`,
  item: { Put: { TableName: table, Item: { ...after, listing }, ...condition } },
});

/**
 * Whose a key is: so that two clients never share one, and who signed with it is never in doubt. It stands among the
 * clients under a name that none can have (RFC 6749 appendix A.1: no spaces), and for good: a key that was taken out is
 * not another's afterwards.
 */
const claimedAs = (thumbprint: Thumbprint): string => `key ${thumbprint}`;

export const keyClaimPlace = (table: string, thumbprint: Thumbprint): Place =>
  clientPlace(table, claimedAs(thumbprint));

const storedClaim = z.object({ owner: z.string() });

/** The id of the client whose key it is. */
export const keyOwnerFrom = (item: Item | undefined): string | undefined => item && storedClaim.parse(item).owner;

const claimKey = (table: string, thumbprint: Thumbprint, owner: string): Write => ({
  name: claimedAs(thumbprint),
  item: {
    Put: {
      TableName: table,
      Item: { clientId: claimedAs(thumbprint), owner },
      ConditionExpression: "attribute_not_exists(clientId) OR #owner = :owner",
      ExpressionAttributeNames: { "#owner": "owner" },
      ExpressionAttributeValues: { ":owner": owner },
    },
  },
});

/**
 * The DfE's clients that may maintain clients. Whoever changes any client must be one of them when that commits, and none
 * can take itself out: so there is always one left, whatever they do at the same time.
 */
export type Administrators = { ids: string[]; version: number };

const storedAdministrators = z.object({ ids: z.array(z.string()), version: z.number() });

/** It stands among the clients, under a name that none can have. */
const administrators = "the administrators";

export const administratorsPlace = (table: string): Place => clientPlace(table, administrators);

export const administratorsFrom = (item: Item | undefined): Administrators =>
  item ? storedAdministrators.parse(item) : { ids: [], version: 0 };

export const isAdministrator = ({ active, scopes }: Pick<ClientFacts, "active" | "scopes">): boolean =>
  active && scopes.includes("clients:admin");

/** Goes with every change by the DfE: fails when somebody became an administrator, or ceased to be one, meanwhile. */
export const administratorsAfter = (
  table: string,
  { ids, version }: Administrators,
  after: Pick<ClientFacts, "clientId" | "active" | "scopes">,
): Write => {
  const others = ids.filter((id) => id !== after.clientId);
  const next = isAdministrator(after) ? [...others, after.clientId].sort() : others;
  const condition = version === 0 ? { ConditionExpression: "attribute_not_exists(clientId)" } : unchanged({ version });
  const { key } = administratorsPlace(table);
  const isSame = next.length === ids.length && next.every((id) => ids.includes(id));
  return {
    name: administrators,
    item: isSame
      ? { ConditionCheck: { TableName: table, Key: key, ...condition } }
      : { Put: { TableName: table, Item: { ...key, ids: next, version: version + 1 }, ...condition } },
  };
};

/** One page of clients as the indexes have them: what was changed a moment ago may not be there yet. */
export const readClients = (
  dynamo: Dynamo,
  table: string,
  { authority, active }: { authority: string | undefined; active: boolean | undefined },
  page: { limit: number; cursor: string | undefined },
): Promise<{ items: Client[]; next: string | null }> =>
  readPage(
    dynamo,
    clientsQuery(table, authority, active),
    { list: ["clients", authority ?? null, active ?? null], ...page },
    (item) => stored.parse(item),
  );

const clientsQuery = (
  table: string,
  authority: string | undefined,
  active: boolean | undefined,
): QueryCommandInput => ({
  TableName: table,
  IndexName: authority === undefined ? "by-listing" : "by-authority",
  KeyConditionExpression: "#of = :of",
  ExpressionAttributeNames: {
    "#of": authority === undefined ? "listing" : "authority",
    ...(active !== undefined && { "#active": "active" }),
  },
  ExpressionAttributeValues: { ":of": authority ?? listing, ...(active !== undefined && { ":active": active }) },
  ...(active !== undefined && { FilterExpression: "#active = :active" }),
});

/**
 * An authority has ended: none of its clients gets a token from now on. Repeated, it does what is left to do.
 * @param fact of each change
 */
export const deactivateClientsOf = async (
  dynamo: Dynamo,
  tables: Tables,
  authority: string,
  fact: ClientFact,
): Promise<void> => {
  let cursor: string | undefined;
  do {
    const page = await readClients(dynamo, tables.clients, { authority, active: true }, { limit: 100, cursor });
    for (const { clientId } of page.items) await deactivate(dynamo, tables, clientId, fact);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
};

const deactivate = async (dynamo: Dynamo, tables: Tables, clientId: string, fact: ClientFact): Promise<void> => {
  for await (const _ of attempts()) {
    const [item] = await readAll(dynamo, [clientPlace(tables.clients, clientId)]);
    const before = clientFrom(item);
    if (!before?.active) return;
    const { committed } = await commit(dynamo, changeClient(tables, before, { active: false }, [], fact).writes);
    if (committed) return;
  }
};

import * as z from "zod";
import { authority, contact } from "../contract/directory.ts";
import { type Change, nextChange } from "../domain/changes.ts";
import { type Contact, inEffect } from "../domain/contacts.ts";
import { type Actor, type ChainHead, emptyChain } from "../domain/event-chain.ts";
import { busy } from "../domain/refusals.ts";
import { dateInEngland } from "../domain/working-days.ts";
import { chainHead } from "./chain.ts";
import { putChange } from "./changes.ts";
import { attempts, type Dynamo, type Item, type Place, queried, readAll, type Write } from "./dynamo.ts";

/** What the list says of an authority, without its contacts. */
export type AuthorityFacts = z.input<typeof authority>;

/** An authority with all its named contacts, past and future ones too, by contact id. */
export type Authority = AuthorityFacts & {
  contacts: Record<string, Contact>;
  /** Where the chain of its changes stands. */
  head: ChainHead;
  /** What an import would make of the contacts: in force as soon as that import has committed. */
  staged?: { importId: string; contacts: Record<string, Contact> } | undefined;
};

const contacts = z.record(
  z.string(),
  z.object({ ...contact.shape, verificationAsked: z.union([z.literal(0), z.literal(1), z.literal(2)]) }),
);

const stored = z.object({
  ...authority.shape,
  contacts,
  head: chainHead,
  staged: z.object({ importId: z.string(), contacts }).optional(),
});

/** The one partition of the index from which the list of authorities is read in order. */
const listing = "authorities";

/** The item that is about the list as a whole stands among the authorities, under a code that none has. */
const wholeList = "contact-list";

export const authorityPlace = (table: string, code: string): Place => ({ table, key: { code } });

export const authorityFrom = (item: Item | undefined): Authority | undefined =>
  item && !withdrawnFrom(item) ? stored.parse(item) : undefined;

/**
 * What is left of an authority that was to be, until the reorganisation that would have made it was cancelled: where its
 * chain of changes stands. It is in no list, and its code is free.
 */
export type Withdrawn = { head: ChainHead; version: number };

const storedWithdrawn = z.object({ withdrawn: z.literal(true), head: stored.shape.head, version: z.number() });

export const withdrawnFrom = (item: Item | undefined): Withdrawn | undefined =>
  item?.withdrawn === true ? storedWithdrawn.parse(item) : undefined;

export const authorityItem = (value: Authority): Item => ({ ...value, listing });

/** Is the authority itself in effect on that day in England? */
export const existsOn = (value: Pick<Authority, "effectiveFrom" | "effectiveTo">, date: string): boolean =>
  value.effectiveFrom <= date && (value.effectiveTo === null || date <= value.effectiveTo);

/** Whom to contact: nobody, where the authority itself is not in effect. */
export const contactsInEffect = (value: Authority, now: string): Contact[] =>
  existsOn(value, dateInEngland(now))
    ? Object.values(value.contacts)
        .filter((each) => inEffect(each, now))
        .sort((a, b) => (a.contactId < b.contactId ? -1 : 1))
    : [];

/**
 * Makes a transaction fail when anything about the contact has changed since it was read, so that a retirement that
 * commits first wins against a receipt under way; and while an import may change it. Its name among the writes is
 * `contact`.
 */
export const contactUnchanged = (table: string, { authority: code, contactId, version }: Contact): Write => ({
  name: "contact",
  item: {
    ConditionCheck: {
      TableName: table,
      Key: { code },
      ConditionExpression: "contacts.#contact.version = :version AND attribute_not_exists(staged)",
      ExpressionAttributeNames: { "#contact": contactId },
      ExpressionAttributeValues: { ":version": version },
    },
  },
});

/** Makes a transaction fail when the authority has ended by that day, or is not in the list. */
export const hasNotEnded = (table: string, code: string, today: string): Write => ({
  name: `authority ${code}`,
  item: {
    ConditionCheck: {
      TableName: table,
      Key: { code },
      ConditionExpression: "attribute_type(effectiveTo, :null) OR effectiveTo >= :today",
      ExpressionAttributeValues: { ":null": "NULL", ":today": today },
    },
  },
});

/** What is done to an authority's place in the list, by whom, and how it was before and after. */
export type DirectoryFact = Pick<Change, "type" | "at" | "before" | "after"> & { actor: Actor };

type Tables = { directory: string; changes: string };

/**
 * The authority as it is after a change, and what to write: the authority itself and the link of its chain of changes.
 * Fails when the authority was changed since it was read, and while an import may. {@link countChange} goes with it.
 */
export const changeAuthority = (
  tables: Tables,
  before: Authority,
  changes: Partial<Omit<Authority, "version" | "head" | "staged">>,
  fact: DirectoryFact,
): { after: Authority; writes: Write[] } => {
  const { change, head } = nextChange(before.head, { subject: subjectOf(before), ...fact });
  const after = { ...before, ...changes, head, version: before.version + 1 };
  return {
    after,
    writes: [
      {
        name: `authority ${before.code}`,
        item: {
          Put: {
            TableName: tables.directory,
            Item: authorityItem(after),
            ConditionExpression: "version = :version AND attribute_not_exists(staged)",
            ExpressionAttributeValues: { ":version": before.version },
          },
        },
      },
      putChange(tables.changes, change),
    ],
  };
};

/**
 * A new authority, with the first link of its chain of changes, or the next of one that was withdrawn under this code.
 * {@link countChange} goes with it.
 */
export const addAuthority = (
  tables: Tables,
  facts: Omit<Authority, "version" | "head" | "staged">,
  fact: DirectoryFact,
  withdrawn?: Withdrawn,
): { after: Authority; writes: Write[] } => {
  const { change, head } = nextChange(withdrawn?.head ?? emptyChain, { subject: subjectOf(facts), ...fact });
  const after = { ...facts, head, version: (withdrawn?.version ?? 0) + 1 };
  return {
    after,
    writes: [
      {
        name: `authority ${facts.code}`,
        item: {
          Put: {
            TableName: tables.directory,
            Item: authorityItem(after),
            ...(withdrawn
              ? {
                  ConditionExpression: "withdrawn = :yes AND version = :version",
                  ExpressionAttributeValues: { ":yes": true, ":version": withdrawn.version },
                }
              : { ConditionExpression: "attribute_not_exists(code)" }),
          },
        },
      },
      putChange(tables.changes, change),
    ],
  };
};

/** Takes back an authority that never was in effect. {@link countChange} goes with it, which takes its code off the list. */
export const withdrawAuthority = (
  tables: Tables,
  { code, head: before, version }: Authority,
  fact: DirectoryFact,
): Write[] => {
  const { change, head } = nextChange(before, { subject: subjectOf({ code }), ...fact });
  return [
    {
      name: `authority ${code}`,
      item: {
        Put: {
          TableName: tables.directory,
          Item: { code, withdrawn: true, head, version: version + 1 },
          ConditionExpression: "version = :version AND attribute_not_exists(staged)",
          ExpressionAttributeValues: { ":version": version },
        },
      },
    },
    putChange(tables.changes, change),
  ];
};

/** The subject of an authority's chain of changes. */
export const subjectOf = ({ code }: Pick<Authority, "code">): string => `authority#${code}`;

/**
 * Counts one change of the list, of however many authorities: once in every transaction that changes any.
 * @param added codes of authorities that are new in it
 * @param withdrawn codes of those that are taken off it
 */
export const countChange = (
  table: string,
  added: readonly string[] = [],
  withdrawn: readonly string[] = [],
): Write => ({
  name: "list",
  item: {
    Update: {
      TableName: table,
      Key: { code: wholeList },
      UpdateExpression: [
        added.length > 0 ? "ADD #changes :one, codes :added" : "ADD #changes :one",
        ...(withdrawn.length > 0 ? ["DELETE codes :withdrawn"] : []),
      ].join(" "),
      ExpressionAttributeNames: { "#changes": "changes" },
      ExpressionAttributeValues: {
        ":one": 1,
        ...(added.length > 0 && { ":added": new Set(added) }),
        ...(withdrawn.length > 0 && { ":withdrawn": new Set(withdrawn) }),
      },
    },
  },
});

/** Makes a transaction fail when the list has been changed since it was counted. Its name among the writes is `list`. */
export const listUnchanged = (table: string, count: number): Write => ({
  name: "list",
  item: {
    ConditionCheck: {
      TableName: table,
      Key: { code: wholeList },
      ConditionExpression: count === 0 ? "attribute_not_exists(#changes)" : "#changes = :count",
      ExpressionAttributeNames: { "#changes": "changes" },
      ...(count > 0 && { ExpressionAttributeValues: { ":count": count } }),
    },
  },
});

export const readAuthority = async (dynamo: Dynamo, table: string, code: string): Promise<Authority | undefined> => {
  const [item] = await readAll(dynamo, [authorityPlace(table, code)]);
  return authorityFrom(item);
};

/** The whole list at one moment: every authority by code, and how often the list had been changed by then. */
export type Snapshot = { authorities: Authority[]; changes: number };

const wholeListItem = z.object({ changes: z.number(), codes: z.set(z.string()) });

/**
 * The whole list as it was at one moment, strongly consistent: it is read again where anything changed meanwhile, and after
 * an import once what it had staged is staged no more.
 * @throws Refusal `busy` while an import is being carried out
 */
export const readSnapshot = async (dynamo: Dynamo, table: string): Promise<Snapshot> => {
  let staged: string | undefined;
  for await (const _ of attempts()) {
    if (staged && (await readAuthority(dynamo, table, staged))?.staged) continue;
    const before = await readWholeListItem(dynamo, table);
    const places = [...before.codes].sort().map((code) => authorityPlace(table, code));
    // One may have been withdrawn since its code was read: then the count has changed too.
    const authorities = (await readAll(dynamo, places)).flatMap((item) => authorityFrom(item) ?? []);
    const { changes } = await readWholeListItem(dynamo, table);
    staged = authorities.find((each) => each.staged)?.code;
    if (changes === before.changes && !staged) return { authorities, changes };
  }
  throw busy();
};

const readWholeListItem = async (dynamo: Dynamo, table: string) => {
  const [item] = await readAll(dynamo, [authorityPlace(table, wholeList)]);
  return wholeListItem.parse(item ?? { changes: 0, codes: new Set() });
};

/**
 * Every authority, in the order of their codes, as the index has it: some 200 items of about 2 KB. What was changed a
 * moment ago may not be there yet; {@link readSnapshot} is for what must not miss anything.
 */
export const readAuthorities = async (dynamo: Dynamo, table: string): Promise<Authority[]> => {
  const authorities: Authority[] = [];
  const query = {
    TableName: table,
    IndexName: "by-listing",
    KeyConditionExpression: "listing = :listing",
    ExpressionAttributeValues: { ":listing": listing },
  };
  for await (const item of queried(dynamo, query)) authorities.push(stored.parse(item));
  return authorities;
};

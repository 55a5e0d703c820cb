import * as z from "zod";
import { nextChange } from "../domain/changes.ts";
import type { Contact } from "../domain/contacts.ts";
import { actor } from "./chain.ts";
import { putChange } from "./changes.ts";
import { type Authority, authorityItem, subjectOf } from "./directory.ts";
import { type Dynamo, type Item, type Place, readAll, type Write } from "./dynamo.ts";
import { unchanged } from "./unchanged.ts";

/**
 * An import of the contact list changes more than one transaction holds. So its changes are staged beside what is in
 * force, this item turns to `committed` in one moment, and then they are put in place: readers see the old list or the
 * new one. Nobody else can change an authority while an import is staged there.
 */
export type Import = z.output<typeof stored>;
export type ImportState = Import["state"];

const stored = z.object({
  importId: z.string(),
  state: z.enum(["staging", "committed", "settled", "abandoned"]),
  startedAt: z.string(),
  /** Who imports: the actor of every change that comes of it. */
  actor,
  /** The authorities whose contacts it changes. */
  codes: z.array(z.string()),
  version: z.number(),
});

export const importPlace = (table: string, importId: string): Place => ({ table, key: { importId } });

export const importFrom = (item: Item | undefined): Import | undefined => item && stored.parse(item);

/** The contacts that an authority has at this moment: those of an import that has committed, put in place or not. */
export const contactsInForce = async (
  dynamo: Dynamo,
  table: string,
  { contacts, staged }: Authority,
): Promise<Record<string, Contact>> => {
  if (!staged) return contacts;
  const [item] = await readAll(dynamo, [importPlace(table, staged.importId)]);
  return importFrom(item)?.state === "committed" ? staged.contacts : contacts;
};

/** Which import is under way: one at a time. It stands among the imports, under an id that none has. */
export type UnderWay = z.output<typeof head>;

const head = z.object({ underWay: z.string().nullable(), version: z.number() });
const headKey = { importId: "under-way" };

export const underWayPlace = (table: string): Place => ({ table, key: headKey });

export const underWayFrom = (item: Item | undefined): UnderWay =>
  item ? head.parse(item) : { underWay: null, version: 0 };

/** A new import; where it stages anything it is the one under way, unless another has begun since that was read. */
export const startImport = (table: string, value: Import, before: UnderWay): Write[] => [
  {
    name: "import",
    item: { Put: { TableName: table, Item: value, ConditionExpression: "attribute_not_exists(importId)" } },
  },
  ...(value.state === "staging"
    ? [
        {
          name: "under-way",
          item: {
            Put: {
              TableName: table,
              Item: { ...headKey, underWay: value.importId, version: before.version + 1 },
              ...(before.version === 0 ? { ConditionExpression: "attribute_not_exists(importId)" } : unchanged(before)),
            },
          },
        },
      ]
    : []),
];

const stateNames = { "#state": "state" };

/** Makes a transaction fail when the import was abandoned meanwhile. */
export const stillStaging = (table: string, { importId }: Import): Write => ({
  name: "import",
  item: {
    ConditionCheck: {
      TableName: table,
      Key: { importId },
      ConditionExpression: "#state = :staging",
      ExpressionAttributeNames: stateNames,
      ExpressionAttributeValues: { ":staging": "staging" },
    },
  },
});

export const turnImport = (table: string, { importId }: Import, from: ImportState, to: ImportState): Write => ({
  name: "import",
  item: {
    Update: {
      TableName: table,
      Key: { importId },
      UpdateExpression: "SET #state = :to ADD version :one",
      ConditionExpression: "#state = :from",
      ExpressionAttributeNames: stateNames,
      ExpressionAttributeValues: { ":from": from, ":to": to, ":one": 1 },
    },
  },
});

/** The import is over, and another may begin. */
export const clearUnderWay = (table: string, { importId }: Import): Write => ({
  name: "under-way",
  item: {
    Update: {
      TableName: table,
      Key: headKey,
      UpdateExpression: "SET underWay = :none ADD version :one",
      ConditionExpression: "underWay = :importId",
      ExpressionAttributeValues: { ":none": null, ":one": 1, ":importId": importId },
    },
  },
});

/** Fails when the authority was changed since it was read. */
export const stageContacts = (
  directory: string,
  { importId }: Import,
  { code, version }: Pick<Authority, "code" | "version">,
  contacts: Record<string, Contact>,
): Write => ({
  name: `authority ${code}`,
  item: {
    Update: {
      TableName: directory,
      Key: { code },
      UpdateExpression: "SET staged = :staged",
      ConditionExpression: "version = :version AND attribute_not_exists(staged)",
      ExpressionAttributeValues: { ":staged": { importId, contacts }, ":version": version },
    },
  },
});

const isStaged = "staged.importId = :importId";

export const unstageContacts = (directory: string, { importId }: Import, { code }: Pick<Authority, "code">): Write => ({
  name: `authority ${code}`,
  item: {
    Update: {
      TableName: directory,
      Key: { code },
      UpdateExpression: "REMOVE staged",
      ConditionExpression: isStaged,
      ExpressionAttributeValues: { ":importId": importId },
    },
  },
});

/** Puts what is staged in its place, with the link of the authority's chain of changes. */
export const settleContacts = (
  tables: { directory: string; changes: string },
  { importId, startedAt, actor }: Import,
  { staged, ...before }: Authority,
): Write[] => {
  const contacts = staged?.contacts ?? before.contacts;
  const touched = Object.keys(contacts).filter((id) => contacts[id]?.version !== before.contacts[id]?.version);
  const { change, head: chain } = nextChange(before.head, {
    subject: subjectOf(before),
    type: "contacts.imported",
    at: startedAt,
    actor,
    before: touched.flatMap((id) => before.contacts[id] ?? []),
    after: touched.flatMap((id) => contacts[id] ?? []),
  });
  return [
    {
      name: `authority ${before.code}`,
      item: {
        Put: {
          TableName: tables.directory,
          Item: authorityItem({ ...before, contacts, head: chain, version: before.version + 1 }),
          ConditionExpression: isStaged,
          ExpressionAttributeValues: { ":importId": importId },
        },
      },
    },
    putChange(tables.changes, change),
  ];
};

import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { type Reorganisation, reorganisationStates, type Unit } from "../domain/reorganisation.ts";
import { type Dynamo, type Item, type Place, readAll, type Write } from "./dynamo.ts";
import { readPage } from "./page.ts";
import { readable } from "./readable.ts";
import { unchanged } from "./unchanged.ts";

const stored = z.object({
  reorganisationId: z.string(),
  predecessor: z.string(),
  effectiveOn: z.string(),
  successors: z.array(z.string()),
  remainderTo: z.string(),
  state: z.enum(reorganisationStates),
  registeredAt: z.string(),
  neighboursSettled: z.boolean(),
  quietSince: z.string().nullable(),
  completedAt: z.string().nullable(),
  version: z.number(),
}) satisfies z.ZodType<Reorganisation>;

const storedAssignment = z.object({ successor: z.string() });

/** The part of a reorganisation's partition that is the reorganisation itself; the others are assignments. */
const itself = "reorganisation";
/** The one partition of the index from which they are read in the order of their dates. */
const listing = "reorganisations";
/** The one partition of the sparse index of those that are still to be carried out. */
const pending = "pending";

export const reorganisationPlace = (table: string, reorganisationId: string): Place => ({
  table,
  key: { reorganisationId, part: itself },
});

export const reorganisationFrom = (item: Item | undefined): Reorganisation | undefined => item && stored.parse(item);

const isPending = ({ state }: Reorganisation): boolean => state === "registered" || state === "under-way";

const itemOf = (reorganisation: Reorganisation): Item => ({
  ...reorganisation,
  part: itself,
  listing,
  ...(isPending(reorganisation) && { pending }),
});

export const putNewReorganisation = (table: string, reorganisation: Reorganisation): Write => ({
  name: "reorganisation",
  item: {
    Put: {
      TableName: table,
      Item: itemOf(reorganisation),
      ConditionExpression: "attribute_not_exists(reorganisationId)",
    },
  },
});

/** Replaces the reorganisation that was read; fails when anybody changed it since. */
export const replaceReorganisation = (
  table: string,
  before: Reorganisation,
  changes: Partial<Reorganisation>,
): { after: Reorganisation; write: Write } => {
  const after = { ...before, ...changes, version: before.version + 1 };
  return {
    after,
    write: {
      name: "reorganisation",
      item: { Put: { TableName: table, Item: itemOf(after), ...unchanged(before) } },
    },
  };
};

/** Makes a transaction fail when the reorganisation took effect, or was cancelled, since it was read. */
export const reorganisationUnchanged = (table: string, reorganisation: Reorganisation): Write => ({
  name: "reorganisation",
  item: {
    ConditionCheck: {
      TableName: table,
      Key: reorganisationPlace(table, reorganisation.reorganisationId).key,
      ...unchanged(reorganisation),
    },
  },
});

/** A unit's assignment; a later one takes the place of an earlier. */
export const putAssignment = (
  table: string,
  { reorganisationId }: Pick<Reorganisation, "reorganisationId">,
  unit: Unit,
  successor: string,
): Write => ({
  name: `assignment ${unit}`,
  item: { Put: { TableName: table, Item: { reorganisationId, part: partOf(unit), successor } } },
});

const partOf = (unit: Unit): string => `assigned#${unit}`;

/** To which successors these units were assigned, where they were. */
export const readAssignments = async (
  dynamo: Dynamo,
  table: string,
  { reorganisationId }: Pick<Reorganisation, "reorganisationId">,
  units: readonly Unit[],
): Promise<ReadonlyMap<Unit, string>> => {
  const items = await readAll(
    dynamo,
    units.map((unit) => ({ table, key: { reorganisationId, part: partOf(unit) } })),
  );
  return new Map(
    units.flatMap((unit, index) => {
      const item = items[index];
      return item ? [[unit, storedAssignment.parse(item).successor] as const] : [];
    }),
  );
};

/** Every reorganisation, the one furthest ahead first. */
export const readReorganisations = (
  dynamo: Dynamo,
  table: string,
  page: { limit: number; cursor: string | undefined },
): Promise<{ items: Reorganisation[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      IndexName: "by-date",
      KeyConditionExpression: "listing = :listing",
      ExpressionAttributeValues: { ":listing": listing },
      ScanIndexForward: false,
    },
    { list: ["reorganisations"], ...page },
    (item) => stored.parse(item),
  );

/** Those whose day has come and that are not completed, the earliest first. There are a handful in a year. */
export const reorganisationsDue = async (dynamo: Dynamo, table: string, today: string): Promise<Reorganisation[]> => {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: table,
      IndexName: "pending",
      KeyConditionExpression: "pending = :pending AND effectiveOn <= :today",
      ExpressionAttributeValues: { ":pending": pending, ":today": today },
    }),
  );
  return readable(table, stored, Items);
};

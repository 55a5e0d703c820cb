import * as z from "zod";
import { countsOfEntry } from "../domain/counts.ts";
import { enquiryOutcomeCodes, enquiryStepCodes } from "../domain/enquiry-steps.ts";
import { type Entry, isOnList } from "../domain/entry.ts";
import { bucketOf, readDue } from "./buckets.ts";
import { chainHead } from "./chain.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { idsIn } from "./ids.ts";
import { readPage } from "./page.ts";
import { unchanged } from "./unchanged.ts";

export const storedFigures = z.object({ sex: z.enum(["M", "F", "U"]), leavesOn: z.string(), reason: z.string() });

const stored = z.object({
  entryId: z.string(),
  authority: z.string(),
  status: z.enum(["suspected", "confirmed", "closed"]),
  openedAt: z.string(),
  openedBy: z.string(),
  origin: z.string(),
  referralId: z.string().nullable(),
  openedByReferralId: z.string().nullable(),
  openReferralId: z.string().nullable(),
  closure: z
    .discriminatedUnion("as", [
      z.object({ as: z.literal("transferred"), at: z.string(), referralId: z.string() }),
      z.object({ as: z.literal("on-school-register"), at: z.string(), schoolUrn: z.string(), startDate: z.string() }),
      z.object({ as: z.literal("suitable-education-otherwise"), at: z.string() }),
      z.object({ as: z.literal("above-leaving-age"), at: z.string() }),
      z.object({ as: z.literal("deceased"), at: z.string() }),
      z.object({ as: z.literal("enquiries-exhausted"), at: z.string() }),
      z.object({ as: z.literal("not-located"), at: z.string(), referralId: z.string() }),
    ])
    .nullable(),
  enquiries: z.array(z.object({ enquiryId: z.string(), asked: z.string() })),
  matchEnquiry: z.object({ enquiryId: z.string(), lapsesAt: z.string() }).nullable().default(null),
  steps: z.array(
    z.object({
      step: z.enum(enquiryStepCodes),
      date: z.string(),
      outcome: z.enum(enquiryOutcomeCodes),
      recordedAt: z.string(),
      sequence: z.number(),
      hasNote: z.boolean(),
    }),
  ),
  figures: storedFigures,
  fingerprints: z.array(z.string()),
  retained: z.object({ until: z.string(), erasedAt: z.string().nullable() }).nullable(),
  head: chainHead,
  sealedFor: z.string().nullable().default(null),
  passedBy: z.string().nullable().default(null),
  version: z.number(),
}) satisfies z.ZodType<Entry>;

export const entryPlace = (table: string, entryId: string): Place => ({ table, key: { entryId } });

export const entryFrom = (item: Item | undefined): Entry | undefined => item && stored.parse(item);

const listOf = (authority: string, status: "open" | "closed"): string => `${authority}#${status}`;

const itemOf = (entry: Entry): Item => ({
  ...entry,
  list: listOf(entry.authority, isOnList(entry) ? "open" : "closed"),
  ...(entry.retained &&
    entry.retained.erasedAt === null && {
      retainedBucket: bucketOf(retention, entry.entryId),
      retainedUntil: entry.retained.until,
    }),
  openedKey: `${entry.openedAt}#${entry.entryId}`,
});

const retention = "retained";

const named = (entry: Entry): string => `entry ${entry.entryId}`;

export const putNewEntry = (table: string, entry: Entry): Write => ({
  name: named(entry),
  item: { Put: { TableName: table, Item: itemOf(entry), ConditionExpression: "attribute_not_exists(entryId)" } },
  counts: countsOfEntry(undefined, entry),
});

/** Replaces the entry that was read; fails when anybody changed it since. */
export const replaceEntry = (table: string, before: Entry, after: Omit<Entry, "version">): Write => ({
  name: named(before),
  item: {
    Put: {
      TableName: table,
      Item: itemOf({ ...after, version: before.version + 1 }),
      ...unchanged(before),
    },
  },
  counts: countsOfEntry(before, after),
});

/** Makes a transaction fail when anybody changed the entry since it was read. */
export const entryUnchanged = (table: string, entry: Entry): Write => ({
  name: named(entry),
  item: {
    ConditionCheck: {
      TableName: table,
      Key: { entryId: entry.entryId },
      ConditionExpression: "version = :version",
      ExpressionAttributeValues: { ":version": entry.version },
    },
  },
});

/** The ids of an authority's entries, on its list or off it, as the index has them. */
export const entryIdsOf = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  status: "open" | "closed",
): AsyncGenerator<string> =>
  idsIn(dynamo, { table, index: "by-authority", id: "entryId" }, ["list", listOf(authority, status)]);

export const readEntries = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  { status, ...page }: { status: "open" | "closed"; limit: number; cursor: string | undefined },
): Promise<{ items: Entry[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      IndexName: "by-authority",
      KeyConditionExpression: "#list = :list",
      ExpressionAttributeNames: { "#list": "list" },
      ExpressionAttributeValues: { ":list": listOf(authority, status) },
      ScanIndexForward: false,
    },
    { list: ["cme-list", authority, status], ...page },
    (item) => stored.parse(item),
  );

/** Retained records that were to be kept until a day before this one: at most a page from each bucket. */
export const retainedBefore = (dynamo: Dynamo, table: string, day: string): Promise<Entry[]> =>
  readDue(
    dynamo,
    { table, index: "retained", buckets: retention, bucket: "retainedBucket", until: "retainedUntil" },
    "<",
    day,
    stored,
  );

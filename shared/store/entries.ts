import * as z from "zod";
import { type Entry, isOnList } from "../domain/entry.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { readPage } from "./page.ts";

const stored = z.object({
  entryId: z.string(),
  authority: z.string(),
  status: z.enum(["suspected", "confirmed", "closed"]),
  openedAt: z.string(),
  openedBy: z.string(),
  referralId: z.string().nullable(),
  openedByReferralId: z.string().nullable(),
  openReferralId: z.string().nullable(),
  closure: z
    .discriminatedUnion("as", [
      z.object({ as: z.literal("transferred"), at: z.string(), referralId: z.string() }),
      z.object({ as: z.literal("on-school-register"), at: z.string(), schoolUrn: z.string(), startDate: z.string() }),
      z.object({ as: z.literal("suitable-education-otherwise"), at: z.string() }),
      z.object({ as: z.literal("not-located"), at: z.string(), referralId: z.string() }),
    ])
    .nullable(),
  version: z.number(),
}) satisfies z.ZodType<Entry>;

export const entryPlace = (table: string, entryId: string): Place => ({ table, key: { entryId } });

export const entryFrom = (item: Item | undefined): Entry | undefined => item && stored.parse(item);

const listOf = (authority: string, status: "open" | "closed"): string => `${authority}#${status}`;

const itemOf = (entry: Entry): Item => ({
  ...entry,
  list: listOf(entry.authority, isOnList(entry) ? "open" : "closed"),
  openedKey: `${entry.openedAt}#${entry.entryId}`,
});

const named = (entry: Entry): string => `entry ${entry.entryId}`;

export const putNewEntry = (table: string, entry: Entry): Write => ({
  name: named(entry),
  item: { Put: { TableName: table, Item: itemOf(entry), ConditionExpression: "attribute_not_exists(entryId)" } },
});

/** Replaces the entry that was read; fails when anybody changed it since. */
export const replaceEntry = (table: string, before: Entry, after: Omit<Entry, "version">): Write => ({
  name: named(before),
  item: {
    Put: {
      TableName: table,
      Item: itemOf({ ...after, version: before.version + 1 }),
      ConditionExpression: "version = :version",
      ExpressionAttributeValues: { ":version": before.version },
    },
  },
});

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

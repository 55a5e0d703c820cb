import * as z from "zod";
import { closedForReasons } from "../domain/enquiry.ts";
import { type MatchEnquiry, matchStates } from "../domain/match-enquiry.ts";
import { bucketOf, readDue } from "./buckets.ts";
import { chainHead } from "./chain.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { unchanged } from "./unchanged.ts";

const sides = z.object({
  enquiryId: z.string(),
  kind: z.literal("match"),
  parentId: z.string().nullable(),
  entryIds: z.array(z.string()),
  openedBy: z.string(),
  openedAt: z.string(),
  state: z.enum(matchStates),
  lapsesAt: z.string(),
  answers: z.array(z.object({ authority: z.string(), answeredBy: z.string(), answeredAt: z.string() })),
  closedFor: z.enum(closedForReasons).nullable(),
  endedAt: z.string().nullable(),
  head: chainHead,
  version: z.number(),
});

/** Each side stands in the index of its own authority alone: `asker` is the outbox's key and `asked` the inbox's. */
const stored = z
  .union([
    z.object({ ...sides.shape, asker: z.string() }),
    z.object({ ...sides.shape, asked: z.string(), askedFor: z.string() }),
  ])
  .transform((item): MatchEnquiry => {
    if ("asker" in item) return { ...item, asked: null };
    const { askedFor, ...side } = item;
    return { ...side, asker: askedFor };
  });

/** `undefined` for what is an enquiry of another kind. */
export const matchEnquiryFrom = (item: Item | undefined): MatchEnquiry | undefined =>
  item?.kind === "match" ? stored.parse(item) : undefined;

const lapsing = "lapsing-match";

const itemOf = ({ asker, asked, ...enquiry }: MatchEnquiry): Item => ({
  ...enquiry,
  ...(asked === null ? { asker } : { asked, askedFor: asker }),
  openedKey: `${enquiry.openedAt}#${enquiry.enquiryId}`,
  ...(enquiry.state === "open" && { lapsingBucket: bucketOf(lapsing, enquiry.enquiryId) }),
});

const named = ({ enquiryId }: MatchEnquiry): string => `enquiry ${enquiryId}`;

export const putNewMatchEnquiry = (table: string, enquiry: MatchEnquiry): Write => ({
  name: named(enquiry),
  item: { Put: { TableName: table, Item: itemOf(enquiry), ConditionExpression: "attribute_not_exists(enquiryId)" } },
});

/** Replaces the side that was read; fails when anything happened to it since. */
export const replaceMatchEnquiry = (table: string, before: MatchEnquiry, after: MatchEnquiry): Write => ({
  name: named(before),
  item: { Put: { TableName: table, Item: itemOf(after), ...unchanged(before) } },
});

/** Which holders were told of an asker's question, and the id of each one's side. Nobody is ever shown it. */
export type Sides = { ofHolder: Readonly<Record<string, string>>; version: number };

const storedSides = z.object({ ofHolder: z.record(z.string(), z.string()), version: z.number() });

/** Beside the enquiries, under a key that is no enquiry's id. */
export const sidesPlace = (table: string, parentId: string): Place => ({
  table,
  key: { enquiryId: `sides#${parentId}` },
});

export const sidesFrom = (item: Item | undefined): Sides =>
  item ? storedSides.parse(item) : { ofHolder: {}, version: 0 };

export const replaceSides = (table: string, parentId: string, before: Sides, ofHolder: Sides["ofHolder"]): Write => ({
  name: `sides ${parentId}`,
  item: {
    Put: {
      TableName: table,
      Item: { ...sidesPlace(table, parentId).key, ofHolder, version: before.version + 1 },
      ConditionExpression: "attribute_not_exists(enquiryId) OR version = :version",
      ExpressionAttributeValues: { ":version": before.version },
    },
  },
});

/** Those still open whose time is over: at most a page from each bucket. */
export const matchEnquiriesDue = (dynamo: Dynamo, table: string, now: string): Promise<MatchEnquiry[]> =>
  readDue(
    dynamo,
    { table, index: "lapsing", buckets: lapsing, bucket: "lapsingBucket", until: "lapsesAt" },
    "<=",
    now,
    stored,
  );

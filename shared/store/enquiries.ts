import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import {
  closedForReasons,
  type EnquiryAction,
  type EnquiryParty,
  type EnquiryState,
  enquiryAnswers,
  enquiryReasons,
  enquiryRuleOf,
  enquiryStates,
  type TargetedEnquiry,
} from "../domain/enquiry.ts";
import type { MatchEnquiry } from "../domain/match-enquiry.ts";
import { bucketOf, readDue } from "./buckets.ts";
import { chainHead } from "./chain.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { idsIn } from "./ids.ts";
import { matchEnquiryFrom } from "./match-enquiries.ts";
import { readPage } from "./page.ts";
import { unchanged } from "./unchanged.ts";

const stored = z.object({
  enquiryId: z.string(),
  kind: z.literal("targeted"),
  asker: z.string(),
  asked: z.string(),
  entryId: z.string(),
  reason: z.enum(enquiryReasons),
  openedBy: z.string(),
  openedAt: z.string(),
  state: z.enum(enquiryStates),
  lapsesAt: z.string(),
  answer: z.object({ answer: z.enum(enquiryAnswers), answeredBy: z.string(), answeredAt: z.string() }).nullable(),
  closedFor: z.enum(closedForReasons).nullable(),
  endedAt: z.string().nullable(),
  referralId: z.string().nullable(),
  notes: z.array(z.number()),
  erasedAt: z.string().nullable(),
  sealedFor: z.object({ asker: z.string(), asked: z.string() }).nullable(),
  head: chainHead,
  version: z.number(),
}) satisfies z.ZodType<TargetedEnquiry>;

export const enquiryPlace = (table: string, enquiryId: string): Place => ({ table, key: { enquiryId } });

export type Enquiry = TargetedEnquiry | MatchEnquiry;

export const enquiryOfAnyKindFrom = (item: Item | undefined): Enquiry | undefined =>
  matchEnquiryFrom(item) ?? enquiryFrom(item);

/** `undefined` for a match enquiry, which nobody acts on as on a targeted one. */
export const enquiryFrom = (item: Item | undefined): TargetedEnquiry | undefined =>
  item?.kind === "targeted" ? stored.parse(item) : undefined;

const lapsing = "lapsing";

const itemOf = (enquiry: TargetedEnquiry): Item => ({
  ...enquiry,
  openedKey: `${enquiry.openedAt}#${enquiry.enquiryId}`,
  ...(enquiry.erasedAt === null && { lapsingBucket: bucketOf(lapsing, enquiry.enquiryId) }),
});

const named = ({ enquiryId }: TargetedEnquiry): string => `enquiry ${enquiryId}`;

export const putNewEnquiry = (table: string, enquiry: TargetedEnquiry): Write => ({
  name: named(enquiry),
  item: { Put: { TableName: table, Item: itemOf(enquiry), ConditionExpression: "attribute_not_exists(enquiryId)" } },
});

/**
 * Replaces the enquiry that was read; fails when anything happened to it since, or when its state is none from which the
 * action is allowed.
 * @param action absent for what leaves the state alone, such as a read
 */
export const replaceEnquiry = (
  table: string,
  before: TargetedEnquiry,
  after: TargetedEnquiry,
  action?: EnquiryAction,
): Write => ({
  name: named(before),
  item: {
    Put: { TableName: table, Item: itemOf(after), ...unchanged(before, action && enquiryRuleOf(action).from) },
  },
});

/** One page of what an authority was asked (inbox) or asks (outbox), newest first. One call. */
export const readEnquiryBox = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  {
    box,
    state,
    ...page
  }: { box: "inbox" | "outbox"; state: EnquiryState | undefined; limit: number; cursor: string | undefined },
): Promise<{ items: Enquiry[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      IndexName: box,
      KeyConditionExpression: "#party = :authority",
      ExpressionAttributeNames: { "#party": box === "inbox" ? "asked" : "asker", ...(state && { "#state": "state" }) },
      ExpressionAttributeValues: { ":authority": authority, ...(state && { ":state": state }) },
      ...(state && { FilterExpression: "#state = :state" }),
      ScanIndexForward: false,
    },
    { list: ["enquiries", authority, box, state ?? null], ...page },
    (item) => matchEnquiryFrom(item) ?? stored.parse(item),
  );

/** The ids of all enquiries in which an authority has that side, as the index has them. */
export const enquiryIdsBySide = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  side: EnquiryParty,
): AsyncGenerator<string> =>
  idsIn(dynamo, { table, index: side === "asked" ? "inbox" : "outbox", id: "enquiryId" }, [side, authority]);

/**
 * The ids of the enquiries that an authority has made about the child of one of its entries, and of the match enquiries of
 * which it was told because of that entry, as the indexes have them.
 */
export const enquiryIdsAbout = async (
  dynamo: Dynamo,
  table: string,
  authority: string,
  entryId: string,
): Promise<string[]> => {
  const sides = ["asker", "asked"] as const;
  const found = await Promise.all(sides.map((side) => idsAbout(dynamo, table, [side, authority], entryId)));
  // Each once: a reorganisation may have united the two sides.
  return [...new Set(found.flat())];
};

const idsAbout = async (
  dynamo: Dynamo,
  table: string,
  [side, authority]: [EnquiryParty, string],
  entryId: string,
): Promise<string[]> => {
  const ids: string[] = [];
  let ExclusiveStartKey: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamo.send(
      new QueryCommand({
        TableName: table,
        IndexName: side === "asked" ? "inbox" : "outbox",
        KeyConditionExpression: "#side = :authority",
        // Of a targeted enquiry and of a match enquiry.
        FilterExpression: "entryId = :entry OR contains(entryIds, :entry)",
        ProjectionExpression: "enquiryId",
        ExpressionAttributeNames: { "#side": side },
        ExpressionAttributeValues: { ":authority": authority, ":entry": entryId },
        ExclusiveStartKey,
      }),
    );
    ids.push(...Items.map((item) => z.string().parse(item.enquiryId)));
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return ids;
};

/** Those whose time is over and who still keep something of a child: at most a page from each bucket. */
export const enquiriesDue = (dynamo: Dynamo, table: string, now: string): Promise<TargetedEnquiry[]> =>
  readDue(
    dynamo,
    { table, index: "lapsing", buckets: lapsing, bucket: "lapsingBucket", until: "lapsesAt" },
    "<=",
    now,
    stored,
  );

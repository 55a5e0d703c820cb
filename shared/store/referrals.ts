import type { QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { countsOfReferral } from "../domain/counts.ts";
import {
  type Action,
  initialState,
  type ReferralState,
  referralKinds,
  referralStates,
  ruleOf,
} from "../domain/lifecycle.ts";
import { type Referral, type Role, roles } from "../domain/referral.ts";
import { upnComparisons } from "../domain/upn.ts";
import { bucketOf, readDue } from "./buckets.ts";
import { chainHead, digest } from "./chain.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { storedFigures } from "./entries.ts";
import { idsIn } from "./ids.ts";
import { readPage } from "./page.ts";
import { unchanged } from "./unchanged.ts";

const stored = z.object({
  referralId: z.string(),
  kind: z.enum(referralKinds).default("missing-education"),
  sender: z.string(),
  recipient: z.string(),
  temporaryAuthority: z.string().nullable(),
  state: z.enum(referralStates),
  urgency: z.enum(["urgent", "standard"]),
  sentBy: z.string(),
  submittedAt: z.string(),
  receiptDueAt: z.string(),
  receivedAt: z.string().nullable(),
  receivedBy: z.string().nullable(),
  finding: z.enum(["located", "not-located"]).nullable(),
  concludedAt: z.string().nullable(),
  endedAt: z.string().nullable().default(null),
  followsReferralId: z.string().nullable(),
  payloadDigest: digest,
  corrections: z
    .array(
      z.object({
        payloadDigest: digest,
        previousDigest: digest,
        at: z.string(),
        authority: z.string(),
        correctedBy: z.string(),
      }),
    )
    .default([]),
  messages: z.number().default(0),
  senderEntryId: z.string().nullable(),
  origin: z.string().nullable(),
  figures: storedFigures,
  fingerprints: z.array(z.string()),
  recipientEntryId: z.string().nullable(),
  commonTransferFile: z
    .object({ digest, upn: z.enum(upnComparisons) })
    .nullable()
    .default(null),
  temporaryEntryId: z.string().nullable().default(null),
  removedAt: z.string().nullable(),
  receipt: z.string().nullable(),
  certificate: z.string().nullable(),
  sealedFor: z.object({ sender: z.string(), recipient: z.string() }).nullable().default(null),
  passedBy: z.partialRecord(z.enum(roles), z.string()).default({}),
  answerCountedFrom: z.string().nullable().default(null),
  rungsRaised: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  nextRungAt: z.string().nullable().default(null),
  head: chainHead,
  version: z.number(),
}) satisfies z.ZodType<Referral>;

export const referralPlace = (table: string, referralId: string): Place => ({ table, key: { referralId } });

export const referralFrom = (item: Item | undefined): Referral | undefined => item && stored.parse(item);

const itemOf = ({ nextRungAt, ...referral }: Referral): Item => ({
  ...referral,
  ...(nextRungAt !== null && { nextRungAt }),
  ...(nextRungAt !== null &&
    referral.state === initialState && { deadlineBucket: bucketOf(deadlines, referral.referralId) }),
  recipientState: `${referral.recipient}#${referral.state}`,
  senderState: `${referral.sender}#${referral.state}`,
  ...(referral.temporaryAuthority !== null && { temporary: referral.temporaryAuthority }),
  dueKey: `${referral.receiptDueAt}#${referral.referralId}`,
  submittedKey: `${referral.submittedAt}#${referral.referralId}`,
});

const deadlines = "awaiting";

const indexOf = {
  sender: { index: "outbox", partition: "sender" },
  recipient: { index: "inbox", partition: "recipient" },
  temporaryAuthority: { index: "temporary", partition: "temporary" },
} as const satisfies Record<Role, unknown>;

/** The ids of all referrals on which an authority has that role, as the index has them. */
export const referralIdsOf = (dynamo: Dynamo, table: string, authority: string, role: Role): AsyncGenerator<string> => {
  const { index, partition } = indexOf[role];
  return idsIn(dynamo, { table, index, id: "referralId" }, [partition, authority]);
};

/** The ids of those that await the authority's receipt, the most urgent first. */
export const awaitingReceiptBy = (dynamo: Dynamo, table: string, authority: string): AsyncGenerator<string> =>
  idsIn(dynamo, { table, index: "inbox-by-state", id: "referralId" }, [
    "recipientState",
    `${authority}#${initialState}`,
  ]);

/** The ids of the sender's referrals that were made from this entry. */
export const referralIdsFrom = (
  dynamo: Dynamo,
  table: string,
  sender: string,
  entryId: string,
): AsyncGenerator<string> =>
  idsIn(dynamo, { table, index: "outbox", id: "referralId" }, ["sender", sender], ["senderEntryId", entryId]);

/** Referrals whose silence has reached a rung that was not raised yet: at most a page from each bucket. */
export const rungsDue = (dynamo: Dynamo, table: string, now: string): Promise<Referral[]> =>
  readDue(
    dynamo,
    { table, index: "by-deadline", buckets: deadlines, bucket: "deadlineBucket", until: "nextRungAt" },
    "<",
    now,
    stored,
  );

const named = ({ referralId }: Referral): string => `referral ${referralId}`;

export const putNewReferral = (table: string, referral: Referral): Write => ({
  name: named(referral),
  item: {
    Put: { TableName: table, Item: itemOf(referral), ConditionExpression: "attribute_not_exists(referralId)" },
  },
  counts: countsOfReferral(undefined, referral),
});

/**
 * Replaces the referral that was read. The database holds the lifecycle's rule too: at the moment of commit the state
 * must be one from which the action is allowed, and nothing may have been added to the trail since.
 * @param action absent for what leaves the state alone, such as a read
 */
export const replaceReferral = (table: string, before: Referral, after: Referral, action?: Action): Write => ({
  name: named(before),
  item: { Put: { TableName: table, Item: itemOf(after), ...unchanged(before, action && ruleOf(action).from) } },
  counts: countsOfReferral(before, after),
});

/**
 * One page of an authority's referrals: the inbox by deadline, the outbox newest first. One call. With a state, other
 * states' items are not even read; the overdue ones of an inbox are the front of what awaits receipt there.
 */
export const readBox = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  boxQuery: BoxQuery,
): Promise<{ items: Referral[]; next: string | null }> => {
  const { box, state, overdue, limit, cursor } = boxQuery;
  if (box === "temporary") return readTemporaryBox(dynamo, table, authority, boxQuery);
  const partition = box === "inbox" ? "recipient" : "sender";
  const query: QueryCommandInput = {
    TableName: table,
    IndexName: state ? `${box}-by-state` : box,
    KeyConditionExpression: "#partition = :partition",
    ExpressionAttributeNames: { "#partition": state ? `${partition}State` : partition },
    ExpressionAttributeValues: { ":partition": state ? `${authority}#${state}` : authority },
    ScanIndexForward: box === "inbox",
  };
  return readPage(
    dynamo,
    narrowed(query, boxQuery),
    { list: ["referrals", authority, box, state ?? null, overdue ?? null], limit, cursor },
    (item) => stored.parse(item),
  );
};

/** Those with a family in temporary accommodation in the authority's area: few, so they are narrowed by a filter. */
const readTemporaryBox = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  { box, state, overdue, now, limit, cursor }: BoxQuery,
): Promise<{ items: Referral[]; next: string | null }> => {
  const filters = [
    ...(state ? ["#state = :state"] : []),
    ...(overdue === true ? ["receiptDueAt < :now"] : []),
    ...(overdue === false ? ["NOT (#state = :awaiting AND receiptDueAt < :now)"] : []),
  ];
  return readPage(
    dynamo,
    {
      TableName: table,
      IndexName: indexOf.temporaryAuthority.index,
      KeyConditionExpression: "#partition = :partition",
      ExpressionAttributeNames: {
        "#partition": indexOf.temporaryAuthority.partition,
        ...((state || overdue === false) && { "#state": "state" }),
      },
      ExpressionAttributeValues: {
        ":partition": authority,
        ...(state && { ":state": state }),
        ...(overdue !== undefined && { ":now": now }),
        ...(overdue === false && { ":awaiting": initialState }),
      },
      ...(filters.length > 0 && { FilterExpression: filters.join(" AND ") }),
      ScanIndexForward: false,
    },
    { list: ["referrals", authority, box, state ?? null, overdue ?? null], limit, cursor },
    (item) => stored.parse(item),
  );
};

export type BoxQuery = {
  box: "inbox" | "outbox" | "temporary";
  state: ReferralState | undefined;
  /** Only what is past its deadline (asked for with the state `awaiting-receipt`), or only what is not. */
  overdue: boolean | undefined;
  now: string;
  limit: number;
  cursor: string | undefined;
};

const narrowed = (query: QueryCommandInput, { box, overdue, now }: BoxQuery): QueryCommandInput => {
  if (overdue === undefined) return query;
  const values = { ...query.ExpressionAttributeValues, ":now": now };
  if (overdue && box === "inbox") {
    return {
      ...query,
      KeyConditionExpression: `${query.KeyConditionExpression} AND dueKey < :now`,
      ExpressionAttributeValues: values,
    };
  }
  // By the time itself: a filter may not name a key of its index, and on the inbox `dueKey` is one.
  if (overdue) return { ...query, FilterExpression: "receiptDueAt < :now", ExpressionAttributeValues: values };
  return {
    ...query,
    FilterExpression: "NOT (#state = :awaiting AND receiptDueAt < :now)",
    ExpressionAttributeNames: { ...query.ExpressionAttributeNames, "#state": "state" },
    ExpressionAttributeValues: { ...values, ":awaiting": initialState },
  };
};

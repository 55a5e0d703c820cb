import * as z from "zod";
import {
  type Notice,
  type NoticeAction,
  type NoticeParty,
  type NoticeState,
  noticeRuleOf,
  noticeStates,
} from "../domain/notice.ts";
import { bucketOf, readDue } from "./buckets.ts";
import { chainHead } from "./chain.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { idsIn } from "./ids.ts";
import { readPage } from "./page.ts";
import { unchanged } from "./unchanged.ts";

const stored = z.object({
  noticeId: z.string(),
  kind: z.literal("school-admission"),
  sender: z.string(),
  recipient: z.string(),
  schoolUrn: z.string(),
  startDate: z.string(),
  sentBy: z.string(),
  sentAt: z.string(),
  state: z.enum(noticeStates),
  acknowledgedAt: z.string().nullable(),
  acknowledgedBy: z.string().nullable(),
  entryId: z.string().nullable(),
  erasesAt: z.string(),
  erasedAt: z.string().nullable(),
  sealedFor: z.object({ sender: z.string(), recipient: z.string() }).nullable().default(null),
  head: chainHead,
  version: z.number(),
}) satisfies z.ZodType<Notice>;

export const noticePlace = (table: string, noticeId: string): Place => ({ table, key: { noticeId } });

export const noticeFrom = (item: Item | undefined): Notice | undefined => item && stored.parse(item);

const erasing = "erasing";

const itemOf = (notice: Notice): Item => ({
  ...notice,
  sentKey: `${notice.sentAt}#${notice.noticeId}`,
  ...(notice.erasedAt === null && { erasingBucket: bucketOf(erasing, notice.noticeId) }),
});

const named = ({ noticeId }: Notice): string => `notice ${noticeId}`;

export const putNewNotice = (table: string, notice: Notice): Write => ({
  name: named(notice),
  item: { Put: { TableName: table, Item: itemOf(notice), ConditionExpression: "attribute_not_exists(noticeId)" } },
});

/**
 * Replaces the notice that was read; fails when anything happened to it since, or when its state is none from which the
 * action is allowed.
 * @param action absent for what leaves the state alone, such as a read
 */
export const replaceNotice = (table: string, before: Notice, after: Notice, action?: NoticeAction): Write => ({
  name: named(before),
  item: { Put: { TableName: table, Item: itemOf(after), ...unchanged(before, action && noticeRuleOf(action).from) } },
});

type BoxQuery = {
  box: "inbox" | "outbox";
  state: NoticeState | undefined;
  limit: number;
  cursor: string | undefined;
};

/** One page of the notices that an authority got (inbox) or sent (outbox), newest first. One call. */
export const readNoticeBox = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  { box, state, ...page }: BoxQuery,
): Promise<{ items: Notice[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      IndexName: box,
      KeyConditionExpression: "#party = :authority",
      ExpressionAttributeNames: {
        "#party": box === "inbox" ? "recipient" : "sender",
        ...(state && { "#state": "state" }),
      },
      ExpressionAttributeValues: { ":authority": authority, ...(state && { ":state": state }) },
      ...(state && { FilterExpression: "#state = :state" }),
      ScanIndexForward: false,
    },
    { list: ["notices", authority, box, state ?? null], ...page },
    (item) => stored.parse(item),
  );

/** The ids of all notices in which an authority has that side, as the index has them. */
export const noticeIdsBySide = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  side: NoticeParty,
): AsyncGenerator<string> =>
  idsIn(dynamo, { table, index: side === "recipient" ? "inbox" : "outbox", id: "noticeId" }, [side, authority]);

/** The ids of the notices that its home authority has found to be about the child of that entry, as the index has them. */
export const noticeIdsAbout = (
  dynamo: Dynamo,
  table: string,
  recipient: string,
  entryId: string,
): AsyncGenerator<string> =>
  idsIn(dynamo, { table, index: "inbox", id: "noticeId" }, ["recipient", recipient], ["entryId", entryId]);

/** Those whose time is over and who still keep something of a child: at most a page from each bucket. */
export const noticesDue = (dynamo: Dynamo, table: string, now: string): Promise<Notice[]> =>
  readDue(
    dynamo,
    { table, index: "erasing", buckets: erasing, bucket: "erasingBucket", until: "erasesAt" },
    "<=",
    now,
    stored,
  );

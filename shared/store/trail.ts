import * as z from "zod";
import type { ReferralEvent } from "../domain/event-chain.ts";
import type { Referral } from "../domain/referral.ts";
import type { Dynamo, Item, Write } from "./dynamo.ts";
import { readPage } from "./page.ts";

const digest = z.templateLiteral(["sha-256:", z.string()]);

const stored = z.object({
  referralId: z.string(),
  sequence: z.number(),
  type: z.enum([
    "referral.submitted",
    "referral.withdrawn",
    "referral.returned",
    "referral.received",
    "referral.located",
    "referral.not-located",
    "referral.removed",
    "referral.concluded",
    "referral.child-read",
  ]),
  at: z.string(),
  actor: z.object({ authority: z.string(), clientId: z.string(), contactId: z.string().nullable() }),
  details: z.record(z.string(), z.string()),
  previousHash: digest.nullable(),
  hash: digest,
}) satisfies z.ZodType<ReferralEvent>;

/**
 * The audit event and the outbox row of one thing that happened (R3): always both, exactly once. The outbox row says
 * only what happened and whom it concerns; whoever is told comes and asks.
 */
export const eventAndOutboxRow = (
  tables: { events: string; outbox: string },
  event: ReferralEvent,
  referral: Pick<Referral, "sender" | "recipient" | "temporaryAuthority">,
): Write[] => [
  {
    name: `event ${event.referralId}`,
    item: {
      Put: {
        TableName: tables.events,
        Item: event,
        ConditionExpression: "attribute_not_exists(referralId)",
      },
    },
  },
  {
    name: `outbox ${event.referralId}`,
    item: {
      Put: {
        TableName: tables.outbox,
        Item: {
          messageId: `${event.referralId}#${event.sequence}`,
          type: event.type,
          referralId: event.referralId,
          sequence: event.sequence,
          at: event.at,
          concerns: [referral.sender, referral.recipient, referral.temporaryAuthority].filter((code) => code !== null),
        },
        ConditionExpression: "attribute_not_exists(messageId)",
      },
    },
  },
];

export const readEvents = (
  dynamo: Dynamo,
  table: string,
  referralId: string,
  page: { limit: number; cursor: string | undefined },
): Promise<{ items: ReferralEvent[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      KeyConditionExpression: "referralId = :referralId",
      ExpressionAttributeValues: { ":referralId": referralId },
      ConsistentRead: true,
    },
    { list: ["events", referralId], ...page },
    (item: Item) => stored.parse(item),
  );

import * as z from "zod";
import type { ReferralEvent } from "../domain/event-chain.ts";
import { eventTypes } from "../domain/lifecycle.ts";
import type { Referral } from "../domain/referral.ts";
import { bucketOf } from "./buckets.ts";
import type { Dynamo, Item, Write } from "./dynamo.ts";
import { readPage } from "./page.ts";

const digest = z.templateLiteral(["sha-256:", z.string()]);

const stored = z.object({
  referralId: z.string(),
  sequence: z.number(),
  type: z.enum(eventTypes),
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
          type: event.type,
          referralId: event.referralId,
          sequence: event.sequence,
          at: event.at,
          concerns: concernedBy(event, referral),
          ...(event.details.rung && { rung: Number(event.details.rung) }),
          unsent: bucketOf("unsent", event.referralId),
        },
        ConditionExpression: "attribute_not_exists(referralId)",
      },
    },
  },
];

/** The third rung of the ladder is where the DfE comes to see it (domain page, "Answering in time"). */
const concernedBy = (
  { type, details }: ReferralEvent,
  { sender, recipient, temporaryAuthority }: Pick<Referral, "sender" | "recipient" | "temporaryAuthority">,
): string[] => [
  sender,
  recipient,
  ...(temporaryAuthority ? [temporaryAuthority] : []),
  ...(type === "referral.overdue" && details.rung === "3" ? ["dfe"] : []),
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

import * as z from "zod";
import { type Rung, rungs } from "../domain/escalation.ts";
import type { ReferralEvent } from "../domain/event-chain.ts";
import { eventTypes } from "../domain/lifecycle.ts";
import { type Referral, type Role, roles } from "../domain/referral.ts";
import { actor, digest } from "./chain.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { type OutboxRow, putOutboxRow } from "./outbox.ts";
import { readPage, readWhole } from "./page.ts";

const stored = z.object({
  referralId: z.string(),
  sequence: z.number(),
  type: z.enum(eventTypes),
  at: z.string(),
  actor,
  details: z.record(z.string(), z.string()),
  previousHash: digest.nullable(),
  hash: digest,
}) satisfies z.ZodType<ReferralEvent>;

/**
 * The audit event and the outbox row of one thing that happened (R3): always both, exactly once. The outbox row says
 * only what happened and whom it concerns; whoever is told comes and asks.
 * @param emails where whom to email depends on who acted, and not on the event's type alone
 */
export const eventAndOutboxRow = (
  tables: { events: string; outbox: string },
  event: ReferralEvent,
  referral: Pick<Referral, "sender" | "recipient" | "temporaryAuthority">,
  emails?: OutboxRow["emails"],
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
  putOutboxRow(tables.outbox, {
    subject: event.referralId,
    sequence: event.sequence,
    type: event.type,
    at: event.at,
    data: { referralId: event.referralId, sequence: event.sequence },
    concerns: concernedBy(event, referral),
    ...(emails && { emails }),
    ...(event.details.rung && { rung: rungOf(event.details.rung) }),
    ...(event.details.role && { role: roleOf(event.details.role) }),
  }),
];

const roleOf = (text: string): Role | undefined => roles.find((role) => role === text);

const rungOf = (text: string): Rung | undefined => rungs.find((rung) => String(rung) === text);

/** The third rung of the ladder is where the DfE comes to see it (domain page, "Answering in time"). */
const concernedBy = (
  { type, details }: ReferralEvent,
  { sender, recipient, temporaryAuthority }: Pick<Referral, "sender" | "recipient" | "temporaryAuthority">,
): string[] => [
  // Each once: a reorganisation may have united two of them.
  ...new Set([
    sender,
    recipient,
    ...(temporaryAuthority ? [temporaryAuthority] : []),
    ...(type === "referral.overdue" && details.rung === "3" ? ["dfe"] : []),
  ]),
];

export const eventPlace = (table: string, referralId: string, sequence: number): Place => ({
  table,
  key: { referralId, sequence },
});

export const eventFrom = (item: Item | undefined): ReferralEvent | undefined => item && stored.parse(item);

/** The whole trail. */
export const readTrail = (dynamo: Dynamo, table: string, referralId: string): Promise<ReferralEvent[]> =>
  readWhole((page) => readEvents(dynamo, table, referralId, page));

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

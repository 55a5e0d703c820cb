import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { eventData } from "../contract/event-data.ts";
import type { Count } from "../domain/counts.ts";
import { channels } from "../domain/delivery.ts";
import { rungs } from "../domain/escalation.ts";
import { referralStates } from "../domain/lifecycle.ts";
import { roles } from "../domain/referral.ts";
import { toldTypes } from "../domain/told-events.ts";
import { emailTemplateNames } from "../domain/who-is-told.ts";
import { bucketOf, readDue } from "./buckets.ts";
import type { Delivery } from "./deliveries.ts";
import { type Dynamo, queried, type Write } from "./dynamo.ts";
import { storedFigures } from "./entries.ts";

/** What has to be told about one event. `deliveries` is there once they and its feed items were made. */
export type OutboxRow = Omit<z.output<typeof stored>, "data"> & { data: z.input<typeof eventData> };
export type RowKey = Pick<OutboxRow, "subject" | "sequence">;

const by = z.literal([1, -1]);

const storedCount = z.discriminatedUnion("of", [
  z.object({
    of: z.literal("list"),
    authority: z.string(),
    by,
    openedAt: z.string(),
    figures: storedFigures,
    countedUntil: z.string().nullable(),
  }),
  z.object({
    of: z.literal("referrals"),
    authority: z.string(),
    cell: z.union([
      z.templateLiteral([z.enum(["sender", "recipient"]), "#", z.enum(referralStates)]),
      z.templateLiteral(["rung#", z.literal(rungs)]),
    ]),
    by,
  }),
  z.object({ of: z.literal("receipt"), authority: z.string(), seconds: z.number() }),
]) satisfies z.ZodType<Count>;

const stored = z.object({
  /** What the event is of: a referral's id, or the part of a publication's addressees that the row is for. */
  subject: z.string(),
  sequence: z.number(),
  type: z.enum(toldTypes),
  at: z.string(),
  data: eventData,
  /** Of `referral.overdue`: which rung of the ladder. */
  rung: z.literal(rungs).optional(),
  /** Of `referral.reassigned`: which role has passed to another authority. */
  role: z.enum(roles).optional(),
  concerns: z.array(z.string()),
  /** Where the event's type alone does not tell: which emails it asks for, to a contact of the authority and its inbox, or whoever is there. */
  emails: z
    .array(z.object({ authority: z.string(), template: z.enum(emailTemplateNames), contactId: z.string().nullable() }))
    .optional(),
  /** What it changes about the figures, see shared/domain/counts.ts. */
  counts: z.array(storedCount).optional(),
  deliveries: z.array(z.object({ deliveryId: z.string(), channel: z.enum(channels) })).optional(),
  unsent: z.string().optional(),
});

const unsent = "unsent";

export const putOutboxRow = (table: string, row: Omit<OutboxRow, "unsent" | "deliveries" | "counts">): Write => ({
  name: `outbox ${row.subject}`,
  isOutboxRow: true,
  item: {
    Put: {
      TableName: table,
      Item: { ...row, unsent: bucketOf(unsent, row.subject) },
      ConditionExpression: "attribute_not_exists(subject)",
    },
  },
});

/**
 * The subject's rows up to that one which have not left yet, in the order of what happened. Rows leave in their order, so
 * the look goes back no further than to the newest that has left.
 */
export const unsentUpTo = async (
  dynamo: Dynamo,
  table: string,
  { subject, sequence }: RowKey,
): Promise<OutboxRow[]> => {
  const unsent: OutboxRow[] = [];
  const query = {
    TableName: table,
    KeyConditionExpression: "subject = :subject AND #sequence <= :sequence",
    ExpressionAttributeNames: { "#sequence": "sequence" },
    ExpressionAttributeValues: { ":subject": subject, ":sequence": sequence },
    ConsistentRead: true,
    ScanIndexForward: false,
    Limit: 10,
  };
  for await (const item of queried(dynamo, query)) {
    const row = stored.parse(item);
    if (row.unsent === undefined) break;
    unsent.unshift(row);
  }
  return unsent;
};

/** Rows that should have left before that moment and have not. */
export const unsentBefore = (dynamo: Dynamo, table: string, moment: string): Promise<OutboxRow[]> =>
  readDue(dynamo, { table, index: "unsent", buckets: unsent, bucket: "unsent", until: "at" }, "<", moment, stored);

/** Fails when the row was numbered before: its feed items and deliveries are made exactly once. */
export const markNumbered = (table: string, { subject, sequence }: RowKey, deliveries: readonly Delivery[]): Write => ({
  name: "row",
  item: {
    Update: {
      TableName: table,
      Key: { subject, sequence },
      UpdateExpression: "SET deliveries = :deliveries",
      ConditionExpression: "attribute_exists(subject) AND attribute_not_exists(deliveries)",
      ExpressionAttributeValues: {
        ":deliveries": deliveries.map(({ deliveryId, channel }) => ({ deliveryId, channel })),
      },
    },
  },
});

/** After its messages were handed to the queues. */
export const markSent = async (dynamo: Dynamo, table: string, { subject, sequence }: RowKey): Promise<void> => {
  await dynamo.send(
    new UpdateCommand({ TableName: table, Key: { subject, sequence }, UpdateExpression: "REMOVE unsent" }),
  );
};

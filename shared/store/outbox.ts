import { QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { rungs } from "../domain/escalation.ts";
import { eventTypes } from "../domain/lifecycle.ts";
import { bucketsOf } from "./buckets.ts";
import { channels, type Delivery } from "./deliveries.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";

/** What has to be told about one event. `deliveries` is there once they and its feed items were made. */
export type OutboxRow = z.output<typeof stored>;

const stored = z.object({
  messageId: z.string(),
  type: z.enum(eventTypes),
  /** Of `referral.overdue`: which rung of the ladder. */
  rung: z.literal(rungs).optional(),
  referralId: z.string(),
  sequence: z.number(),
  at: z.string(),
  concerns: z.array(z.string()),
  deliveries: z.array(z.object({ deliveryId: z.string(), channel: z.enum(channels) })).optional(),
  unsent: z.string().optional(),
});

export const outboxPlace = (table: string, messageId: string): Place => ({ table, key: { messageId } });

export const outboxRowFrom = (item: Item | undefined): OutboxRow | undefined => item && stored.parse(item);

/** Rows that should have left before that moment and have not. */
export const unsentBefore = async (dynamo: Dynamo, table: string, moment: string): Promise<OutboxRow[]> => {
  const pages = await Promise.all(
    bucketsOf("unsent").map((bucket) =>
      dynamo.send(
        new QueryCommand({
          TableName: table,
          IndexName: "unsent",
          KeyConditionExpression: "unsent = :bucket AND #at < :moment",
          ExpressionAttributeNames: { "#at": "at" },
          ExpressionAttributeValues: { ":bucket": bucket, ":moment": moment },
          Limit: 100,
        }),
      ),
    ),
  );
  return pages.flatMap(({ Items = [] }) => Items.map((item) => stored.parse(item)));
};

/** Fails when the row was numbered before: its feed items and deliveries are made exactly once. */
export const markNumbered = (table: string, messageId: string, deliveries: readonly Delivery[]): Write => ({
  name: "row",
  item: {
    Update: {
      TableName: table,
      Key: { messageId },
      UpdateExpression: "SET deliveries = :deliveries",
      ConditionExpression: "attribute_exists(messageId) AND attribute_not_exists(deliveries)",
      ExpressionAttributeValues: {
        ":deliveries": deliveries.map(({ deliveryId, channel }) => ({ deliveryId, channel })),
      },
    },
  },
});

/** After its messages were handed to the queues. */
export const markSent = async (dynamo: Dynamo, table: string, messageId: string): Promise<void> => {
  await dynamo.send(new UpdateCommand({ TableName: table, Key: { messageId }, UpdateExpression: "REMOVE unsent" }));
};

import { QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { channels } from "../domain/delivery.ts";
import { rungs } from "../domain/escalation.ts";
import { eventTypes } from "../domain/lifecycle.ts";
import { bucketsOf } from "./buckets.ts";
import type { Delivery } from "./deliveries.ts";
import type { Dynamo, Item, Write } from "./dynamo.ts";
import { readable } from "./readable.ts";

/** What has to be told about one event. `deliveries` is there once they and its feed items were made. */
export type OutboxRow = z.output<typeof stored>;
export type RowKey = Pick<OutboxRow, "referralId" | "sequence">;

const stored = z.object({
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

/**
 * The referral's rows up to that one which have not left yet, in the order of what happened. Rows leave in their order, so
 * the look goes back no further than to the newest that has left.
 */
export const unsentUpTo = async (
  dynamo: Dynamo,
  table: string,
  { referralId, sequence }: RowKey,
): Promise<OutboxRow[]> => {
  const unsent: OutboxRow[] = [];
  let ExclusiveStartKey: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamo.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: "referralId = :referralId AND #sequence <= :sequence",
        ExpressionAttributeNames: { "#sequence": "sequence" },
        ExpressionAttributeValues: { ":referralId": referralId, ":sequence": sequence },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: 10,
        ExclusiveStartKey,
      }),
    );
    for (const item of Items) {
      const row = stored.parse(item);
      if (row.unsent === undefined) return unsent;
      unsent.unshift(row);
    }
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return unsent;
};

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
  return pages.flatMap(({ Items = [] }) => readable(table, stored, Items));
};

/** Fails when the row was numbered before: its feed items and deliveries are made exactly once. */
export const markNumbered = (
  table: string,
  { referralId, sequence }: RowKey,
  deliveries: readonly Delivery[],
): Write => ({
  name: "row",
  item: {
    Update: {
      TableName: table,
      Key: { referralId, sequence },
      UpdateExpression: "SET deliveries = :deliveries",
      ConditionExpression: "attribute_exists(referralId) AND attribute_not_exists(deliveries)",
      ExpressionAttributeValues: {
        ":deliveries": deliveries.map(({ deliveryId, channel }) => ({ deliveryId, channel })),
      },
    },
  },
});

/** After its messages were handed to the queues. */
export const markSent = async (dynamo: Dynamo, table: string, { referralId, sequence }: RowKey): Promise<void> => {
  await dynamo.send(
    new UpdateCommand({ TableName: table, Key: { referralId, sequence }, UpdateExpression: "REMOVE unsent" }),
  );
};

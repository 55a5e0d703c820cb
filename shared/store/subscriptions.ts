import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import type { EncryptionContext } from "../keys/envelope.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { unchanged } from "./unchanged.ts";

/** Where an authority's system wants to be told. The secrets are sealed: they open only for this authority. */
export type Subscription = z.output<typeof stored>;

const stored = z.object({
  authority: z.string(),
  url: z.string(),
  /** Newest first; during a rotation the former one signs too, until `until`. */
  secrets: z.array(z.object({ envelope: z.string(), until: z.string().nullable() })),
  createdAt: z.string(),
  /** Set when the endpoint answered 410: nothing is sent until the authority subscribes anew. */
  disabledAt: z.string().nullable(),
  /** How many calls in a row got no answer, and until when (epoch milliseconds) the endpoint is left alone for it. */
  unanswered: z.number().optional(),
  restUntil: z.number().optional(),
  version: z.number(),
});

export const subscriptionPlace = (table: string, authority: string): Place => ({ table, key: { authority } });

export const subscriptionFrom = (item: Item | undefined): Subscription | undefined => item && stored.parse(item);

export const secretContext = (authority: string): EncryptionContext => ({ subscription: authority });

export const putSubscription = (table: string, before: Subscription | undefined, after: Subscription): Write => ({
  name: "subscription",
  item: {
    Put: {
      TableName: table,
      Item: after,
      ...(before ? unchanged(before) : { ConditionExpression: "attribute_not_exists(authority)" }),
    },
  },
});

export const deleteSubscription = (table: string, before: Subscription): Write => ({
  name: "subscription",
  item: {
    Delete: {
      TableName: table,
      Key: { authority: before.authority },
      ...unchanged(before),
    },
  },
});

/**
 * How many calls to one endpoint may be under way at once, so that one that never answers holds up no more of the
 * consumer than that.
 */
const slots = ["slotA", "slotB"] as const;
export type Slot = (typeof slots)[number];

/** Takes one of the endpoint's slots until that second, or none when all are taken. */
export const takeSlot = async (
  dynamo: Dynamo,
  table: string,
  authority: string,
  { now, until }: { now: number; until: number },
): Promise<Slot | undefined> => {
  for (const slot of slots) {
    try {
      await dynamo.send(
        new UpdateCommand({
          TableName: table,
          Key: { authority },
          UpdateExpression: "SET #slot = :until",
          ConditionExpression: "attribute_exists(authority) AND (attribute_not_exists(#slot) OR #slot < :now)",
          ExpressionAttributeNames: { "#slot": slot },
          ExpressionAttributeValues: { ":until": until, ":now": now },
        }),
      );
      return slot;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }
  return undefined;
};

/**
 * Writes down how the endpoint answers and frees the slot that was taken until that moment: not one that ran out and is
 * another's now, nor of a subscription that ended.
 */
export const freeSlot = async (
  dynamo: Dynamo,
  table: string,
  authority: string,
  { slot, until, unanswered, restUntil }: { slot: Slot; until: number; unanswered: number; restUntil: number },
): Promise<void> => {
  try {
    await dynamo.send(
      new UpdateCommand({
        TableName: table,
        Key: { authority },
        UpdateExpression: "SET unanswered = :unanswered, restUntil = :restUntil REMOVE #slot",
        ConditionExpression: "#slot = :until",
        ExpressionAttributeNames: { "#slot": slot },
        ExpressionAttributeValues: { ":until": until, ":unanswered": unanswered, ":restUntil": restUntil },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
};

/** Milliseconds for which people who were told of a failing endpoint are not told again. */
const silence = 24 * 60 * 60_000;

/** May the authority's people be told now that its endpoint fails? To one asker a day, yes. */
export const claimWord = async (dynamo: Dynamo, table: string, authority: string, now: number): Promise<boolean> => {
  try {
    await dynamo.send(
      new UpdateCommand({
        TableName: table,
        Key: { authority },
        UpdateExpression: "SET toldOfFailureAt = :now",
        ConditionExpression:
          "attribute_exists(authority) AND (attribute_not_exists(toldOfFailureAt) OR toldOfFailureAt < :before)",
        ExpressionAttributeValues: { ":now": now, ":before": now - silence },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
};

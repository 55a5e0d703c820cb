import { GetCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { eventData } from "../contract/event-data.ts";
import { toldTypes } from "../domain/told-events.ts";
import type { Dynamo, Write } from "./dynamo.ts";

/**
 * What concerns one authority, numbered from 1 without gaps in the order in which it was told: whoever reads on from a
 * position misses nothing, and a position stays good for ever.
 */
export type FeedItem = Omit<z.output<typeof stored>, "data"> & { data: z.input<typeof eventData> };

const stored = z.object({
  position: z.number(),
  type: z.enum(toldTypes),
  at: z.string(),
  data: eventData,
});

/** The item that holds the last position stands before the first. */
const counter = 0;

export const lastPosition = async (dynamo: Dynamo, table: string, authority: string): Promise<number> => {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: table, Key: { authority, position: counter }, ConsistentRead: true }),
  );
  return z.object({ last: z.number() }).optional().parse(Item)?.last ?? 0;
};

/** Appends an item; fails when another was appended since the last position was read. */
export const appendToFeed = (table: string, authority: string, item: FeedItem): Write[] => [
  {
    name: `feed ${authority}`,
    item: {
      Update: {
        TableName: table,
        Key: { authority, position: counter },
        UpdateExpression: "SET #last = :position",
        ConditionExpression: item.position === 1 ? "attribute_not_exists(#last)" : "#last = :before",
        ExpressionAttributeNames: { "#last": "last" },
        ExpressionAttributeValues: {
          ":position": item.position,
          ...(item.position > 1 && { ":before": item.position - 1 }),
        },
      },
    },
  },
  {
    name: `feed item ${authority}`,
    item: {
      Put: {
        TableName: table,
        Item: { authority, ...item },
        ConditionExpression: "attribute_not_exists(authority)",
      },
    },
  },
];

export const readFeed = async (
  dynamo: Dynamo,
  table: string,
  authority: string,
  { after, limit }: { after: number; limit: number },
): Promise<FeedItem[]> => {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "authority = :authority AND #position > :after",
      ExpressionAttributeNames: { "#position": "position" },
      ExpressionAttributeValues: { ":authority": authority, ":after": after },
      Limit: limit,
      ConsistentRead: true,
    }),
  );
  return unbroken(
    Items.map((item) => stored.parse(item)),
    after,
  );
};

/**
 * What follows the position without a gap: a query may see an item of one transaction before that of an earlier one, and
 * whoever read on from there would never see the earlier.
 */
export const unbroken = (items: readonly FeedItem[], after: number): FeedItem[] =>
  items.filter(({ position }, index) => position === after + 1 + index);

import * as z from "zod";
import type { Item, Place, Write } from "./dynamo.ts";

/** How often an authority may do a thing in a day in England: the count is among the counters, for the DfE's figures too. */
export type Allowance = { what: "match-enquiries"; authority: string; date: string };

const keyOf = ({ what, authority, date }: Allowance) => ({ counter: `${what}#${authority}`, bucket: date });

export const allowancePlace = (table: string, allowance: Allowance): Place => ({ table, key: keyOf(allowance) });

const stored = z.object({ count: z.number() });

export const usedOf = (item: Item | undefined): number => (item ? stored.parse(item).count : 0);

/** Uses one; fails when `most` were used before. */
export const useOne = (table: string, allowance: Allowance, most: number): Write => ({
  name: "allowance",
  item: {
    Update: {
      TableName: table,
      Key: keyOf(allowance),
      UpdateExpression: "ADD #count :one",
      ConditionExpression: "attribute_not_exists(#count) OR #count < :most",
      ExpressionAttributeNames: { "#count": "count" },
      ExpressionAttributeValues: { ":one": 1, ":most": most },
    },
  },
});

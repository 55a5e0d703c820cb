import * as z from "zod";
import type { CounterChange } from "../domain/counters.ts";
import { type Dynamo, queried, type Write } from "./dynamo.ts";

/** Adds to the cells of one item, which begin at nothing. */
export const addToCounter = (table: string, { counter, bucket, add }: CounterChange): Write => {
  const cells = Object.entries(add);
  return {
    name: `counter ${counter} ${bucket}`,
    item: {
      Update: {
        TableName: table,
        Key: { counter, bucket },
        UpdateExpression: `ADD ${cells.map((_, index) => `#${index} :${index}`).join(", ")}`,
        ExpressionAttributeNames: Object.fromEntries(cells.map(([cell], index) => [`#${index}`, cell])),
        ExpressionAttributeValues: Object.fromEntries(cells.map(([, by], index) => [`:${index}`, by])),
      },
    },
  };
};

export type Cells = ReadonlyMap<string, number>;

const stored = z.object({ counter: z.string(), bucket: z.string() }).catchall(z.number());

/** Every bucket of a counter, in order: some hundred items at the most. */
export const readCounter = async (
  dynamo: Dynamo,
  table: string,
  counter: string,
): Promise<{ bucket: string; cells: Cells }[]> => {
  const buckets: { bucket: string; cells: Cells }[] = [];
  const query = {
    TableName: table,
    KeyConditionExpression: "#counter = :counter",
    ExpressionAttributeNames: { "#counter": "counter" },
    ExpressionAttributeValues: { ":counter": counter },
  };
  for await (const item of queried(dynamo, query)) {
    const { counter: _, bucket, ...cells } = stored.parse(item);
    buckets.push({ bucket, cells: new Map(Object.entries(cells)) });
  }
  return buckets;
};

/** The sum of the cells of several buckets. */
export const summed = (all: readonly Cells[]): Cells => {
  const sum = new Map<string, number>();
  for (const [cell, number] of all.flatMap((cells) => [...cells])) sum.set(cell, (sum.get(cell) ?? 0) + number);
  return sum;
};

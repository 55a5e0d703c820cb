import { createHash } from "node:crypto";
import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import type * as z from "zod";
import type { Dynamo } from "./dynamo.ts";
import { readable } from "./readable.ts";

/** Enough partitions that a scheduled look through all of them is cheap and none of them is hot. */
const count = 8;

/** The partition of a sparse index in which a thing waits: spread evenly, the same each time. */
export const bucketOf = (index: string, id: string): string =>
  `${index}#${createHash("sha256").update(id).digest().readUInt8() % count}`;

export const bucketsOf = (index: string): string[] => Array.from({ length: count }, (_, at) => `${index}#${at}`);

/** A sparse index in whose buckets things wait, and the attributes that say in which and until when. */
export type WaitingIndex = { table: string; index: string; buckets: string; bucket: string; until: string };

/**
 * What has waited long enough: at most a page from each bucket. What can't be read does not hold up the rest.
 * @param comparison of the moment until which a thing waits with the one given
 */
export const readDue = async <T>(
  dynamo: Dynamo,
  { table, index, buckets, bucket, until }: WaitingIndex,
  comparison: "<" | "<=",
  moment: string,
  stored: z.ZodType<T>,
): Promise<T[]> => {
  const pages = await Promise.all(
    bucketsOf(buckets).map((each) =>
      dynamo.send(
        new QueryCommand({
          TableName: table,
          IndexName: index,
          KeyConditionExpression: `#bucket = :bucket AND #until ${comparison} :moment`,
          ExpressionAttributeNames: { "#bucket": bucket, "#until": until },
          ExpressionAttributeValues: { ":bucket": each, ":moment": moment },
          Limit: 100,
        }),
      ),
    ),
  );
  return pages.flatMap(({ Items = [] }) => readable(table, stored, Items));
};

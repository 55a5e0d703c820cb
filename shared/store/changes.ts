import * as z from "zod";
import { type Change, changeTypes } from "../domain/changes.ts";
import { actor, digest } from "./chain.ts";
import type { Dynamo, Write } from "./dynamo.ts";
import { readPage } from "./page.ts";

const stored = z.object({
  subject: z.string(),
  sequence: z.number(),
  type: z.enum(changeTypes),
  at: z.string(),
  actor,
  before: z.unknown(),
  after: z.unknown(),
  previousHash: digest.nullable(),
  hash: digest,
});

/** Written once, in the transaction of the change itself, and never changed. */
export const putChange = (table: string, change: Change): Write => ({
  name: `change ${change.subject} ${change.sequence}`,
  item: {
    Put: { TableName: table, Item: change, ConditionExpression: "attribute_not_exists(subject)" },
  },
});

export const readChanges = (
  dynamo: Dynamo,
  table: string,
  subject: string,
  page: { limit: number; cursor: string | undefined },
): Promise<{ items: Change[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      KeyConditionExpression: "subject = :subject",
      ExpressionAttributeValues: { ":subject": subject },
      ConsistentRead: true,
    },
    { list: ["changes", subject], ...page },
    (item) => stored.parse(item),
  );

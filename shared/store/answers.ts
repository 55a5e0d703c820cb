import * as z from "zod";
import { idempotencyKeyReused } from "../domain/refusals.ts";
import type { Intent, Reply } from "../http/call.ts";
import type { Item, Place, Write } from "./dynamo.ts";

/**
 * The answer given under an Idempotency-Key. It is written in the transaction of the thing it tells of and never
 * deleted, so a repeat gets it for as long as that thing exists; a request that was refused leaves none.
 */
const stored = z.object({
  fingerprint: z.string(),
  status: z.number(),
  headers: z.record(z.string(), z.string()),
  text: z.string(),
});

export const answerPlace = (table: string, intent: Intent): Place => ({ table, key: { intent: intent.id } });

/**
 * The first answer again, if one was given under this key.
 * @throws Refusal `idempotency-key-reused` when it was given to another request
 */
export const recordedAnswer = (item: Item | undefined, intent: Intent): Reply | undefined => {
  if (!item) return undefined;
  const { fingerprint, status, headers, text } = stored.parse(item);
  if (fingerprint !== intent.fingerprint) throw idempotencyKeyReused();
  return { status, headers: { ...headers, "idempotency-replayed": "true" }, text };
};

/**
 * Its name among a transaction's writes is `answer`; losing it means that the same request committed first.
 * @param kept what is kept of the answer's text, where that is not the text itself
 */
export const recordAnswer = (table: string, intent: Intent, answer: Reply, kept = answer.text): Write => ({
  name: "answer",
  item: {
    Put: {
      TableName: table,
      Item: {
        intent: intent.id,
        fingerprint: intent.fingerprint,
        status: answer.status,
        headers: answer.headers ?? {},
        text: kept,
      },
      ConditionExpression: "attribute_not_exists(intent)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    },
  },
});

import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { accessRefused } from "../domain/refusals.ts";
import type { Dynamo, Write } from "./dynamo.ts";

/** Something that may be used once: a client assertion or a proof of possession. `expiresAt` is in epoch seconds. */
export type SingleUse = { id: string; expiresAt: number };

const put = (TableName: string, { id, expiresAt }: SingleUse) => ({
  TableName,
  Item: { proof: id, expiresAt },
  ConditionExpression: "attribute_not_exists(proof)",
});

/** Spends it together with the rest of a transaction, in which the write's name is `proof` unless told otherwise. */
export const spendInTransaction = (table: string, use: SingleUse, name = "proof"): Write => ({
  name,
  item: { Put: put(table, use) },
});

export const proofReplayed = () => accessRefused("dpop-replayed", "The proof's jti was used before.");

/**
 * Spends it on its own: where a request came to nothing, its proof must not serve a second time.
 * @throws Refusal `dpop-replayed`
 */
export const spendAlone = async (dynamo: Dynamo, table: string, use: SingleUse): Promise<void> => {
  try {
    await dynamo.send(new PutCommand(put(table, use)));
  } catch (error) {
    throw error instanceof ConditionalCheckFailedException ? proofReplayed() : error;
  }
};

import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { attempts, dynamoClient, type Item } from "../../shared/store/dynamo.ts";

/** As many as DynamoDB takes in one call. */
const most = 25;

export const putAll = async (table: string, items: readonly Item[]): Promise<void> => {
  for (let at = 0; at < items.length; at += most) {
    let pending = items.slice(at, at + most).map((item) => ({ PutRequest: { Item: item } }));
    for await (const _ of attempts()) {
      const { UnprocessedItems } = await dynamoClient().send(
        new BatchWriteCommand({ RequestItems: { [table]: pending } }),
      );
      pending = (UnprocessedItems?.[table] ?? []) as typeof pending;
      if (pending.length === 0) break;
    }
  }
};

import * as z from "zod";
import { type Dynamo, queried } from "./dynamo.ts";

type Attribute = readonly [name: string, value: string];

/**
 * The ids in one partition of an index, a page at a time. An index is a moment behind its table: whoever acts on an id
 * reads the thing itself first.
 * @param only an attribute that the things must have besides
 */
export async function* idsIn(
  dynamo: Dynamo,
  { table, index, id }: { table: string; index: string; id: string },
  [partition, value]: Attribute,
  only?: Attribute,
): AsyncGenerator<string> {
  const query = {
    TableName: table,
    IndexName: index,
    KeyConditionExpression: "#partition = :value",
    ...(only && { FilterExpression: "#only = :only" }),
    ProjectionExpression: "#id",
    ExpressionAttributeNames: { "#partition": partition, "#id": id, ...(only && { "#only": only[0] }) },
    ExpressionAttributeValues: { ":value": value, ...(only && { ":only": only[1] }) },
  };
  for await (const item of queried(dynamo, query)) yield z.string().parse(item[id]);
}

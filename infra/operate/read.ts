import { BatchGetCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { attempts, type Dynamo, type Item, type Key, queried } from "../../shared/store/dynamo.ts";

/** The attributes of the items that are wanted; all unless said. */
export type Only = readonly string[] | undefined;

const projected = (only: Only) =>
  only && {
    ProjectionExpression: only.map((_, index) => `#only${index}`).join(", "),
    ExpressionAttributeNames: Object.fromEntries(only.map((name, index) => [`#only${index}`, name])),
  };

/** Items in a page, so that what is under way at once does not grow with the table. */
const pageSize = 50;

/**
 * Reads a whole table page by page, in parallel segments, strongly consistent: what was committed before the reading began is
 * seen. Only a page for each segment is in memory.
 */
export const eachPage = async (
  dynamo: Dynamo,
  table: string,
  { segments, only }: { segments: number; only?: Only },
  take: (items: Item[]) => Promise<void>,
): Promise<void> => {
  const readSegment = async (segment: number): Promise<void> => {
    let ExclusiveStartKey: Item | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await dynamo.send(
        new ScanCommand({
          TableName: table,
          ConsistentRead: true,
          Limit: only ? pageSize * 20 : pageSize,
          Segment: segment,
          TotalSegments: segments,
          ExclusiveStartKey,
          ...projected(only),
        }),
      );
      await take(Items);
      ExclusiveStartKey = LastEvaluatedKey;
    } while (ExclusiveStartKey);
  };
  await Promise.all(Array.from({ length: segments }, (_, segment) => readSegment(segment)));
};

/** All items of a partition in order, strongly consistent. */
export async function* partition(dynamo: Dynamo, table: string, name: string, value: string): AsyncGenerator<Item> {
  yield* queried(dynamo, {
    TableName: table,
    KeyConditionExpression: "#key = :key",
    ExpressionAttributeNames: { "#key": name },
    ExpressionAttributeValues: { ":key": value },
    ConsistentRead: true,
  });
}

/** As many as DynamoDB takes in one call. */
const mostKeys = 100;

/** Which of these keys have an item; nothing but the keys is read of it. */
export const presentAmong = async (
  dynamo: Dynamo,
  table: string,
  keys: readonly Key[],
): Promise<(key: Key) => boolean> => {
  const wanted = new Map(keys.map((key) => [textOf(key), key]));
  const present = new Set<string>();
  const names = Object.keys(keys[0] ?? {}).sort();
  const all = [...wanted.values()];
  for (let at = 0; at < all.length; at += mostKeys) {
    let pending: Key[] = all.slice(at, at + mostKeys);
    for await (const _ of attempts()) {
      const { Responses = {}, UnprocessedKeys = {} } = await dynamo.send(
        new BatchGetCommand({
          RequestItems: { [table]: { Keys: pending, ConsistentRead: true, ...projected(names) } },
        }),
      );
      for (const item of Responses[table] ?? []) present.add(textOf(item as Key));
      pending = (UnprocessedKeys[table]?.Keys ?? []) as Key[];
      if (pending.length === 0) break;
    }
  }
  return (key) => present.has(textOf(key));
};

const textOf = (key: Key): string =>
  Object.keys(key)
    .sort()
    .map((name) => `${key[name]}`)
    .join(" ");

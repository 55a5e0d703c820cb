import { isDeepStrictEqual } from "node:util";
import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { attempts, type Dynamo, type Item, type Key, readAll } from "../../shared/store/dynamo.ts";
import type { TableDefinition } from "../../shared/store/tables.ts";
import { eachPage, presentAmong } from "./read.ts";

/** What becomes of a table: how many items are put as they were, how many that came later go, how many stay. */
export type Change = { put: number; deleted: number; alike: number };

/** As many as DynamoDB takes in one call. */
const most = 25;

/**
 * Makes a table what the restored one is. DynamoDB restores to a new table only; putting its items back keeps the table
 * itself, with its stream, its key, its backups and its place in the stack. Run again after an interruption it goes on.
 * @param write without it nothing is changed, only counted
 */
export const makeAlike = async (
  dynamo: Dynamo,
  definition: TableDefinition,
  { from, to }: { from: string; to: string },
  { segments, write }: { segments: number; write: boolean },
): Promise<Change> => {
  const change: Change = { put: 0, deleted: 0, alike: 0 };
  const keyNames = [definition.partitionKey, definition.sortKey].flatMap((key) => (key ? [key.name] : []));
  const keyOf = (item: Item) => Object.fromEntries(keyNames.map((name) => [name, item[name]])) as Key;
  await eachPage(dynamo, from, { segments }, async (items) => {
    const present = await readAll(
      dynamo,
      items.map((item) => ({ table: to, key: keyOf(item) })),
    );
    const different = items.filter((item, index) => !isDeepStrictEqual(item, present[index]));
    change.put += different.length;
    change.alike += items.length - different.length;
    if (write)
      await writeAll(
        dynamo,
        to,
        different.map((Item) => ({ PutRequest: { Item } })),
      );
  });
  await eachPage(dynamo, to, { segments, only: keyNames }, async (items) => {
    const keys = items.map(keyOf);
    const isRestored = await presentAmong(dynamo, from, keys);
    const later = keys.filter((key) => !isRestored(key));
    change.deleted += later.length;
    if (write)
      await writeAll(
        dynamo,
        to,
        later.map((Key) => ({ DeleteRequest: { Key } })),
      );
  });
  return change;
};

type Request = { PutRequest: { Item: Item } } | { DeleteRequest: { Key: Key } };

const writeAll = async (dynamo: Dynamo, table: string, requests: readonly Request[]): Promise<void> => {
  for (let at = 0; at < requests.length; at += most) {
    let pending = requests.slice(at, at + most);
    for await (const _ of attempts()) {
      const { UnprocessedItems = {} } = await dynamo.send(
        new BatchWriteCommand({ RequestItems: { [table]: pending } }),
      );
      pending = (UnprocessedItems[table] ?? []) as Request[];
      if (pending.length === 0) break;
    }
  }
};

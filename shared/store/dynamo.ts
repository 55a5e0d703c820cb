import { setTimeout as pause } from "node:timers/promises";
import { DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { v7 as uuidV7 } from "uuid";
import { clientSettings } from "../aws/client-settings.ts";
import { once } from "../aws/environment.ts";
import type { Count } from "../domain/counts.ts";
import { busy } from "../domain/refusals.ts";
import { countsInRow } from "./counts-in-row.ts";

export type Dynamo = DynamoDBDocumentClient;
export type Item = Record<string, unknown>;
export type Key = Record<string, string | number>;

export const dynamoClient = once(
  (): Dynamo =>
    DynamoDBDocumentClient.from(new DynamoDBClient(clientSettings()), {
      marshallOptions: { removeUndefinedValues: true },
    }),
);

const mostAttempts = 12;

/**
 * Attempts at something that others are at too, with pauses of full jitter between them: up to 20, 40 … 320 milliseconds,
 * so some two seconds in all.
 * @throws Refusal `busy` after the last
 */
export async function* attempts(): AsyncGenerator<number> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    if (attempt > 0) await pause(Math.random() * 10 * 2 ** Math.min(attempt, 5));
    yield attempt;
  }
  throw busy();
}

/** Where an item stands. */
export type Place = { table: string; key: Key };

/** As many as DynamoDB reads in one call. */
const mostReadAtOnce = 100;

/**
 * Reads items, strongly consistent, up to 100 of them in one call; answers them in the order asked, `undefined` where there
 * is none.
 * @throws Refusal `busy` when DynamoDB keeps leaving keys unprocessed.
 */
export const readAll = async (dynamo: Dynamo, places: readonly Place[]): Promise<(Item | undefined)[]> => {
  const items: (Item | undefined)[] = [];
  for (let at = 0; at < places.length; at += mostReadAtOnce) {
    items.push(...(await readInOneCall(dynamo, places.slice(at, at + mostReadAtOnce))));
  }
  return items;
};

const readInOneCall = async (dynamo: Dynamo, places: readonly Place[]): Promise<(Item | undefined)[]> => {
  const found: { table: string; item: Item }[] = [];
  const requests: Record<string, { Keys: Key[]; ConsistentRead: true }> = {};
  for (const { table, key } of places) {
    requests[table] ??= { Keys: [], ConsistentRead: true };
    const keys = requests[table].Keys;
    if (!keys.some((other) => isAt(other, key))) keys.push(key);
  }
  let pending = requests;
  for await (const _ of attempts()) {
    const { Responses = {}, UnprocessedKeys } = await dynamo.send(new BatchGetCommand({ RequestItems: pending }));
    for (const [table, items] of Object.entries(Responses)) {
      for (const item of items) found.push({ table, item });
    }
    pending = (UnprocessedKeys ?? {}) as typeof requests;
    if (Object.keys(pending).length === 0) break;
  }
  return places.map(({ table, key }) => found.find((each) => each.table === table && isAt(each.item, key))?.item);
};

/** Everything that a query finds, a page at a time. */
export async function* queried(dynamo: Dynamo, query: QueryCommandInput): AsyncGenerator<Item> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamo.send(new QueryCommand({ ...query, ExclusiveStartKey }));
    yield* Items;
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

const isAt = (item: Item, key: Key): boolean => Object.entries(key).every(([name, value]) => item[name] === value);

/**
 * One write of a transaction. `name` says which one failed, when one did. What it `counts` for goes into the transaction's
 * outbox row, see shared/store/counts-in-row.ts.
 */
export type Write = {
  name: string;
  item: NonNullable<TransactWriteCommandInput["TransactItems"]>[number];
  counts?: readonly Count[];
  isOutboxRow?: true;
};

/**
 * `lost` names the writes whose condition did not hold, each with the item as it stands now (absent if there is none).
 * Then nothing at all was written.
 */
export type CommitOutcome = { committed: true } | { committed: false; lost: Map<string, Item | undefined> };

/**
 * Commits all writes or none (at most 100). Clashes with another transaction under way are tried again with the same
 * request token, so that an answer lost on the network never makes a thing happen twice.
 */
export const commit = async (dynamo: Dynamo, planned: readonly Write[]): Promise<CommitOutcome> => {
  const ClientRequestToken = uuidV7();
  const writes = countsInRow(planned);
  for await (const _ of attempts()) {
    try {
      await dynamo.send(
        new TransactWriteCommand({ ClientRequestToken, TransactItems: writes.map(({ item }) => item) }),
      );
      return { committed: true };
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const reasons = error.CancellationReasons ?? [];
      const lost = new Map<string, Item | undefined>();
      for (const [index, write] of writes.entries()) {
        const reason = reasons[index];
        if (reason?.Code !== "ConditionalCheckFailed") continue;
        lost.set(write.name, reason.Item && unmarshall(reason.Item));
      }
      if (lost.size > 0) return { committed: false, lost };
      const passing = reasons.some(({ Code }) => Code !== undefined && transient.has(Code));
      if (!passing) throw error;
    }
  }
  throw busy();
};

const transient = new Set(["TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"]);

import type { DynamoDBStreamEvent } from "aws-lambda";
import { nameOf } from "../../../shared/observability/log.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { type BatchHandler, backOff, type EventSource, failuresOf, type Log } from "./invoke.ts";
import { countLooks, restUntil } from "./looks.ts";
import { type Change, type ShardDescription, streamsApi } from "./streams-api.ts";

export type StreamSourceOptions = {
  dynamodbEndpoint: string;
  tableName: string;
  handler: BatchHandler<DynamoDBStreamEvent>;
  /** At most 1,000. */
  batchSize?: number;
  /** Where the position in each shard is kept across restarts. */
  checkpointFile: string;
  pollMs?: number;
  log?: Log;
};

type Shard = {
  id: string;
  parent: string | undefined;
  /** `null` where the shard has been read to its end; `undefined` where one must be fetched, after the checkpoint. */
  iterator: string | null | undefined;
  /** Read and not yet handled. */
  pending: Change[];
  failures: number;
  /** On the monotonic clock. */
  retryAt: number;
};

/**
 * Lambda's event source for a DynamoDB stream, with `ReportBatchItemFailures` and from TRIM_HORIZON: records of a shard in
 * order, a shard after its parent; from the first failed record on, the batch is retried until it succeeds. The checkpoint
 * moves after the function has succeeded, so whoever is killed in between is given the batch again. Shards are read side by
 * side, but the next reading waits for all of them (the embedded engine has one shard a table).
 * @throws Error where the table has no stream
 */
export const startStreamSource = async (options: StreamSourceOptions): Promise<EventSource> => {
  const { tableName, handler, batchSize = 100, pollMs = 100, log = console.error } = options;
  const closing = new AbortController();
  const api = streamsApi(options.dynamodbEndpoint, closing.signal);
  const streamArn = await api.streamOf(tableName);
  const checkpoint = await openCheckpoint(options.checkpointFile, streamArn);
  const shards = new Map<string, Shard>();
  const looks = countLooks();
  const { rest, wake } = restUntil(closing.signal);

  const poll = async (): Promise<void> => {
    let failures = 0;
    while (!closing.signal.aborted) {
      looks.begin();
      try {
        for (const description of await api.shards(streamArn)) noteShard(shards, description);
        const outcomes = await Promise.all(readable(shards).map(advance));
        failures = 0;
        looks.end(outcomes.every((outcome) => outcome === "nothing new"));
        if (!outcomes.includes("moved on")) await rest(pollMs);
      } catch (error) {
        failures += 1;
        report(error);
        looks.end(false);
        await rest(backOff(failures));
      }
    }
    looks.end(false);
  };

  const advance = async (shard: Shard): Promise<"moved on" | "nothing new" | "must wait"> => {
    if (performance.now() < shard.retryAt) return "must wait";
    try {
      if (shard.pending.length === 0) await read(shard);
      if (shard.pending.length === 0) return isDone(shard) ? "moved on" : "nothing new";
      const allHandled = await handOver(shard);
      shard.failures = allHandled ? 0 : shard.failures + 1;
    } catch (error) {
      report(error);
      shard.iterator = undefined;
      shard.failures += 1;
    }
    if (shard.failures === 0) return "moved on";
    shard.retryAt = performance.now() + backOff(shard.failures);
    return "must wait";
  };

  const read = async (shard: Shard): Promise<void> => {
    shard.iterator ??= await api.iteratorAfter(streamArn, shard.id, checkpoint.of(shard.id));
    const { records, next } = await api.records(shard.iterator, batchSize);
    shard.pending = records;
    shard.iterator = next;
  };

  const handOver = async (shard: Shard): Promise<boolean> => {
    const event = { Records: shard.pending.map((change) => ({ ...change, eventSourceARN: streamArn })) };
    const identifiers = shard.pending.map(sequenceNumberOf);
    const failed = await failuresOf(handler, event, identifiers);
    const lowest = identifiers.findIndex((identifier) => failed.has(identifier));
    if (lowest > 0) shard.failures = 0;
    await settle(checkpoint, shard, lowest === -1 ? identifiers.length : lowest);
    return lowest === -1;
  };

  const report = (error: unknown): void => {
    if (!closing.signal.aborted) log(`stream of ${tableName}: ${nameOf(error)}, trying again`);
  };

  const polling = poll();
  return {
    idle: async () => {
      const asked = looks.latest();
      while (!closing.signal.aborted && !looks.quietAfter(asked)) {
        if (looks.latest() === asked) wake();
        await looks.nextEnd();
      }
    },
    close: async () => {
      closing.abort();
      await polling;
    },
  };
};

const noteShard = (shards: Map<string, Shard>, { ShardId: id, ParentShardId: parent }: ShardDescription): void => {
  if (shards.has(id)) return;
  shards.set(id, { id, parent, iterator: undefined, pending: [], failures: 0, retryAt: 0 });
};

const isDone = (shard: Shard | undefined): boolean => !shard || (shard.iterator === null && shard.pending.length === 0);

const readable = (shards: ReadonlyMap<string, Shard>): Shard[] =>
  [...shards.values()].filter((shard) => !isDone(shard) && isDone(shards.get(shard.parent ?? "")));

/** The first so many of what was read are done with. */
const settle = async (checkpoint: Checkpoint, shard: Shard, count: number): Promise<void> => {
  const last = shard.pending[count - 1];
  if (!last) return;
  await checkpoint.save(shard.id, sequenceNumberOf(last));
  shard.pending = shard.pending.slice(count);
};

const sequenceNumberOf = ({ dynamodb }: Change): string => dynamodb.SequenceNumber;

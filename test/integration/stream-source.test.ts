import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateTableCommand, DeleteItemCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreamEvent } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startDynamodb } from "../../infra/local/engines/dynamodb.ts";
import { type StreamSourceOptions, startStreamSource } from "../../infra/local/event-sources/stream.ts";
import { between, freshName, silent, useEngine, useOpened } from "../builders/event-source.ts";

const open = useOpened();

const dynamodb = useEngine((folder) => startDynamodb(join(folder, "dynamodb.sqlite")));
let dynamo: DynamoDBClient;

beforeAll(() => {
  dynamo = new DynamoDBClient({ endpoint: dynamodb.url });
});

afterAll(() => dynamo.destroy());

describe("stream", () => {
  const createTable = async (): Promise<string> => {
    const TableName = freshName();
    await dynamo.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
      }),
    );
    return TableName;
  };

  const put = async (TableName: string, ...ids: string[]): Promise<void> => {
    for (const id of ids) await dynamo.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }));
  };

  const idsOf = (event: DynamoDBStreamEvent): string[] =>
    event.Records.map(({ dynamodb: change }) => change?.Keys?.id?.S ?? "?");

  const failing = (event: DynamoDBStreamEvent, ...ids: string[]) => ({
    batchItemFailures: event.Records.filter(({ dynamodb: change }) => ids.includes(change?.Keys?.id?.S ?? "")).map(
      ({ dynamodb: change }) => ({ itemIdentifier: change?.SequenceNumber }),
    ),
  });

  const start = (
    tableName: string,
    options: Pick<StreamSourceOptions, "handler"> & Partial<StreamSourceOptions>,
  ): ReturnType<typeof startStreamSource> =>
    open(
      startStreamSource({
        dynamodbEndpoint: dynamodb.url,
        tableName,
        checkpointFile: join(dynamodb.folder, `${tableName}.json`),
        pollMs: 10,
        ...silent,
        ...options,
      }),
    );

  it("hands over what changed before it started, as Lambda does", async () => {
    const table = await createTable();
    await dynamo.send(
      new PutItemCommand({
        TableName: table,
        Item: { id: { S: "a" }, count: { N: "7" }, bytes: { B: new Uint8Array([1, 2, 3]) } },
      }),
    );
    await dynamo.send(new DeleteItemCommand({ TableName: table, Key: { id: { S: "a" } } }));
    const events: DynamoDBStreamEvent[] = [];
    const source = await start(table, { handler: async (event) => void events.push(event) });
    await source.idle();

    expect(events).toHaveLength(1);
    expect(events[0]?.Records).toEqual([
      {
        eventID: expect.stringMatching(/./),
        eventName: "INSERT",
        eventVersion: "1.1",
        eventSource: "aws:dynamodb",
        eventSourceARN: expect.stringMatching(new RegExp(`^arn:aws:dynamodb:.+:table/${table}/stream/.+$`)),
        awsRegion: expect.stringMatching(/./),
        dynamodb: {
          Keys: { id: { S: "a" } },
          NewImage: { id: { S: "a" }, count: { N: "7" }, bytes: { B: "AQID" } },
          SequenceNumber: expect.stringMatching(/^\d+$/),
          SizeBytes: expect.any(Number),
          StreamViewType: "NEW_IMAGE",
          ApproximateCreationDateTime: expect.any(Number),
        },
      },
      expect.objectContaining({ eventName: "REMOVE" }),
    ]);
  });

  it("keeps the order, over many batches and while more is written", async () => {
    const table = await createTable();
    await put(table, "1", "2", "3", "4", "5", "6", "7");
    const batches: string[][] = [];
    const source = await start(table, { batchSize: 3, handler: async (event) => void batches.push(idsOf(event)) });
    await source.idle();
    expect(batches).toEqual([["1", "2", "3"], ["4", "5", "6"], ["7"]]);
    await put(table, "8", "9");
    await source.idle();
    expect(batches.flat()).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  });

  it("tries again from the lowest failed record on, and lets no later one overtake it", async () => {
    const table = await createTable();
    await put(table, "1", "2", "3", "4", "5", "6");
    const batches: string[][] = [];
    const checkpoints: string[] = [];
    const source = await start(table, {
      batchSize: 5,
      handler: async (event) => {
        batches.push(idsOf(event));
        checkpoints.push(await readFile(join(dynamodb.folder, `${table}.json`), "utf8").catch(() => "none"));
        return batches.length < 3 ? failing(event, "3", "5") : { batchItemFailures: [] };
      },
    });
    await source.idle();
    expect(batches).toEqual([["1", "2", "3", "4", "5"], ["3", "4", "5"], ["3", "4", "5"], ["6"]]);
    expect(checkpoints[0]).toBe("none");
    const positions = checkpoints.slice(1).map((text) => Object.values(JSON.parse(text).shards));
    expect(positions).toEqual([["2"], ["2"], ["5"]]);
  });

  it.each([
    ["throws", () => Promise.reject(new Error("no"))],
    ["reports a record it was not given", async () => ({ batchItemFailures: [{ itemIdentifier: "999" }] })],
    ["reports an empty identifier", async () => ({ batchItemFailures: [{ itemIdentifier: "" }] })],
    ["reports by another key", async () => ({ batchItemFailures: [{ id: "2" }] })],
    ["answers something else", async () => "done"],
  ])("tries the whole batch again where the function %s", async (_, answer: () => Promise<unknown>) => {
    const table = await createTable();
    await put(table, "1", "2");
    const batches: string[][] = [];
    const log: string[] = [];
    const source = await start(table, {
      log: (line) => void log.push(line),
      handler: async (event) => {
        batches.push(idsOf(event));
        return batches.length === 1 ? answer() : undefined;
      },
    });
    await source.idle();
    expect(batches).toEqual([
      ["1", "2"],
      ["1", "2"],
    ]);
    expect(log).toEqual([expect.stringMatching(new RegExp(`^stream of ${table}: (Type)?Error, trying again$`))]);
  });

  it.each([[null], [{}], [{ batchItemFailures: null }], [{ batchItemFailures: [] }]])(
    "takes %j for success",
    async (answer) => {
      const table = await createTable();
      await put(table, "1");
      const handler = vi.fn(async () => answer);
      await (await start(table, { handler })).idle();
      expect(handler).toHaveBeenCalledTimes(1);
    },
  );

  it("hands a batch over again when killed between the function's success and the checkpoint", async () => {
    const table = await createTable();
    await put(table, "1", "2", "3");
    const checkpointFile = join(dynamodb.folder, `${table}-killed.json`);
    const left: string[] = [];
    const first = await start(table, {
      checkpointFile,
      batchSize: 2,
      handler: async () => void left.push(await readFile(checkpointFile, "utf8").catch(() => "")),
    });
    await first.idle();
    await first.close();
    expect(left).toHaveLength(2);

    const redelivered: string[][] = [];
    for (const found of left) {
      await writeFile(checkpointFile, found);
      const second = await start(table, {
        checkpointFile,
        handler: async (event) => void redelivered.push(idsOf(event)),
      });
      await second.idle();
      await second.close();
    }
    expect(redelivered).toEqual([["1", "2", "3"], ["3"]]);
  });

  it("goes on after a restart where it was", async () => {
    const table = await createTable();
    await put(table, "1", "2");
    const first: string[][] = [];
    const before = await start(table, { handler: async (event) => void first.push(idsOf(event)) });
    await before.idle();
    await before.close();
    await put(table, "3");
    const second: string[][] = [];
    const after = await start(table, { handler: async (event) => void second.push(idsOf(event)) });
    await after.idle();
    expect([first, second]).toEqual([[["1", "2"]], [["3"]]]);
  });

  it("finishes the running batch when it closes, and remembers that", async () => {
    const table = await createTable();
    await put(table, "1");
    const began = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const first = await start(table, {
      handler: async () => {
        began.resolve();
        await goOn.promise;
      },
    });
    await began.promise;
    let closed = false;
    const closing = first.close().then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    goOn.resolve();
    await closing;
    const handler = vi.fn(async () => {});
    await (await start(table, { handler })).idle();
    expect(handler).not.toHaveBeenCalled();
  });

  it("begins at the beginning where the checkpoint is damaged", async () => {
    const table = await createTable();
    await put(table, "1");
    await writeFile(join(dynamodb.folder, `${table}.json`), '{"streamArn":');
    const batches: string[][] = [];
    await (await start(table, { handler: async (event) => void batches.push(idsOf(event)) })).idle();
    expect(batches).toEqual([["1"]]);
  });

  it("begins at the beginning where the checkpoint is another stream's, as when the table was made anew", async () => {
    const table = await createTable();
    await put(table, "1", "2");
    const first = await start(table, { handler: async () => {} });
    await first.idle();
    await first.close();
    const checkpointFile = join(dynamodb.folder, `${table}.json`);
    const left = JSON.parse(await readFile(checkpointFile, "utf8"));
    await writeFile(checkpointFile, JSON.stringify({ ...left, streamArn: `${left.streamArn}-before` }));
    const batches: string[][] = [];
    await (await start(table, { handler: async (event) => void batches.push(idsOf(event)) })).idle();
    expect(batches).toEqual([["1", "2"]]);
  });

  it("is not idle before what was written last has been handled", async () => {
    const table = await createTable();
    const handled: string[] = [];
    const source = await start(table, { pollMs: 500, handler: async (event) => void handled.push(...idsOf(event)) });
    const written: string[] = [];
    for (let each = 0; each < 30; each += 1) {
      await put(table, `${each}`);
      written.push(`${each}`);
      await source.idle();
      expect(handled).toEqual(written);
    }
  });

  it("loses nothing when two read the same stream with the same checkpoint", async () => {
    const table = await createTable();
    const seen: [string[], string[]] = [[], []];
    const handlers = seen.map((ids) => async (event: DynamoDBStreamEvent) => void ids.push(...idsOf(event)));
    const sources = await Promise.all(handlers.map((handler) => start(table, { handler, batchSize: 4 })));
    const ids = Array.from({ length: 30 }, (_, index) => `${index}`);
    await put(table, ...ids);
    await Promise.all(sources.map((source) => source.idle()));
    expect(seen).toEqual([ids, ids]);
  });

  it.each([["ExpiredIteratorException"], ["ValidationException"], ["InternalServerError"]])(
    "fetches a new iterator on %s and goes on",
    async (type) => {
      const table = await createTable();
      await put(table, "1", "2", "3");
      let reads = 0;
      let iterators = 0;
      const proxy = await open(
        between(dynamodb.url, (action) => {
          if (action === "GetShardIterator") iterators += 1;
          if (action !== "GetRecords") return undefined;
          reads += 1;
          return reads === 2 ? { status: 400, body: { __type: `com.amazonaws#${type}` } } : undefined;
        }),
      );
      const batches: string[][] = [];
      const source = await start(table, {
        dynamodbEndpoint: proxy.url,
        batchSize: 2,
        handler: async (event) => void batches.push(idsOf(event)),
      });
      await source.idle();
      expect(batches).toEqual([["1", "2"], ["3"]]);
      expect(iterators).toBe(2);
    },
  );

  it("reads a shard after its parent, even while the parent fails", async () => {
    const changes = (shard: string, ...sequenceNumbers: string[]) =>
      sequenceNumbers.map((SequenceNumber) => ({
        eventName: "INSERT",
        dynamodb: { SequenceNumber, Keys: { id: { S: `${shard}${SequenceNumber}` } } },
      }));
    const stream: Record<string, object> = {
      DescribeTable: { Table: { LatestStreamArn: "arn:stream" } },
      DescribeStream: {
        StreamDescription: { Shards: [{ ShardId: "child", ParentShardId: "parent" }, { ShardId: "parent" }] },
      },
      "GetRecords parent TRIM_HORIZON": { Records: changes("p", "1", "2") },
      "GetRecords parent 2": { Records: [] },
      "GetRecords child TRIM_HORIZON": { Records: changes("c", "3"), NextShardIterator: "child 3" },
      "GetRecords child 3": { Records: [], NextShardIterator: "child 3" },
    };
    const engine = await open(
      between("", (action, input) => {
        const asked = input as { ShardId: string; SequenceNumber?: string; ShardIterator: string };
        if (action === "GetShardIterator") {
          const ShardIterator = `${asked.ShardId} ${asked.SequenceNumber ?? "TRIM_HORIZON"}`;
          return { status: 200, body: { ShardIterator } };
        }
        return { status: 200, body: stream[action] ?? stream[`${action} ${asked.ShardIterator}`] ?? {} };
      }),
    );
    const batches: string[][] = [];
    const source = await start(freshName(), {
      dynamodbEndpoint: engine.url,
      handler: async (event) => {
        batches.push(idsOf(event));
        if (batches.length === 1) throw new Error("once");
      },
    });
    await source.idle();
    expect(batches).toEqual([["p1", "p2"], ["p1", "p2"], ["c3"]]);
  });

  it("begins at the oldest record where the checkpoint's is no longer kept", async () => {
    const table = await createTable();
    await put(table, "1", "2");
    const first = await start(table, { handler: async () => {} });
    await first.idle();
    await first.close();
    const proxy = await open(
      between(dynamodb.url, (action, input) =>
        action === "GetShardIterator" && (input as { SequenceNumber?: string }).SequenceNumber !== undefined
          ? { status: 400, body: { __type: "com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException" } }
          : undefined,
      ),
    );
    const batches: string[][] = [];
    const handler = async (event: DynamoDBStreamEvent) => void batches.push(idsOf(event));
    await (await start(table, { dynamodbEndpoint: proxy.url, handler })).idle();
    expect(batches).toEqual([["1", "2"]]);
  });

  it("does not start without a stream", async () => {
    await expect(start("no-such-table", { handler: async () => {} })).rejects.toThrow("ResourceNotFoundException");
  });
});

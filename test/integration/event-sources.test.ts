import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTableCommand, DeleteItemCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { DynamoDBStreamEvent, SQSEvent } from "aws-lambda";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Engine, startDynamodb } from "../../infra/local/engines/dynamodb.ts";
import { startSqs } from "../../infra/local/engines/sqs.ts";
import { type QueueSourceOptions, startQueueSource } from "../../infra/local/event-sources/queue.ts";
import { type ScheduleEvent, startSchedule } from "../../infra/local/event-sources/schedule.ts";
import { type StreamSourceOptions, startStreamSource } from "../../infra/local/event-sources/stream.ts";

const opened: { close(): Promise<void> }[] = [];
const open = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
  const started = await starting;
  opened.push(started);
  return started;
};

let folder = "";
let dynamodb: Engine;
let sqs: Engine;
let dynamo: DynamoDBClient;
let queues: SQSClient;
let names = 0;
const freshName = (): string => {
  names += 1;
  return `source-${names}`;
};

beforeAll(async () => {
  Object.assign(process.env, {
    AWS_REGION: "eu-west-2",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });
  folder = await mkdtemp(join(tmpdir(), "cme-event-sources-"));
  dynamodb = await startDynamodb(join(folder, "dynamodb.sqlite"));
  sqs = await startSqs(join(folder, "sqs"), "eu-west-2");
  dynamo = new DynamoDBClient({ endpoint: dynamodb.url });
  queues = new SQSClient({ endpoint: sqs.url, useQueueUrlAsEndpoint: false });
});

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
  vi.useRealTimers();
});

afterAll(async () => {
  dynamo.destroy();
  queues.destroy();
  await dynamodb.close();
  await sqs.close();
  await rm(folder, { recursive: true, force: true });
});

type Answer = { status: number; body: object };
type Instead = (action: string, input: unknown) => Answer | Promise<Answer> | undefined;

/** The engine with something in between that may answer in its place; `undefined` lets the request through. */
const between = async (url: string, instead: Instead) => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const action = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const own = await instead(action, JSON.parse(body.toString()));
    if (own) {
      response.writeHead(own.status, { "content-type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify(own.body));
      return;
    }
    const { host: _, connection: __, "content-length": ___, ...headers } = request.headers;
    try {
      const answer = await fetch(url, { method: "POST", headers: headers as Record<string, string>, body });
      response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const silent = { log: () => {} };

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
        checkpointFile: join(folder, `${tableName}.json`),
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
        checkpoints.push(await readFile(join(folder, `${table}.json`), "utf8").catch(() => "none"));
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
    const checkpointFile = join(folder, `${table}-killed.json`);
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
    await writeFile(join(folder, `${table}.json`), '{"streamArn":');
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
    const checkpointFile = join(folder, `${table}.json`);
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

describe("queue", () => {
  const createQueue = async (Attributes: Record<string, string> = {}): Promise<string> => {
    const { QueueUrl = "" } = await queues.send(new CreateQueueCommand({ QueueName: freshName(), Attributes }));
    return QueueUrl;
  };

  const send = async (QueueUrl: string, ...bodies: string[]): Promise<void> => {
    for (let from = 0; from < bodies.length; from += 10) {
      const Entries = bodies.slice(from, from + 10).map((MessageBody, index) => ({ Id: `${index}`, MessageBody }));
      await queues.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    }
  };

  /** Messages to be had, and messages handed out and not deleted. */
  const counts = async (QueueUrl: string) => {
    const { Attributes } = await queues.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
      }),
    );
    return [Attributes?.ApproximateNumberOfMessages, Attributes?.ApproximateNumberOfMessagesNotVisible];
  };

  const bodiesOf = (event: SQSEvent): string[] => event.Records.map(({ body }) => body);

  const failing = (event: SQSEvent, ...bodies: string[]) => ({
    batchItemFailures: event.Records.filter(({ body }) => bodies.includes(body)).map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  });

  const start = (queueUrl: string, options: Pick<QueueSourceOptions, "handler"> & Partial<QueueSourceOptions>) =>
    open(startQueueSource({ queueUrl, endpoint: sqs.url, visibilityTimeoutSeconds: 30, ...silent, ...options }));

  /** The engine keeps time by this process's clock: what it hides for 30 seconds may be had again at once. */
  const stopClock = () => void vi.useFakeTimers({ toFake: ["Date"] });
  const passVisibilityTimeout = () => void vi.setSystemTime(Date.now() + 30_001);

  it("hands messages over as Lambda does, and deletes them", async () => {
    const queue = await createQueue();
    const { MessageId } = await queues.send(
      new SendMessageCommand({
        QueueUrl: queue,
        MessageBody: "hello",
        MessageAttributes: {
          kind: { DataType: "String", StringValue: "test" },
          bytes: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2, 3]) },
        },
      }),
    );
    const events: SQSEvent[] = [];
    const source = await start(queue, { handler: async (event) => void events.push(event) });
    await source.idle();

    expect(events).toEqual([
      {
        Records: [
          {
            messageId: MessageId,
            receiptHandle: expect.stringMatching(/./),
            body: "hello",
            attributes: {
              ApproximateReceiveCount: "1",
              SentTimestamp: expect.stringMatching(/^\d{13}$/),
              SenderId: expect.stringMatching(/./),
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
            },
            messageAttributes: {
              kind: { stringValue: "test", stringListValues: [], binaryListValues: [], dataType: "String" },
              bytes: { binaryValue: "AQID", stringListValues: [], binaryListValues: [], dataType: "Binary" },
            },
            md5OfBody: "5d41402abc4b2a76b9719d911017c592",
            md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
            eventSource: "aws:sqs",
            eventSourceARN: expect.stringMatching(/^arn:aws:sqs:eu-west-2:000000000000:source-\d+$/),
            awsRegion: "eu-west-2",
          },
        ],
      },
    ]);
    expect(await counts(queue)).toEqual(["0", "0"]);
  });

  it("leaves only what failed, until its visibility time-out is over", async () => {
    stopClock();
    const queue = await createQueue();
    await send(queue, "a", "b", "c");
    const batches: string[][] = [];
    const source = await start(queue, {
      handler: async (event) => {
        batches.push(bodiesOf(event));
        return batches.length === 1 ? failing(event, "b") : undefined;
      },
    });
    await source.idle();
    expect(batches).toEqual([["a", "b", "c"]]);
    expect(await counts(queue)).toEqual(["0", "1"]);
    passVisibilityTimeout();
    await source.idle();
    expect(batches).toEqual([["a", "b", "c"], ["b"]]);
    expect(await counts(queue)).toEqual(["0", "0"]);
  });

  it("waits for the visibility time-out in real time as well", async () => {
    const queue = await createQueue();
    await send(queue, "a");
    const handedOver: number[] = [];
    const again = Promise.withResolvers<void>();
    await start(queue, {
      visibilityTimeoutSeconds: 1,
      handler: async (event) => {
        handedOver.push(performance.now());
        if (handedOver.length === 2) return again.resolve();
        return failing(event, "a");
      },
    });
    await again.promise;
    const [first = 0, second = 0] = handedOver;
    expect(second - first).toBeGreaterThan(900);
    expect(second - first).toBeLessThan(2_500);
  });

  it("brings a poison message to the dead-letter queue after maxReceiveCount, and the others through", async () => {
    stopClock();
    const deadLetters = await createQueue();
    const { Attributes } = await queues.send(
      new GetQueueAttributesCommand({ QueueUrl: deadLetters, AttributeNames: ["QueueArn"] }),
    );
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 3 });
    const queue = await createQueue({ RedrivePolicy });
    await send(queue, "a", "poison", "b");
    const handled: string[] = [];
    const source = await start(queue, {
      handler: async (event) => {
        handled.push(...bodiesOf(event));
        return failing(event, "poison");
      },
    });
    for (const soFar of [3, 4, 5]) {
      await vi.waitFor(() => expect(handled).toHaveLength(soFar));
      passVisibilityTimeout();
    }
    await source.idle();
    expect(handled).toEqual(["a", "poison", "b", "poison", "poison"]);
    expect(await counts(queue)).toEqual(["0", "0"]);
    const { Messages } = await queues.send(new ReceiveMessageCommand({ QueueUrl: deadLetters }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(["poison"]);
  });

  it.each([
    ["throws", () => Promise.reject(new Error("no"))],
    ["reports a message it was not given", async () => ({ batchItemFailures: [{ itemIdentifier: "stranger" }] })],
    ["reports an empty identifier", async () => ({ batchItemFailures: [{ itemIdentifier: "" }] })],
    ["reports without identifiers", async () => ({ batchItemFailures: [{ itemIdentifier: null }] })],
    ["reports by another key", async () => ({ batchItemFailures: [{ messageId: "a" }] })],
    ["answers something else", async () => "done"],
  ])("takes the whole batch for failed where the function %s", async (_, answer: () => Promise<unknown>) => {
    stopClock();
    const queue = await createQueue();
    await send(queue, "a", "b");
    const batches: string[][] = [];
    const log: string[] = [];
    const source = await start(queue, {
      log: (line) => void log.push(line),
      handler: async (event) => {
        batches.push(bodiesOf(event));
        return batches.length === 1 ? answer() : undefined;
      },
    });
    await vi.waitFor(() => expect(log).toHaveLength(1));
    expect(await counts(queue)).toEqual(["0", "2"]);
    expect(log).toEqual([expect.stringMatching(/^queue source-\d+: (Type)?Error, trying again$/)]);
    passVisibilityTimeout();
    await source.idle();
    expect(batches).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(await counts(queue)).toEqual(["0", "0"]);
  });

  it.each([[null], [{}], [{ batchItemFailures: null }], [{ batchItemFailures: [] }]])(
    "takes %j for success",
    async (answer) => {
      const queue = await createQueue();
      await send(queue, "a");
      await (await start(queue, { handler: async () => answer })).idle();
      expect(await counts(queue)).toEqual(["0", "0"]);
    },
  );

  it("hands a batch over again when killed between the function's success and the deletion", async () => {
    stopClock();
    const queue = await createQueue();
    await send(queue, "a", "b");
    const deleting = Promise.withResolvers<void>();
    const proxy = await open(
      between(sqs.url, (action) => {
        if (action !== "DeleteMessageBatch") return undefined;
        deleting.resolve();
        return new Promise(() => {});
      }),
    );
    const handled: string[][] = [];
    const handler = async (event: SQSEvent) => void handled.push(bodiesOf(event));
    const first = await start(queue, { endpoint: proxy.url, concurrency: 1, handler });
    await deleting.promise;
    await Promise.all([first.close(), proxy.close()]);
    expect(await counts(queue)).toEqual(["0", "2"]);
    passVisibilityTimeout();
    const second = await start(queue, { handler });
    await second.idle();
    expect(handled).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(await counts(queue)).toEqual(["0", "0"]);
  });

  it("handles so many batches at once and no more, and waits for them when it closes", async () => {
    const queue = await createQueue();
    await send(queue, "a", "b", "c", "d", "e");
    let running = 0;
    let most = 0;
    const handled: string[] = [];
    const threeAtOnce = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const source = await start(queue, {
      batchSize: 1,
      concurrency: 3,
      handler: async (event) => {
        running += 1;
        most = Math.max(most, running);
        if (running === 3) threeAtOnce.resolve();
        await goOn.promise;
        running -= 1;
        handled.push(...bodiesOf(event));
      },
    });
    await threeAtOnce.promise;
    // Time enough for a fourth batch to be fetched, were it allowed.
    for (let look = 0; look < 5; look += 1) expect(await counts(queue)).toEqual(["2", "3"]);
    let closed = false;
    const closing = source.close().then(() => {
      closed = true;
    });
    await counts(queue);
    expect(closed).toBe(false);
    expect(await counts(queue)).toEqual(["2", "3"]);
    goOn.resolve();
    await closing;
    expect([most, handled]).toEqual([3, ["a", "b", "c"]]);
    expect(await counts(queue)).toEqual(["2", "0"]);
  });

  it("closes without waiting for a message to come", async () => {
    const log: string[] = [];
    const source = await start(await createQueue(), {
      waitSeconds: 20,
      handler: async () => {},
      log: (line) => void log.push(line),
    });
    await source.idle();
    const began = performance.now();
    await source.close();
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(log).toEqual([]);
  });

  it("is not idle before what was sent last has been handled", async () => {
    const queue = await createQueue();
    const handled: string[] = [];
    const source = await start(queue, { handler: async (event) => void handled.push(...bodiesOf(event)) });
    const sent: string[] = [];
    for (let each = 0; each < 30; each += 1) {
      await send(queue, `${each}`);
      sent.push(`${each}`);
      await source.idle();
      expect(handled).toEqual(sent);
    }
  });

  it("loses nothing and does nothing twice when two read the same queue", async () => {
    const queue = await createQueue();
    const handled: string[] = [];
    const handler = async (event: SQSEvent) => void handled.push(...bodiesOf(event));
    const sources = [await start(queue, { handler, batchSize: 3 }), await start(queue, { handler, batchSize: 3 })];
    const bodies = Array.from({ length: 40 }, (_, index) => `${index}`);
    await send(queue, ...bodies);
    await Promise.all(sources.map((source) => source.idle()));
    expect(handled.toSorted((one, other) => Number(one) - Number(other))).toEqual(bodies);
  });

  it("goes on when SQS is back", async () => {
    const queue = await createQueue();
    await send(queue, "a");
    let refused = 0;
    const proxy = await open(
      between(sqs.url, (action) => {
        if (action !== "ReceiveMessage" || refused === 2) return undefined;
        refused += 1;
        return { status: 400, body: { __type: "com.amazonaws.sqs#KmsDisabled" } };
      }),
    );
    const handled: string[] = [];
    const log: string[] = [];
    const source = await start(queue, {
      endpoint: proxy.url,
      handler: async (event) => void handled.push(...bodiesOf(event)),
      log: (line) => void log.push(line),
    });
    await source.idle();
    expect(handled).toEqual(["a"]);
    expect(log).toEqual([
      expect.stringMatching(/^queue source-\d+: KmsDisabled, trying again$/),
      expect.stringMatching(/^queue source-\d+: KmsDisabled, trying again$/),
    ]);
  });
});

describe("schedule", () => {
  const useTimers = () => void vi.useFakeTimers({ now: new Date("2026-03-02T09:00:00.000Z") });

  it("runs at once and then at every interval", async () => {
    useTimers();
    const events: ScheduleEvent[] = [];
    const schedule = startSchedule({ name: "due", everyMs: 60_000, handler: async (event) => void events.push(event) });
    opened.push(schedule);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(events.map(({ time }) => time)).toEqual([
      "2026-03-02T09:00:00.000Z",
      "2026-03-02T09:01:00.000Z",
      "2026-03-02T09:02:00.000Z",
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
  });

  it("leaves an interval out while a run is under way, and ticks after it", async () => {
    useTimers();
    const goOn = Promise.withResolvers<void>();
    const log: string[] = [];
    const schedule = startSchedule({
      name: "due",
      everyMs: 1_000,
      handler: async () => {
        log.push("begins");
        await goOn.promise;
        log.push("ends");
      },
    });
    opened.push(schedule);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log).toEqual(["begins"]);
    const ticked = schedule.tick();
    goOn.resolve();
    await ticked;
    expect(log).toEqual(["begins", "ends", "begins", "ends"]);
  });

  it("logs a failed run in one line without its message, and goes on", async () => {
    useTimers();
    const log: string[] = [];
    let runs = 0;
    const schedule = startSchedule({
      name: "due",
      everyMs: 1_000,
      log: (line) => void log.push(line),
      handler: async () => {
        runs += 1;
        if (runs === 1) throw new RangeError("about Ada Example");
      },
    });
    opened.push(schedule);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toBe(2);
    expect(log).toEqual(["schedule due: RangeError, next run at its time"]);
  });

  it("waits for the run under way when it closes, and runs no more", async () => {
    useTimers();
    const goOn = Promise.withResolvers<void>();
    const log: string[] = [];
    const schedule = startSchedule({
      name: "due",
      everyMs: 1_000,
      handler: async () => {
        await goOn.promise;
        log.push("ran");
      },
    });
    await vi.advanceTimersByTimeAsync(0);
    const ticked = schedule.tick();
    const closing = schedule.close().then(() => log.push("closed"));
    await vi.advanceTimersByTimeAsync(0);
    goOn.resolve();
    await Promise.all([ticked, closing]);
    await vi.advanceTimersByTimeAsync(5_000);
    await schedule.tick();
    expect(log).toEqual(["ran", "closed"]);
  });
});

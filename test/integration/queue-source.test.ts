import { join } from "node:path";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startSqs } from "../../infra/local/engines/sqs.ts";
import { type QueueSourceOptions, startQueueSource } from "../../infra/local/event-sources/queue.ts";
import { between, freshName, silent, useEngine, useOpened } from "../builders/event-source.ts";

const open = useOpened();

const sqs = useEngine((folder) => startSqs(join(folder, "sqs"), "eu-west-2"));
let queues: SQSClient;

beforeAll(() => {
  queues = new SQSClient({ endpoint: sqs.url, useQueueUrlAsEndpoint: false });
});

afterAll(() => queues.destroy());

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

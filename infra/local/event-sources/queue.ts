import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  type MessageAttributeValue,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSEvent, SQSMessageAttribute, SQSRecord, SQSRecordAttributes } from "aws-lambda";
import { nameOf } from "../../../shared/observability/log.ts";
import { type BatchHandler, backOff, type EventSource, failuresOf, type Log } from "./invoke.ts";
import { countLooks, restUntil } from "./looks.ts";

export type QueueSourceOptions = {
  queueUrl: string;
  endpoint: string;
  handler: BatchHandler<SQSEvent>;
  /** At most 10, which is what one request to SQS yields. */
  batchSize?: number;
  /** So many batches are handled at once. */
  concurrency?: number;
  /** So long a message that was handed over is kept from others; one that failed comes again after it. */
  visibilityTimeoutSeconds: number;
  /** So long SQS may keep a request open until there is a message; from 1 to 20. */
  waitSeconds?: number;
  log?: Log;
};

/**
 * Lambda's event source for an SQS queue, with `ReportBatchItemFailures`: what succeeded is deleted, what failed is left
 * alone and comes again when its visibility time-out is over, until the queue's redrive policy sets it aside.
 * Closing breaks off a request that waits for messages. SQS may still hand one out to it, until its wait is over: that
 * message comes after one visibility time-out.
 */
export const startQueueSource = async (options: QueueSourceOptions): Promise<EventSource> => {
  const {
    queueUrl: QueueUrl,
    handler,
    batchSize = 10,
    concurrency = 5,
    waitSeconds = 1,
    log = console.error,
  } = options;
  const sqs = new SQSClient({
    endpoint: options.endpoint,
    // The address that the embedded engine gives has a host that does not resolve.
    useQueueUrlAsEndpoint: false,
    requestHandler: {
      connectionTimeout: 1_000,
      requestTimeout: waitSeconds * 1_000 + 4_000,
      throwOnRequestTimeout: true,
    },
  });
  const attributes = async (...AttributeNames: QueueAttributeName[]) =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))).Attributes ?? {};
  const { QueueArn = "" } = await attributes("QueueArn");

  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const looks = countLooks();
  const { rest } = restUntil(closing.signal);
  let askedForIdle = 0;

  const poll = async (): Promise<void> => {
    let failures = 0;
    while (!closing.signal.aborted) {
      if (running.size >= concurrency) {
        await Promise.race(running);
        continue;
      }
      looks.begin();
      try {
        const messages = await receive();
        failures = 0;
        if (messages.length > 0) run(messages);
        looks.end(messages.length === 0);
      } catch (error) {
        failures += 1;
        report(error);
        looks.end(false);
        await rest(backOff(failures));
      }
    }
    looks.end(false);
  };

  const receive = async (): Promise<Message[]> => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: batchSize,
        VisibilityTimeout: options.visibilityTimeoutSeconds,
        WaitTimeSeconds: askedForIdle > 0 && running.size === 0 ? 0 : waitSeconds,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      }),
      { abortSignal: closing.signal },
    );
    return Messages;
  };

  const run = (messages: Message[]): void => {
    const batch: Promise<void> = handle(messages)
      .catch(report)
      .finally(() => running.delete(batch));
    running.add(batch);
  };

  const handle = async (messages: Message[]): Promise<void> => {
    const records = messages.map((message) => recordOf(message, QueueArn));
    const identifiers = records.map(({ messageId }) => messageId);
    const failed = await failuresOf(handler, { Records: records }, identifiers);
    const Entries = records
      .filter(({ messageId }) => !failed.has(messageId))
      .map(({ receiptHandle: ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    if (Entries.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  };

  const report = (error: unknown): void => {
    if (closing.signal.aborted && nameOf(error) === "AbortError") return;
    log(`queue ${QueueArn.split(":").at(-1)}: ${nameOf(error)}, trying again`);
  };

  /** No message to be had and none handed out, not even one on its way to us. */
  const isEmpty = async (): Promise<boolean> => {
    const counts = await attributes("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible").catch(
      () => ({}),
    );
    return Object.keys(counts).length > 0 && Object.values(counts).every((count) => count === "0");
  };

  const polling = poll();
  return {
    idle: async () => {
      const asked = looks.latest();
      askedForIdle += 1;
      while (!closing.signal.aborted) {
        const nextEnd = looks.nextEnd();
        await Promise.all(running);
        if (running.size === 0 && (looks.quietAfter(asked) || (await isEmpty()))) break;
        await nextEnd;
      }
      askedForIdle -= 1;
    },
    close: async () => {
      closing.abort();
      await polling;
      await Promise.all(running);
      sqs.destroy();
    },
  };
};

const recordOf = (message: Message, eventSourceARN: string): SQSRecord => ({
  messageId: message.MessageId ?? "",
  receiptHandle: message.ReceiptHandle ?? "",
  body: message.Body ?? "",
  attributes: message.Attributes as unknown as SQSRecordAttributes,
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, attributeOf(value)]),
  ),
  ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
  md5OfBody: message.MD5OfBody ?? "",
  eventSource: "aws:sqs",
  eventSourceARN,
  awsRegion: eventSourceARN.split(":")[3] ?? "",
});

const attributeOf = ({ StringValue, BinaryValue, DataType = "" }: MessageAttributeValue): SQSMessageAttribute => ({
  ...(StringValue !== undefined && { stringValue: StringValue }),
  ...(BinaryValue && { binaryValue: Buffer.from(BinaryValue).toString("base64") }),
  stringListValues: [],
  binaryListValues: [],
  dataType: DataType,
});

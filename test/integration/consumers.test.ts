import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { ProvisionedThroughputExceededException, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DecryptCommand } from "@aws-sdk/client-kms";
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { GetCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import type { DynamoDBStreamEvent, SQSEvent } from "aws-lambda";
import { mockClient } from "aws-sdk-client-mock";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { handler as deliverWebhook } from "../../functions/delivery/deliver-webhook.ts";
import { handler as fanOut } from "../../functions/delivery/fan-out.ts";
import { handler as reconcile } from "../../functions/delivery/reconcile-outbox.ts";
import { handler as releaseDue } from "../../functions/delivery/release-due-deliveries.ts";
import { handler as sendEmail } from "../../functions/delivery/send-email.ts";
import type { Client } from "../../infra/local/client.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { sqsClient } from "../../shared/queue/send.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";

/** The clock stands still but where a test moves it on. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-01-12T09:30:00.000Z") });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});

const later = (milliseconds: number): void => {
  vi.setSystemTime(Date.now() + milliseconds);
};

type Received = { id: string; timestamp: string; headers: Record<string, string>; body: string };
let received: Received[] = [];
let answer: () => number | Promise<number> = () => 204;
const receiver = createServer(async (request, response) => {
  const headers = request.headers as Record<string, string>;
  const body = await text(request);
  received.push({ id: headers["webhook-id"] ?? "", timestamp: headers["webhook-timestamp"] ?? "", headers, body });
  response.writeHead(await answer()).end();
});
let url = "";
const queues = { webhooks: "", emails: "", webhooksDead: "" };
let sqs: SQSClient;

beforeAll(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
  Object.assign(queues, {
    webhooks: process.env.WEBHOOKS_QUEUE_URL,
    emails: process.env.EMAILS_QUEUE_URL,
    webhooksDead: process.env.WEBHOOKS_DEAD_LETTER_QUEUE_URL,
  });
});
afterAll(() => {
  receiver.closeAllConnections();
  receiver.close();
});
beforeEach(() => {
  received = [];
  answer = () => 204;
});
afterEach(async () => {
  for (const each of Object.values(queues)) await messagesIn(each);
});

/** Takes every message that can be had now out of the queue. */
const messagesIn = async (QueueUrl: string): Promise<string[]> => {
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return bodies;
    for (const { Body = "", ReceiptHandle } of Messages) {
      bodies.push(Body);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
};

const messages = (...bodies: string[]): SQSEvent => ({
  Records: bodies.map((body, index) => ({
    messageId: `message ${index + 1}`,
    receiptHandle: "",
    body,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "0",
      SenderId: "",
      ApproximateFirstReceiveTimestamp: "0",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "",
    awsRegion: "eu-west-2",
  })),
});

type RowKey = { subject: string; sequence: number };

const inserted = (...rows: RowKey[]): DynamoDBStreamEvent => ({
  Records: rows.map(({ subject, sequence }, index) => ({
    eventName: "INSERT",
    dynamodb: {
      Keys: { subject: { S: subject }, sequence: { N: `${sequence}` } },
      SequenceNumber: `${index + 1}`,
      ApproximateCreationDateTime: Date.now() / 1000,
    },
  })),
});

const allHandled = { batchItemFailures: [] };

type Delivery = {
  deliveryId: string;
  channel: string;
  state: string;
  attempts: { status: number | null; failure: string | null }[];
  nextAttemptAt: string | null;
};
const deliveriesOf = async (client: Client): Promise<Delivery[]> =>
  ((await client.get("/v1/deliveries?limit=100")).json() as { items: Delivery[] }).items;
const webhookOf = async (client: Client): Promise<Delivery> => {
  const [webhook, ...others] = (await deliveriesOf(client)).filter(({ channel }) => channel === "webhook");
  expect(others).toEqual([]);
  if (!webhook) throw new Error("There is no webhook");
  return webhook;
};

/** What the feed says: each event as `{type} {sequence}`. */
const feedOf = async (client: Client): Promise<string[]> =>
  (
    (await client.get("/v1/events?limit=100")).json() as { items: { type: string; data: { sequence: number } }[] }
  ).items.map(({ type, data }) => `${type} ${data.sequence}`);

const isUnsent = async (key: RowKey): Promise<boolean> => {
  const { Item } = await dynamoClient().send(
    new GetCommand({ TableName: "cme-outbox", Key: key, ConsistentRead: true }),
  );
  expect(Item).toBeDefined();
  return Item?.unsent !== undefined;
};

/** An authority with an endpoint, to which another has referred a child. */
const referralTo = async (recipientCode: string, senderCode = "201") => {
  const sender = await exchange.client(senderCode);
  const recipient = await exchange.client(recipientCode);
  const subscribed = await recipient.put("/v1/subscription", { url });
  expect(subscribed.status, subscribed.text).toBe(201);
  const { id } = await submit(sender, { recipient: recipientCode });
  const { secret } = subscribed.json() as { secret: string };
  return { sender, recipient, id, secret, row: { subject: id, sequence: 1 } };
};

/** The same, told: with the message that the webhook's consumer gets. */
const webhookTo = async (recipientCode: string) => {
  const given = await referralTo(recipientCode);
  expect(await fanOut(inserted(given.row))).toEqual(allHandled);
  const [message = "", ...others] = await messagesIn(queues.webhooks);
  expect(others).toEqual([]);
  return { ...given, message, deliveryId: (JSON.parse(message) as { deliveryId: string }).deliveryId };
};

/** An answer that is held back, and a promise that it is being waited for. */
const heldAnswer = () => {
  const held = Promise.withResolvers<number>();
  const waiting = Promise.withResolvers<void>();
  answer = () => {
    waiting.resolve();
    return held.promise;
  };
  return { waiting: waiting.promise, give: held.resolve };
};

/** A client of the handlers' that lets through what a test does not make fail. */
const failing = <Sends extends Parameters<typeof mockClient>[0]>(client: Sends) => {
  const mock = mockClient(client);
  mock.send.callThrough();
  onTestFinished(() => mock.restore());
  return mock;
};

describe("telling of an event", () => {
  it("sends to the queues later what SQS did not take, and nothing twice to the feed", async () => {
    const { sender, recipient, row } = await referralTo("301");
    const mock = failing(sqsClient());
    mock.on(SendMessageBatchCommand).rejects(new Error("SQS is down"));

    expect(await fanOut(inserted(row))).toEqual({ batchItemFailures: [{ itemIdentifier: "1" }] });
    expect(await fanOut(inserted(row))).toEqual({ batchItemFailures: [{ itemIdentifier: "1" }] });
    mock.restore();
    expect(await isUnsent(row)).toBe(true);
    expect(await messagesIn(queues.webhooks)).toEqual([]);

    await reconcile();
    expect(await isUnsent(row)).toBe(true);
    later(5 * 60_000 + 1);
    await reconcile();

    const { deliveryId } = await webhookOf(recipient);
    expect(await messagesIn(queues.webhooks)).toEqual([JSON.stringify({ deliveryId })]);
    expect(await messagesIn(queues.emails)).toHaveLength(2);
    expect(await isUnsent(row)).toBe(false);
    expect(exchange.logLines.filter((line) => line.includes("outbox-reconciled"))).toEqual([
      expect.stringContaining(`"subject":"${row.subject}","sequence":1,"told":true,"alarm":true`),
    ]);

    await reconcile();
    expect(await fanOut(inserted(row))).toEqual(allHandled);
    expect([...(await messagesIn(queues.webhooks)), ...(await messagesIn(queues.emails))]).toEqual([]);
    expect(await deliveriesOf(recipient)).toHaveLength(3);
    for (const each of [sender, recipient]) expect(await feedOf(each)).toEqual(["referral.submitted 1"]);
  });

  it("sends all again where SQS took but some, and each is delivered once", async () => {
    const { recipient, row } = await referralTo("302", "202");
    const mock = failing(sqsClient());
    mock.on(SendMessageBatchCommand, { QueueUrl: queues.emails }).callsFake(async (input) => {
      const [taken] = (input as { Entries: { MessageBody: string }[] }).Entries;
      await sqs.send(new SendMessageCommand({ QueueUrl: queues.emails, MessageBody: taken?.MessageBody }));
      return { Successful: [{ Id: "0" }], Failed: [{ Id: "1", Code: "InternalError", SenderFault: false }] };
    });
    expect(await fanOut(inserted(row))).toEqual({ batchItemFailures: [{ itemIdentifier: "1" }] });
    mock.restore();
    expect(await isUnsent(row)).toBe(true);

    expect(await fanOut(inserted(row))).toEqual(allHandled);
    expect(await isUnsent(row)).toBe(false);
    const [webhooks, emails] = [await messagesIn(queues.webhooks), await messagesIn(queues.emails)];
    expect([webhooks.length, new Set(webhooks).size]).toEqual([2, 1]);
    expect([emails.length, new Set(emails).size]).toEqual([3, 2]);
    const mailsBefore = exchange.mailbox().length;
    expect(await deliverWebhook(messages(...webhooks))).toEqual(allHandled);
    expect(await sendEmail(messages(...emails))).toEqual(allHandled);
    expect(received).toHaveLength(1);
    expect(
      exchange
        .mailbox()
        .slice(mailsBefore)
        .map(({ emailAddress }) => emailAddress)
        .sort(),
    ).toEqual(["cme-inbox@la-302.example.org", "cme-lead@la-302.example.org"]);
    expect(await feedOf(recipient)).toEqual(["referral.submitted 1"]);
  });

  it("reports the record at which DynamoDB refuses to go on, and tells of both when it comes again", async () => {
    const first = await referralTo("303", "203");
    const second = await submit(first.sender, { recipient: "303" });
    const records = inserted(first.row, { subject: second.id, sequence: 1 });
    const mock = failing(dynamoClient());
    mock
      .on(TransactWriteCommand)
      .rejects(new ProvisionedThroughputExceededException({ message: "Too much", $metadata: {} }));
    expect(await fanOut(records)).toEqual({ batchItemFailures: [{ itemIdentifier: "1" }] });
    mock.restore();
    expect(await feedOf(first.recipient)).toEqual([]);
    expect(await deliveriesOf(first.recipient)).toEqual([]);

    expect(await fanOut(records)).toEqual(allHandled);
    expect(await feedOf(first.recipient)).toEqual(["referral.submitted 1", "referral.submitted 1"]);
    expect(await messagesIn(queues.webhooks)).toHaveLength(2);
  });

  it("leaves to the reconciler what has held up the others for a minute", async () => {
    const first = await referralTo("319", "210");
    const second = await submit(first.sender, { recipient: "320" });
    const records = inserted(first.row, { subject: second.id, sequence: 1 });
    const mock = failing(sqsClient());
    mock.on(SendMessageBatchCommand, { QueueUrl: queues.webhooks }).rejects(new Error("SQS is down"));
    later(59_999);
    expect(await fanOut(records)).toEqual({ batchItemFailures: [{ itemIdentifier: "1" }] });
    later(1);
    expect(await fanOut(records)).toEqual(allHandled);
    mock.restore();
    expect(exchange.logLines.filter((line) => line.includes("outbox-left"))).toEqual([
      expect.stringContaining(`"subject":"${first.id}","sequence":1,"alarm":true`),
    ]);
    expect(await isUnsent(first.row)).toBe(true);
    expect(await feedOf(await exchange.client("320"))).toEqual(["referral.submitted 1"]);
    later(5 * 60_000);
    await reconcile();
    expect(await isUnsent(first.row)).toBe(false);
    expect(await messagesIn(queues.webhooks)).toHaveLength(1);
  });

  it("goes through a throttled transaction by itself", async () => {
    const { recipient, row } = await referralTo("304", "204");
    const mock = failing(dynamoClient());
    mock.on(TransactWriteCommand).rejectsOnce(
      new TransactionCanceledException({
        message: "Throttled",
        $metadata: {},
        CancellationReasons: [{ Code: "ThrottlingError" }],
      }),
    );
    expect(await fanOut(inserted(row))).toEqual(allHandled);
    expect(mock.commandCalls(TransactWriteCommand)).toHaveLength(2);
    mock.restore();
    expect(await feedOf(recipient)).toEqual(["referral.submitted 1"]);
  });

  it("tells of each event once and in its order, however often and in whatever order the stream gives the records", async () => {
    const { recipient, id } = await referralTo("305", "205");
    await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "305-lead" });
    await recipient.post(`/v1/referrals/${id}/finding`, { finding: "located", foundBy: "305-lead" });

    const rowOf = (sequence: number): RowKey => ({ subject: id, sequence });
    const [first, second, third] = [rowOf(1), rowOf(2), rowOf(3)];

    expect(await fanOut(inserted(third, first, first))).toEqual(allHandled);
    expect(await fanOut(inserted(second, first, third))).toEqual(allHandled);

    const told = ["referral.submitted 1", "referral.received 2", "referral.located 3"];
    expect(await feedOf(recipient)).toEqual(told);
    expect(await feedOf(await exchange.client("205"))).toEqual(told);
    const webhooks = await messagesIn(queues.webhooks);
    expect([webhooks.length, new Set(webhooks).size]).toEqual([3, 3]);
    expect((await deliveriesOf(recipient)).map(({ channel }) => channel).sort()).toEqual([
      "email",
      "email",
      "webhook",
      "webhook",
      "webhook",
    ]);
  });

  it("numbers without a gap what many tell of at once", async () => {
    const { sender, recipient, id } = await referralTo("306", "206");
    const ids = [id, (await submit(sender, { recipient: "306" })).id, (await submit(sender, { recipient: "306" })).id];

    const outcomes = await Promise.all(
      [...ids, ...ids, ...ids].map((each) => fanOut(inserted({ subject: each, sequence: 1 }))),
    );

    expect(outcomes).toEqual(Array.from({ length: 9 }, () => allHandled));
    expect(await feedOf(recipient)).toEqual(Array.from({ length: 3 }, () => "referral.submitted 1"));
    expect(await deliveriesOf(recipient)).toHaveLength(9);
    expect(new Set(await messagesIn(queues.webhooks)).size).toBe(3);
    const { items } = (await recipient.get("/v1/events")).json() as { items: { data: { referralId: string } }[] };
    expect(items.map(({ data }) => data.referralId).sort()).toEqual(ids.sort());
  });

  it("does not take a row for sent that somebody else numbered and could not send", async () => {
    const { recipient, row } = await referralTo("318", "209");
    const [committing, lost] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const dynamo = failing(dynamoClient());
    dynamo.on(TransactWriteCommand).callsFakeOnce(async () => {
      committing.resolve();
      await lost.promise;
      throw new TransactionCanceledException({
        message: "Lost",
        $metadata: {},
        CancellationReasons: [{ Code: "ConditionalCheckFailed" }],
      });
    });
    const second = fanOut(inserted(row));
    await committing.promise;
    dynamo.restore();
    const mock = failing(sqsClient());
    mock.on(SendMessageBatchCommand).rejects(new Error("SQS is down"));
    expect(await fanOut(inserted(row))).toEqual({ batchItemFailures: [{ itemIdentifier: "1" }] });
    mock.restore();
    lost.resolve();
    await second;

    const { deliveryId } = await webhookOf(recipient);
    const sent = await messagesIn(queues.webhooks);
    await fanOut(inserted(row));
    expect([...sent, ...(await messagesIn(queues.webhooks))]).toContain(JSON.stringify({ deliveryId }));
    expect(await isUnsent(row)).toBe(false);
  });

  it("takes no notice of a row that changed, went, or is not there", async () => {
    const { recipient, row } = await referralTo("307", "207");
    const { Records } = inserted(row, row, { subject: randomUUID(), sequence: 1 });
    const [changed, gone, unknown] = Records;
    expect(
      await fanOut({
        Records: [
          { ...changed, eventName: "MODIFY" },
          { ...gone, eventName: "REMOVE" },
          { ...unknown },
          { eventName: "INSERT" },
        ],
      }),
    ).toEqual(allHandled);
    expect(await feedOf(recipient)).toEqual([]);
  });

  it("does not let a row that can't be told of stand in the way of the others", async () => {
    const { recipient, row } = await referralTo("308", "208");
    const { Item } = await dynamoClient().send(new GetCommand({ TableName: "cme-outbox", Key: row }));
    const broken = Array.from({ length: 8 }, (_, bucket) => ({
      ...Item,
      subject: randomUUID(),
      sequence: 1,
      at: "2026-01-12T09:00:00.000Z",
      unsent: `unsent#${bucket}`,
    }));
    await dynamoClient().send(
      new TransactWriteCommand({
        TransactItems: broken.map((each) => ({ Put: { TableName: "cme-outbox", Item: each } })),
      }),
    );
    later(5 * 60_000 + 1);
    await reconcile();
    expect(await isUnsent(row)).toBe(false);
    expect(await feedOf(recipient)).toEqual(["referral.submitted 1"]);
    for (const { subject } of broken) expect(await isUnsent({ subject, sequence: 1 })).toBe(true);
  });
});

describe("a message", () => {
  it("that is none of ours fails alone; one of an unknown delivery is passed over", async () => {
    const { message, deliveryId } = await webhookTo("309");
    const bad = ["Amina O’Connor", "{}", '{"deliveryId":"1"}', JSON.stringify({ deliveryId, name: "Amina" })];
    const unknown = JSON.stringify({ deliveryId: "019ab000-0000-7000-8000-000000000000" });
    const failures = ["message 1", "message 2", "message 3", "message 4"].map((itemIdentifier) => ({ itemIdentifier }));

    expect(await deliverWebhook(messages(...bad, unknown, message))).toEqual({ batchItemFailures: failures });
    expect(await sendEmail(messages(...bad, unknown))).toEqual({ batchItemFailures: failures });

    expect(received.map(({ id }) => id)).toEqual([deliveryId]);
    expect(exchange.logLines.filter((line) => line.includes('"message-failed"'))).not.toHaveLength(0);
    expect(exchange.logLines.filter((line) => line.includes("Amina"))).toEqual([]);
  });

  it("that comes five times at once makes one call", async () => {
    const { recipient, message } = await webhookTo("310");
    await Promise.all([
      deliverWebhook(messages(message, message, message)),
      deliverWebhook(messages(message)),
      deliverWebhook(messages(message)),
    ]);
    expect(received).toHaveLength(1);
    expect(await webhookOf(recipient)).toMatchObject({ state: "delivered", attempts: [{ status: 204 }] });
    expect(await deliverWebhook(messages(message))).toEqual(allHandled);
    expect(received).toHaveLength(1);
  });

  it("that comes again during the call makes no other", async () => {
    const { recipient, message } = await webhookTo("311");
    const held = heldAnswer();
    const calling = deliverWebhook(messages(message));
    await held.waiting;
    expect(await deliverWebhook(messages(message))).toEqual(allHandled);
    held.give(204);
    expect(await calling).toEqual(allHandled);
    expect(received).toHaveLength(1);
    expect(await webhookOf(recipient)).toMatchObject({ state: "delivered", attempts: [{ status: 204 }] });
  });
});

describe("a consumer that dies", () => {
  /** The minute's schedule brings back: nothing while the claim lasts and for half a minute's grace after it. */
  const expectReleaseAfterTheClaim = async (message: string): Promise<void> => {
    later(90_000);
    await releaseDue();
    expect(await messagesIn(queues.webhooks)).not.toContain(message);
    later(1);
    await releaseDue();
    expect(await messagesIn(queues.webhooks)).toContain(message);
  };

  it("after the call makes another, of the same id, signed afresh", async () => {
    const { recipient, message, deliveryId, secret } = await webhookTo("312");
    const held = heldAnswer();
    const dying = deliverWebhook(messages(message));
    await held.waiting;
    answer = () => 204;

    await expectReleaseAfterTheClaim(message);
    expect(await deliverWebhook(messages(message))).toEqual(allHandled);

    const [first, second] = received as [Received, Received];
    expect(received).toHaveLength(2);
    expect([first.id, second.id]).toEqual([deliveryId, deliveryId]);
    expect(Number(second.timestamp) - Number(first.timestamp)).toBe(90);
    expect(second.headers["webhook-signature"]).not.toBe(first.headers["webhook-signature"]);
    expect(second.body).toBe(first.body);
    expect(() => new Webhook(secret).verify(second.body, second.headers)).not.toThrow();
    expect(await webhookOf(recipient)).toMatchObject({ state: "delivered", attempts: [{ status: 204 }] });

    held.give(500);
    await dying;
    expect(await webhookOf(recipient)).toMatchObject({ state: "delivered", attempts: [{ status: 204 }] });
  });

  it("between claim and call loses nothing", async () => {
    const { recipient, message, deliveryId } = await webhookTo("313");
    const mock = failing(kmsClient());
    const opening = Promise.withResolvers<void>();
    mock.on(DecryptCommand).callsFake(() => {
      opening.resolve();
      return new Promise(() => {});
    });
    void deliverWebhook(messages(message));
    await opening.promise;
    mock.restore();
    expect(received).toEqual([]);

    expect(await deliverWebhook(messages(message))).toEqual(allHandled);
    expect(received).toEqual([]);
    await expectReleaseAfterTheClaim(message);
    expect(await deliverWebhook(messages(message))).toEqual(allHandled);
    expect(received.map(({ id }) => id)).toEqual([deliveryId]);
    expect(await webhookOf(recipient)).toMatchObject({ state: "delivered" });
  });

  it("without being able to write down what came of it reports the message", async () => {
    const { recipient, message, deliveryId } = await webhookTo("314");
    const mock = failing(dynamoClient());
    answer = () => {
      mock.on(TransactWriteCommand).rejects(new Error("DynamoDB is down"));
      return 204;
    };
    expect(await deliverWebhook(messages(message))).toEqual({ batchItemFailures: [{ itemIdentifier: "message 1" }] });
    mock.restore();
    answer = () => 204;
    later(90_001);
    expect(await deliverWebhook(messages(message))).toEqual(allHandled);
    expect(received.map(({ id }) => id)).toEqual([deliveryId, deliveryId]);
    expect(await webhookOf(recipient)).toMatchObject({ state: "delivered", attempts: [{ status: 204 }] });
  });
});

describe("a redriven message", () => {
  /** Ten attempts, each when it is due, all of them refused. */
  const exhaust = async (recipient: Client, message: string): Promise<void> => {
    answer = () => 500;
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      vi.setSystemTime((await webhookOf(recipient)).nextAttemptAt ?? "");
      expect(await deliverWebhook(messages(message))).toEqual(allHandled);
    }
    expect(received).toHaveLength(10);
    expect(await webhookOf(recipient)).toMatchObject({ state: "failed", nextAttemptAt: null });
  };

  it("of a failed delivery starts its schedule again", async () => {
    const { recipient, message, deliveryId } = await webhookTo("315");
    await exhaust(recipient, message);
    const redriven = JSON.stringify({ deliveryId, redriven: true });
    expect(await messagesIn(queues.webhooksDead)).toEqual([redriven]);

    expect(await deliverWebhook(messages(message))).toEqual(allHandled);
    expect(received).toHaveLength(10);

    expect(await deliverWebhook(messages(redriven, redriven))).toEqual(allHandled);
    expect(received).toHaveLength(11);
    const { state, nextAttemptAt, attempts } = await webhookOf(recipient);
    expect([state, attempts.length]).toEqual(["pending", 11]);
    const wait = Date.parse(nextAttemptAt ?? "") - Date.now();
    expect(wait).toBeGreaterThanOrEqual(5_000);
    expect(wait).toBeLessThanOrEqual(5_500);

    answer = () => 204;
    later(5_500);
    expect(await deliverWebhook(messages(message))).toEqual(allHandled);
    expect(await webhookOf(recipient)).toMatchObject({ state: "delivered" });
    expect(new Set(received.map(({ id }) => id)).size).toBe(1);
  });

  it("of a delivered one does nothing", async () => {
    const { recipient, message, deliveryId } = await webhookTo("316");
    await deliverWebhook(messages(message));
    expect(await deliverWebhook(messages(JSON.stringify({ deliveryId, redriven: true })))).toEqual(allHandled);
    expect(received).toHaveLength(1);
    expect(await webhookOf(recipient)).toMatchObject({ state: "delivered", attempts: [{ status: 204 }] });
  });
});

describe("a subscription that ends", () => {
  it("during a call is ended", async () => {
    const { recipient, message } = await webhookTo("317");
    const held = heldAnswer();
    const calling = deliverWebhook(messages(message));
    await held.waiting;
    expect((await recipient.delete("/v1/subscription")).status).toBe(200);
    held.give(204);
    expect(await calling).toEqual(allHandled);

    expect((await recipient.get("/v1/subscription")).status).toBe(404);
    expect((await recipient.put("/v1/subscription", { url })).status).toBe(201);
  });
});

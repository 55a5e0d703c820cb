import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import type { Client } from "../../infra/local/client.ts";
import { deliveriesDue } from "../../shared/store/deliveries.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";

/** A Monday, before anything here happened in truth. The clock stands still but where a test moves it on. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-01-12T09:30:00.000Z") });
});
const exchange = useExchange({ telling: true });
afterAll(() => {
  vi.useRealTimers();
});

/** Lets the schedules of deliveries run at this moment and everything happen that can happen now. */
const settle = async (): Promise<void> => {
  await exchange.telling?.tick("reconcile-outbox");
  await exchange.telling?.tick("release-due-deliveries");
  await exchange.telling?.idle();
};

/** Lets time pass until nothing is due any more: the engine lets go of a delayed message only when it is next asked. */
const later = async (seconds: number): Promise<void> => {
  vi.setSystemTime(Date.now() + seconds * 1000);
  for (let look = 0; look < 100; look += 1) {
    await settle();
    const due = await deliveriesDue(dynamoClient(), "cme-deliveries", new Date().toISOString());
    if (due.length === 0) return;
    await pause(20);
  }
};

const until = async (isSo: () => boolean): Promise<void> => {
  for (let look = 0; look < 500 && !isSo(); look += 1) await pause(10);
  expect(isSo()).toBe(true);
};

const servers: Server[] = [];
const listen = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

type Call = { id: string; timestamp: number; headers: Record<string, string>; body: string };
type Behaviour = (response: ServerResponse, request: IncomingMessage, body: string) => unknown;

const answering =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    response.writeHead(status, headers).end();

/** An authority's endpoint, which does as it is told. */
const newEndpoint = async (first: Behaviour) => {
  const endpoint = { url: "", calls: [] as Call[], behave: first };
  endpoint.url = await listen(async (request, response) => {
    const headers = request.headers as Record<string, string>;
    const body = await text(request);
    const [id = "", timestamp] = [headers["webhook-id"], Number(headers["webhook-timestamp"])];
    endpoint.calls.push({ id, timestamp, headers, body });
    endpoint.behave(response, request, body);
  });
  return endpoint;
};

/** GOV.UK Notify, or what stands in its way. */
let inNotifysWay: Behaviour | undefined;
beforeAll(async () => {
  const notify = process.env.NOTIFY_URL ?? "";
  const forward: Behaviour = async (response, { url, headers: { authorization = "" } }, body) => {
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${notify}${url}`, { method: "POST", headers, body });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  };
  process.env.NOTIFY_URL = await listen(async (request, response) => {
    const body = await text(request);
    (inNotifysWay ?? forward)(response, request, body);
  });
});
afterEach(() => {
  inNotifysWay = undefined;
  vi.restoreAllMocks();
});

type Delivery = {
  deliveryId: string;
  channel: string;
  contactId: string | null;
  type: string;
  state: string;
  attempts: { at: string; status: number | null; failure: string | null }[];
  nextAttemptAt: string | null;
};
const deliveriesOf = async (client: Client, channel = "webhook"): Promise<Delivery[]> => {
  const { items } = (await client.get("/v1/deliveries?limit=100")).json() as { items: Delivery[] };
  return items.filter((each) => each.channel === channel);
};
const webhookOf = async (client: Client): Promise<Delivery> => {
  const [webhook, ...others] = await deliveriesOf(client);
  expect(others).toEqual([]);
  if (!webhook) throw new Error("There is no webhook");
  return webhook;
};
/** Seconds until the next attempt. */
const waitOf = ({ nextAttemptAt }: Delivery): number => (Date.parse(nextAttemptAt ?? "") - Date.now()) / 1000;

const mailsTo = (authority: string, template: string): string[] =>
  exchange
    .mailbox()
    .filter((mail) => mail.template === template && mail.emailAddress.endsWith(`@la-${authority}.example.org`))
    .map(({ emailAddress }) => emailAddress)
    .sort();

/**
 * An authority whose endpoint is about to be called: it confirmed the receipt of a referral, so no silence is told of
 * while a test waits for days.
 */
const authorityTold = async (code: string, behaviour: Behaviour) => {
  const [sender, recipient] = [await exchange.client("201"), await exchange.client(code)];
  const endpoint = await newEndpoint(behaviour);
  const { id } = await submit(sender, { recipient: code });
  await exchange.telling?.idle();
  const subscribed = await recipient.put("/v1/subscription", { url: endpoint.url });
  expect(subscribed.status, subscribed.text).toBe(201);
  const receipt = await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: `${code}-lead` });
  expect(receipt.status, receipt.text).toBe(201);
  const { secret } = subscribed.json() as { secret: string };
  return { sender, recipient, endpoint, id, secret };
};

it("calls again after five seconds, under the same id and signed afresh", async () => {
  const { recipient, endpoint, secret } = await authorityTold("301", answering(500));
  await settle();
  const waiting = await webhookOf(recipient);
  expect(waiting).toMatchObject({ state: "pending", attempts: [{ status: 500, failure: null }] });
  expect(waitOf(waiting)).toBeGreaterThanOrEqual(5);
  expect(waitOf(waiting)).toBeLessThanOrEqual(5.5);

  endpoint.behave = answering(200);
  await later(3.9);
  expect(endpoint.calls).toHaveLength(1);
  await later(2.1);

  expect(await webhookOf(recipient)).toMatchObject({
    state: "delivered",
    attempts: [{ status: 500 }, { status: 200 }],
    nextAttemptAt: null,
  });
  const [first, second] = endpoint.calls as [Call, Call];
  expect(endpoint.calls).toHaveLength(2);
  expect([first.id, second.id]).toEqual([waiting.deliveryId, waiting.deliveryId]);
  expect(second.timestamp - first.timestamp).toBe(6);
  for (const { body, headers } of endpoint.calls) new Webhook(secret).verify(body, headers);
  expect(first.headers["webhook-signature"]).not.toBe(second.headers["webhook-signature"]);
});

const queueUrl = (name: string): string => process.env[name] ?? "";
/** The dead letters of webhooks as they stand, left where they are. */
const deadLetters = async (sqs: SQSClient) => {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl("WEBHOOKS_DEAD_LETTER_QUEUE_URL"),
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
    }),
  );
  return Messages;
};
const withSqs = async <T>(use: (sqs: SQSClient) => Promise<T>): Promise<T> => {
  const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
  return use(sqs).finally(() => sqs.destroy());
};

it("gives up after ten attempts over three days, loses nothing, and says so", async () => {
  const { recipient, endpoint } = await authorityTold("302", answering(500));
  await settle();
  const waits: number[] = [];
  for (let attempt = 2; attempt <= 10; attempt += 1) {
    const waiting = await webhookOf(recipient);
    expect(waiting).toMatchObject({ state: "pending", attempts: { length: attempt - 1 } });
    waits.push(waitOf(waiting));
    // Longer waits than SQS's are over at the next run of the schedule that is half a minute past them.
    await later(waitOf(waiting) + 31);
  }
  const least = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeGreaterThanOrEqual(least[index] ?? Number.NaN);
    expect(wait).toBeLessThanOrEqual((least[index] ?? Number.NaN) * 1.1);
  }
  expect(endpoint.calls).toHaveLength(10);
  expect(new Set(endpoint.calls.map(({ id }) => id)).size).toBe(1);

  const failed = await webhookOf(recipient);
  expect(failed).toMatchObject({ state: "failed", attempts: { length: 10 }, nextAttemptAt: null });
  const { deliveryId } = failed;
  const listed = (await recipient.get("/v1/deliveries?state=failed")).json() as { items: Delivery[] };
  expect(listed.items.map((each) => each.deliveryId)).toEqual([deliveryId]);
  expect((await withSqs(deadLetters)).map(({ Body }) => JSON.parse(Body ?? ""))).toContainEqual({
    deliveryId,
    redriven: true,
  });
  expect(mailsTo("302", "webhook-failing")).toEqual(["cme-inbox@la-302.example.org", "cme-lead@la-302.example.org"]);
  expect(exchange.logLines.filter((line) => line.includes('"delivery-failed"') && line.includes(deliveryId))).toEqual([
    expect.stringContaining('"channel":"webhook","authority":"302","because":"attempts-exhausted","alarm":true'),
  ]);
  await later(4 * 86_400);
  expect(endpoint.calls).toHaveLength(10);

  const stranger = await exchange.client("202");
  expect((await stranger.post(`/v1/deliveries/${deliveryId}/retry`, {})).status).toBe(404);
  endpoint.behave = answering(204);
  const retried = await recipient.post(`/v1/deliveries/${deliveryId}/retry`, {});
  expect(retried.status, retried.text).toBe(201);
  expect(retried.json()).toMatchObject({ deliveryId, state: "pending" });
  await settle();
  expect(await webhookOf(recipient)).toMatchObject({ state: "delivered", attempts: { length: 11 } });
  expect(endpoint.calls.at(-1)?.id).toBe(deliveryId);
  expect((await recipient.post(`/v1/deliveries/${deliveryId}/retry`, {})).status).toBe(409);
});

it("ends the subscription at 410, and delivers after all what an operator brings back from the dead letters", async () => {
  const { sender, recipient, endpoint, id } = await authorityTold("303", answering(410));
  await settle();
  const failed = await webhookOf(recipient);
  expect(failed).toMatchObject({ state: "failed", attempts: [{ status: 410, failure: "gone" }] });
  expect((await recipient.get("/v1/subscription")).json()).toMatchObject({ disabledAt: new Date().toISOString() });
  expect(mailsTo("303", "webhook-failing")).toEqual(["cme-inbox@la-303.example.org", "cme-lead@la-303.example.org"]);

  const found = { finding: "located", foundBy: "303-lead" };
  expect((await recipient.post(`/v1/referrals/${id}/finding`, found)).status).toBe(201);
  await settle();
  expect(await deliveriesOf(recipient)).toHaveLength(1);
  const { items } = (await sender.get("/v1/events?limit=100")).json() as {
    items: { type: string; data: { referralId: string } }[];
  };
  expect(items.filter(({ data }) => data.referralId === id).map(({ type }) => type)).toEqual([
    "referral.submitted",
    "referral.received",
    "referral.located",
  ]);

  endpoint.behave = answering(200);
  const subscribed = await recipient.put("/v1/subscription", { url: endpoint.url });
  expect(subscribed.json()).toMatchObject({ disabledAt: null, secret: null });
  await withSqs(async (sqs) => {
    const letter = (await deadLetters(sqs)).find(({ Body }) => Body?.includes(failed.deliveryId));
    const { Body: MessageBody, ReceiptHandle } = letter ?? {};
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl("WEBHOOKS_QUEUE_URL"), MessageBody }));
    const QueueUrl = queueUrl("WEBHOOKS_DEAD_LETTER_QUEUE_URL");
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  });
  await settle();
  expect(await webhookOf(recipient)).toMatchObject({
    state: "delivered",
    attempts: [{ status: 410 }, { status: 200 }],
  });
  expect(endpoint.calls.map((call) => call.id)).toEqual([failed.deliveryId, failed.deliveryId]);
});

it("follows no redirect", async () => {
  const elsewhere = await newEndpoint(answering(200));
  const { recipient, endpoint } = await authorityTold("304", answering(307, { location: elsewhere.url }));
  await settle();
  expect(await webhookOf(recipient)).toMatchObject({ state: "pending", attempts: [{ status: 307, failure: null }] });
  expect([endpoint.calls.length, elsewhere.calls.length]).toEqual([1, 0]);
});

it("calls again where the connection broke or the answer was cut short", async () => {
  const { recipient, endpoint } = await authorityTold("305", (response) => response.socket?.resetAndDestroy());
  await settle();
  endpoint.behave = (response) => {
    response.writeHead(200, { "content-length": "100" }).write("{");
    setImmediate(() => response.destroy());
  };
  await later(6);
  endpoint.behave = answering(200);
  await later(331);
  expect(await webhookOf(recipient)).toMatchObject({
    state: "delivered",
    attempts: [
      { status: null, failure: "connection" },
      { status: null, failure: "connection" },
      { status: 200, failure: null },
    ],
  });
});

it("calls again under the same id when the answer comes after its time", async () => {
  const { timeout } = AbortSignal;
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => timeout.call(AbortSignal, ms === 15_000 ? 100 : ms));
  const { recipient, endpoint } = await authorityTold("306", async (response) => {
    await pause(200);
    response.writeHead(200).end();
  });
  await settle();
  expect(await webhookOf(recipient)).toMatchObject({
    state: "pending",
    attempts: [{ status: null, failure: "timeout" }],
  });
  vi.restoreAllMocks();
  await later(6);
  expect(await webhookOf(recipient)).toMatchObject({ state: "delivered" });
  expect(endpoint.calls).toHaveLength(2);
  expect(new Set(endpoint.calls.map(({ id }) => id)).size).toBe(1);
});

it("waits as long as the endpoint asks", async () => {
  const { recipient, endpoint } = await authorityTold("307", answering(503, { "retry-after": "600" }));
  await settle();
  const wait = waitOf(await webhookOf(recipient));
  expect(wait).toBeGreaterThanOrEqual(600);
  expect(wait).toBeLessThanOrEqual(660);
  await later(598);
  expect(endpoint.calls).toHaveLength(1);
  endpoint.behave = answering(429, { "retry-after": "7200" });
  await later(62);
  expect(endpoint.calls).toHaveLength(2);
  expect(waitOf(await webhookOf(recipient))).toBeGreaterThanOrEqual(7_200);
  await later(7_000);
  expect(endpoint.calls).toHaveLength(2);
  endpoint.behave = answering(204);
  await later(1_000);
  expect(await webhookOf(recipient)).toMatchObject({ state: "delivered", attempts: { length: 3 } });
});

it.each([
  ["is at fault", "308", answering(500)],
  ["asks for a rest", "309", answering(429)],
  ["is not there", "310", (response: ServerResponse) => response.socket?.destroy()],
])("sends emails later while Notify %s, and everything else at once", async (_, code, behaviour) => {
  const recipient = await exchange.client(code);
  const endpoint = await newEndpoint(answering(204));
  await recipient.put("/v1/subscription", { url: endpoint.url });
  inNotifysWay = behaviour;
  const { id } = await submit(await exchange.client("202"), { recipient: code });
  await settle();

  expect(await webhookOf(recipient)).toMatchObject({ state: "delivered" });
  expect((await recipient.get("/v1/events")).json()).toMatchObject({ items: [{ data: { referralId: id } }] });
  expect(await deliveriesOf(recipient, "email")).toMatchObject([
    { state: "pending", attempts: [{ failure: "notify-unavailable" }] },
    { state: "pending", attempts: [{ failure: "notify-unavailable" }] },
  ]);
  expect(mailsTo(code, "referral-awaits")).toEqual([]);

  inNotifysWay = undefined;
  await later(6);
  expect(mailsTo(code, "referral-awaits")).toEqual([
    `cme-inbox@la-${code}.example.org`,
    `cme-lead@la-${code}.example.org`,
  ]);
  await later(3_600);
  expect(mailsTo(code, "referral-awaits")).toHaveLength(2);
});

/** As the directory has it once a contact has left. */
const retire = async (code: string, contactId: string): Promise<void> => {
  await dynamoClient().send(
    new UpdateCommand({
      TableName: "cme-directory",
      Key: { code },
      UpdateExpression: "SET contacts.#contact.effectiveTo = :now",
      ExpressionAttributeNames: { "#contact": contactId },
      ExpressionAttributeValues: { ":now": new Date().toISOString() },
    }),
  );
};

it("sends no email to a contact who was retired before it left", async () => {
  const recipient = await exchange.client("311");
  inNotifysWay = answering(500);
  await submit(await exchange.client("203"), { recipient: "311" });
  await settle();
  await retire("311", "311-lead");
  inNotifysWay = undefined;
  await later(6);
  expect(mailsTo("311", "referral-awaits")).toEqual(["cme-inbox@la-311.example.org"]);
  const emails = await deliveriesOf(recipient, "email");
  expect(emails.map(({ contactId, state }) => [contactId, state]).sort()).toEqual([
    ["311-inbox", "delivered"],
    ["311-lead", "failed"],
  ]);
});

it("keeps no authority waiting for another's endpoint that never answers", async () => {
  const sender = await exchange.client("204");
  const [stuck, healthy] = [await exchange.client("312"), await exchange.client("313")];
  const held: ServerResponse[] = [];
  const silent = await newEndpoint((response) => held.push(response));
  const prompt = await newEndpoint(answering(204));
  await stuck.put("/v1/subscription", { url: silent.url });
  await healthy.put("/v1/subscription", { url: prompt.url });
  for (let count = 0; count < 22; count += 1) await submit(sender, { recipient: "312" });
  await until(() => silent.calls.length === 2);

  await submit(sender, { recipient: "313" });
  await until(() => prompt.calls.length === 1);
  expect(held).toHaveLength(2);

  silent.behave = answering(204);
  for (const response of held) response.writeHead(204).end();
  for (let look = 0; look < 60 && silent.calls.length < 22; look += 1) await later(4);
  await settle();
  expect(new Set(silent.calls.map(({ id }) => id)).size).toBe(22);
  expect(silent.calls).toHaveLength(22);
  const delivered = await deliveriesOf(stuck);
  expect(delivered.map(({ state, attempts }) => [state, attempts.length])).toEqual(
    Array.from({ length: 22 }, () => ["delivered", 1]),
  );
});

import { DecryptCommand } from "@aws-sdk/client-kms";
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import type { Client } from "../../infra/local/client.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { sqsClient } from "../../shared/queue/send.ts";
import { useExchange } from "../builders/exchange.ts";
import { useReceiver } from "../builders/receiver.ts";
import { submit } from "../builders/referral.ts";

/** The clock stands still, so that what waits goes on waiting. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
const exchange = useExchange({ telling: true });
const receiver = useReceiver();
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => {
  vi.useRealTimers();
});

type Delivery = {
  channel: string;
  state: string;
  attempts: { failure: string | null }[];
  nextAttemptAt: string | null;
};

const subscribe = async (owner: string): Promise<Client> => {
  const client = await exchange.client(owner);
  const answer = await client.put("/v1/subscription", { url: receiver.url(owner) });
  expect(answer.status, answer.text).toBe(201);
  return client;
};

const webhooks = async (client: Client): Promise<Delivery[]> => {
  const { items } = (await client.get("/v1/deliveries?limit=100")).json() as { items: Delivery[] };
  return items.filter(({ channel }) => channel === "webhook");
};

const refuse = (client: object, Command: new (input: never) => unknown, name: string): void => {
  const sender = client as { send(command: unknown): Promise<unknown> };
  const send = sender.send.bind(sender);
  vi.spyOn(sender, "send").mockImplementation((command) =>
    command instanceof Command ? Promise.reject(Object.assign(new Error(name), { name })) : send(command),
  );
};

it("counts a fault of the exchange's own as an attempt that failed, so that it follows the schedule", async () => {
  const client = await subscribe("301");
  refuse(kmsClient(), DecryptCommand, "DisabledException");
  await submit(await exchange.client("201"), { recipient: "301" });
  await exchange.telling?.idle();
  expect(await webhooks(client)).toMatchObject([
    { state: "pending", attempts: [{ failure: "exchange-fault" }], nextAttemptAt: expect.any(String) },
  ]);
  expect(receiver.calls("301")).toEqual([]);
});

it("sends word once when an endpoint says that it is gone, however many calls were waiting", async () => {
  const client = await subscribe("302");
  receiver.answer("302", 410);
  const sender = await exchange.client("201");
  await Promise.all(Array.from({ length: 4 }, () => submit(sender, { recipient: "302" })));
  await exchange.telling?.idle();
  expect((await client.get("/v1/subscription")).json()).toMatchObject({ disabledAt: expect.any(String) });
  const words = exchange.mailbox().filter(({ template }) => template === "webhook-failing");
  expect(words.map(({ emailAddress }) => emailAddress).sort()).toEqual([
    "cme-inbox@la-302.example.org",
    "cme-lead@la-302.example.org",
  ]);

  const test = await client.post("/v1/subscription/test", {});
  expect(test.status).toBe(409);
  expect(test.json()).toMatchObject({ code: "state-does-not-allow", state: "disabled" });
});

it("has succeeded with what it committed, also while SQS takes nothing", async () => {
  const client = await subscribe("303");
  refuse(sqsClient(), SendMessageCommand, "ServiceUnavailable");
  expect((await client.post("/v1/subscription/test", {})).status).toBe(201);
  await exchange.telling?.idle();
  expect(receiver.calls("303")).toEqual([]);

  vi.restoreAllMocks();
  vi.setSystemTime(Date.now() + 31_000);
  await exchange.telling?.tick();
  await exchange.telling?.idle();
  expect(receiver.calls("303")).toHaveLength(1);
});

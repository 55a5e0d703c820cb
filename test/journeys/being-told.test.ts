import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";

const exchange = useExchange({ telling: true });

type Received = { headers: Record<string, string>; body: string };
const received: Received[] = [];
const receiver = createServer(async (request, response) => {
  received.push({ headers: request.headers as Record<string, string>, body: await text(request) });
  response.writeHead(204).end();
});
let url = "";
beforeAll(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterAll(() => receiver.close());

it("tells the recipient by webhook and email, and both by their feeds", async () => {
  const sender = await exchange.client("201");
  const recipient = await exchange.client("330");
  const subscribed = await recipient.put("/v1/subscription", { url });
  expect(subscribed.status, subscribed.text).toBe(201);
  const { secret } = subscribed.json() as { secret: string };

  const { id } = await submit(sender);
  await exchange.telling?.idle();

  expect(received).toHaveLength(1);
  const [{ headers, body }] = received as [Received];
  expect(new Webhook(secret).verify(body, headers)).toMatchObject({
    type: "referral.submitted",
    data: { referralId: id, sequence: 1 },
  });
  expect(Object.keys(JSON.parse(body) as object)).toEqual(["type", "timestamp", "data"]);

  for (const client of [sender, recipient]) {
    const feed = (await client.get("/v1/events")).json() as { items: unknown[]; next: string };
    expect(feed.items).toEqual([
      { type: "referral.submitted", timestamp: expect.any(String), data: { referralId: id, sequence: 1 } },
    ]);
    expect((await client.get(`/v1/events?after=${feed.next}`)).json()).toEqual({ items: [], next: feed.next });
  }
  expect(
    exchange
      .mailbox()
      .map(({ emailAddress, template }) => [emailAddress, template])
      .sort(),
  ).toEqual([
    ["cme-inbox@la-330.example.org", "referral-awaits"],
    ["cme-lead@la-330.example.org", "referral-awaits"],
  ]);
  const deliveries = (await recipient.get("/v1/deliveries?state=delivered")).json() as { items: object[] };
  expect(deliveries.items).toHaveLength(3);
  expect(deliveries.items).toContainEqual(
    expect.objectContaining({
      channel: "webhook",
      state: "delivered",
      attempts: [expect.objectContaining({ status: 204 })],
    }),
  );
});

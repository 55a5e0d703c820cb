import { DeleteCommand } from "@aws-sdk/lib-dynamodb";
import type { SQSEvent } from "aws-lambda";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { handler as deliverWebhook } from "../../functions/delivery/deliver-webhook.ts";
import { handler as raiseOverdue } from "../../functions/delivery/raise-overdue.ts";
import { handler as reconcile } from "../../functions/delivery/reconcile-outbox.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { recordPlace } from "../../shared/store/records.ts";
import { useExchange } from "../builders/exchange.ts";
import { useReceiver } from "../builders/receiver.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** From a Monday on, and only forward, and only when told: so that every age is known to the millisecond. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-01-12T09:30:00.000Z") });
});
const exchange = useExchange();
const receiver = useReceiver();
afterAll(() => {
  vi.useRealTimers();
});

/** Every line of the whole file: what is measured of one thing is taken from the lines since it began. */
const written: string[] = [];
beforeEach(() => {
  exchange.metricLines.length = 0;
});

type Line = Record<string, unknown> & {
  _aws: { Timestamp: number; CloudWatchMetrics: [{ Namespace: string; Dimensions: string[][] }] };
};

/** What was measured since the test began, but for how long requests took. */
const measured = (): object[] => {
  const lines = exchange.metricLines.splice(0);
  written.push(...lines);
  return lines
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => !("RequestDuration" in line))
    .map(({ _aws, ...values }) => values);
};

const marker = "Quetzalworthy";
const referTo = async (recipient: string, changes: object = {}) => {
  const { child } = exampleReferral();
  const marked = { ...child, identity: { ...child.identity, surname: marker } };
  return submit(await exchange.client("201"), { recipient, child: marked, ...changes });
};

it("each request, how long it took and how it ended", async () => {
  const sender = await exchange.client("201");
  await referTo("330");
  await sender.post("/v1/referrals", { ...exampleReferral(), sentBy: marker });
  const lines = exchange.metricLines.map((line) => JSON.parse(line) as Line);
  expect(lines.filter((line) => line.operation === "submitReferral")).toEqual([
    {
      _aws: {
        Timestamp: 1768210200000,
        CloudWatchMetrics: [
          {
            Namespace: "CmeReferralExchange",
            Dimensions: [["operation"], ["outcome"]],
            Metrics: [{ Name: "RequestDuration", Unit: "Milliseconds" }],
          },
        ],
      },
      operation: "submitReferral",
      outcome: "answered",
      RequestDuration: expect.any(Number),
    },
    expect.objectContaining({ operation: "submitReferral", outcome: "refused", RequestDuration: expect.any(Number) }),
  ]);
});

it("how long a child waited for the receipt, once and not again for a repeat", async () => {
  const recipient = await exchange.client("330");
  const { id } = await referTo("330", { urgency: "urgent" });
  vi.setSystemTime("2026-01-12T10:32:04.500Z");
  measured();
  const confirm = () =>
    recipient.post(
      `/v1/referrals/${id}/receipt`,
      { confirmedBy: "330-lead" },
      { headers: { "idempotency-key": "once" } },
    );
  expect([(await confirm()).status, (await confirm()).status]).toEqual([201, 201]);
  expect(measured()).toEqual([{ urgency: "urgent", TimeToReceipt: 3724.5 }]);
});

it("what the gate refuses, and who is turned away", async () => {
  const sender = await exchange.client("201");
  const { id } = await referTo("330");
  measured();
  await sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" });
  await sender.post(`/v1/referrals/${id}/return`, { reason: "wrong-authority" });
  await sender.get("/v1/referrals?box=inbox", { headers: { authorization: `DPoP ${marker}` } });
  expect(measured()).toEqual([
    { authority: "201", GateRefusals: 1 },
    { clientId: "cme-201", AuthorisationFailures: 1 },
    { clientId: "unverified", AuthorisationFailures: 1 },
  ]);
});

it("how late an event was told of that was left behind, and whether its webhook arrived", async () => {
  const recipient = await exchange.client("331");
  await recipient.put("/v1/subscription", { url: receiver.url("331") });
  vi.setSystemTime("2026-01-12T11:00:00.000Z");
  await reconcile();
  measured();
  await referTo("331");
  vi.setSystemTime("2026-01-12T11:07:00.000Z");
  await reconcile();
  expect(measured()).toEqual([{ EventLag: 420 }, { code: "outbox-reconciled", Alerts: 1 }, { OutboxRowAge: 420 }]);

  const { items } = (await recipient.get("/v1/deliveries")).json() as {
    items: { deliveryId: string; channel: string }[];
  };
  const { deliveryId } = items.find(({ channel }) => channel === "webhook") ?? {};
  const message = { messageId: "1", body: JSON.stringify({ deliveryId }) };
  const event = { Records: [message] } as unknown as SQSEvent;
  receiver.answer("331", 500);
  await deliverWebhook(event);
  receiver.answer("331", 204);
  vi.setSystemTime("2026-01-12T11:08:00.000Z");
  await deliverWebhook(event);
  expect(measured()).toEqual([
    { channel: "webhook", result: "failed", DeliveryDuration: expect.any(Number) },
    { channel: "webhook", result: "delivered", DeliveryDuration: expect.any(Number) },
  ]);
});

it("each rung of the ladder, here the first of the four referrals that nobody has answered", async () => {
  await referTo("332");
  vi.setSystemTime("2026-01-15T11:08:00.001Z");
  measured();
  await raiseOverdue();
  const raised = { rung: "1", OverdueRungs: 1 };
  expect(measured()).toEqual([raised, raised, raised, raised]);
});

it("a record that can't be opened", async () => {
  const { id } = await referTo("330");
  const { table, key } = recordPlace("cme-records", { kind: "referral", id }, "record");
  await dynamoClient().send(new DeleteCommand({ TableName: table, Key: key }));
  measured();
  expect((await (await exchange.client("330")).get(`/v1/referrals/${id}/child`)).status).toBe(500);
  expect(measured()).toEqual([{ code: "record-unreadable", Alerts: 1 }]);
});

it("and in none of it the child", () => {
  measured();
  expect(written.length).toBeGreaterThan(20);
  expect(written.join("")).toContain("cme-201");
  expect(written.filter((line) => line.toLowerCase().includes("quetzal"))).toEqual([]);
});

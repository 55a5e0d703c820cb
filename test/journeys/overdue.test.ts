import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { QueryCommand, TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { mockClient } from "aws-sdk-client-mock";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as raiseOverdue } from "../../functions/delivery/raise-overdue.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { submit } from "../builders/referral.ts";
import { faultOfTrail, type TrailEvent } from "../campaigns/trail.ts";

/** A Monday, before anything here happened in truth. The clock goes forward only when told. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-01-12T09:30:00.000Z") });
});
const exchange = useExchange({ telling: true });
afterAll(() => {
  vi.useRealTimers();
});

/** Looks for silence at that moment, and waits until everyone who is to be told has been. */
const at = async (time: string): Promise<void> => {
  vi.setSystemTime(time);
  await exchange.telling?.tick("raise-overdue");
  await exchange.telling?.idle();
};

const submitAt = async (time: string, sender: string, recipient: string, urgency: string): Promise<Summary> => {
  vi.setSystemTime(time);
  return submit(await exchange.client(sender), { recipient, urgency });
};

/** The trail as its parties see it: verified, each event as `{type}` or, of the ladder, `{type} {rung}`. */
const trailOf = async (owner: string, id: string): Promise<string[]> => {
  const client = await exchange.client(owner);
  const { items } = (await client.get(`/v1/referrals/${id}/events?limit=100`)).json() as { items: TrailEvent[] };
  expect(faultOfTrail(id, items)).toBeUndefined();
  for (const { type, actor, details } of items.filter((each) => each.type === "referral.overdue")) {
    expect({ type, actor }).toEqual({
      type: "referral.overdue",
      actor: { authority: "exchange", clientId: "exchange", contactId: null },
    });
    expect(Object.keys(details)).toEqual(["rung"]);
  }
  return items.map(({ type, details }) => (details.rung ? `${type} ${details.rung}` : type));
};

/** What the authority's feed says of the referral. */
const feedOf = async (owner: string, id: string): Promise<string[]> => {
  const client = await exchange.client(owner);
  const { items } = (await client.get("/v1/events?limit=100")).json() as {
    items: { type: string; data: { referralId: string } }[];
  };
  return items.filter(({ data }) => data.referralId === id).map(({ type }) => type);
};

/** The emails about the referral since it was submitted, as `{template} {address}`. */
const mailsAbout = (id: string): string[] =>
  exchange
    .mailbox()
    .filter(({ body, template }) => body.includes(id) && template !== "referral-awaits")
    .map(({ emailAddress, template }) => `${template} ${emailAddress}`)
    .sort();

const overdueIn = async (owner: string, box: string): Promise<string[]> => {
  const client = await exchange.client(owner);
  const { items } = (await client.get(`/v1/referrals?box=${box}&overdue=true`)).json() as { items: Summary[] };
  return items.map(({ id }) => id);
};

const concernedByTheThirdRung = async (referralId: string): Promise<unknown> => {
  const { Items = [] } = await dynamoClient().send(
    new QueryCommand({
      TableName: "cme-outbox",
      KeyConditionExpression: "subject = :subject",
      ExpressionAttributeValues: { ":subject": referralId },
    }),
  );
  return Items.map(({ rung, concerns }) => ({ rung, concerns })).filter(({ rung }) => rung === 3);
};

describe("silence", () => {
  it("of a standard referral is told of after three, six and nine working days, once each", async () => {
    const { id, receiptDueAt } = await submitAt("2026-01-12T09:30:00.000Z", "201", "301", "standard");
    expect(receiptDueAt).toBe("2026-01-15T09:30:00.000Z");

    await at("2026-01-15T09:30:00.000Z");
    expect(await trailOf("201", id)).toEqual(["referral.submitted"]);
    expect(await overdueIn("301", "inbox")).toEqual([]);

    await at("2026-01-15T09:30:00.001Z");
    await at("2026-01-15T09:30:00.001Z");
    await at("2026-01-20T09:30:00.000Z");
    const once = ["referral.submitted", "referral.overdue 1"];
    for (const party of ["201", "301"]) {
      expect(await trailOf(party, id)).toEqual(once);
      expect(await feedOf(party, id)).toEqual(["referral.submitted", "referral.overdue"]);
    }
    const first = ["overdue cme-inbox@la-301.example.org", "overdue cme-lead@la-301.example.org"];
    expect(mailsAbout(id)).toEqual(first);
    expect([await overdueIn("301", "inbox"), await overdueIn("201", "outbox")]).toEqual([[id], [id]]);

    await at("2026-01-20T09:30:00.001Z");
    await at("2026-01-23T09:30:00.000Z");
    expect(await trailOf("301", id)).toEqual([...once, "referral.overdue 2"]);
    const second = [...first, "overdue-lead cme-lead@la-301.example.org"].sort();
    expect(mailsAbout(id)).toEqual(second);
    expect(await concernedByTheThirdRung(id)).toEqual([]);

    await at("2026-01-23T09:30:00.001Z");
    await at("2026-02-23T09:30:00.001Z");
    expect(await trailOf("301", id)).toEqual([...once, "referral.overdue 2", "referral.overdue 3"]);
    expect(mailsAbout(id)).toEqual(second);
    expect(await concernedByTheThirdRung(id)).toEqual([{ rung: 3, concerns: ["201", "301", "dfe"] }]);
    for (const party of ["201", "301"]) {
      expect(await feedOf(party, id)).toEqual(["referral.submitted", ...Array(3).fill("referral.overdue")]);
    }

    const referral = (await (await exchange.client("201")).get(`/v1/referrals/${id}`)).json();
    expect(referral).toMatchObject({ state: "awaiting-receipt", overdue: true });
    const gate = (await (await exchange.client("201")).get(`/v1/referrals/${id}/removal`)).json();
    expect(gate).toMatchObject({ permitted: false });
  });

  it("of an urgent referral is told of after one working day, over a weekend on Monday", async () => {
    const { id, receiptDueAt } = await submitAt("2026-02-27T15:00:00.000Z", "202", "302", "urgent");
    expect(receiptDueAt).toBe("2026-03-02T15:00:00.000Z");
    await at("2026-03-02T15:00:00.000Z");
    expect(await trailOf("202", id)).toEqual(["referral.submitted"]);
    await at("2026-03-02T15:00:00.001Z");
    expect(await trailOf("202", id)).toEqual(["referral.submitted", "referral.overdue 1"]);
    await at("2026-03-03T15:00:00.001Z");
    expect(await trailOf("202", id)).toEqual(["referral.submitted", "referral.overdue 1", "referral.overdue 2"]);
  });

  it("that no run saw is made up for, one rung a run", async () => {
    const { id } = await submitAt("2026-03-09T10:00:00.000Z", "203", "303", "urgent");
    await at("2026-03-20T10:00:00.000Z");
    const told = ["referral.submitted", "referral.overdue 1"];
    expect(await trailOf("203", id)).toEqual(told);
    await at("2026-03-20T10:01:00.000Z");
    expect(await trailOf("203", id)).toEqual([...told, "referral.overdue 2"]);
    await at("2026-03-20T10:02:00.000Z");
    await at("2026-03-20T10:03:00.000Z");
    expect(await trailOf("203", id)).toEqual([...told, "referral.overdue 2", "referral.overdue 3"]);
    expect(mailsAbout(id)).toEqual([
      "overdue cme-inbox@la-303.example.org",
      "overdue cme-lead@la-303.example.org",
      "overdue-lead cme-lead@la-303.example.org",
    ]);
  });

  it("ends with the receipt, and with it the ladder", async () => {
    const { id } = await submitAt("2026-03-23T10:00:00.000Z", "204", "304", "urgent");
    await at("2026-03-24T10:00:00.001Z");
    const receipt = await (await exchange.client("304")).post(`/v1/referrals/${id}/receipt`, {
      confirmedBy: "304-lead",
    });
    expect(receipt.status, receipt.text).toBe(201);
    await at("2026-04-24T10:00:00.000Z");
    await at("2026-04-24T10:01:00.000Z");
    expect(await trailOf("304", id)).toEqual(["referral.submitted", "referral.overdue 1", "referral.received"]);
    expect(await overdueIn("304", "inbox")).toEqual([]);
    expect(mailsAbout(id)).toEqual([
      "overdue cme-inbox@la-304.example.org",
      "overdue cme-lead@la-304.example.org",
      "referral-received cme-lead@la-204.example.org",
    ]);
  });

  it("that ends at the very moment it is told of never costs the receipt", async () => {
    const recipient = await exchange.client("305");
    const monday = Date.parse("2026-05-11T09:00:00.000Z");
    for (let round = 0; round < 10; round += 1) {
      const submittedAt = new Date(monday + round * 7 * 86_400_000).toISOString();
      const { id } = await submitAt(submittedAt, "205", "305", "urgent");
      vi.setSystemTime(Date.parse(submittedAt) + 5 * 86_400_000);
      await recipient.get(`/v1/referrals/${id}`);
      const confirm = () => recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "305-lead" });

      const raising = round % 2 === 0 ? raiseOverdue() : undefined;
      const [receipt] = await Promise.all([confirm(), raising ?? raiseOverdue()]);
      await raiseOverdue();

      expect(receipt.status, receipt.text).toBe(201);
      expect([
        ["referral.submitted", "referral.received"],
        ["referral.submitted", "referral.overdue 1", "referral.received"],
      ]).toContainEqual(await trailOf("305", id));
      const referral = (await recipient.get(`/v1/referrals/${id}`)).json();
      expect(referral).toMatchObject({ state: "received", overdue: false });
    }
  });

  /** The write of one of the two is held back until the other's is done. */
  it.each([
    ["the receipt", '"referral.overdue"', ["referral.submitted", "referral.received"]],
    ["the ladder", '"referral.received"', ["referral.submitted", "referral.overdue 1", "referral.received"]],
  ])("is decided by whoever writes first: %s", async (_, heldBack, trail) => {
    const { id } = await submitAt(new Date(Date.now() + 7 * 86_400_000).toISOString(), "207", "307", "urgent");
    const recipient = await exchange.client("307");
    vi.setSystemTime(Date.now() + 5 * 86_400_000);
    await recipient.get(`/v1/referrals/${id}`);
    const dynamo = dynamoClient();
    const send = dynamo.send.bind(dynamo);
    const [held, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const mock = mockClient(dynamo);
    mock.send.callThrough();
    mock.on(TransactWriteCommand).callsFake(async (input: TransactWriteCommandInput) => {
      if (JSON.stringify(input).includes(heldBack)) {
        held.resolve();
        await other.promise;
      }
      return send(new TransactWriteCommand(input));
    });
    const confirm = () => recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "307-lead" });
    const raise = async () => raiseOverdue();
    const [first, second] = heldBack.includes("overdue") ? [raise, confirm] : [confirm, raise];

    const slow = first();
    await held.promise;
    await second();
    other.resolve();
    await slow;
    mock.restore();

    expect(await trailOf("307", id)).toEqual(trail);
    expect((await recipient.get(`/v1/referrals/${id}`)).json()).toMatchObject({ state: "received" });
  });
});

describe("looking for silence", () => {
  it("costs eight calls where there is none", async () => {
    const calls: string[] = [];
    const count = (message: unknown): void => {
      const { request } = message as { request: ClientRequest };
      calls.push(String(request.getHeader("x-amz-target")).split(".").at(-1) ?? "");
    };
    await exchange.telling?.close();
    await submitAt("2027-06-01T09:00:00.000Z", "206", "306", "standard");
    subscribe("http.client.request.start", count);
    await raiseOverdue().finally(() => unsubscribe("http.client.request.start", count));
    expect(calls).toEqual(Array(8).fill("Query"));
  });
});

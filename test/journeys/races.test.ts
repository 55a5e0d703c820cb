import { afterEach, expect, it } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";
import { faultOfTrail, openTrailStore, type TrailEvent } from "../campaigns/trail.ts";

const exchange = useExchange();

type Entry = {
  entryId: string;
  status: string;
  referralId: string | null;
  closure: { as: string; referralId?: string } | null;
};

const atOnce = (count: number, ask: (index: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => ask(index)));

const having = (status: number, answers: readonly Answer[]): Answer[] =>
  answers.filter((answer) => answer.status === status);

const items = async <T>(client: Client, path: string): Promise<T[]> => {
  const page = (await client.get(path)).json() as { items: T[]; next: string | null };
  expect(page.next).toBeNull();
  return page.items;
};

const entriesUnder = async (client: Client, referralId: string): Promise<Entry[]> => {
  const open = await items<Entry>(client, "/v1/cme-list?status=open&limit=100");
  const closed = await items<Entry>(client, "/v1/cme-list?status=closed&limit=100");
  return [...open, ...closed].filter((entry) => entry.referralId === referralId);
};

/** The types of a referral's events, after the chain was verified. */
const told = async (client: Client, id: string): Promise<string[]> => {
  const events = await items<TrailEvent>(client, `/v1/referrals/${id}/events?limit=100`);
  expect(faultOfTrail(id, events)).toBeUndefined();
  return events.map(({ type }) => type);
};

afterEach(async () => {
  expect(await openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? "").faults()).toEqual([]);
});

it("has one of fifty receipts win, and tells the others that it is received", async () => {
  const sender = await exchange.client("201");
  const recipient = await exchange.client("330");
  const { id } = await submit(sender);

  const answers = await atOnce(50, () => recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }));

  const lost = having(409, answers).map((answer) => answer.json());
  expect([having(201, answers).length, lost.length]).toEqual([1, 49]);
  for (const each of lost) expect(each).toMatchObject({ code: "state-does-not-allow", state: "received" });
  expect(await told(sender, id)).toEqual(["referral.submitted", "referral.received"]);
  expect(await entriesUnder(sender, id)).toMatchObject([{ status: "suspected" }]);
  expect(await entriesUnder(recipient, id)).toMatchObject([{ status: "suspected" }]);
});

it("keeps the child on the sender's list when 25 removals race 25 findings that it is not there", async () => {
  const sender = await exchange.client("202");
  const recipient = await exchange.client("330");
  const { id } = await submit(sender);
  await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });

  const answers = await atOnce(50, (index) =>
    index % 2 === 0
      ? sender.post(`/v1/referrals/${id}/removal`, { removedBy: "202-lead" })
      : recipient.post(`/v1/referrals/${id}/finding`, { finding: "not-located", foundBy: "330-lead" }),
  );

  const removals = answers.filter((_, index) => index % 2 === 0);
  const findings = answers.filter((_, index) => index % 2 === 1);
  const removed = having(201, removals).length;
  expect(removed).toBeLessThanOrEqual(1);
  expect(having(409, removals)).toHaveLength(25 - removed);
  expect([having(201, findings).length, having(409, findings).length]).toEqual([1, 24]);
  for (const answer of having(409, findings)) expect(answer.json()).toMatchObject({ state: "not-located" });
  for (const answer of having(409, removals)) {
    const { state, reasons } = answer.json() as { state: string; reasons: { code: string }[] };
    expect([
      ["received", "already-removed"],
      ["not-located", "not-located"],
    ]).toContainEqual([state, reasons[0]?.code]);
  }
  const removal = removed === 1 ? ["referral.removed"] : [];
  const events = ["referral.submitted", "referral.received", ...removal, "referral.not-located"];
  expect(await told(sender, id)).toEqual(events);
  expect(await entriesUnder(sender, id)).toMatchObject([{ status: "suspected", closure: null }]);
  expect(await entriesUnder(recipient, id)).toMatchObject([{ status: "closed", closure: { as: "not-located" } }]);
});

it("has one of fifty removals win after the receipt", async () => {
  const sender = await exchange.client("203");
  const recipient = await exchange.client("330");
  const { id } = await submit(sender);
  await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });

  const answers = await atOnce(50, () => sender.post(`/v1/referrals/${id}/removal`, { removedBy: "203-lead" }));

  const lost = having(409, answers).map((answer) => answer.json());
  expect([having(201, answers).length, lost.length]).toEqual([1, 49]);
  for (const each of lost) expect(each).toMatchObject({ state: "received", reasons: [{ code: "already-removed" }] });
  expect(await told(sender, id)).toEqual(["referral.submitted", "referral.received", "referral.removed"]);
  expect(await entriesUnder(sender, id)).toMatchObject([
    { status: "closed", closure: { as: "transferred", referralId: id } },
  ]);
  expect(await entriesUnder(recipient, id)).toMatchObject([{ status: "suspected" }]);
});

it("lets no removal through while fifty of them race the receipt, but after it", async () => {
  const sender = await exchange.client("204");
  const recipient = await exchange.client("330");
  const { id } = await submit(sender);

  const [receipt, ...removals] = await atOnce(51, (index) =>
    index === 0
      ? recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" })
      : sender.post(`/v1/referrals/${id}/removal`, { removedBy: "204-lead" }),
  );

  expect(receipt?.status).toBe(201);
  const removed = having(201, removals).length;
  expect(removed).toBeLessThanOrEqual(1);
  expect(having(409, removals)).toHaveLength(50 - removed);
  const removal = removed === 1 ? ["referral.removed"] : [];
  expect(await told(sender, id)).toEqual(["referral.submitted", "referral.received", ...removal]);
});

it("makes one referral of fifty submissions under one Idempotency-Key", async () => {
  const sender = await exchange.client("205");
  const body = { ...exampleReferral(), sentBy: "205-lead" };

  const answers = await atOnce(50, () => sender.post("/v1/referrals", body, { key: "one-and-the-same" }));

  expect(having(201, answers)).toHaveLength(50);
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true")).toHaveLength(49);
  const referrals = await items<Summary>(sender, "/v1/referrals?box=outbox&limit=100");
  expect(referrals).toMatchObject([{ state: "awaiting-receipt" }]);
  expect(await told(sender, String(referrals[0]?.id))).toEqual(["referral.submitted"]);
  expect(await items(sender, "/v1/cme-list?status=open")).toHaveLength(1);
});

it("refers an entry once when fifty submissions name it, and tells the others by which referral", async () => {
  const sender = await exchange.client("206");
  const first = await submit(sender);
  await sender.post(`/v1/referrals/${first.id}/withdrawal`, { reason: "To be sent again" });
  const [entry] = await items<Entry>(sender, "/v1/cme-list");
  const body = { ...exampleReferral(), sentBy: "206-lead", entryId: entry?.entryId };

  const answers = await atOnce(50, () => sender.post("/v1/referrals", body));

  const [won] = having(201, answers).map((answer) => answer.json() as Summary);
  const lost = having(409, answers).map((answer) => answer.json());
  expect([having(201, answers).length, lost.length]).toEqual([1, 49]);
  for (const each of lost) expect(each).toMatchObject({ code: "entry-already-referred", referralId: won?.id });
  expect(await items(sender, "/v1/cme-list")).toMatchObject([{ entryId: entry?.entryId, referralId: won?.id }]);
  expect(await items(sender, "/v1/referrals?box=outbox")).toHaveLength(2);
});

it("records twenty reads of a child's record at once, each as an event of its own", async () => {
  const sender = await exchange.client("207");
  const recipient = await exchange.client("330");
  const { id } = await submit(sender);
  const reader = (index: number) => (index % 2 === 0 ? sender : recipient);

  for (let waiting = 20; waiting > 0; ) {
    const answers = await atOnce(waiting, (index) => reader(index).get(`/v1/referrals/${id}/child`));
    const shown = having(200, answers);
    const turnedAway = having(503, answers);
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length + turnedAway.length).toBe(waiting);
    for (const { text } of shown) expect(text).toContain("O’Connor-Okafor");
    for (const { headers, text } of turnedAway) {
      expect(headers.get("retry-after")).toBe("5");
      expect(text).not.toContain("Okafor");
    }
    waiting = turnedAway.length;
  }

  const reads = Array.from({ length: 20 }, () => "referral.child-read");
  expect(await told(sender, id)).toEqual(["referral.submitted", ...reads]);
});

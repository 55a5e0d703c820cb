import { randomUUID } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const exchange = useExchange();

const parties = async (): Promise<{ sender: Client; recipient: Client }> => ({
  sender: await exchange.client("201"),
  recipient: await exchange.client("330"),
});

const replayed = ({ headers }: Answer): string | null => headers.get("idempotency-replayed");

/** That the second answer is the first one again, and says so. */
const expectReplay = (again: Answer, first: Answer): void => {
  expect([first.status, replayed(first)]).toEqual([201, null]);
  expect([again.status, again.text, replayed(again)]).toEqual([201, first.text, "true"]);
  for (const name of ["location", "content-type"]) expect(again.headers.get(name)).toBe(first.headers.get(name));
  expect(again.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
};

const outbox = async (client: Client): Promise<string[]> =>
  ((await client.get("/v1/referrals?box=outbox&limit=100")).json() as { items: Summary[] }).items.map(({ id }) => id);

const listed = async (client: Client): Promise<number> =>
  ((await client.get("/v1/cme-list?limit=100")).json() as { items: unknown[] }).items.length;

const events = async (client: Client, id: string): Promise<string[]> =>
  ((await client.get(`/v1/referrals/${id}/events`)).json() as { items: { type: string }[] }).items.map(
    ({ type }) => type,
  );

/** The same request ten times at once: one is carried out, and the others get its answer, which this answers too. */
const tenAtOnce = async (client: Client, path: string, body: unknown): Promise<Record<string, unknown>> => {
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 10 }, () => client.post(path, body, { key })));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
  expect(answers.filter((answer) => replayed(answer) === "true")).toHaveLength(9);
  const texts = [...new Set(answers.map(({ text }) => text))];
  expect(texts).toHaveLength(1);
  return JSON.parse(texts.join()) as Record<string, unknown>;
};

const problemOf = (answer: Answer) => {
  const { code, detail } = answer.json() as { code: string; detail: string };
  return { status: answer.status, code, detail };
};
const missing = {
  status: 400,
  code: "idempotency-key-missing",
  detail: "This request needs an Idempotency-Key header.",
};
const malformed = {
  status: 400,
  code: "idempotency-key-malformed",
  detail: "The Idempotency-Key must be one value of 1 to 255 visible ASCII characters.",
};
const reused = {
  status: 422,
  code: "idempotency-key-reused",
  detail: "This Idempotency-Key was used before with another request.",
};

describe("a repeated request", () => {
  it("gets the first answer again, for every action, and nothing happens twice", async () => {
    const { sender, recipient } = await parties();
    const twice = async (client: Client, path: string, body: unknown): Promise<Answer> => {
      const key = randomUUID();
      const first = await client.post(path, body, { key });
      expectReplay(await client.post(path, body, { key }), first);
      return first;
    };
    const before = { outbox: await outbox(sender), listed: await listed(sender) };
    const { id } = (await twice(sender, "/v1/referrals", exampleReferral())).json() as Summary;
    expect(await outbox(sender)).toEqual([id, ...before.outbox]);
    expect(await listed(sender)).toBe(before.listed + 1);

    const at = `/v1/referrals/${id}`;
    await twice(recipient, `${at}/receipt`, { confirmedBy: "330-lead", note: "Thank you." });
    await twice(sender, `${at}/removal`, { removedBy: "201-lead" });
    await twice(recipient, `${at}/finding`, { finding: "located", foundBy: "330-lead", note: "At the address." });
    const provision = "Taught at home, seen today.";
    await twice(recipient, `${at}/conclusion`, { outcome: "suitable-education-otherwise", provision });
    expect(await events(sender, id)).toEqual([
      "referral.submitted",
      "referral.received",
      "referral.removed",
      "referral.located",
      "referral.concluded",
    ]);
    const notes = (await sender.get(`${at}/notes`)).json() as { items: { sequence: number }[] };
    expect(notes.items.map(({ sequence }) => sequence)).toEqual([2, 4, 5]);

    for (const [client, action, body] of [
      [recipient, "return", { reason: "duplicate", note: "Sent twice." }],
      [sender, "withdrawal", { reason: "A mistake." }],
    ] as const) {
      const other = await submit(sender);
      await twice(client, `/v1/referrals/${other.id}/${action}`, body);
      expect(await events(sender, other.id)).toHaveLength(2);
    }
    await twice(sender, "/v1/cme-list", { child: exampleReferral().child });
  });

  it("gets the first answer long after the state has changed", async () => {
    // Two clients of this test alone, since their tokens come from next year.
    const [sender, recipient] = [await exchange.client("207"), await exchange.client("208")];
    const [submission, receipt] = [randomUUID(), randomUUID()];
    const body = { ...exampleReferral(), recipient: "208", sentBy: "207-lead" };
    const confirmation = { confirmedBy: "208-lead" };
    const first = await sender.post("/v1/referrals", body, { key: submission });
    const { id } = first.json() as Summary;
    const received = await recipient.post(`/v1/referrals/${id}/receipt`, confirmation, { key: receipt });
    await recipient.post(`/v1/referrals/${id}/finding`, { finding: "not-located", foundBy: "208-lead" });

    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 400 * 24 * 60 * 60 * 1000 });
    try {
      const again = await sender.post("/v1/referrals", body, { key: submission });
      expectReplay(again, first);
      expect(again.headers.get("location")).toBe(`/v1/referrals/${id}`);
      expect(again.json()).toMatchObject({ id, state: "awaiting-receipt", version: 1 });
      expectReplay(await recipient.post(`/v1/referrals/${id}/receipt`, confirmation, { key: receipt }), received);
      expect((await sender.get(`/v1/referrals/${id}`)).json()).toMatchObject({ state: "not-located", version: 3 });
    } finally {
      vi.useRealTimers();
    }
  });

  it("is the same request whatever the order of its members and the blanks between them", async () => {
    const sender = await exchange.client("202");
    const key = randomUUID();
    const { recipient, child } = exampleReferral();
    const first = await sender.post("/v1/referrals", { recipient, sentBy: "202-lead", child }, { key });
    const reordered = JSON.stringify({ child, sentBy: "202-lead", recipient }, null, 2);
    expectReplay(await sender.post("/v1/referrals", reordered, { key }), first);
  });

  it("made ten times at once leaves one referral, and all ten get its answer", async () => {
    const sender = await exchange.client("203");
    const { id } = await tenAtOnce(sender, "/v1/referrals", { ...exampleReferral(), sentBy: "203-lead" });
    expect(await outbox(sender)).toEqual([id]);
    expect(await listed(sender)).toBe(1);
    expect(await events(sender, String(id))).toEqual(["referral.submitted"]);
  });

  it("made ten times at once leaves one receipt", async () => {
    const { sender, recipient } = await parties();
    const { id } = await submit(sender);
    await tenAtOnce(recipient, `/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    expect(await events(sender, id)).toEqual(["referral.submitted", "referral.received"]);
  });

  it("with a key of its own is another request: one of ten confirms, nine learn the state", async () => {
    const { sender, recipient } = await parties();
    const { id } = await submit(sender);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array(9).fill(409)]);
    for (const answer of answers.filter(({ status }) => status === 409)) {
      expect(answer.json()).toMatchObject({ code: "state-does-not-allow", state: "received", version: 2 });
    }
    expect(await events(sender, id)).toEqual(["referral.submitted", "referral.received"]);
  });
});

describe("an Idempotency-Key", () => {
  it("is refused with another body, at another address and for another action", async () => {
    const { sender, recipient } = await parties();
    const key = randomUUID();
    const { id } = (await sender.post("/v1/referrals", exampleReferral(), { key })).json() as Summary;
    const before = await outbox(sender);
    const other = { ...exampleReferral(), recipient: "202" };
    expect(problemOf(await sender.post("/v1/referrals", other, { key }))).toEqual(reused);
    expect(problemOf(await sender.post("/v1/cme-list", { child: other.child }, { key }))).toEqual(reused);
    expect(problemOf(await sender.post(`/v1/referrals/${id}/withdrawal`, { reason: "x" }, { key }))).toEqual(reused);
    expect(await outbox(sender)).toEqual(before);

    const second = await submit(sender);
    const confirmation = { confirmedBy: "330-lead" };
    const receiptKey = randomUUID();
    await recipient.post(`/v1/referrals/${id}/receipt`, confirmation, { key: receiptKey });
    expect(
      problemOf(await recipient.post(`/v1/referrals/${second.id}/receipt`, confirmation, { key: receiptKey })),
    ).toEqual(reused);
    expect((await sender.get(`/v1/referrals/${second.id}`)).json()).toMatchObject({ state: "awaiting-receipt" });
  });

  it("is a client's own: another's equal key is another", async () => {
    const key = "the-same-key";
    const [one, other] = [await exchange.client("204"), await exchange.client("205")];
    const first = await one.post("/v1/referrals", { ...exampleReferral(), sentBy: "204-lead" }, { key });
    const second = await other.post("/v1/referrals", { ...exampleReferral(), sentBy: "205-lead" }, { key });
    expect([first, second].map((answer) => [answer.status, replayed(answer)])).toEqual([
      [201, null],
      [201, null],
    ]);
    expect((first.json() as Summary).id).not.toBe((second.json() as Summary).id);
  });

  it("must be there for everything unsafe, and is not asked for in a read", async () => {
    const { sender } = await parties();
    const { id } = await submit(sender);
    const withoutKey = async (path: string) => {
      const { fetch } = globalThis;
      const spy = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
        const headers = new Headers(init?.headers);
        headers.delete("idempotency-key");
        return fetch(input, { ...init, headers });
      });
      try {
        return problemOf(await sender.post(path, {}));
      } finally {
        spy.mockRestore();
      }
    };
    for (const action of ["receipt", "return", "withdrawal", "finding", "conclusion", "removal"]) {
      expect([action, await withoutKey(`/v1/referrals/${id}/${action}`)]).toEqual([action, missing]);
    }
    expect(await withoutKey("/v1/referrals")).toEqual(missing);
    expect(await withoutKey("/v1/cme-list")).toEqual(missing);
    expect((await sender.get(`/v1/referrals/${id}`)).status).toBe(200);
  });

  it.each([
    ["empty", ""],
    ["longer than 255", "k".repeat(256)],
    ["with a blank", "a b"],
    ["given twice", "one, two"],
    ["with a letter beyond ASCII", "clé"],
    ["with a control character", "a\tb"],
  ])("%s is malformed", async (_, key) => {
    const { sender } = await parties();
    const before = await outbox(sender);
    expect(problemOf(await sender.post("/v1/referrals", exampleReferral(), { key }))).toEqual(malformed);
    expect(await outbox(sender)).toEqual(before);
  });

  it.each(["k", "k".repeat(255), '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!~#$%&'()*+,-./:;<=>?@[]^_`{|}"])(
    "may be %s",
    async (key) => {
      const sender = await exchange.client("206");
      const first = await sender.post("/v1/cme-list", { child: exampleReferral().child }, { key });
      expectReplay(await sender.post("/v1/cme-list", { child: exampleReferral().child }, { key }), first);
    },
  );

  it("of a refused request can be used again: a refusal leaves nothing", async () => {
    const { sender, recipient } = await parties();
    const before = await outbox(sender);
    const key = randomUUID();
    const invalid = { ...exampleReferral(), sentBy: "201-nobody" };
    for (let time = 0; time < 2; time += 1) {
      const refused = await sender.post("/v1/referrals", invalid, { key });
      expect([refused.status, replayed(refused)]).toEqual([422, null]);
    }
    const accepted = await sender.post("/v1/referrals", exampleReferral(), { key });
    expect([accepted.status, replayed(accepted)]).toEqual([201, null]);
    const { id } = accepted.json() as Summary;
    expect(await outbox(sender)).toEqual([id, ...before]);

    const removalKey = randomUUID();
    const removal = () => sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" }, { key: removalKey });
    expect((await removal()).status).toBe(409);
    await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    const removed = await removal();
    expect([removed.status, replayed(removed)]).toEqual([201, null]);
    expectReplay(await removal(), removed);
  });
});

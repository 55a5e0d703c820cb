import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import { useExchange } from "../builders/exchange.ts";
import { useReceiver } from "../builders/receiver.ts";
import { submit } from "../builders/referral.ts";

/** The clock stands still, so that what is to be tried again in 5 seconds stays as it is. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
const exchange = useExchange({ telling: true });
const receiver = useReceiver();
afterAll(() => {
  vi.useRealTimers();
});

type Delivery = {
  deliveryId: string;
  channel: string;
  contactId: string | null;
  type: string;
  data: { referralId?: string; sequence?: number; deliveryId?: string };
  state: string;
  attempts: { at: string; status: number | null; failure: string | null }[];
  nextAttemptAt: string | null;
  createdAt: string;
  version: number;
};
type Page = { items: Delivery[]; next: string | null };

const path = "/v1/deliveries";

const page = async (owner: string, query = ""): Promise<Page> => {
  const answer = await (await exchange.client(owner)).get(`${path}?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Page;
};

const pages = async (owner: string, query: string): Promise<Delivery[][]> => {
  const all: Delivery[][] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const { items, next }: Page = await page(owner, cursor === "" ? query : `${query}&cursor=${cursor}`);
    all.push(items);
    cursor = next;
  }
  return all;
};

const refusalOf = (answer: Answer) => {
  const { code } = answer.json() as { code: string };
  return { status: answer.status, code };
};

const subscribe = async (owner: string): Promise<Client> => {
  const client = await exchange.client(owner);
  const answer = await client.put("/v1/subscription", { url: receiver.url(owner) });
  expect(answer.status, answer.text).toBe(201);
  return client;
};

/** Refers a child to the authority, whose endpoint answers with that status. */
const tell = async (owner: string, status: number): Promise<string> => {
  receiver.answer(owner, status);
  const { id } = await submit(await exchange.client("201"), { recipient: owner });
  await exchange.telling?.idle();
  return id;
};

const webhookOf = async (owner: string, referralId: string): Promise<Delivery> => {
  const { items } = await page(owner, "limit=100");
  const found = items.filter((each) => each.channel === "webhook" && each.data.referralId === referralId);
  expect(found).toHaveLength(1);
  return found[0] as Delivery;
};

/**
 * Three referrals to Camden, the first of which is delivered, the second stays pending and the third ends the subscription:
 * each makes a webhook and an email to the lead and to the inbox, and the end of the subscription another email to both.
 */
describe("the list of deliveries", () => {
  let started = 0;
  const referrals: string[] = [];

  beforeAll(async () => {
    started = Date.now();
    await subscribe("202");
    for (const status of [204, 503, 410]) {
      vi.setSystemTime(started + 1_000 * referrals.length);
      referrals.push(await tell("202", status));
    }
  });

  it("has every webhook and every email, newest first", async () => {
    const { items, next } = await page("202");
    expect(next).toBeNull();
    const told = items.map(({ channel, contactId, type, data }) =>
      [channel, contactId, type, data.referralId && referrals.indexOf(data.referralId)].join(" "),
    );
    const toldOf = (index: number) => [
      `email 202-inbox referral.submitted ${index}`,
      `email 202-lead referral.submitted ${index}`,
      `webhook  referral.submitted ${index}`,
    ];
    expect([told.slice(0, 2), told.slice(2, 5), told.slice(5, 8), told.slice(8)].map((each) => each.sort())).toEqual([
      ["email 202-inbox webhook.failing ", "email 202-lead webhook.failing "],
      toldOf(2),
      toldOf(1),
      toldOf(0),
    ]);
    const [first = "", second = "", third = ""] = referrals;
    const { deliveryId } = await webhookOf("202", third);
    expect(items.map(({ data }) => data)).toEqual([
      ...[{ deliveryId }, { deliveryId }],
      ...[third, third, third].map((referralId) => ({ referralId, sequence: 1 })),
      ...[second, second, second].map((referralId) => ({ referralId, sequence: 1 })),
      ...[first, first, first].map((referralId) => ({ referralId, sequence: 1 })),
    ]);
    expect((await page("203")).items).toEqual([]);
  });

  it("says of each what came of it", async () => {
    const [delivered = "", pending = "", failed = ""] = referrals;
    const at = (seconds: number) => new Date(started + 1_000 * seconds).toISOString();
    const facts = { attempts: [{ status: 204, failure: null }], state: "delivered", nextAttemptAt: null };
    expect(await webhookOf("202", delivered)).toMatchObject({ ...facts, createdAt: at(0) });
    const waiting = await webhookOf("202", pending);
    expect(waiting).toMatchObject({
      attempts: [{ at: at(1), status: 503, failure: null }],
      state: "pending",
      createdAt: at(1),
    });
    // In 5 seconds, and up to a tenth of that later.
    const wait = Date.parse(String(waiting.nextAttemptAt)) - Date.parse(at(1));
    expect(wait).toBeGreaterThanOrEqual(5_000);
    expect(wait).toBeLessThanOrEqual(5_500);
    expect(await webhookOf("202", failed)).toMatchObject({
      attempts: [{ at: at(2), status: 410, failure: "gone" }],
      state: "failed",
      nextAttemptAt: null,
    });
  });

  it("can be asked for those in one state", async () => {
    const all = (await page("202")).items;
    for (const [state, count] of [
      ["pending", 1],
      ["delivered", 9],
      ["failed", 1],
    ] as const) {
      const { items, next } = await page("202", `state=${state}`);
      expect(next).toBeNull();
      expect(items).toHaveLength(count);
      expect(items).toEqual(all.filter((each) => each.state === state));
    }
    const answer = await (await exchange.client("202")).get(`${path}?state=lost`);
    expect([answer.status, answer.json()]).toMatchObject([
      422,
      { errors: [{ pointer: "/state", detail: "must be one of: pending, delivered, failed" }] },
    ]);
  });

  it("comes in pages, none twice and none left out", async () => {
    for (const [filter, sizes] of [
      ["", [4, 4, 3]],
      ["&state=delivered", [4, 4, 1]],
    ] as const) {
      const paged = await pages("202", `limit=4${filter}`);
      expect(paged.map(({ length }) => length)).toEqual(sizes);
      expect(paged.flat()).toEqual((await page("202", `limit=100${filter}`)).items);
    }
    expect((await pages("202", "limit=1")).flat()).toEqual((await page("202")).items);
  });

  it("refuses a cursor that was altered, or is of another list", async () => {
    const cursor = String((await page("202", "limit=4")).next);
    const ofDelivered = String((await page("202", "limit=4&state=delivered")).next);
    const [position, seal] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [object, string];
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const wrong: [string, string][] = [
      ["202", "cursor="],
      ["202", "cursor=x"],
      ["202", `cursor=${cursor.slice(0, -1)}`],
      ["202", `cursor=${encoded([{ ...position, authority: "203" }, seal])}`],
      ["202", `cursor=${encoded([position])}`],
      ["202", `cursor=${ofDelivered}`],
      ["202", `state=delivered&cursor=${cursor}`],
      ["202", `state=failed&cursor=${ofDelivered}`],
      ["203", `cursor=${cursor}`],
    ];
    for (const [owner, query] of wrong) {
      const answer = await (await exchange.client(owner)).get(`${path}?${query}`);
      expect([query, refusalOf(answer)]).toEqual([query, { status: 400, code: "cursor-invalid" }]);
    }
  });
});

describe("a delivery that failed", () => {
  it("is tried again when its authority asks for it, once", async () => {
    const client = await subscribe("330");
    const failed = await webhookOf("330", await tell("330", 410));
    expect(failed).toMatchObject({ state: "failed", version: 3 });
    await subscribe("330");
    receiver.answer("330", 204);

    const key = randomUUID();
    const first = await client.post(`${path}/${failed.deliveryId}/retry`, {}, { key });
    const again = await client.post(`${path}/${failed.deliveryId}/retry`, {}, { key });
    expect(first.status, first.text).toBe(201);
    expect(first.json()).toEqual({ ...failed, state: "pending", nextAttemptAt: new Date().toISOString(), version: 4 });
    expect([again.text, again.headers.get("idempotency-replayed")]).toEqual([first.text, "true"]);
    await exchange.telling?.idle();

    const calls = receiver.calls("330");
    expect(calls.map(({ headers }) => headers["webhook-id"])).toEqual([failed.deliveryId, failed.deliveryId]);
    expect(calls[1]?.body).toBe(calls[0]?.body);
    expect(await webhookOf("330", String(failed.data.referralId))).toMatchObject({
      state: "delivered",
      attempts: [
        { status: 410, failure: "gone" },
        { status: 204, failure: null },
      ],
      nextAttemptAt: null,
    });
  });

  it("has failed again where nobody has subscribed anew", async () => {
    const client = await subscribe("204");
    const { deliveryId, data } = await webhookOf("204", await tell("204", 410));
    expect((await client.post(`${path}/${deliveryId}/retry`, {})).status).toBe(201);
    await exchange.telling?.idle();
    expect(receiver.calls("204")).toHaveLength(1);
    expect(await webhookOf("204", String(data.referralId))).toMatchObject({
      state: "failed",
      attempts: [{ status: 410 }, { status: null, failure: "not-subscribed" }],
    });
  });

  it("is its authority's own", async () => {
    await subscribe("205");
    const { deliveryId, data } = await webhookOf("205", await tell("205", 410));
    const nothingThere = { status: 404, code: "not-found" };
    // Not even the referral's sender may.
    for (const other of ["201", "206"]) {
      const client = await exchange.client(other);
      expect(refusalOf(await client.post(`${path}/${deliveryId}/retry`, {}))).toEqual(nothingThere);
    }
    const dfe = await exchange.client("dfe");
    expect(refusalOf(await dfe.post(`${path}/${deliveryId}/retry`, {}))).toEqual({
      status: 403,
      code: "scope-missing",
    });
    const own = await exchange.client("205");
    for (const id of ["0199a000-0000-7000-8000-000000000000", "x", data.referralId]) {
      expect(refusalOf(await own.post(`${path}/${id}/retry`, {}))).toEqual(nothingThere);
    }
    expect((await webhookOf("205", String(data.referralId))).state).toBe("failed");
  });
});

it("what has not failed is not tried again by hand", async () => {
  const client = await subscribe("207");
  const delivered = await webhookOf("207", await tell("207", 204));
  const pending = await webhookOf("207", await tell("207", 503));
  for (const [{ deliveryId, version }, state] of [
    [delivered, "delivered"],
    [pending, "pending"],
  ] as const) {
    const answer = await client.post(`${path}/${deliveryId}/retry`, {});
    expect(answer.status, answer.text).toBe(409);
    expect(answer.json()).toMatchObject({ code: "state-does-not-allow", state, version });
    expect((answer.json() as { detail: string }).detail).toBe(`The delivery is ${state}; that does not allow this.`);
  }
  expect(await webhookOf("207", String(delivered.data.referralId))).toEqual(delivered);
  expect(await webhookOf("207", String(pending.data.referralId))).toEqual(pending);
  expect(receiver.calls("207")).toHaveLength(2);
});

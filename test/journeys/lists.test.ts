import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type * as z from "zod";
import type { Answer } from "../../infra/local/client.ts";
import type { entry } from "../../shared/contract/cme-list.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** A Monday. The clock only ever goes forward here, and only when told. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-23T09:30:00.000Z") });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});

type Entry = z.output<typeof entry>;
type Page<Item> = { items: Item[]; next: string | null };

const get = async (owner: string, path: string): Promise<Answer> => (await exchange.client(owner)).get(path);

const page = async <Item = Summary>(owner: string, path: string): Promise<Page<Item>> => {
  const answer = await get(owner, path);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Page<Item>;
};

const ids = async (owner: string, query: string): Promise<string[]> =>
  (await page(owner, `/v1/referrals?${query}`)).items.map(({ id }) => id);

const at = async (time: string, sender: string, changes: Record<string, unknown>): Promise<string> => {
  vi.setSystemTime(time);
  return (await submit(await exchange.client(sender), changes)).id;
};

/** Every page of a list, in order. */
const pages = async <Item>(owner: string, path: string): Promise<Item[][]> => {
  const all: Item[][] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const { items, next }: Page<Item> = await page(owner, cursor === "" ? path : `${path}&cursor=${cursor}`);
    all.push(items);
    cursor = next;
  }
  return all;
};

const refusal = async (owner: string, path: string) => {
  const answer = await get(owner, path);
  const { code, errors } = answer.json() as { code: string; errors?: unknown };
  return { status: answer.status, code, ...(errors !== undefined && { errors }) };
};
const cursorInvalid = { status: 400, code: "cursor-invalid" };

describe("inbox and outbox", () => {
  const made = { standard: "", urgent: "", later: "", elsewhere: "" };

  beforeAll(async () => {
    made.standard = await at("2026-11-23T09:30:00.000Z", "201", { recipient: "207" }); // due on Thursday, 09:30
    made.urgent = await at("2026-11-23T10:00:00.000Z", "202", { recipient: "207", urgency: "urgent" }); // Tuesday, 10:00
    made.later = await at("2026-11-23T11:00:00.000Z", "202", { recipient: "207" }); // Thursday, 11:00
    made.elsewhere = await at("2026-11-23T12:00:00.000Z", "202", { recipient: "201" }); // Thursday, 12:00
  });

  it("the inbox is in the order of deadlines, the outbox newest first, each the caller's own", async () => {
    const { standard, urgent, later, elsewhere } = made;
    expect(await ids("207", "box=inbox")).toEqual([urgent, standard, later]);
    expect(await ids("207", "box=outbox")).toEqual([]);
    expect(await ids("202", "box=outbox")).toEqual([elsewhere, later, urgent]);
    expect(await ids("201", "box=outbox")).toEqual([standard]);
    expect(await ids("201", "box=inbox")).toEqual([elsewhere]);
    expect(await ids("208", "box=inbox")).toEqual([]);
  });

  it("answers whole summaries", async () => {
    const { items, next } = await page("201", "/v1/referrals?box=outbox");
    expect(next).toBeNull();
    expect(items).toEqual([(await get("201", `/v1/referrals/${made.standard}`)).json()]);
    expect(items).toMatchObject([{ sender: "201", recipient: "207", receiptDueAt: "2026-11-26T09:30:00.000Z" }]);
  });

  it("an overdue referral is one that awaits receipt after its deadline, not at it", async () => {
    const { standard, urgent, later, elsewhere } = made;
    const overdue = async (owner: string, query: string) => [
      await ids(owner, `${query}&overdue=true`),
      await ids(owner, `${query}&overdue=false`),
    ];
    vi.setSystemTime("2026-11-24T10:00:00.000Z");
    expect(await overdue("207", "box=inbox")).toEqual([[], [urgent, standard, later]]);
    vi.setSystemTime("2026-11-24T10:00:00.001Z");
    expect(await overdue("207", "box=inbox")).toEqual([[urgent], [standard, later]]);
    expect(await overdue("207", "box=inbox&state=awaiting-receipt")).toEqual([[urgent], [standard, later]]);
    expect(await overdue("207", "box=inbox&state=received")).toEqual([[], []]);
    expect(await overdue("202", "box=outbox")).toEqual([[urgent], [elsewhere, later]]);
    expect(await overdue("202", "box=outbox&state=awaiting-receipt")).toEqual([[urgent], [elsewhere, later]]);
    const { items } = await page("207", "/v1/referrals?box=inbox");
    expect(items.map(({ overdue }) => overdue)).toEqual([true, false, false]);
  });

  it("a state picks the referrals in it, and what was received is no longer overdue", async () => {
    const { standard, urgent, later } = made;
    vi.setSystemTime("2026-11-26T11:00:00.001Z");
    expect(await ids("207", "box=inbox&overdue=true")).toEqual([urgent, standard, later]);
    const client = await exchange.client("207");
    await client.post(`/v1/referrals/${standard}/receipt`, { confirmedBy: "207-lead" });
    await client.post(`/v1/referrals/${later}/return`, { reason: "duplicate" });
    for (const [owner, box] of [
      ["207", "inbox"],
      ["202", "outbox"],
    ] as const) {
      expect(await ids(owner, `box=${box}&state=awaiting-receipt&overdue=true`)).toEqual([urgent]);
      expect(await ids(owner, `box=${box}&state=returned`)).toEqual([later]);
      expect(await ids(owner, `box=${box}&state=concluded`)).toEqual([]);
    }
    expect(await ids("207", "box=inbox&state=received")).toEqual([standard]);
    expect(await ids("201", "box=outbox&state=received")).toEqual([standard]);
    expect(await ids("207", "box=inbox&overdue=true")).toEqual([urgent]);
    expect(await ids("207", "box=inbox&overdue=false")).toEqual([standard, later]);
    expect(await ids("207", "box=inbox")).toEqual([urgent, standard, later]);
  });
});

describe("paging", () => {
  const made: string[] = [];

  beforeAll(async () => {
    for (let minute = 0; minute < 7; minute += 1) {
      made.push(await at(`2026-11-27T09:0${minute}:00.000Z`, "209", { recipient: "210" }));
    }
  });

  it("gives 7 referrals in pages of 3, 3 and 1, none twice and none left out", async () => {
    const inbox = await pages<Summary>("210", "/v1/referrals?box=inbox&limit=3");
    expect(inbox.map((items) => items.map(({ id }) => id))).toEqual([
      made.slice(0, 3),
      made.slice(3, 6),
      made.slice(6),
    ]);
    const outbox = await pages<Summary>("209", "/v1/referrals?box=outbox&limit=3");
    const newestFirst = made.toReversed();
    expect(outbox.map((items) => items.map(({ id }) => id))).toEqual([
      newestFirst.slice(0, 3),
      newestFirst.slice(3, 6),
      newestFirst.slice(6),
    ]);
  });

  it("pages a filtered list as well", async () => {
    for (const filter of ["state=awaiting-receipt", "overdue=false", "state=awaiting-receipt&overdue=false"]) {
      const inbox = await pages<Summary>("210", `/v1/referrals?box=inbox&${filter}&limit=3`);
      expect(inbox.flat().map(({ id }) => id)).toEqual(made);
      const outbox = await pages<Summary>("209", `/v1/referrals?box=outbox&${filter}&limit=3`);
      expect(outbox.flat().map(({ id }) => id)).toEqual(made.toReversed());
    }
  });

  it("takes limits from 1 to 100", async () => {
    expect((await page("210", "/v1/referrals?box=inbox&limit=1")).items).toHaveLength(1);
    expect(await page("210", "/v1/referrals?box=inbox&limit=100")).toMatchObject({ items: { length: 7 }, next: null });
  });

  it("pages the CME list, newest first", async () => {
    const open = await pages<Entry>("209", "/v1/cme-list?limit=3");
    expect(open.map((items) => items.map(({ referralId }) => referralId))).toEqual([
      made.slice(4).toReversed(),
      made.slice(1, 4).toReversed(),
      made.slice(0, 1),
    ]);
    expect(await page("209", "/v1/cme-list?status=closed")).toEqual({ items: [], next: null });
  });

  it("refuses a cursor that was altered", async () => {
    const { next } = await page("210", "/v1/referrals?box=inbox&limit=3");
    const cursor = String(next);
    expect((await page("210", `/v1/referrals?box=inbox&limit=2&cursor=${cursor}`)).items).toHaveLength(2);
    const [position, seal] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [
      Record<string, string>,
      string,
    ];
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    for (const altered of [
      "",
      "x",
      cursor.slice(0, -1),
      `${cursor}A`,
      `${cursor.slice(0, 9)}${cursor[9] === "A" ? "B" : "A"}${cursor.slice(10)}`,
      encodeURIComponent(`${cursor}=`),
      encoded([{ ...position, recipient: "330" }, seal]),
      encoded([{ ...position, referralId: made[0] }, seal]),
      encoded([position, `${seal.slice(0, -1)}${seal.endsWith("A") ? "B" : "A"}`]),
      encoded([position]),
      encoded([position, seal, 1]),
      encoded(null),
      encoded({}),
    ]) {
      expect([altered, await refusal("210", `/v1/referrals?box=inbox&limit=3&cursor=${altered}`)]).toEqual([
        altered,
        cursorInvalid,
      ]);
    }
  });

  it("refuses a cursor that the caller made itself, by the public recipe, and that leads nowhere", async () => {
    for (const position of [null, "x", 1, [], {}, { a: 1 }, { recipient: "210" }, { recipient: {} }]) {
      const list = ["referrals", "210", "inbox", null, null];
      const digest = createHash("sha256")
        .update(JSON.stringify([list, position]))
        .digest("base64url");
      const cursor = Buffer.from(JSON.stringify([position, digest.slice(0, 22)])).toString("base64url");
      expect([position, await refusal("210", `/v1/referrals?box=inbox&cursor=${cursor}`)]).toEqual([
        position,
        cursorInvalid,
      ]);
    }
  });

  it("refuses a cursor of another list, or of another authority's", async () => {
    const inbox = (await page("210", "/v1/referrals?box=inbox&limit=3")).next;
    const outbox = (await page("209", "/v1/referrals?box=outbox&limit=3")).next;
    const open = (await page("209", "/v1/cme-list?limit=3")).next;
    expect([inbox, outbox, open]).not.toContain(null);
    const wrong: [string, string][] = [
      ["209", `/v1/referrals?box=inbox&cursor=${inbox}`],
      ["207", `/v1/referrals?box=inbox&cursor=${inbox}`],
      ["210", `/v1/referrals?box=outbox&cursor=${inbox}`],
      ["210", `/v1/referrals?box=inbox&state=awaiting-receipt&cursor=${inbox}`],
      ["210", `/v1/referrals?box=inbox&overdue=false&cursor=${inbox}`],
      ["209", `/v1/referrals?box=inbox&cursor=${outbox}`],
      ["209", `/v1/cme-list?cursor=${outbox}`],
      ["209", `/v1/cme-list?status=closed&cursor=${open}`],
      ["210", `/v1/cme-list?cursor=${open}`],
      ["210", `/v1/referrals/${made[0]}/events?cursor=${inbox}`],
    ];
    for (const [owner, path] of wrong) expect([path, await refusal(owner, path)]).toEqual([path, cursorInvalid]);
  });

  it.each(["0", "101", "abc", "-1", "1.5", "", "007", "1e1", "%2010", "99999999999999999999"])(
    "refuses the limit %j",
    async (limit) => {
      for (const path of ["/v1/referrals?box=inbox", "/v1/cme-list?status=open", `/v1/referrals/${made[0]}/events?`]) {
        expect(await refusal("210", `${path}&limit=${limit}`)).toEqual({
          status: 422,
          code: "validation-failed",
          errors: [{ pointer: "/limit", detail: "must be a whole number from 1 to 100" }],
        });
      }
    },
  );

  it.each([
    ["/v1/referrals", [{ pointer: "/box", detail: "is required" }]],
    ["/v1/referrals?box=drafts", [{ pointer: "/box", detail: "must be one of: inbox, outbox, temporary" }]],
    ["/v1/referrals?box=inbox&box=outbox", [{ pointer: "/box", detail: "must be given once" }]],
    ["/v1/referrals?box=inbox&overdue=1", [{ pointer: "/overdue", detail: "must be one of: true, false" }]],
    [
      "/v1/referrals?box=inbox&state=lost",
      [
        {
          pointer: "/state",
          detail: "must be one of: awaiting-receipt, received, located, not-located, returned, withdrawn, concluded",
        },
      ],
    ],
    ["/v1/cme-list?status=suspected", [{ pointer: "/status", detail: "must be one of: open, closed" }]],
    [
      `/v1/cme-list?cursor=${"A".repeat(1025)}`,
      [{ pointer: "/cursor", detail: "must be at most 1024 characters long" }],
    ],
  ])("refuses %s", async (path, errors) => {
    expect(await refusal("210", path)).toEqual({ status: 422, code: "validation-failed", errors });
  });

  it.each(["surname=Smith", "Box=inbox", "constructor=1", "__proto__=1", "toString=", "=1"])(
    "refuses the unknown parameter %s",
    async (parameter) => {
      expect(await refusal("210", `/v1/referrals?box=inbox&${parameter}`)).toEqual({
        status: 422,
        code: "validation-failed",
        errors: [{ pointer: "", detail: "has a query parameter other than box, state, overdue, limit, cursor" }],
      });
    },
  );
});

describe("the trail", () => {
  type Event = Record<string, unknown> & { sequence: number; hash: string; previousHash: string | null };

  /** RFC 8785 for what an event holds: objects, texts, whole numbers and null. */
  const canonical = (value: unknown): string =>
    typeof value === "object" && value !== null
      ? `{${Object.entries(value)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
          .join(",")}}`
      : JSON.stringify(value);

  const hashOf = ({ hash: _hash, ...event }: Event): string =>
    `sha-256:${createHash("sha256").update(canonical(event)).digest("base64url")}`;

  it("comes in pages that make one chain, whose last sequence is the referral's version", async () => {
    const id = await at("2026-11-27T10:00:00.000Z", "211", { recipient: "212" });
    const sender = await exchange.client("211");
    const recipient = await exchange.client("212");
    await recipient.get(`/v1/referrals/${id}/child`);
    await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "212-lead", note: "Thank you." });
    await sender.post(`/v1/referrals/${id}/removal`, { removedBy: "211-inbox" });
    await recipient.post(`/v1/referrals/${id}/finding`, { finding: "located", foundBy: "212-lead" });
    await recipient.get(`/v1/referrals/${id}/notes`);
    const provision = "Taught at home.";
    await recipient.post(`/v1/referrals/${id}/conclusion`, { outcome: "suitable-education-otherwise", provision });

    const paged = await pages<Event>("211", `/v1/referrals/${id}/events?limit=3`);
    expect(paged.map(({ length }) => length)).toEqual([3, 3, 1]);
    const trail = paged.flat();
    expect(trail.map(({ type }) => type)).toEqual([
      "referral.submitted",
      "referral.child-read",
      "referral.received",
      "referral.removed",
      "referral.located",
      "referral.child-read",
      "referral.concluded",
    ]);
    expect(trail.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(trail.map(({ previousHash }) => previousHash)).toEqual([
      null,
      ...trail.slice(0, -1).map(({ hash }) => hash),
    ]);
    expect(trail.map(hashOf)).toEqual(trail.map(({ hash }) => hash));
    expect(new Set(trail.map(({ referralId }) => referralId))).toEqual(new Set([id]));
    expect((await get("211", `/v1/referrals/${id}`)).json()).toMatchObject({ version: 7 });
    expect(await page("212", `/v1/referrals/${id}/events`)).toEqual({ items: trail, next: null });
  });

  it("has cursors of its own", async () => {
    const id = await at("2026-11-27T10:00:00.000Z", "211", { recipient: "212", child: exampleReferral().child });
    const other = await at("2026-11-27T10:00:00.000Z", "211", { recipient: "212" });
    for (const each of [id, other]) await get("212", `/v1/referrals/${each}/child`);
    const { next } = await page("211", `/v1/referrals/${id}/events?limit=1`);
    expect((await page("212", `/v1/referrals/${id}/events?limit=1&cursor=${next}`)).items).toMatchObject([
      { sequence: 2 },
    ]);
    expect(await refusal("211", `/v1/referrals/${other}/events?limit=1&cursor=${next}`)).toEqual(cursorInvalid);
  });
});

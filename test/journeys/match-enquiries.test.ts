import { createHash, createHmac } from "node:crypto";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, describe, expect, it } from "vitest";
import { passMatchOn } from "../../functions/contact-list/pass-match-on.ts";
import { handler as findMatches } from "../../functions/enquiries/find-matches.ts";
import type { Answer, Client } from "../../infra/local/client.ts";
import { exchangeItself } from "../../shared/domain/event-chain.ts";
import { dynamoClient, type Item } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { tables } from "../../shared/store/tables.ts";
import { callsDuring } from "../builders/aws-calls.ts";
import { useExchange } from "../builders/exchange.ts";
import { everythingIn, findable } from "../builders/fingerprints.ts";
import { exampleReferral, submit } from "../builders/referral.ts";
import { runHistories } from "../campaigns/run-histories.ts";
import { openTrailStore } from "../campaigns/trail.ts";

const exchange = useExchange({ telling: true });

type Match = {
  id: string;
  kind: string;
  asker: string;
  asked: string | null;
  entryIds: string[];
  state: string;
  answers: { authority: string; answeredBy: string; answeredAt: string }[];
  openedAt: string;
  lapsesAt: string;
  version: number;
};
type FeedItem = { type: string; data: Record<string, unknown> };

const as = (owner: string): Promise<Client> => exchange.client(owner);
const made = <T>(answer: Answer): T => {
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as T;
};
const code = (answer: Answer): unknown => (answer.json() as { code: string }).code;

type Identity = Record<string, unknown>;
/** A child of whom only this is known. */
const childWith = (identity: Identity) => {
  const { child } = exampleReferral();
  return { ...child, identity: { forename: "Zoë", sex: "F", dateOfBirth: "2016-05-17", ...identity } };
};
const list = async (owner: string, identity: Identity): Promise<string> =>
  made<{ entryId: string }>(await (await as(owner)).post("/v1/cme-list", { child: childWith(identity) })).entryId;

const asking = async (owner: string, entryId: string): Promise<Answer> =>
  (await as(owner)).post("/v1/enquiries", { kind: "match", entryId, openedBy: `${owner}-lead` });
const ask = async (owner: string, entryId: string): Promise<Match> => made<Match>(await asking(owner, entryId));
const known = async (owner: string, id: string): Promise<Answer> =>
  (await as(owner)).post(`/v1/enquiries/${id}/answers`, { answer: "known", answeredBy: `${owner}-inbox` });
const close = async (owner: string, id: string): Promise<Answer> =>
  (await as(owner)).post(`/v1/enquiries/${id}/closure`, { reason: "no-longer-needed" });

const compare = async (): Promise<void> => {
  await exchange.telling?.tick("find-matches");
  await exchange.telling?.idle();
};

const box = async (owner: string, name: "inbox" | "outbox"): Promise<Match[]> => {
  const answer = await (await as(owner)).get(`/v1/enquiries?box=${name}&limit=100`);
  expect(answer.status, answer.text).toBe(200);
  return (answer.json() as { items: Match[] }).items;
};
/** The sides in the authority's inbox that are about one of its entries. */
const askedOf = async (owner: string, entryId: string): Promise<Match[]> =>
  (await box(owner, "inbox")).filter(({ entryIds }) => entryIds.includes(entryId));
const seen = async (owner: string, id: string): Promise<Match> => {
  const answer = await (await as(owner)).get(`/v1/enquiries/${id}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Match;
};
const eventsOf = async (owner: string, path: string) => {
  const answer = await (await as(owner)).get(`${path}/events?limit=100`);
  expect(answer.status, answer.text).toBe(200);
  return (answer.json() as { items: { type: string; actor: unknown; details: unknown }[] }).items;
};
const feed = async (owner: string): Promise<FeedItem[]> => {
  const items: FeedItem[] = [];
  let after = "";
  for (;;) {
    const page = (await (await as(owner)).get(`/v1/events?limit=100${after}`)).json() as {
      items: FeedItem[];
      next: string;
    };
    if (page.items.length === 0) return items;
    items.push(...page.items);
    after = `&after=${encodeURIComponent(page.next)}`;
  }
};
const told = async (owner: string, id: string): Promise<string[]> =>
  (await feed(owner)).filter(({ data }) => Object.values(data).includes(id)).map(({ type }) => type);
const mailTo = (owner: string, template: string) =>
  exchange
    .mailbox()
    .filter((mail) => mail.emailAddress.includes(owner) && mail.template === template)
    .map(({ emailAddress, subject, body }) => ({ emailAddress, subject, body }));

/** What of a reorganisation says where a match enquiry goes whose entry is nowhere. */
const reorganisation = {
  reorganisationId: "01a1ff62-0406-7039-ba8f-000000000000",
  effectiveOn: "2026-10-01",
  remainderTo: "213",
  state: "under-way",
  registeredAt: "2026-09-01T09:00:00.000Z",
  neighboursSettled: true,
  quietSince: null,
  completedAt: null,
  version: 1,
} as const;

const upns = ["H801200001001", "T20110001804V"] as const;
/** Each test has a child of its own, so that none meets another's. */
let born = 0;
const birthday = (): string => {
  born += 1;
  return `2015-${String(1 + Math.floor(born / 28)).padStart(2, "0")}-${String(1 + (born % 28)).padStart(2, "0")}`;
};

/** The guidance's list, "Making reasonable enquiries". */
const steps =
  "contact-parent check-agencies-involved check-siblings-schools check-previous-authority-or-school check-new-authority-or-school check-home-authority speak-to-landlord check-own-databases check-external-agencies-databases check-s2s check-giap check-national-databases home-visit contact-relatives-and-neighbours";
const retain = async (owner: string, identity: Identity): Promise<string> => {
  const entryId = await list(owner, identity);
  const client = await as(owner);
  for (const step of steps.split(" ")) {
    const body = { step, date: "2026-10-01", outcome: "nothing-found" };
    made(await client.post(`/v1/cme-list/${entryId}/enquiry-steps`, body));
  }
  made(await client.post(`/v1/cme-list/${entryId}/closure`, { as: "enquiries-exhausted" }));
  return entryId;
};

beforeAll(async () => {
  for (const owner of ["201", "330", "202", "203"]) await as(owner);
});

describe("a match enquiry", () => {
  it("reaches the holder alone, and only by its word the asker", async () => {
    const child = { surname: "O’Connor-Okafor", dateOfBirth: birthday() };
    const [own, held] = [await list("201", child), await list("330", child)];
    const asked = await ask("201", own);
    expect(asked).toMatchObject({
      kind: "match",
      asker: "201",
      asked: null,
      entryIds: [own],
      state: "open",
      answers: [],
    });
    await compare();

    const [side] = await askedOf("330", held);
    expect(side).toMatchObject({
      asker: "201",
      asked: "330",
      entryIds: [held],
      state: "open",
      lapsesAt: asked.lapsesAt,
    });
    const id = side?.id ?? "";
    expect(await told("330", id)).toEqual(["enquiry.matched"]);
    const mails = mailTo("330", "enquiry-matched");
    expect(mails.length).toBeGreaterThan(0);
    expect(JSON.stringify(mails)).not.toMatch(/Okafor|Zoë/i);
    expect(await box("202", "inbox")).toEqual([]);
    expect(await seen("201", asked.id)).toEqual(asked);
    expect(await told("201", asked.id)).toEqual(["enquiry.asked"]);

    const answer = made<Match>(await known("330", id));
    expect(answer).toMatchObject({ state: "known", answers: [{ authority: "330", answeredBy: "330-inbox" }] });
    await exchange.telling?.idle();
    expect(await seen("201", asked.id)).toMatchObject({ state: "known", answers: answer.answers, version: 2 });
    expect(await told("201", asked.id)).toEqual(["enquiry.asked", "enquiry.answered"]);
    expect(mailTo("201", "enquiry-match-known")).toHaveLength(2);
    const trail = await eventsOf("201", `/v1/enquiries/${asked.id}`);
    expect(trail.map(({ type, details }) => [type, details])).toEqual([
      ["enquiry.asked", { kind: "match", entryId: own }],
      ["enquiry.answered", { answer: "known", authority: "330" }],
    ]);
    expect((await eventsOf("330", `/v1/enquiries/${id}`)).map(({ type }) => type)).toEqual([
      "enquiry.matched",
      "enquiry.answered",
    ]);
    const again = await known("330", id);
    expect([again.status, code(again)]).toEqual([409, "state-does-not-allow"]);
  });

  it("tells each holder of all its entries that match, once", async () => {
    const twins = { surname: "Adeyemi", dateOfBirth: birthday() };
    const own = await list("201", { ...twins, forename: "Tayo" });
    const taiwo = await list("330", { ...twins, forename: "Taiwo" });
    const kehinde = await list("330", { ...twins, forename: "Kehinde" });
    const third = await list("202", { ...twins, forename: "Taiwo" });
    await ask("201", own);
    await compare();
    await compare();
    const sides = await askedOf("330", taiwo);
    expect(sides).toHaveLength(1);
    expect(sides[0]?.entryIds.toSorted()).toEqual([taiwo, kehinde].sort());
    expect((await askedOf("202", third)).map(({ entryIds }) => entryIds)).toEqual([[third]]);
    expect(await askedOf("201", own)).toEqual([]);
  });

  it("is put to whoever has the child come onto its list while it is open, and not after", async () => {
    const child = { surname: "Kowalczyk", dateOfBirth: birthday() };
    const own = await list("201", child);
    const asked = await ask("201", own);
    await compare();
    const later = await list("202", child);
    await compare();
    expect((await askedOf("202", later)).map(({ asker }) => asker)).toEqual(["201"]);
    const sibling = await list("202", child);
    await compare();
    const [side] = await askedOf("202", sibling);
    expect(side).toMatchObject({ entryIds: [later, sibling], version: 2 });
    made(await close("201", asked.id));
    await compare();
    expect(await seen("202", side?.id ?? "")).toMatchObject({ state: "closed" });
    const tooLate = await list("203", child);
    await compare();
    expect(await askedOf("203", tooLate)).toEqual([]);
    const answer = await known("202", side?.id ?? "");
    expect([answer.status, code(answer)]).toEqual([409, "state-does-not-allow"]);
  });

  it("is compared once, however many do it at once and whatever is compared first", async () => {
    const child = { surname: "Nwachukwu", dateOfBirth: birthday() };
    const own = await list("201", child);
    await ask("201", own);
    const held = await list("202", child);
    await Promise.all([findMatches(), findMatches(), findMatches()]);
    await compare();
    const sides = await askedOf("202", held);
    expect(sides.map(({ version }) => version)).toEqual([1]);
  });

  it("goes with the entries of an authority that is reorganised, and is answered to the successor", async () => {
    const child = { surname: "Tregenza", dateOfBirth: birthday() };
    const [own, held] = [await list("211", child), await list("212", child)];
    const asked = await ask("211", own);
    await compare();
    const [side] = await askedOf("212", held);
    const deps = { dynamo: dynamoClient(), tables: tableNames("enquiries", "entries", "caseEvents", "outbox") };
    const passed = (predecessor: string, id: string) =>
      passMatchOn({ ...reorganisation, successors: ["213"], predecessor }, id, deps, exchangeItself);
    expect(await passed("211", asked.id)).toBe(false);
    for (const [entryId, authority] of [
      [own, "213"],
      [held, "301"],
    ] as const) {
      const [entry] = (await everythingIn(tables.entries.name)).filter((each) => each.entryId === entryId);
      await dynamoClient().send(new PutCommand({ TableName: tables.entries.name, Item: { ...entry, authority } }));
    }
    expect(await passed("211", asked.id)).toBe(true);
    expect(await passed("211", asked.id)).toBe(false);
    expect(await passed("212", side?.id ?? "")).toBe(true);
    expect(code(await known("212", side?.id ?? ""))).toBe("not-found");
    made(await known("301", side?.id ?? ""));
    expect(await seen("213", asked.id)).toMatchObject({
      asker: "213",
      state: "known",
      answers: [{ authority: "301" }],
    });
  });

  it("ends with the entry, and with its referral", async () => {
    const [one, other] = [birthday(), birthday()];
    const closed = await list("201", { surname: "Ababio", dateOfBirth: one });
    const referred = await list("201", { surname: "Ababio", dateOfBirth: other });
    const held = await list("202", { surname: "Ababio", dateOfBirth: one });
    const [first, second] = [await ask("201", closed), await ask("201", referred)];
    await compare();
    const client = await as("201");
    made(await client.post(`/v1/cme-list/${closed}/closure`, { as: "deceased" }));
    await submit(client, { entryId: referred });
    await compare();
    expect(await seen("201", first.id)).toMatchObject({ state: "closed", closedFor: "entry-closed" });
    expect(await seen("201", second.id)).toMatchObject({ state: "closed", closedFor: "entry-referred" });
    expect((await askedOf("202", held)).map(({ state }) => state)).toEqual(["closed"]);
  });

  it("is answered by the holder alone, and with known alone", async () => {
    const child = { surname: "Featherstonehaugh", dateOfBirth: birthday() };
    const [own, held] = [await list("201", child), await list("330", child)];
    const asked = await ask("201", own);
    await compare();
    const [side] = await askedOf("330", held);
    const id = side?.id ?? "";
    for (const owner of ["201", "202"]) {
      expect(code(await known(owner, id))).toBe("not-found");
      expect((await (await as(owner)).get(`/v1/enquiries/${id}`)).status).toBe(404);
      expect((await (await as(owner)).get(`/v1/enquiries/${id}/events`)).status).toBe(404);
    }
    expect(code(await known("201", asked.id))).toBe("not-your-role");
    expect(code(await known("330", asked.id))).toBe("not-found");
    expect(code(await close("330", id))).toBe("not-your-role");
    const client = await as("330");
    const answers = `/v1/enquiries/${id}/answers`;
    for (const [body, pointer] of [
      [{ answer: "not-known", answeredBy: "330-lead" }, "/answer"],
      [{ answer: "cannot-say", answeredBy: "330-lead" }, "/answer"],
      [{ answer: "known", answeredBy: "201-lead" }, "/answeredBy"],
      [{ answer: "known", answeredBy: "330-lead", note: "At her aunt’s." }, "/note"],
    ] as const) {
      const answer = await client.post(answers, body);
      expect(answer.status).toBe(422);
      expect((answer.json() as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)).toEqual([
        pointer,
      ]);
    }
    expect(await seen("201", asked.id)).toEqual(asked);
  });

  it("is refused for what is no child on the caller's own list, or one who is referred or asked about already", async () => {
    const child = { surname: "Ó Súilleabháin", dateOfBirth: birthday() };
    const own = await list("201", child);
    for (const owner of ["330", "202"]) expect((await asking(owner, own)).status).toBe(422);
    const asked = await ask("201", own);
    const again = await asking("201", own);
    expect([again.status, again.json()]).toMatchObject([409, { code: "already-asked", enquiryId: asked.id }]);
    made(await close("201", asked.id));
    await ask("201", own);
    const nobody = await list("201", { surname: "Unknown", forename: "Unknown", dateOfBirth: birthday() });
    expect((await asking("201", nobody)).status).toBe(422);
    const referred = await list("201", { surname: "Ó Súilleabháin", dateOfBirth: birthday() });
    await submit(await as("201"), { entryId: referred });
    expect(code(await asking("201", referred))).toBe("entry-already-referred");
  });
});

describe("no match and a silent holder", () => {
  type Life = { answer: unknown; headers: string[]; seen: unknown; events: unknown; told: string[]; calls: string[] };

  /** All that the asker can see of an enquiry from beginning to end, without ids, times and hashes. */
  const lifeOf = async (entryId: string): Promise<Life> => {
    const client = await as("203");
    let asked: Answer | undefined;
    const calls = await callsDuring(async () => {
      asked = await asking("203", entryId);
      return asked;
    }, 201);
    if (!asked) throw new TypeError("Nothing was asked");
    const { id } = asked.json() as Match;
    await compare();
    const after = await seen("203", id);
    await lapse(id);
    await compare();
    const trail = await eventsOf("203", `/v1/enquiries/${id}`);
    calls.push(...(await callsDuring(() => client.get(`/v1/enquiries/${id}`), 200)));
    calls.push(...(await callsDuring(() => client.get("/v1/enquiries?box=outbox"), 200)));
    const entry = (await client.get(`/v1/cme-list/${entryId}`)).json() as Item;
    const hidden = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value)
          .replaceAll(entryId, "entry")
          .replaceAll(id, "enquiry")
          .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "time")
          .replace(/sha-256:[\w-]+/g, "hash"),
      );
    return {
      answer: hidden(asked.json()),
      headers: [...asked.headers.keys()].sort(),
      seen: hidden([after, await seen("203", id), entry]),
      events: hidden(trail),
      told: await told("203", id),
      calls,
    };
  };

  /** As if twenty working days had gone by for everybody who was asked. */
  const lapse = async (id: string): Promise<void> => {
    const long = "2026-01-05T09:00:00.000Z";
    const items = await everythingIn(tables.enquiries.name);
    const sides = items.filter(({ enquiryId, parentId }) => enquiryId === id || parentId === id);
    for (const side of sides) {
      const Item = { ...side, lapsesAt: long };
      await dynamoClient().send(new PutCommand({ TableName: tables.enquiries.name, Item }));
    }
  };

  it("can't be told apart by the asker: answer, headers, calls to AWS, states, versions, trail, events and order", async () => {
    const dateOfBirth = birthday();
    const matched = await list("203", { surname: "Hartigan", dateOfBirth });
    const alone = await list("203", { surname: "Hartigan", dateOfBirth: birthday() });
    const held = await list("330", { surname: "Hartigan", dateOfBirth });
    await compare();
    const [silence, nobody] = [await lifeOf(matched), await lifeOf(alone)];
    expect((await askedOf("330", held)).map(({ state }) => state)).toEqual(["lapsed"]);
    expect(silence).toEqual(nobody);
    expect(silence.told).toEqual(["enquiry.asked", "enquiry.lapsed"]);
    expect(silence.calls).toEqual([
      "dynamodb BatchGetItem",
      "dynamodb TransactWriteItems",
      "dynamodb BatchGetItem",
      "dynamodb Query",
    ]);
    expect((await box("203", "outbox")).map(({ entryIds }) => entryIds)).toEqual([[alone], [matched]]);
    const [side] = await askedOf("330", held);
    expect(code(await known("330", side?.id ?? ""))).toBe("state-does-not-allow");
  });
});

describe("against trawling", () => {
  it("an authority asks 20 times a day, and is told when it may ask again", async () => {
    const surname = "Quist";
    const entries = await Promise.all(
      Array.from({ length: 21 }, () => list("209", { surname, dateOfBirth: birthday() })),
    );
    const before = entries.slice(0, 20);
    for (const entryId of before) await ask("209", entryId);
    const refused = await asking("209", entries[20] ?? "");
    expect([refused.status, code(refused)]).toEqual([429, "too-many-requests"]);
    expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d{0,4}$/);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(25 * 60 * 60);
    expect((await asking("208", await list("208", { surname, dateOfBirth: birthday() }))).status).toBe(201);
    const counted = (await everythingIn(tables.counters.name)).filter(
      ({ counter }) => counter === "match-enquiries#209",
    );
    expect(counted.map(({ count }) => count)).toEqual([20]);
    const asked = (await everythingIn(tables.caseEvents.name)).filter(
      ({ type, actor }) => type === "enquiry.asked" && (actor as { authority: string }).authority === "209",
    );
    expect(asked.map(({ details }) => (details as { entryId: string }).entryId).toSorted()).toEqual(before.toSorted());
  });

  it("twenty-five who ask at once are no more than twenty", async () => {
    const entries: string[] = [];
    for (let each = 0; each < 25; each += 1) {
      entries.push(await list("210", { surname: "Quist", dateOfBirth: birthday() }));
    }
    const answers = await Promise.all(entries.map((entryId) => asking("210", entryId)));
    const counts = Object.groupBy(answers, ({ status }) => String(status));
    expect(counts["201"]?.length ?? 0).toBeLessThanOrEqual(20);
    expect(answers.every(({ status }) => [201, 429, 503].includes(status))).toBe(true);
  });
});

describe("a retained record", () => {
  it("is found when the child comes onto another list: its keeper learns that, and not where", async () => {
    const child = { surname: "Marwick", dateOfBirth: birthday() };
    const kept = await retain("202", child);
    await compare();
    const found = await list("330", child);
    await compare();
    expect(await told("202", kept)).toContain("entry.matched");
    const trail = await eventsOf("202", `/v1/cme-list/${kept}`);
    expect(trail.at(-1)).toMatchObject({ type: "entry.matched", details: {}, actor: { authority: "exchange" } });
    const mails = mailTo("202", "retained-child-found");
    expect(mails.length).toBeGreaterThan(0);
    expect(JSON.stringify(mails)).not.toMatch(/Marwick|Birmingham|330/);
    expect(await askedOf("330", found)).toEqual([]);

    const asked = await ask("202", kept);
    await compare();
    const [side] = await askedOf("330", found);
    expect(side).toMatchObject({ asker: "202", entryIds: [found] });
    made(await known("330", side?.id ?? ""));
    expect(await seen("202", asked.id)).toMatchObject({ state: "known", answers: [{ authority: "330" }] });
    made(await (await as("202")).post(`/v1/cme-list/${kept}/erasure`, { because: "located" }));
    const rows = await everythingIn(tables.fingerprints.name);
    expect(rows.filter(({ entryId }) => entryId === kept)).toEqual([]);
    const [erased] = (await everythingIn(tables.entries.name)).filter(({ entryId }) => entryId === kept);
    expect(erased?.fingerprints).toEqual([]);
    await list("203", child);
    await compare();
    expect((await told("202", kept)).filter((type) => type === "entry.matched")).toHaveLength(1);
  });

  it("is found by a referral, at its submission and at its receipt", async () => {
    const identity = { surname: "Lightfoot", dateOfBirth: birthday() };
    const kept = await retain("202", identity);
    const { id } = await submit(await as("201"), { child: childWith(identity) });
    await compare();
    expect((await told("202", kept)).filter((type) => type === "entry.matched")).toHaveLength(1);
    made(await (await as("330")).post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }));
    await compare();
    expect((await told("202", kept)).filter((type) => type === "entry.matched")).toHaveLength(2);
  });

  it("is found by a match enquiry, and its keeper told who asks", async () => {
    const child = { surname: "Strickland", dateOfBirth: birthday() };
    const own = await list("201", child);
    await compare();
    const kept = await retain("202", child);
    await ask("201", own);
    await compare();
    expect((await askedOf("202", kept)).map(({ asker }) => asker)).toEqual(["201"]);
    expect(await told("202", kept)).not.toContain("entry.matched");
  });
});

describe("names meet as they are written", () => {
  it.each<[string, Identity, Identity]>([
    ["an apostrophe and none", { surname: "O’Brien" }, { surname: "OBRIEN" }],
    ["an accent and none", { surname: "Peña", forename: "Zoë" }, { surname: "Pena", forename: "Zoe" }],
    [
      "forename and surname exchanged",
      { forename: "Nguyen", surname: "Thanh" },
      { forename: "Thanh", surname: "Nguyen" },
    ],
    ["double-barrelled and a part", { surname: "Smith-Jones" }, { surname: "Jones" }],
    ["a former surname", { surname: "Novak", formerSurnames: ["Horvat"] }, { surname: "Horvat" }],
    ["the UPN, and nothing else", { surname: "Abara", upn: upns[0] }, { surname: "Zielinski", upn: upns[0] }],
  ])("%s", async (_, one, other) => {
    const sameDay = birthday();
    const [own, held] = [
      await list("201", { dateOfBirth: sameDay, ...one }),
      await list("330", { dateOfBirth: one.upn ? birthday() : sameDay, ...other }),
    ];
    made(await asking("204", await list("204", { dateOfBirth: sameDay, ...one })));
    await compare();
    expect((await askedOf("330", held)).map(({ asker }) => asker)).toEqual(["204"]);
    expect((await askedOf("201", own)).map(({ asker }) => asker)).toEqual(["204"]);
  });

  it("and another birthday is another child", async () => {
    await list("205", { surname: "O’Brien", dateOfBirth: birthday() });
    await ask("204", await list("204", { surname: "O’Brien", dateOfBirth: birthday() }));
    await compare();
    expect(await box("205", "inbox")).toEqual([]);
  });
});

describe("with a stolen token and the whole database, but not the key", () => {
  it("nothing about a name can be learnt", async () => {
    const dateOfBirth = birthday();
    const child = { surname: "Thistlethwaite", forename: "Marigold", dateOfBirth, upn: upns[1] };
    const entries = [await list("206", child), await list("207", child)];
    await list("207", { surname: "Thistlethwaite", forename: "Marigold", dateOfBirth: birthday() });
    await ask("206", entries[0] ?? "");
    await compare();
    const everything = await Promise.all(Object.values(tables).map(({ name }) => everythingIn(name)));
    const database = JSON.stringify(everything);
    expect(database.length).toBeGreaterThan(100_000);
    for (const plain of ["Thistlethwaite", "thistlethwaite", "Marigold", "marigold", dateOfBirth, upns[1]]) {
      expect(database, plain).not.toContain(plain);
    }
    // The rules are published, so whoever guesses the child knows every text: with no key, and with each key at hand.
    const guesses = [
      `upn|${upns[1]}`,
      `name-dob|thistlethwaite|${dateOfBirth}`,
      `both-names-dob|marigold|thistlethwaite|${dateOfBirth}`,
    ];
    const keys = ["", "cme-fingerprints", "alias/cme-fingerprints", "206", "207", ...entries];
    const tried = guesses.flatMap((guess) => [
      ...["sha256", "sha512", "sha1", "md5"].map((hash) => createHash(hash).update(guess).digest()),
      ...keys.map((key) => createHmac("sha256", key).update(guess).digest()),
    ]);
    for (const digest of tried) {
      for (const encoding of ["base64url", "base64", "hex"] as const) {
        expect(database).not.toContain(digest.toString(encoding));
      }
    }
    // All that is seen: that two entries are of one child. Neither how many names it has in common, nor which they are.
    const [one, other] = entries.map((entryId) =>
      everything.flat().find((item) => item.entryId === entryId && Array.isArray(item.fingerprints)),
    );
    expect(one?.fingerprints).toEqual(other?.fingerprints);
    expect(one?.fingerprints).toHaveLength(3);
    const fingerprints = (one?.fingerprints ?? []) as string[];
    for (const fingerprint of fingerprints) expect(fingerprint).toMatch(/^[\w-]{43}$/);
    // And an attacker with the token can ask no route for a fingerprint or with one.
    const answers = await Promise.all(
      ["/v1/cme-list", `/v1/cme-list/${entries[0]}`, "/v1/enquiries?box=outbox", "/v1/events"].map(async (path) =>
        (await as("206")).get(path),
      ),
    );
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      for (const fingerprint of fingerprints) expect(text).not.toContain(fingerprint);
    }
  });
});

describe("what can be found by fingerprint", () => {
  it("is what is on a list or retained, after all that happened here", async () => {
    const { found, expected } = await findable();
    expect(expected.length).toBeGreaterThan(50);
    expect(found).toEqual(expected);
  });

  it("and after random histories of three authorities", async () => {
    const store = openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? "");
    await runHistories({ client: exchange.client, store }, { seed: 20_261, runs: 5, maxSteps: 25 });
    const { found, expected } = await findable();
    expect(found).toEqual(expected);
  }, 60_000);

  it("waits for no comparison that was made", async () => {
    for (let round = 0; round < 5; round += 1) await compare();
    const waiting = (await everythingIn(tables.fingerprints.name)).filter(({ fingerprint }) =>
      String(fingerprint).startsWith("to-compare#"),
    );
    expect(waiting).toEqual([]);
  });
});

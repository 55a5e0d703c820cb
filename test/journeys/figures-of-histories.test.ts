import { createHash } from "node:crypto";
import { DynamoDBClient, paginateScan } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBStreamEvent } from "aws-lambda";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { handler as fanOut } from "../../functions/delivery/fan-out.ts";
import { type Client, connect } from "../../infra/local/client.ts";
import { shownNumber, shownParts } from "../../shared/domain/suppression.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral } from "../builders/referral.ts";
import { runHistories } from "../campaigns/run-histories.ts";
import { openTrailStore } from "../campaigns/trail.ts";

/** Nobody is told of anything until the histories are over: what they leave is counted out of order, and twice. */
const begin = Date.parse("2026-08-03T11:00:00.000Z");
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: begin });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});

const day = 24 * 60 * 60_000;
const numberFrom = (text: string): number => createHash("sha256").update(text).digest().readUInt16BE();

/** Days pass before each deed, and no two requests are of one moment. It stays near noon, so that UTC's date is England's. */
let [days, requests] = [0, 0];
const passTime = (more = 0): void => {
  days += more;
  requests += 1;
  vi.setSystemTime(begin + Math.floor(days) * day + (requests % 36_000) * 100);
};

const kinds = [
  { sex: "F", dateOfBirth: "2016-05-17", reason: "believed-moved-to-another-authority" },
  { sex: "M", dateOfBirth: "2011-12-01", reason: "awaiting-start" },
  { sex: "M", dateOfBirth: "2020-02-29", reason: undefined },
  { sex: "F", dateOfBirth: "2012-07-01", reason: "mental-health" },
  { sex: undefined, dateOfBirth: "2016-05-17", reason: "awaiting-start" },
] as const;

/** The example with another child, the same for the same key. */
const childFor = (key: string) => {
  const { child } = exampleReferral();
  const { sex, dateOfBirth, reason } = kinds[numberFrom(key) % kinds.length] ?? kinds[0];
  return {
    ...child,
    identity: { ...child.identity, dateOfBirth, sex: sex ?? "U" },
    circumstances: reason === undefined ? {} : { reasonMissing: reason },
  };
};

/** A client through whom days pass and whose children differ. */
const restless = async (owner: string): Promise<Client> => {
  const client = await exchange.client(owner);
  return {
    ...client,
    get: (path, request) => {
      passTime();
      return client.get(path, request);
    },
    post: (path, body, request = {}) => {
      passTime(3.3);
      const changed = path === "/v1/referrals" ? { ...(body as object), child: childFor(request.key ?? "") } : body;
      return client.post(path, changed, request);
    },
  };
};

type Figures = { sex: string; leavesOn: string; reason: string };
type Stored = {
  events: { referralId: string; sequence: number; type: string; at: string };
  "case-events": { subject: string; sequence: number; type: string; at: string };
  referrals: {
    referralId: string;
    sender: string;
    recipient: string;
    senderEntryId: string;
    recipientEntryId: string | null;
    submittedAt: string;
    receivedAt: string | null;
    state: string;
  };
  entries: { entryId: string; authority: string; figures: Figures };
  outbox: { subject: string; sequence: number };
  counters: { counter: string; bucket: string } & Record<string, string | number>;
};

const scan = async <Name extends keyof Stored>(name: Name): Promise<Stored[Name][]> => {
  const items: Stored[Name][] = [];
  for await (const { Items = [] } of paginateScan({ client: new DynamoDBClient() }, { TableName: `cme-${name}` })) {
    items.push(...Items.map((item) => unmarshall(item) as Stored[Name]));
  }
  return items;
};

/** A child's time on a list, by days: from its first on, until the day at whose end it was off it. */
type Spell = { entryId: string; authority: string; openedOn: string; from: string; until: string | null };

/** From nothing but what the trails tell, which entry each referral is of, and the figures of each entry. */
const spellsFrom = async (): Promise<Spell[]> => {
  const [events, caseEvents, referrals, entries] = await Promise.all([
    scan("events"),
    scan("case-events"),
    scan("referrals"),
    scan("entries"),
  ]);
  const referralOf = new Map(referrals.map((each) => [each.referralId, each]));
  const authorityOf = new Map(entries.map((each) => [each.entryId, each.authority]));
  const removed = new Set<string>();
  const moves = events
    .sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : one.sequence - other.sequence))
    .flatMap(({ referralId, type, at }) => {
      const { senderEntryId, recipientEntryId } = referralOf.get(referralId) as Stored["referrals"];
      const move = (entryId: string | null | undefined, on: boolean) => ({ entryId: entryId ?? "", on, at });
      if (type === "referral.removed") removed.add(referralId);
      switch (type) {
        case "referral.submitted":
          return [move(senderEntryId, true)];
        case "referral.received":
          return [move(recipientEntryId, true)];
        case "referral.removed":
          return [move(senderEntryId, false)];
        case "referral.not-located":
          return [move(recipientEntryId, false), ...(removed.has(referralId) ? [move(senderEntryId, true)] : [])];
        case "referral.concluded":
          return [move(recipientEntryId, false)];
        default:
          return [];
      }
    });
  const own = caseEvents.flatMap(({ subject, type, at }) =>
    type === "entry.added" || type === "entry.closed"
      ? [{ entryId: subject.slice("entry#".length), on: type === "entry.added", at }]
      : [],
  );
  const spells: Spell[] = [];
  // A referral of another kind has no entries.
  const ofEntries = [...moves, ...own].filter(({ entryId }) => entryId !== "");
  const byEntry = Map.groupBy(ofEntries, ({ entryId }) => entryId);
  for (const [entryId, all] of byEntry) {
    let spell: Spell | undefined;
    let openedOn: string | undefined;
    for (const { on, at } of all.sort((one, other) => (one.at < other.at ? -1 : 1))) {
      const date = at.slice(0, "2026-10-01".length);
      if (on && !spell) {
        openedOn ??= date;
        spell = { entryId, authority: authorityOf.get(entryId) ?? "", openedOn, from: date, until: null };
        spells.push(spell);
      } else if (!on && spell) {
        spell.until = date;
        spell = undefined;
      }
    }
  }
  return spells;
};

const count = <Code extends string>(codes: readonly Code[], of: readonly string[]): Record<Code, number> =>
  Object.fromEntries(codes.map((code) => [code, of.filter((each) => each === code).length])) as Record<Code, number>;

const bandOf = (from: string, to: string): string => {
  const weeks = (Date.parse(to) - Date.parse(from)) / (7 * day);
  if (weeks > 52) return "over-52-weeks";
  const [lower, upper] = [
    [0, 2],
    [2, 4],
    [4, 8],
    [8, 12],
    [12, 26],
    [26, 53],
  ].find(([, end = 0]) => weeks < end) ?? [0, 0];
  return lower === 0 ? "under-2-weeks" : `${lower}-to-${upper === 53 ? 52 : upper}-weeks`;
};

const yearGroups = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "R"] as const;
const bands = [
  "under-2-weeks",
  "2-to-4-weeks",
  "4-to-8-weeks",
  "8-to-12-weeks",
  "12-to-26-weeks",
  "26-to-52-weeks",
  "over-52-weeks",
] as const;

const terms = [
  { term: "2026-autumn", on: "2026-10-01", yearEnds: 2027 },
  { term: "2027-spring", on: "2027-01-21", yearEnds: 2027 },
  { term: "2027-summer", on: "2027-05-20", yearEnds: 2027 },
  { term: "2027-autumn", on: "2027-10-07", yearEnds: 2028 },
  { term: "2028-spring", on: "2028-01-20", yearEnds: 2028 },
  { term: "2028-summer", on: "2028-05-18", yearEnds: 2028 },
  // Two kinds of these children are above compulsory school age since June.
  { term: "2028-autumn", on: "2028-10-05", yearEnds: 2029 },
];

const trio = ["201", "202", "330"];

/** In any order, and each of them twice. */
const tellAll = async (): Promise<void> => {
  const rows = await scan("outbox");
  const shuffled = [...rows, ...rows].sort(
    (one, other) => numberFrom(JSON.stringify(one)) - numberFrom(JSON.stringify(other)),
  );
  await Promise.all(
    [0, 1, 2, 3].map(async (part) => {
      for (const { subject, sequence } of shuffled.filter((_, index) => index % 4 === part)) {
        const Keys = { subject: { S: subject }, sequence: { N: String(sequence) } };
        await fanOut({
          Records: [{ eventName: "INSERT", dynamodb: { Keys, SequenceNumber: "1" } }],
        } as unknown as DynamoDBStreamEvent);
      }
    }),
  );
};

/** However the histories go: a child who was removed, sought in vain, and is on the sender's list again. */
const backOnTheList = async (): Promise<void> => {
  const [sender, recipient] = [await restless("201"), await restless("330")];
  const { id } = (await sender.post("/v1/referrals", exampleReferral())).json() as { id: string };
  const path = `/v1/referrals/${id}`;
  await recipient.post(`${path}/receipt`, { confirmedBy: "330-lead" });
  await sender.post(`${path}/removal`, { removedBy: "201-lead" });
  const finding = { finding: "not-located", foundBy: "330-lead" };
  expect((await recipient.post(`${path}/finding`, finding)).status).toBe(201);
};

it("agree with what the trails of random histories tell", async () => {
  const store = openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? "");
  await runHistories({ client: restless, store }, { seed: 20_261, runs: 5, maxSteps: 25 });
  for (let added = 0; added < 48; added += 1) {
    const client = await restless(trio[added % 3] ?? "");
    const { entryId } = (await client.post("/v1/cme-list", { child: childFor(`added ${added}`) })).json() as {
      entryId: string;
    };
    if (added % 3 === 0 || added % 7 === 0) {
      const closure = { as: "suitable-education-otherwise", provision: "At home" };
      expect((await client.post(`/v1/cme-list/${entryId}/closure`, closure)).status).toBe(201);
    }
  }
  await backOnTheList();
  expect(Date.now()).toBeGreaterThan(Date.parse("2027-06-01"));
  expect(Date.now()).toBeLessThan(Date.parse("2028-05-01"));
  await tellAll();
  vi.setSystemTime("2028-11-01T11:00:00.000Z");

  const spells = await spellsFrom();
  const figures = new Map((await scan("entries")).map((each) => [each.entryId, each.figures]));
  const counters = await scan("counters");
  const reasons = new Set<string>();
  let shownCells = 0;
  for (const authority of trio) {
    const client = await connect(exchange.clients, authority);
    const own = spells.filter((each) => each.authority === authority);
    for (const { term, on, yearEnds } of terms) {
      const children = own
        .filter(({ from, until }) => from <= on && (until === null || until > on))
        .map((spell) => ({ ...spell, ...(figures.get(spell.entryId) as Figures) }))
        .filter(({ leavesOn }) => leavesOn >= on);
      for (const { reason } of children) reasons.add(reason);
      const yearGroupsOf = children.map(({ leavesOn }) => 11 - (Number(leavesOn.slice(0, 4)) - yearEnds));
      const expected = {
        total: children.length,
        bySex: count(
          ["F", "M", "U"],
          children.map(({ sex }) => sex),
        ),
        byYearGroup: count(
          yearGroups,
          yearGroupsOf.map((group) => (group === 0 ? "R" : String(group))),
        ),
        byDuration: count(
          bands,
          children.map(({ openedOn }) => bandOf(openedOn, on)),
        ),
      };

      // What was counted, before anything is hidden.
      const until = counters.filter(
        ({ counter, bucket }) =>
          counter === `list#${authority}` && bucket.startsWith("census#") && bucket.slice(7) <= on,
      );
      const cell = (name: string) => until.reduce((sum, item) => sum + Number(item[name] ?? 0), 0);
      const where = `${authority} ${term}`;
      expect(cell("number"), where).toBe(expected.total);
      for (const [code, number] of Object.entries(expected.bySex)) expect(cell(`sex#${code}`), where).toBe(number);
      for (const [code, number] of Object.entries(expected.byDuration)) {
        expect(cell(`duration#${code}`), `${where} ${code}`).toBe(number);
      }
      for (const each of reasons) {
        expect(cell(`reason#${each}`), where).toBe(children.filter(({ reason }) => reason === each).length);
      }

      // And what the route answers.
      const years = yearEnds - 2;
      const [begins, ends] = [`${years}-09-01`, `${years + 1}-08-31`];
      const inTheYear = new Set(
        own
          .filter(({ from, until: off }) => from <= ends && (off === null || off >= begins))
          .filter(({ entryId }) => (figures.get(entryId)?.leavesOn ?? "") >= begins)
          .map(({ entryId }) => entryId),
      );
      const answer = await client.get(`/v1/statistics?term=${term}`);
      expect(answer.status, answer.text).toBe(200);
      const [item] = (answer.json() as { items: { onCensusDay: object; atAnyPoint: object }[] }).items;
      expect(item, where).toMatchObject({
        onCensusDay: {
          total: shownNumber(expected.total),
          bySex: shownParts(expected.total, expected.bySex),
          byYearGroup: shownParts(expected.total, expected.byYearGroup),
          byDuration: shownParts(expected.total, expected.byDuration),
        },
        atAnyPoint: { academicYear: `${years}/${(years + 1) % 100}`, total: shownNumber(inTheYear.size) },
      });
      shownCells += JSON.stringify(item?.onCensusDay).match(/:[1-9]/g)?.length ?? 0;
    }
  }
  expect([...reasons].sort()).toEqual([
    "awaiting-start",
    "believed-moved-to-another-authority",
    "mental-health",
    "unknown",
  ]);
  expect(shownCells).toBeGreaterThan(40);
  expect(spells.filter(({ until }) => until !== null).length).toBeGreaterThan(15);
  expect(new Set(spells.map(({ entryId }) => entryId)).size).toBeLessThan(spells.length);

  const overview = (await (await connect(exchange.clients, "dfe")).get("/v1/overview?limit=100")).json() as {
    items: { authority: string; referrals: { sent: object; received: object } }[];
  };
  const referrals = await scan("referrals");
  const states = ["awaiting-receipt", "received", "located", "not-located", "returned", "withdrawn", "concluded"];
  for (const { authority, referrals: counted } of overview.items.filter((each) => trio.includes(each.authority))) {
    const of = (role: "sender" | "recipient") =>
      count(
        states,
        referrals.filter((each) => each[role] === authority).map(({ state }) => state),
      );
    expect({ sent: counted.sent, received: counted.received }).toEqual({
      sent: of("sender"),
      received: of("recipient"),
    });
  }
}, 180_000);

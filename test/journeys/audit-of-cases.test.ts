import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../infra/local/client.ts";
import type { AuditedTable } from "../../infra/operate/auditing.ts";
import { enquiryStepCodes } from "../../shared/domain/enquiry-steps.ts";
import type { Item, Key } from "../../shared/store/dynamo.ts";
import { audited, gone, item, put, remove, whileChanged } from "../builders/audited.ts";
import { useExchange } from "../builders/exchange.ts";
import { anotherChild, exampleReferral, submit } from "../builders/referral.ts";

/** What City of London (201), Birmingham (330) and others do besides handing children over. */
const exchange = useExchange({ telling: true });

type Body = Record<string, unknown>;
const made = ({ status, text }: Answer): Body & { id: string } => {
  expect(status, text).toBe(201);
  return JSON.parse(text);
};
const post = async (owner: string, path: string, body: Body) =>
  made(await (await exchange.client(owner)).post(path, body));
const get = async (owner: string, path: string): Promise<Body> => {
  const { status, text } = await (await exchange.client(owner)).get(path);
  expect(status, text).toBe(200);
  return JSON.parse(text);
};

const list = async (owner: string, child: Body = anotherChild()): Promise<string> =>
  String((await post(owner, "/v1/cme-list", { child })).entryId);
const ask = async (owner: string, entryId: string, asked: string, note?: string): Promise<string> => {
  const enquiry = { kind: "targeted", entryId, asked, reason: "kin", openedBy: `${owner}-lead` };
  return (await post(owner, "/v1/enquiries", { ...enquiry, ...(note && { note }) })).id;
};
const answer = async (owner: string, id: string, said: string, note?: string): Promise<void> => {
  await post(owner, `/v1/enquiries/${id}/answers`, {
    answer: said,
    answeredBy: `${owner}-lead`,
    ...(note && { note }),
  });
};
const askExchange = async (owner: string, entryId: string): Promise<string> =>
  (await post(owner, "/v1/enquiries", { kind: "match", entryId, openedBy: `${owner}-lead` })).id;
const exhaust = async (owner: string, entryId: string): Promise<void> => {
  for (const step of enquiryStepCodes) {
    const record = { step, date: "2026-01-12", outcome: "nothing-found", note: `Of ${step}.` };
    await post(owner, `/v1/cme-list/${entryId}/enquiry-steps`, record);
  }
  await post(owner, `/v1/cme-list/${entryId}/closure`, { as: "enquiries-exhausted", note: "Nobody knows." });
};
const notify = async (recipient: string): Promise<string> => {
  const { forename, surname, dateOfBirth, sex } = exampleReferral().child.identity;
  return (
    await post("202", "/v1/notices/school-admission", {
      recipient,
      sentBy: "202-lead",
      schoolUrn: "100012",
      startDate: "2026-01-05",
      child: { identity: { forename, surname, dateOfBirth, sex } },
    })
  ).id;
};
const correct = async (owner: string, id: string, surname: string): Promise<void> => {
  const { child } = exampleReferral();
  const corrected = { ...child, identity: { ...child.identity, surname } };
  await post(owner, `/v1/referrals/${id}/child`, { child: corrected, by: `${owner}-lead` });
};

const told = async (): Promise<string[]> => (await audited(exchange)).told;
const toldWith = (table: AuditedTable, key: Key, change: (item: Item) => Item | undefined): Promise<string[]> =>
  whileChanged(table, key, change, told);
const toldOf = (table: AuditedTable, key: Key, changes: Item): Promise<string[]> =>
  toldWith(table, key, (each) => ({ ...each, ...changes }));

/** What an audit tells while there is one item more. */
const toldWithMore = async (table: AuditedTable, key: Key, rest: Item): Promise<string[]> => {
  await put(table, { ...rest, ...key });
  try {
    return await told();
  } finally {
    await remove(table, key);
  }
};

let askedAbout: string;
let open: string;
/** As it was before its record was read. */
let unread: Item;
let known: string;
let answered: string;
let referred: string;
let matching: string;
let match: string;
let side: string;
let retained: string;
let erased: string;
let acknowledged: string;
/** As it was before anybody read its record. */
let unacknowledged: Item;
let waiting: string;
let corrected: string;

beforeAll(async () => {
  askedAbout = await list("201");
  open = await ask("201", askedAbout, "330", "An aunt lives there.");
  unread = await item("enquiries", { enquiryId: open });
  await get("330", `/v1/enquiries/${open}/child`);
  answered = await ask("201", askedAbout, "331");
  await answer("331", answered, "not-known", "No trace.");
  const closed = await ask("201", askedAbout, "332");
  await post("201", `/v1/enquiries/${closed}/closure`, { reason: "asked-in-error" });
  known = await list("201");
  referred = await ask("201", known, "333");
  await answer("333", referred, "known");
  await post("201", `/v1/enquiries/${referred}/referral`, { sentBy: "201-lead" });

  const sought = anotherChild();
  matching = await list("201", sought);
  await list("330", sought);
  match = await askExchange("201", matching);
  await exchange.telling?.tick("find-matches");
  const inbox = (await get("330", "/v1/enquiries?box=inbox&limit=100")).items as { id: string; kind: string }[];
  side = inbox.find(({ kind }) => kind === "match")?.id ?? "";
  await post("330", `/v1/enquiries/${side}/answers`, { answer: "known", answeredBy: "330-lead" });

  retained = await list("201");
  await exhaust("201", retained);
  erased = await list("201");
  await exhaust("201", erased);
  await post("201", `/v1/cme-list/${erased}/erasure`, { because: "located" });

  acknowledged = await notify("206");
  unacknowledged = await item("notices", { noticeId: acknowledged });
  await get("206", `/v1/notices/${acknowledged}/child`);
  await post("206", `/v1/notices/${acknowledged}/acknowledgement`, { acknowledgedBy: "206-lead" });
  waiting = await notify("206");

  corrected = (await submit(await exchange.client("203"), { recipient: "330" })).id;
  await correct("203", corrected, "Okafor-Lee");
  await correct("330", corrected, "Lee");
  await exchange.telling?.idle();
}, 60_000);

describe("an honest history", () => {
  it("of entries, enquiries, matches, notices and corrections holds, and all of it is counted", async () => {
    const { told: faults, counts } = await audited(exchange);
    expect(faults).toEqual([]);
    expect(counts).toMatchObject({
      referrals: 2,
      events: 4,
      entries: 7,
      openEntries: 5,
      // Four of one authority by another, and the two sides of one to the exchange.
      enquiries: 6,
      notices: 2,
      // Of entries 37: six were added, two have 14 steps and a closure each, one was erased; of enquiries 13, of notices 4.
      caseEvents: 54,
    });
  });
});

describe("is found:", () => {
  it("an event of an entry, an enquiry or a notice that was changed, or is gone", async () => {
    const another = { actor: { authority: "202", clientId: "cme-202", contactId: null } };
    expect(await toldOf("caseEvents", { subject: `entry#${retained}`, sequence: 3 }, another)).toEqual([
      `trail-broken · event 3 · entry ${retained} · hash`,
    ]);
    expect(await toldOf("caseEvents", { subject: `enquiry#${open}`, sequence: 2 }, another)).toEqual([
      `trail-broken · enquiry ${open} · event 2 · hash`,
    ]);
    expect(await toldOf("caseEvents", { subject: `enquiry#${match}`, sequence: 1 }, another)).toEqual([
      `trail-broken · enquiry ${match} · event 1 · hash`,
    ]);
    expect(await toldWith("caseEvents", { subject: `notice#${acknowledged}`, sequence: 3 }, gone)).toEqual([
      `events-behind · notice ${acknowledged} · event 3 · up to 3`,
      `outbox-without-event · notice ${acknowledged} · event 3`,
    ]);
  });

  it("an enquiry or a notice that was rolled back, or is gone, wherever it left a trace", async () => {
    expect(await toldWith("enquiries", { enquiryId: open }, () => unread)).toEqual([
      `case-behind · enquiry ${open} · event 2 · up to 2`,
    ]);
    expect(await toldWith("notices", { noticeId: acknowledged }, () => unacknowledged)).toEqual([
      `case-behind · notice ${acknowledged} · event 2 · up to 3`,
    ]);
    expect(await toldWith("enquiries", { enquiryId: open }, gone)).toEqual([
      `answer-without-deed · enquiry ${open}`,
      `enquiry-missing · enquiry ${open} · entry ${askedAbout}`,
      `enquiry-missing · enquiry ${open} · table cme-case-events`,
      `enquiry-missing · enquiry ${open} · table cme-outbox`,
      `enquiry-missing · enquiry ${open} · table cme-records`,
    ]);
    expect(await toldWith("notices", { noticeId: waiting }, gone)).toEqual([
      `answer-without-deed · notice ${waiting}`,
      `notice-missing · notice ${waiting} · table cme-case-events`,
      `notice-missing · notice ${waiting} · table cme-outbox`,
      `notice-missing · notice ${waiting} · table cme-records`,
    ]);
  });

  it("an enquiry and its entry that contradict each other", async () => {
    expect(await toldOf("entries", { entryId: askedAbout }, { enquiries: [] })).toEqual([
      `enquiry-differs · enquiry ${open} · entry ${askedAbout} · is open, and the entry does not name it`,
    ]);
    const slots = [
      { enquiryId: open, asked: "330" },
      { enquiryId: answered, asked: "331" },
    ];
    expect(await toldOf("entries", { entryId: askedAbout }, { enquiries: slots })).toEqual([
      `entry-differs · enquiry ${answered} · entry ${askedAbout} · names an enquiry as open that is over`,
    ]);
    expect(await toldOf("entries", { entryId: matching }, { matchEnquiry: null })).toEqual([
      `enquiry-differs · enquiry ${match} · entry ${matching} · is open, and the entry does not name it`,
    ]);
    expect(await toldOf("enquiries", { enquiryId: referred }, { state: "known", erasedAt: null })).toEqual([
      `enquiry-differs · enquiry ${referred} · entry ${known} · is open, and the entry does not name it`,
      `enquiry-differs · enquiry ${referred} · state`,
      `record-missing · enquiry ${referred}`,
    ]);
  });

  it("an entry about which six authorities are asked: R7", async () => {
    const slots = ["330", "331", "332", "333", "334", "335"].map((asked) => ({ enquiryId: open, asked }));
    const other = `entry-differs · enquiry ${open} · entry ${askedAbout} · names an enquiry that is another`;
    expect(await toldOf("entries", { entryId: askedAbout }, { enquiries: slots })).toEqual([
      ...[other, other, other, other, other],
      `r7-too-many-asked · entry ${askedAbout} · 6 authorities`,
    ]);
  });

  it("a record or a note that is gone, of an entry, an enquiry, a notice, or in a corrected version", async () => {
    const lacking = (subject: string, part: string) => toldWith("records", { subject, part }, gone);
    expect(await lacking(`entry#${retained}`, "record")).toEqual([`record-missing · entry ${retained}`]);
    expect(await lacking(`entry#${retained}`, "note#000005")).toEqual([
      `record-missing · entry ${retained} · note#000005`,
    ]);
    expect(await lacking(`enquiry#${answered}`, "note#000002")).toEqual([
      `record-missing · enquiry ${answered} · note#000002`,
    ]);
    expect(await lacking(`notice#${waiting}`, "record")).toEqual([`record-missing · notice ${waiting}`]);
    for (const [part, detail] of [
      ["record", ""],
      ["record#000002", " · version 2"],
      ["record#000003", " · version 3"],
    ] as const) {
      expect(await lacking(`referral#${corrected}`, part)).toEqual([`record-missing · referral ${corrected}${detail}`]);
    }
  });

  it("a record that was erased and is there again", async () => {
    for (const [subject, of] of [
      [`entry#${erased}`, `entry ${erased}`],
      [`enquiry#${answered}`, `enquiry ${answered}`],
      [`enquiry#${match}`, `enquiry ${match}`],
    ] as const) {
      const record = await item("records", { subject: `entry#${retained}`, part: "record" });
      expect(await toldWithMore("records", { subject, part: "record" }, record)).toEqual([
        `record-kept · ${of} · record`,
      ]);
    }
  });

  it("a retained record that says it is erased, and is not", async () => {
    const past = { retained: { until: "2032-06-25", erasedAt: "2026-01-12T09:30:00.000Z" } };
    expect(await toldOf("entries", { entryId: retained }, past)).toEqual([
      `entry-differs · entry ${retained} · erasedAt`,
      `fingerprints-differ · entry ${retained} · is found by what it has not`,
    ]);
  });

  it("corrections that are not those of the trail", async () => {
    const key = { referralId: corrected };
    const withFirst = (changes: Item) => (each: Item) => {
      const [first, second] = each.corrections as [Item, Item];
      return { ...each, corrections: [{ ...first, ...changes }, second] };
    };
    const differs = [`referral-differs · referral ${corrected} · corrections`];
    expect(await toldWith("referrals", key, withFirst({ correctedBy: "203-inbox" }))).toEqual(differs);
    expect(await toldWith("referrals", key, withFirst({ previousDigest: "sha-256:another" }))).toEqual(differs);
    expect(
      await toldWith("referrals", key, (each) => ({ ...each, corrections: (each.corrections as Item[]).slice(0, 1) })),
    ).toEqual(differs);
  });

  it("a fingerprint that the index lacks, and one by which it finds another child", async () => {
    const { fingerprints } = await item("entries", { entryId: matching });
    const [fingerprint] = fingerprints as [string];
    expect(await toldWith("fingerprints", { fingerprint, entryId: matching }, gone)).toEqual([
      `fingerprints-differ · entry ${matching} · 1 not in the index`,
    ]);
    expect(await toldWithMore("fingerprints", { fingerprint, entryId: retained }, {})).toEqual([
      `fingerprints-differ · entry ${retained} · is found by what it has not`,
    ]);
    expect(await toldWithMore("fingerprints", { fingerprint, entryId: erased }, {})).toEqual([
      `fingerprints-differ · entry ${erased} · is found by what it has not`,
    ]);
    expect(await toldWithMore("fingerprints", { fingerprint, entryId: "nowhere" }, {})).toEqual([
      "entry-missing · entry nowhere · table cme-fingerprints",
    ]);
  });

  it("an outbox row that is gone, and that the feeds told of it", async () => {
    expect(await toldWith("outbox", { subject: `entry#${retained}`, sequence: 2 }, gone)).toEqual([
      `feed-without-event · event 2 · entry ${retained} · authority 201`,
      `outbox-missing · event 2 · entry ${retained}`,
    ]);
    expect(await toldWith("outbox", { subject: `enquiry#${open}`, sequence: 1 }, gone)).toEqual([
      `feed-without-event · enquiry ${open} · event 1 · authority 201`,
      `feed-without-event · enquiry ${open} · event 1 · authority 330`,
      `outbox-missing · enquiry ${open} · event 1`,
    ]);
    expect(await toldWith("outbox", { subject: `enquiry#${side}`, sequence: 1 }, gone)).toEqual([
      `feed-without-event · enquiry ${side} · event 1 · authority 330`,
      `outbox-missing · enquiry ${side} · event 1`,
    ]);
    expect(await toldWith("outbox", { subject: `notice#${waiting}`, sequence: 1 }, gone)).toEqual([
      `feed-without-event · notice ${waiting} · event 1 · authority 202`,
      `feed-without-event · notice ${waiting} · event 1 · authority 206`,
      `outbox-missing · notice ${waiting} · event 1`,
    ]);
  });

  it("an item that is not as the exchange writes it", async () => {
    expect(await toldOf("enquiries", { enquiryId: answered }, { state: "lost" })).toEqual([
      `item-unreadable · enquiry ${answered}`,
    ]);
    expect(await toldOf("notices", { noticeId: waiting }, { state: "lost" })).toEqual([
      `item-unreadable · notice ${waiting}`,
    ]);
    expect(await toldOf("caseEvents", { subject: `entry#${erased}`, sequence: 1 }, { at: 1 })).toEqual([
      `item-unreadable · entry ${erased}`,
    ]);
  });
});

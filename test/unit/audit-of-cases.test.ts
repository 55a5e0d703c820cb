import { describe, expect, it } from "vitest";
import { type Fault, tell } from "../../infra/operate/fault.ts";
import { type EnquiryCase, faultsOfEnquiry } from "../../infra/operate/judge-enquiry.ts";
import { type EntryCase, faultsOfEntry } from "../../infra/operate/judge-entry.ts";
import { faultsOfNotice, type NoticeCase } from "../../infra/operate/judge-notice.ts";
import type { Kept } from "../../infra/operate/judge-trail.ts";
import type { CaseEvent } from "../../shared/domain/case-events.ts";
import type { TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import type { MatchEnquiry } from "../../shared/domain/match-enquiry.ts";
import type { Notice } from "../../shared/domain/notice.ts";

/** The hashes were worked out with another program: SHA-256 over the canonical JSON. */
const [asker, asked] = [
  { authority: "201", clientId: "cme-201", contactId: "201-lead" },
  { authority: "330", clientId: "cme-330", contactId: "330-lead" },
];
const exchange = { authority: "exchange", clientId: "exchange", contactId: null };
const added: CaseEvent = {
  subject: "entry#e",
  sequence: 1,
  type: "entry.added",
  at: "2026-11-23T09:30:00.000Z",
  actor: { authority: "201", clientId: "cme-201", contactId: null },
  details: {},
  previousHash: null,
  hash: "sha-256:Eh_5HD5WdLlGSgmwNdQg62Wf-8y5WVUqXcqiN5USCjc",
};
const read: CaseEvent = {
  ...added,
  sequence: 2,
  type: "entry.child-read",
  at: "2026-11-23T09:31:00.000Z",
  details: { what: "record" },
  previousHash: "sha-256:Eh_5HD5WdLlGSgmwNdQg62Wf-8y5WVUqXcqiN5USCjc",
  hash: "sha-256:AWLnHKBZnJNBnBJPRed2Vf0O9t2XcfGJd7lraiLTlj0",
};
const stepped: CaseEvent = {
  ...added,
  sequence: 3,
  type: "entry.step-recorded",
  at: "2026-11-23T09:32:00.000Z",
  details: { step: "check-s2s", date: "2026-11-23", outcome: "nothing-found" },
  previousHash: "sha-256:AWLnHKBZnJNBnBJPRed2Vf0O9t2XcfGJd7lraiLTlj0",
  hash: "sha-256:Bl8tYJ3gzcSbCe_nN9ITFac-X6au3m9omMMwO63nxZU",
};
const now = "2026-11-23T10:00:00.000Z";
const rowOf = ({ sequence, type, at }: CaseEvent) => ({ sequence, type, at, waiting: false });
const headAt = ({ sequence, hash }: CaseEvent) => ({ sequence, hash });

const enquiry: TargetedEnquiry = {
  enquiryId: "q",
  kind: "targeted",
  asker: "201",
  asked: "330",
  entryId: "e",
  reason: "kin",
  openedBy: "201-lead",
  openedAt: "2026-11-23T09:40:00.000Z",
  state: "open",
  lapsesAt: "2026-12-21T09:40:00.000Z",
  answer: null,
  closedFor: null,
  endedAt: null,
  referralId: null,
  notes: [1],
  erasedAt: null,
  sealedFor: null,
  head: { sequence: 2, hash: "sha-256:mLH3Yq3e3f29d29cJyvysw4U_o0KL6rxVIoIuseV4rM" },
  version: 2,
};
const match: MatchEnquiry = {
  enquiryId: "m",
  kind: "match",
  asker: "201",
  asked: null,
  parentId: null,
  entryIds: ["e"],
  openedBy: "201-lead",
  openedAt: "2026-11-23T09:50:00.000Z",
  state: "open",
  lapsesAt: "2026-12-21T09:50:00.000Z",
  answers: [],
  closedFor: null,
  endedAt: null,
  head: { sequence: 1, hash: "sha-256:pRGhiTF40LpwasHD_gOqdXXEvbDm26fY5xIpLCNqC2g" },
  version: 1,
};
const entry: Entry = {
  entryId: "e",
  authority: "201",
  status: "suspected",
  openedAt: "2026-11-23T09:30:00.000Z",
  openedBy: "201",
  origin: "e",
  referralId: null,
  openedByReferralId: null,
  openReferralId: null,
  closure: null,
  enquiries: [{ enquiryId: "q", asked: "330" }],
  matchEnquiry: { enquiryId: "m", lapsesAt: "2026-12-21T09:50:00.000Z" },
  steps: [
    {
      step: "check-s2s",
      date: "2026-11-23",
      outcome: "nothing-found",
      recordedAt: "2026-11-23T09:32:00.000Z",
      sequence: 3,
      hasNote: true,
    },
  ],
  figures: { sex: "M", leavesOn: "2033-06-24", reason: "unknown" },
  fingerprints: ["one", "two"],
  retained: null,
  head: headAt(stepped),
  sealedFor: null,
  passedBy: null,
  version: 5,
};

const plain = (faults: readonly Fault[]): string[] => faults.map(tell);

describe("an entry", () => {
  const honest: EntryCase = {
    entry,
    referrals: new Map(),
    enquiries: new Map<string, TargetedEnquiry | MatchEnquiry>([
      ["q", enquiry],
      ["m", match],
    ]),
    findableBy: new Set(["one", "two"]),
    events: [added, read, stepped],
    rows: [rowOf(added), rowOf(stepped)],
    parts: new Set(["record", "note#000003"]),
  };
  const told = (changes: Partial<EntryCase>): string[] => plain(faultsOfEntry({ ...honest, ...changes }, now));
  const toldOf = (changes: Partial<Entry>): string[] => told({ entry: { ...entry, ...changes } });

  it("that agrees with its trail, its rows, its texts and its enquiries has no fault", () => {
    expect(told({})).toEqual([]);
  });

  it.each<[string, Partial<EntryCase>, string[]]>([
    ["lacks its last event", { events: [added, read] }, ["events-behind · event 3 · entry e · up to 3"]],
    ["lacks one between", { events: [added, stepped] }, ["trail-broken · event 3 · entry e · sequence"]],
    [
      "has one that was changed",
      { events: [added, { ...read, details: { what: "steps" } }, stepped] },
      ["trail-broken · event 2 · entry e · hash"],
    ],
    ["was rolled back", { entry: { ...entry, head: headAt(read) } }, ["case-behind · event 3 · entry e · up to 3"]],
    [
      "ends at another",
      { entry: { ...entry, head: { sequence: 3, hash: read.hash } } },
      ["head-differs · event 3 · entry e"],
    ],
  ])("whose trail %s", (_, changes, expected) => {
    expect(told(changes).filter((each) => !each.startsWith("outbox"))).toEqual(expected);
  });

  it("of which an event that is told of has no row, another's, or one that waits; a read needs none", () => {
    expect(told({ rows: [rowOf(added)] })).toEqual(["outbox-missing · event 3 · entry e"]);
    expect(told({ rows: [rowOf(added), { ...rowOf(stepped), type: "entry.closed" }] })).toEqual([
      "outbox-differs · event 3 · entry e",
    ]);
    expect(told({ rows: [rowOf(added), rowOf(read), rowOf(stepped)] })).toEqual([
      "outbox-without-event · event 2 · entry e",
    ]);
    expect(told({ rows: [{ ...rowOf(added), waiting: true }, rowOf(stepped)] })).toEqual([
      "outbox-stuck · event 1 · entry e",
    ]);
  });

  it("that is another's than its trail says", () => {
    const passed: CaseEvent = {
      ...added,
      sequence: 2,
      type: "entry.reassigned",
      at: "2026-11-23T09:31:00.000Z",
      actor: exchange,
      details: { from: "201", to: "202", reorganisation: "r" },
      previousHash: "sha-256:Eh_5HD5WdLlGSgmwNdQg62Wf-8y5WVUqXcqiN5USCjc",
      hash: "sha-256:obP8HGTlPCgJ9lLWihXS9juNLUpz8GcYjxUVV5XS_dA",
    };
    const trail = { events: [added, passed], rows: [rowOf(added), rowOf(passed)] };
    const after = { ...entry, authority: "202", passedBy: "r", steps: [], head: headAt(passed) };
    expect(told({ ...trail, entry: after })).toEqual([]);
    expect(told({ ...trail, entry: { ...after, authority: "203", passedBy: null } })).toEqual([
      "entry-differs · entry e · authority",
      "entry-differs · entry e · passedBy",
    ]);
  });

  it("that lacks a text", () => {
    expect(told({ parts: new Set(["note#000003"]) })).toEqual(["record-missing · entry e"]);
    expect(told({ parts: new Set(["record"]) })).toEqual(["record-missing · entry e · note#000003"]);
  });

  describe("whose enquiries were exhausted", () => {
    const closed: CaseEvent = {
      ...added,
      sequence: 2,
      type: "entry.closed",
      at: "2026-11-23T09:31:00.000Z",
      details: { outcome: "enquiries-exhausted" },
      previousHash: "sha-256:Eh_5HD5WdLlGSgmwNdQg62Wf-8y5WVUqXcqiN5USCjc",
      hash: "sha-256:hEZYwZ0UAYjBygzZqbhN6-GJNCndCKF_Jf7szEVBFxc",
    };
    const erased: CaseEvent = {
      ...added,
      sequence: 3,
      type: "entry.erased",
      at: "2026-11-23T09:32:00.000Z",
      actor: exchange,
      details: { because: "leaving-age" },
      previousHash: "sha-256:hEZYwZ0UAYjBygzZqbhN6-GJNCndCKF_Jf7szEVBFxc",
      hash: "sha-256:xGmYBhVLf-x1CINsCmH3fXAcIpv_OZPhJn9QHQdYMHM",
    };
    const retained: Partial<EntryCase> = {
      entry: {
        ...entry,
        status: "closed",
        closure: { as: "enquiries-exhausted", at: "2026-11-23T09:31:00.000Z" },
        retained: { until: "2033-06-24", erasedAt: null },
        enquiries: [],
        matchEnquiry: null,
        steps: [],
        head: headAt(closed),
      },
      events: [added, closed],
      rows: [rowOf(added), rowOf(closed)],
      parts: new Set(["record"]),
    };
    const gone: Partial<EntryCase> = {
      entry: {
        ...(retained.entry ?? entry),
        retained: { until: "2033-06-24", erasedAt: "2026-11-23T09:32:00.000Z" },
        fingerprints: [],
        head: headAt(erased),
      },
      events: [added, closed, erased],
      rows: [rowOf(added), rowOf(closed), rowOf(erased)],
      parts: new Set(),
      findableBy: new Set(),
    };

    it("keeps the record, and can be matched, until it is erased", () => {
      expect([told(retained), told(gone)]).toEqual([[], []]);
      expect(told({ ...retained, parts: new Set() })).toEqual(["record-missing · entry e"]);
      expect(told({ ...retained, findableBy: new Set(["one"]) })).toEqual([
        "fingerprints-differ · entry e · 1 not in the index",
      ]);
    });

    it("keeps it though the child was referred before", () => {
      const referredBefore = { ...(retained.entry ?? entry), referralId: "r", openedByReferralId: null };
      expect(told({ ...retained, entry: referredBefore, parts: new Set() })).toContain("record-missing · entry e");
    });

    it("keeps nothing once it is erased", () => {
      expect(told({ ...gone, parts: new Set(["record", "note#000002"]) })).toEqual([
        "record-kept · entry e · record",
        "record-kept · entry e · note#000002",
      ]);
    });

    it("is erased by its trail alone", () => {
      const { entry: after = entry } = gone;
      const notErased = { ...after, retained: { until: "2033-06-24", erasedAt: null } };
      expect(told({ ...gone, entry: notErased })).toContain("entry-differs · entry e · erasedAt");
    });
  });

  it("that can't be found by what it is known by", () => {
    expect(told({ findableBy: new Set() })).toEqual(["fingerprints-differ · entry e · 2 not in the index"]);
  });

  it.each<[string, Partial<TargetedEnquiry> | undefined, string]>([
    ["is gone", undefined, "enquiry-missing · enquiry q · entry e"],
    ["is over", { state: "not-known" }, "entry-differs · enquiry q · entry e · names an enquiry as open that is over"],
    ["is of another entry", { entryId: "x" }, "entry-differs · enquiry q · entry e · names an enquiry that is another"],
    [
      "asks another authority",
      { asked: "331" },
      "entry-differs · enquiry q · entry e · names an enquiry that is another",
    ],
  ])("that names an enquiry which %s", (_, changes, expected) => {
    const enquiries = new Map<string, TargetedEnquiry | MatchEnquiry>([["m", match]]);
    if (changes) enquiries.set("q", { ...enquiry, ...changes });
    expect(told({ enquiries })).toEqual([expected]);
  });

  it.each<[string, Partial<MatchEnquiry> | undefined, string[]]>([
    ["is gone", undefined, ["enquiry-missing · enquiry m · entry e"]],
    [
      "was closed",
      { state: "closed" },
      ["entry-differs · enquiry m · entry e · names an enquiry as open that is over"],
    ],
    ["has lapsed, and stays named", { state: "lapsed" }, []],
    ["is a holder's", { asked: "330" }, ["entry-differs · enquiry m · entry e · names an enquiry that is another"]],
    [
      "lapses at another time",
      { lapsesAt: "2026-12-22T09:50:00.000Z" },
      ["entry-differs · enquiry m · entry e · names an enquiry that is another"],
    ],
  ])("that names a match enquiry which %s", (_, changes, expected) => {
    const enquiries = new Map<string, TargetedEnquiry | MatchEnquiry>([["q", enquiry]]);
    if (changes) enquiries.set("m", { ...match, ...changes });
    expect(told({ enquiries })).toEqual(expected);
  });

  it("about which more than five authorities are asked: R7", () => {
    const codes = ["330", "331", "332", "333", "334", "335"];
    const ask = (askedCodes: string[]) => {
      const slots = askedCodes.map((code, index) => ({ enquiryId: `q${index}`, asked: code }));
      const enquiries = slots.map(({ enquiryId, asked }) => [enquiryId, { ...enquiry, enquiryId, asked }] as const);
      return told({
        entry: { ...entry, enquiries: slots },
        enquiries: new Map<string, TargetedEnquiry | MatchEnquiry>([["m", match], ...enquiries]),
      });
    };
    expect(ask(codes.slice(0, 5))).toEqual([]);
    expect(ask(codes)).toEqual(["r7-too-many-asked · entry e · 6 authorities"]);
    // Two of them that a reorganisation has united are one.
    expect(ask(["330", "331", "332", "333", "334", "334"])).toEqual([]);
  });

  it("that is closed keeps its record where nobody else has it", () => {
    const closure = { as: "deceased", at: "2026-11-23T09:33:00.000Z" } as const;
    const closed: Partial<Entry> = { status: "closed", closure, enquiries: [], matchEnquiry: null };
    expect(toldOf(closed)).toEqual([]);
    expect(told({ entry: { ...entry, ...closed }, parts: new Set() })).toEqual([
      "record-missing · entry e",
      "record-missing · entry e · note#000003",
    ]);
  });
});

describe("an enquiry", () => {
  const wasAsked: CaseEvent = {
    subject: "enquiry#q",
    sequence: 1,
    type: "enquiry.asked",
    at: "2026-11-23T09:40:00.000Z",
    actor: asker,
    details: { asked: "330", reason: "kin" },
    previousHash: null,
    hash: "sha-256:DSLOilSInpqcn-OIVl0aOXVdAkdImyd-kYsNkoX-Miw",
  };
  const wasRead: CaseEvent = {
    ...wasAsked,
    sequence: 2,
    type: "enquiry.child-read",
    at: "2026-11-23T09:41:00.000Z",
    actor: { ...asked, contactId: null },
    details: { what: "record" },
    previousHash: "sha-256:DSLOilSInpqcn-OIVl0aOXVdAkdImyd-kYsNkoX-Miw",
    hash: "sha-256:mLH3Yq3e3f29d29cJyvysw4U_o0KL6rxVIoIuseV4rM",
  };
  const wasAnswered: CaseEvent = {
    ...wasRead,
    type: "enquiry.answered",
    actor: asked,
    details: { answer: "not-known" },
    hash: "sha-256:RDs3e8JMzN3VOla83n3ABtUUTybRKsFbfUe5NtkfGfs",
  };
  const honest: EnquiryCase & { enquiry: TargetedEnquiry } = {
    enquiry,
    entries: new Map([["e", entry]]),
    events: [wasAsked, wasRead],
    rows: [rowOf(wasAsked)],
    parts: new Set(["record", "note#000001"]),
  };
  const over: typeof honest = {
    ...honest,
    enquiry: { ...enquiry, state: "not-known", head: headAt(wasAnswered) },
    events: [wasAsked, wasAnswered],
    rows: [rowOf(wasAsked), rowOf(wasAnswered)],
    parts: new Set(["note#000001"]),
  };
  const told = (changes: Partial<EnquiryCase>): string[] => plain(faultsOfEnquiry({ ...honest, ...changes }, now));
  const toldOf = (changes: Partial<TargetedEnquiry>): string[] => told({ enquiry: { ...enquiry, ...changes } });

  it("that agrees with its trail, its rows, its texts and its entry has no fault", () => {
    expect(told({})).toEqual([]);
    expect(told(over)).toEqual([]);
  });

  it("whose trail is short, was changed, or goes further", () => {
    expect(told({ events: [wasAsked] })).toEqual(["events-behind · enquiry q · event 2 · up to 2"]);
    expect(told({ events: [wasAsked, { ...wasRead, at: "2026-11-23T09:42:00.000Z" }] })).toEqual([
      "trail-broken · enquiry q · event 2 · hash",
    ]);
    expect(toldOf({ head: headAt(wasAsked) })).toEqual(["case-behind · enquiry q · event 2 · up to 2"]);
    expect(told({ rows: [] })).toEqual(["outbox-missing · enquiry q · event 1"]);
  });

  it.each<[Partial<TargetedEnquiry>, string]>([
    [{ asked: "331" }, "enquiry-differs · enquiry q · asked"],
    [{ asker: "202" }, "enquiry-differs · enquiry q · asker"],
    [{ state: "known" }, "enquiry-differs · enquiry q · state"],
    [{ version: 3 }, "enquiry-differs · enquiry q · version"],
  ])("that is %o says so", (changes, expected) => {
    expect(toldOf(changes)).toContain(expected);
  });

  it("that goes on, and of which its entry does not know", () => {
    expect(told({ entries: new Map([["e", { ...entry, enquiries: [] }]]) })).toEqual([
      "enquiry-differs · enquiry q · entry e · is open, and the entry does not name it",
    ]);
    expect(told({ entries: new Map() })).toEqual(["entry-missing · enquiry q · entry e"]);
    expect(told({ ...over, entries: new Map([["e", { ...entry, enquiries: [] }]]) })).toEqual([]);
  });

  it("that goes on, and whose asker does not have the child on its list", () => {
    const others = new Map([["e", { ...entry, authority: "202" }]]);
    expect(told({ entries: others })).toEqual([
      "enquiry-differs · enquiry q · entry e · is asked by another than the entry's authority",
    ]);
  });

  it("that lacks a text, or keeps one", () => {
    expect(told({ parts: new Set() })).toEqual([
      "record-missing · enquiry q",
      "record-missing · enquiry q · note#000001",
    ]);
    expect(told({ ...over, parts: new Set(["record", "note#000001"]) })).toEqual(["record-kept · enquiry q · record"]);
    const erased = { ...over.enquiry, erasedAt: "2026-11-23T09:50:00.000Z" };
    expect(told({ ...over, enquiry: erased })).toEqual(["record-kept · enquiry q · note#000001"]);
  });

  describe("of the exchange itself", () => {
    const wasPut: CaseEvent = {
      ...wasAsked,
      subject: "enquiry#m",
      at: "2026-11-23T09:50:00.000Z",
      details: { kind: "match", entryId: "e" },
      hash: "sha-256:pRGhiTF40LpwasHD_gOqdXXEvbDm26fY5xIpLCNqC2g",
    };
    const kept: Kept = { events: [wasPut], rows: [rowOf(wasPut)], parts: new Set() };
    const toldOfMatch = (changes: Partial<MatchEnquiry>, besides: Partial<EnquiryCase> = {}, at = now): string[] =>
      plain(
        faultsOfEnquiry(
          { ...kept, entries: new Map([["e", entry]]), ...besides, enquiry: { ...match, ...changes } },
          at,
        ),
      );

    it("that agrees with its trail and its entry has no fault", () => {
      expect(toldOfMatch({})).toEqual([]);
    });

    it("that says something else than its trail", () => {
      expect(toldOfMatch({ head: { sequence: 1, hash: null } })).toEqual(["head-differs · enquiry m · event 1"]);
      expect(toldOfMatch({ state: "lapsed" })).toEqual(["enquiry-differs · enquiry m · state"]);
    });

    it("of which its entry does not know, while its time is not over", () => {
      const entries = new Map([["e", { ...entry, matchEnquiry: null }]]);
      expect(toldOfMatch({}, { entries })).toEqual([
        "enquiry-differs · enquiry m · entry e · is open, and the entry does not name it",
      ]);
      expect(toldOfMatch({}, { entries }, "2026-12-21T09:50:00.000Z")).toEqual([]);
      expect(toldOfMatch({ asked: "330" }, { entries })).toEqual([]);
      expect(toldOfMatch({}, { entries: new Map() })).toEqual(["entry-missing · enquiry m · entry e"]);
    });

    it("that keeps a text, though it has none", () => {
      expect(toldOfMatch({}, { parts: new Set(["record"]) })).toEqual(["record-kept · enquiry m · record"]);
    });
  });
});

describe("a notice", () => {
  const sent: CaseEvent = {
    subject: "notice#n",
    sequence: 1,
    type: "notice.sent",
    at: "2026-11-23T09:20:00.000Z",
    actor: asker,
    details: { recipient: "330", schoolUrn: "100012", startDate: "2026-11-02" },
    previousHash: null,
    hash: "sha-256:QZFn5jtiFN0if6IAJWbkxSFLw71d81Su0fmAw3sw3hk",
  };
  const acknowledged: CaseEvent = {
    ...sent,
    sequence: 2,
    type: "notice.acknowledged",
    at: "2026-11-23T09:21:00.000Z",
    actor: asked,
    details: {},
    previousHash: "sha-256:QZFn5jtiFN0if6IAJWbkxSFLw71d81Su0fmAw3sw3hk",
    hash: "sha-256:T68eNzEK57dOWXJJEoTx3C4MyTvUiZqTsc_maGhPd3Q",
  };
  const lapsed: CaseEvent = {
    ...acknowledged,
    type: "notice.lapsed",
    actor: exchange,
    hash: "sha-256:olhoxqdBV7ymZ0c7GUuA0q9xnq-AYmmBvTpqSVNWsCY",
  };
  const notice: Notice = {
    noticeId: "n",
    kind: "school-admission",
    sender: "201",
    recipient: "330",
    schoolUrn: "100012",
    startDate: "2026-11-02",
    sentBy: "201-lead",
    sentAt: "2026-11-23T09:20:00.000Z",
    state: "acknowledged",
    acknowledgedAt: "2026-11-23T09:21:00.000Z",
    acknowledgedBy: "330-lead",
    entryId: null,
    erasesAt: "2026-12-21T09:21:00.000Z",
    erasedAt: null,
    sealedFor: null,
    head: headAt(acknowledged),
    version: 2,
  };
  const honest: NoticeCase = {
    notice,
    events: [sent, acknowledged],
    rows: [rowOf(sent), rowOf(acknowledged)],
    parts: new Set(["record"]),
  };
  const gone: NoticeCase = {
    notice: {
      ...notice,
      state: "lapsed",
      acknowledgedAt: null,
      acknowledgedBy: null,
      erasedAt: "2026-11-23T09:21:00.000Z",
      head: headAt(lapsed),
    },
    events: [sent, lapsed],
    rows: [rowOf(sent), rowOf(lapsed)],
    parts: new Set(),
  };
  const told = (changes: Partial<NoticeCase>): string[] => plain(faultsOfNotice({ ...honest, ...changes }, now));
  const toldOf = (changes: Partial<Notice>): string[] => told({ notice: { ...notice, ...changes } });

  it("that agrees with its trail, its rows and its record has no fault", () => {
    expect([told({}), told(gone)]).toEqual([[], []]);
  });

  it("whose trail is short, was changed, or goes further", () => {
    expect(told({ events: [sent] })).toEqual([
      "events-behind · notice n · event 2 · up to 2",
      "outbox-without-event · notice n · event 2",
    ]);
    expect(told({ events: [{ ...sent, actor: asked }, acknowledged] })).toEqual([
      "trail-broken · notice n · event 1 · hash",
    ]);
    expect(toldOf({ head: headAt(sent) })).toEqual(["case-behind · notice n · event 2 · up to 2"]);
    expect(told({ rows: [rowOf(sent)] })).toEqual(["outbox-missing · notice n · event 2"]);
  });

  it.each<[Partial<Notice>, string]>([
    [{ sender: "202" }, "sender"],
    [{ recipient: "331" }, "recipient"],
    [{ schoolUrn: "100013" }, "schoolUrn"],
    [{ startDate: "2026-11-03" }, "startDate"],
    [{ state: "lapsed" }, "state"],
    [{ acknowledgedAt: "2026-11-23T09:22:00.000Z" }, "acknowledgedAt"],
    [{ acknowledgedBy: "330-inbox" }, "acknowledgedBy"],
    [{ version: 3 }, "version"],
  ])("that is %o says so", (changes, detail) => {
    expect(toldOf(changes)).toEqual([`notice-differs · notice n · ${detail}`]);
  });

  it("that lacks its record, or keeps it when its time is over", () => {
    expect(told({ parts: new Set() })).toEqual(["record-missing · notice n"]);
    expect(told({ ...gone, parts: new Set(["record"]) })).toEqual(["record-kept · notice n · record"]);
    expect(told({ ...gone, notice: { ...gone.notice, erasedAt: null }, parts: new Set(["record"]) })).toEqual([
      "notice-differs · notice n · erasedAt",
    ]);
  });
});

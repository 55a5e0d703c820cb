import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { tablesOfOneMoment, whatIsAudited } from "../../infra/operate/auditing.ts";
import { type Fault, faultCodes, tell } from "../../infra/operate/fault.ts";
import { faultsOfEntry } from "../../infra/operate/judge-entry.ts";
import { type Case, faultsOfReferral, stateAfter } from "../../infra/operate/judge-referral.ts";
import { quietMoment } from "../../infra/operate/quiet-moment.ts";
import { newTally } from "../../infra/operate/tally.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import type { ReferralEvent } from "../../shared/domain/event-chain.ts";
import type { EventType } from "../../shared/domain/lifecycle.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { tables } from "../../shared/store/tables.ts";

const id = "019f0000-0000-7000-8000-000000000001";
const payloadDigest = "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

/** The trail of test/unit/event-chain.test.ts, whose hashes were worked out with another program. */
const events: ReferralEvent[] = [
  {
    referralId: id,
    sequence: 1,
    type: "referral.submitted",
    at: "2026-11-23T09:30:00.000Z",
    actor: { authority: "201", clientId: "cme-201", contactId: "201-lead" },
    details: { recipient: "330", urgency: "standard", payloadDigest },
    previousHash: null,
    hash: "sha-256:jYhp0gsQ31WKP9_zxLTzyUMyXxnca9ZiKwyLkCuHeBA",
  },
  {
    referralId: id,
    sequence: 2,
    type: "referral.child-read",
    at: "2026-11-24T16:05:07.008Z",
    actor: { authority: "330", clientId: "cme-330", contactId: null },
    details: {},
    previousHash: "sha-256:jYhp0gsQ31WKP9_zxLTzyUMyXxnca9ZiKwyLkCuHeBA",
    hash: "sha-256:SUvVQ8GhO2KCq88k5kNExijGEuQvDDAA_jSUm2_GdYs",
  },
  {
    referralId: id,
    sequence: 3,
    type: "referral.received",
    at: "2026-11-24T16:10:00.000Z",
    actor: { authority: "330", clientId: "cme-330", contactId: "330-inbox" },
    details: { payloadDigest },
    previousHash: "sha-256:SUvVQ8GhO2KCq88k5kNExijGEuQvDDAA_jSUm2_GdYs",
    hash: "sha-256:emIUDpPNbwxsYEFK51AWnaQzXr1kn4nca5qmxz0FS9s",
  },
];

const referral: Referral = {
  referralId: id,
  sender: "201",
  recipient: "330",
  kind: "missing-education",
  temporaryAuthority: null,
  state: "received",
  urgency: "standard",
  sentBy: "201-lead",
  submittedAt: "2026-11-23T09:30:00.000Z",
  receiptDueAt: "2026-11-27T00:00:00.000Z",
  receivedAt: "2026-11-24T16:10:00.000Z",
  receivedBy: "330-inbox",
  finding: null,
  concludedAt: null,
  endedAt: null,
  corrections: [],
  messages: 0,
  followsReferralId: null,
  payloadDigest,
  senderEntryId: "entry-s",
  origin: "entry-s",
  figures: { sex: "M", leavesOn: "2033-06-24", reason: "unknown" },
  fingerprints: [],
  recipientEntryId: "entry-r",
  temporaryEntryId: null,
  commonTransferFile: null,
  removedAt: null,
  receipt: null,
  certificate: null,
  sealedFor: null,
  passedBy: {},
  answerCountedFrom: null,
  rungsRaised: 0,
  nextRungAt: null,
  head: { sequence: 3, hash: "sha-256:emIUDpPNbwxsYEFK51AWnaQzXr1kn4nca5qmxz0FS9s" },
  version: 3,
};

const senderEntry: Entry = {
  entryId: "entry-s",
  authority: "201",
  status: "suspected",
  openedAt: "2026-11-23T09:30:00.000Z",
  openedBy: "201",
  origin: "entry-s",
  referralId: id,
  openedByReferralId: null,
  openReferralId: id,
  closure: null,
  enquiries: [],
  matchEnquiry: null,
  steps: [],
  figures: { sex: "M", leavesOn: "2033-06-24", reason: "unknown" },
  fingerprints: [],
  retained: null,
  head: { sequence: 0, hash: null },
  sealedFor: null,
  passedBy: null,
  version: 1,
};
const recipientEntry: Entry = {
  ...senderEntry,
  entryId: "entry-r",
  authority: "330",
  openedBy: "330",
  openedByReferralId: id,
  openReferralId: null,
};

const rows = events.map(({ sequence, type, at }) => ({ sequence, type, at, waiting: false }));
const honest: Case = { referral, events, rows, senderEntry, recipientEntry, hasVersion: () => true };
const now = "2026-11-24T16:20:07.009Z";

const told = (changes: Partial<Case>): string[] =>
  faultsOfReferral({ ...honest, ...changes }, now).map((fault) => tell(fault).replace(` · referral ${id}`, ""));
const toldOf = (changes: Partial<Referral>): string[] => told({ referral: { ...referral, ...changes } });

const off = (entry: Entry, closure: Entry["closure"]): Entry => ({ ...entry, status: "closed", closure });
const at = "2026-11-25T10:00:00.000Z";
const transferred = { as: "transferred", at, referralId: id } as const;
const inSchool = { as: "on-school-register", at, schoolUrn: "103200", startDate: "2026-11-30" } as const;
const notLocated = { as: "not-located", at, referralId: id } as const;

describe("a referral", () => {
  it("that agrees with its trail, its rows and its entries has no fault", () => {
    expect(told({})).toEqual([]);
  });

  it("that is a register transfer is of no list, and so neither R1 nor R2 is asked of it", () => {
    const transfer: Partial<Referral> = { kind: "register-transfer", senderEntryId: null, recipientEntryId: null };
    const onNoList = { senderEntry: undefined, recipientEntry: undefined };
    expect(told({ referral: { ...referral, ...transfer }, ...onNoList })).toEqual([]);
    expect(told({ referral: { ...referral, ...transfer, recipientEntryId: "entry-r" }, ...onNoList })).toEqual([
      "entry-differs · entry entry-r · is the entry of a register transfer",
    ]);
    expect(told({ referral: { ...referral, senderEntryId: null }, ...onNoList })).not.toEqual([]);
  });

  it.each([
    ["lacks the last event", { events: events.slice(0, 2) }, ["events-behind · event 3 · up to 3"]],
    ["lacks its trail", { events: [] }, ["events-behind · event 1 · up to 3"]],
    ["lacks the first event", { events: events.slice(1) }, ["trail-broken · event 2 · sequence"]],
  ] as const)("%s", (_, changes, expected) => {
    expect(told(changes).filter((each) => !each.startsWith("outbox"))).toEqual(expected);
  });

  it.each<[Partial<Referral>, string[]]>([
    [
      { head: { sequence: 2, hash: "sha-256:SUvVQ8GhO2KCq88k5kNExijGEuQvDDAA_jSUm2_GdYs" } },
      ["referral-behind · event 3 · up to 3"],
    ],
    [
      { head: { sequence: 3, hash: "sha-256:SUvVQ8GhO2KCq88k5kNExijGEuQvDDAA_jSUm2_GdYs" } },
      ["head-differs · event 3"],
    ],
    [{ version: 4 }, ["referral-differs · version"]],
    [{ sender: "202" }, ["referral-differs · sender", "entry-differs · entry entry-s · is not the sender's"]],
    [{ receivedBy: "330-lead" }, ["referral-differs · receivedBy"]],
    [{ payloadDigest: "sha-256:x" }, ["referral-differs · payloadDigest"]],
    [
      { removedAt: at },
      ["referral-differs · removedAt", "entry-differs · entry entry-s · is not removed, and the referral says so"],
    ],
    [
      { state: "located" },
      ["referral-differs · state", "entry-differs · entry entry-r · is suspected, and the referral located"],
    ],
  ])("that is %o says so", (changes, expected) => {
    expect(toldOf(changes)).toEqual(expected);
  });

  it("whose event has no row, another's, or one too many", () => {
    const [first, second, third] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];
    expect(told({ rows: [first, third] })).toEqual(["outbox-missing · event 2"]);
    expect(told({ rows: [first, { ...second, type: "referral.located" }, third] })).toEqual([
      "outbox-differs · event 2",
    ]);
    expect(told({ rows: [...rows, { ...third, sequence: 4 }] })).toEqual(["outbox-without-event · event 4"]);
  });

  it("whose event waits to be told for more than a quarter of an hour", () => {
    const waiting = { rows: rows.map((row) => ({ ...row, waiting: true })) };
    // It is a quarter of an hour and a millisecond after the second.
    expect(told(waiting)).toEqual(["outbox-stuck · event 1", "outbox-stuck · event 2"]);
  });

  it("whose record is gone", () => {
    expect(told({ hasVersion: () => false })).toEqual(["record-missing"]);
  });

  it("whose record was corrected, and which says otherwise than its trail or lacks that version", () => {
    const corrected: ReferralEvent = {
      referralId: id,
      sequence: 4,
      type: "referral.record-corrected",
      at: "2026-11-24T16:15:00.000Z",
      actor: { authority: "330", clientId: "cme-330", contactId: "330-lead" },
      details: {
        payloadDigest: "sha-256:UkqAUIrkdr_OI6WZzXbHhMACEGfB1ldHFdzpTcGqVgg",
        previousDigest: payloadDigest,
        recordVersion: "2",
      },
      previousHash: "sha-256:emIUDpPNbwxsYEFK51AWnaQzXr1kn4nca5qmxz0FS9s",
      hash: "sha-256:18Cgcbkd3Eh73B0XQbELUhya6un_2d4vWzD7F28sbTQ",
    };
    const correction = {
      payloadDigest: "sha-256:UkqAUIrkdr_OI6WZzXbHhMACEGfB1ldHFdzpTcGqVgg",
      previousDigest: payloadDigest,
      at: "2026-11-24T16:15:00.000Z",
      authority: "330",
      correctedBy: "330-lead",
    } as const;
    const after: Referral = {
      ...referral,
      payloadDigest: "sha-256:UkqAUIrkdr_OI6WZzXbHhMACEGfB1ldHFdzpTcGqVgg",
      corrections: [correction],
      head: { sequence: 4, hash: "sha-256:18Cgcbkd3Eh73B0XQbELUhya6un_2d4vWzD7F28sbTQ" },
      version: 4,
    };
    const row = { sequence: 4, type: "referral.record-corrected", at: "2026-11-24T16:15:00.000Z", waiting: false };
    const whole = { referral: after, events: [...events, corrected], rows: [...rows, row] };
    expect(told(whole)).toEqual([]);
    for (const changes of [
      { previousDigest: "sha-256:another" },
      { payloadDigest: "sha-256:another" },
      { authority: "201" },
      { correctedBy: "330-inbox" },
    ] as const) {
      expect(told({ ...whole, referral: { ...after, corrections: [{ ...correction, ...changes }] } })).toEqual([
        "referral-differs · corrections",
      ]);
    }
    expect(told({ ...whole, referral: { ...after, corrections: [] } })).toEqual(["referral-differs · corrections"]);
    expect(told({ ...whole, hasVersion: (version) => version === 1 })).toEqual(["record-missing · version 2"]);
  });
});

describe("R1 and R2", () => {
  const removed = off(senderEntry, transferred);
  it.each<[string, Partial<Case> & { state?: Referral["state"] }, string[]]>([
    ["received: on both lists", {}, []],
    ["received and removed from the sender's", { senderEntry: removed }, ["entry-differs"]],
    [
      "received, the sender's closed lawfully",
      { senderEntry: { ...off(senderEntry, inSchool), openReferralId: null } },
      [],
    ],
    ["received, on the sender's alone", { recipientEntry: off(recipientEntry, inSchool) }, ["entry-differs"]],
    [
      "received, on neither",
      { senderEntry: removed, recipientEntry: off(recipientEntry, inSchool) },
      ["r2-on-no-list", "entry-differs", "entry-differs"],
    ],
    ["received, the recipient's gone", { recipientEntry: undefined }, ["entry-missing"]],
    [
      "received and removed, the recipient's gone",
      { senderEntry: removed, recipientEntry: undefined },
      ["r2-on-no-list", "entry-missing", "entry-differs"],
    ],
    ["received, the sender's gone", { senderEntry: undefined }, ["entry-missing"]],
    [
      "received, the sender's not marked as referred",
      { senderEntry: { ...senderEntry, openReferralId: null } },
      ["entry-differs"],
    ],
  ])("%s", (_, changes, expected) => {
    expect(faultsOfReferral({ ...honest, ...changes }, now).map(({ code }) => code)).toEqual(expected);
  });

  /** Of the entries alone: the state is not that of the trail, which is told as well. */
  const inState = (state: Referral["state"], changes: Partial<Case>): string[] =>
    faultsOfReferral({ ...honest, referral: { ...referral, state }, ...changes }, now)
      .map(({ code }) => code)
      .filter((code) => code !== "referral-differs");
  const released = { ...senderEntry, openReferralId: null };
  const gone = { ...removed, openReferralId: null };

  it("awaiting receipt, the child is on the sender's list and nowhere else", () => {
    expect(inState("awaiting-receipt", { recipientEntry: undefined })).toEqual(["entry-missing"]);
    expect(inState("awaiting-receipt", { senderEntry: off(senderEntry, inSchool) })).toEqual(["r2-on-no-list"]);
    expect(inState("awaiting-receipt", { senderEntry: removed })).toEqual([
      "r1-removed-without-receipt",
      "r2-on-no-list",
    ]);
  });

  it("withdrawn or returned, the sender keeps the child", () => {
    for (const state of ["withdrawn", "returned"] as const) {
      expect(inState(state, { senderEntry: released })).toEqual([]);
      expect(inState(state, { senderEntry })).toEqual(["entry-differs"]);
      expect(inState(state, { senderEntry: gone })).toEqual(["r1-removed-without-receipt"]);
    }
  });

  it("not located, the child is back with the sender", () => {
    const notThere = off(recipientEntry, notLocated);
    expect(inState("not-located", { senderEntry: released, recipientEntry: notThere })).toEqual([]);
    expect(inState("not-located", { senderEntry: gone, recipientEntry: notThere })).toEqual([
      "r1-removed-without-receipt",
    ]);
    expect(inState("not-located", { senderEntry: released })).toEqual(["entry-differs"]);
    expect(inState("not-located", { senderEntry: released, recipientEntry: off(recipientEntry, inSchool) })).toEqual([
      "entry-differs",
    ]);
  });

  it("concluded, the recipient's entry is closed", () => {
    expect(inState("concluded", { senderEntry: released, recipientEntry: off(recipientEntry, inSchool) })).toEqual([]);
    expect(inState("concluded", { senderEntry: released })).toEqual(["entry-differs"]);
  });
});

describe("the state after a trail", () => {
  const trail = (...types: string[]) => stateAfter(types.map((type) => ({ type: `referral.${type}` as EventType })));

  it.each([
    ["submitted", "awaiting-receipt"],
    ["submitted overdue child-read overdue", "awaiting-receipt"],
    ["submitted withdrawn", "withdrawn"],
    ["submitted returned child-read", "returned"],
    ["submitted received", "received"],
    ["submitted received removed", "received"],
    ["submitted received removed located removed concluded", "concluded"],
    ["submitted received concluded", "concluded"],
    ["submitted received removed not-located", "not-located"],
  ])("%s is %s", (types, state) => {
    expect(trail(...types.split(" "))).toEqual({ state, unlawful: undefined });
  });

  it.each([
    ["received", 1],
    ["submitted submitted", 2],
    ["submitted removed", 2],
    ["submitted received not-located removed", 4],
    ["submitted withdrawn received", 3],
    ["submitted received located not-located", 4],
  ])("%s is not lawful at event %i", (types, unlawful) => {
    expect(trail(...types.split(" ")).unlawful).toBe(unlawful);
  });
});

describe("an entry", () => {
  const codes = (entry: Entry, known: Referral[] = [referral], hasRecord = true): Fault[] =>
    faultsOfEntry(
      {
        entry,
        referrals: new Map(known.map((each) => [each.referralId, each])),
        enquiries: new Map(),
        findableBy: new Set(),
        events: [],
        rows: [],
        parts: new Set(hasRecord ? ["record"] : []),
      },
      now,
    );

  it("that names the referrals that name it has no fault", () => {
    expect(codes(senderEntry)).toEqual([]);
    expect(codes(recipientEntry)).toEqual([]);
  });

  it("whose referral is gone", () => {
    expect(codes(off(senderEntry, transferred), [])).toEqual([
      { code: "referral-missing", referralId: id, entryId: "entry-s" },
    ]);
  });

  it("that came off its list through a referral of another child: R1", () => {
    const other = { ...senderEntry, entryId: "entry-x", referralId: null, openReferralId: null };
    expect(codes(off(other, transferred)).map(({ code }) => code)).toEqual([
      "entry-differs",
      "r1-removed-without-receipt",
    ]);
  });

  it("that was never referred and has no record", () => {
    const own = { ...senderEntry, referralId: null, openReferralId: null };
    expect(codes(own, [], true)).toEqual([]);
    expect(codes(own, [], false)).toEqual([{ code: "record-missing", entryId: "entry-s" }]);
  });

  it("that is closed without a closure, or has one and is open", () => {
    for (const entry of [{ ...senderEntry, status: "closed" } as const, { ...senderEntry, closure: inSchool }]) {
      expect(codes(entry).map(({ detail }) => detail)).toEqual(["its status and its closure contradict each other"]);
    }
  });
});

describe("a tally", () => {
  it("tells which sets differ, in whatever order they were read", () => {
    const [one, other] = [newTally(), newTally()];
    for (const member of ["a", "b", "c"]) one.add("same", member);
    for (const member of ["c", "a", "b"]) other.add("same", member);
    one.add("lacking", "a");
    for (const member of ["a", "b"]) one.add("another", member);
    for (const member of ["a", "c"]) other.add("another", member);
    for (const member of ["a", "a", "b"]) one.add("twice", member);
    for (const member of ["b"]) other.add("twice", member);
    expect(one.differingFrom(other)).toEqual(["another", "lacking", "twice"]);
    expect(other.differingFrom(one)).toEqual(["another", "lacking", "twice"]);
  });
});

describe("a quiet moment", () => {
  const since = "2026-11-22T12:00:00.000Z";
  const before = "2026-11-23T12:00:00.500Z";
  const on = (...times: string[]) => times.map((time) => `2026-11-23T${time}Z`);

  it.each([
    ["nothing happened", [], "2026-11-23T12:00:00.000Z"],
    ["the last was a minute earlier", on("11:59:00.000"), "2026-11-23T12:00:00.000Z"],
    ["the last was within the minute", on("11:59:00.001"), "2026-11-23T11:58:59.000Z"],
    ["something is of the second after", on("12:00:00.900"), "2026-11-23T11:59:59.000Z"],
    ["something came later", on("12:00:01.001", "12:30:00.000"), "2026-11-23T12:00:00.000Z"],
    ["it was busy for a while", on("11:58:00.000", "11:59:30.000", "11:58:40.000"), "2026-11-23T11:57:58.000Z"],
  ])("when %s", (_, times, moment) => {
    expect(quietMoment(times, before, since)).toBe(moment);
  });

  it("is not there when every minute was busy", () => {
    const every = Array.from({ length: 60 }, (_, minute) => `11:${String(minute).padStart(2, "0")}:30.000`);
    expect(quietMoment(on(...every), before, "2026-11-23T11:00:00.000Z")).toBeUndefined();
  });
});

it("every table is audited, or said not to be", () => {
  expect(Object.keys(tables).filter((name) => !Object.hasOwn(whatIsAudited, name))).toEqual([]);
});

const page = readFileSync(new URL("../../infra/operations.md", import.meta.url), "utf8");

it("the operations page restores every table that must be of one moment, each time", () => {
  const restored = [...page.matchAll(/^TABLES="(.+)"$/gm)].map(([, names]) => names?.split(" "));
  expect(restored).toEqual([tablesOfOneMoment.map((name) => tables[name].name.replace("cme-", ""))]);
  expect(tablesOfOneMoment).toEqual([
    "referrals",
    "events",
    "outbox",
    "feed",
    "entries",
    "records",
    "answers",
    "deliveries",
    "caseEvents",
    "enquiries",
    "notices",
    "fingerprints",
    "counters",
  ]);
});

it("every fault leads to a section of the operations page", () => {
  const sections = new Set([...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title));
  expect(Object.values(faultCodes).filter(({ mend }) => !sections.has(mend))).toEqual([]);
});

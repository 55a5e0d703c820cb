import { describe, expect, it } from "vitest";
import { newEntry } from "../../shared/domain/entry.ts";
import { raiseOverdue, reassigned, submitted } from "../../shared/domain/referral.ts";
import {
  isQuietEnough,
  isToCome,
  neighboursAfter,
  passEntry,
  passReferral,
  rolesByEntry,
  successorFor,
  type Unit,
  unitOf,
  unitsOfEntry,
} from "../../shared/domain/reorganisation.ts";

const exchange = { authority: "exchange", clientId: "exchange", contactId: null };

const figures = { sex: "U", leavesOn: "2033-06-24", reason: "unknown" } as const;

/** Submitted on a Monday at half past nine by 201, to Surrey (936): due on Thursday. */
const { referral } = submitted(
  {
    referralId: "r1",
    sender: "201",
    recipient: "936",
    kind: "missing-education",
    temporaryAuthority: null,
    urgency: "standard",
    sentBy: "201-lead",
    submittedAt: "2027-03-22T09:30:00.000Z",
    receiptDueAt: "2027-03-25T09:30:00.000Z",
    followsReferralId: null,
    payloadDigest: "sha-256:x",
    senderEntryId: "e1",
    origin: "e1",
    figures,
    fingerprints: [],
  },
  "cme-201",
);
const passing = { role: "recipient", to: "944", reorganisationId: "o1", answerCountedAnew: true } as const;
const fact = { at: "2027-04-01T09:30:00.000Z", actor: exchange };

describe("a recipient's role that passes", () => {
  it("changes who it is, and not between whom the record is sealed", () => {
    const { after, event } = reassigned(referral, passing, fact);
    expect(after).toMatchObject({
      sender: "201",
      recipient: "944",
      state: "awaiting-receipt",
      sealedFor: { sender: "201", recipient: "936" },
      passedBy: { recipient: "o1" },
      version: 2,
    });
    expect(event).toMatchObject({
      type: "referral.reassigned",
      sequence: 2,
      actor: exchange,
      details: { role: "recipient", from: "936", to: "944", reorganisation: "o1" },
    });
    const again = reassigned(after, { ...passing, to: "945", reorganisationId: "o2" }, fact).after;
    expect(again).toMatchObject({ recipient: "945", sealedFor: { sender: "201", recipient: "936" } });
  });

  it("has the whole response time again, and the ladder begins anew", () => {
    const overdue = raiseOverdue(referral, "2027-03-25T09:31:00.000Z").after;
    const { after } = reassigned(overdue, passing, fact);
    expect(after).toMatchObject({
      receiptDueAt: "2027-04-06T09:30:00.000Z",
      rungsRaised: 0,
      nextRungAt: "2027-04-06T09:30:00.000Z",
    });
    const first = raiseOverdue(after, "2027-04-06T09:31:00.000Z").after;
    expect(first).toMatchObject({ rungsRaised: 1, nextRungAt: "2027-04-09T09:30:00.000Z" });
  });

  it("keeps its deadline among successors, when it was received, and when it is the sender's", () => {
    const due = "2027-03-25T09:30:00.000Z";
    const among = reassigned(referral, { ...passing, answerCountedAnew: false }, fact).after;
    const received = reassigned({ ...referral, state: "received" }, passing, fact).after;
    const senders = reassigned(referral, { ...passing, role: "sender" }, fact).after;
    expect([among.receiptDueAt, received.receiptDueAt, senders.receiptDueAt]).toEqual([due, due, due]);
  });

  it("passes with the sender's where both are one authority's, an event for each", () => {
    const both = { ...referral, sender: "936" };
    const { after, events } = passReferral({ referral: both, roles: ["sender", "recipient"] }, passing, fact);
    expect([after.sender, after.recipient, after.version]).toEqual(["944", "944", 3]);
    expect(after.sealedFor).toEqual({ sender: "936", recipient: "936" });
    expect(events.map(({ sequence, details }) => [sequence, details.role])).toEqual([
      [2, "sender"],
      [3, "recipient"],
    ]);
    expect(events[1]?.previousHash).toBe(events[0]?.hash);
  });
});

describe("an entry that passes", () => {
  it("is on the successor's list, sealed as it was, and its trail tells of it", () => {
    const entry = newEntry({ entryId: "e1", authority: "936", openedAt: "2027-03-01T09:00:00.000Z", figures });
    const { after, event } = passEntry(entry, passing, fact);
    expect(after).toMatchObject({ authority: "944", openedBy: "936", sealedFor: "936", passedBy: "o1" });
    expect(event).toMatchObject({
      subject: "entry#e1",
      type: "entry.reassigned",
      details: { from: "936", to: "944", reorganisation: "o1" },
    });
    expect(passEntry(after, { ...passing, to: "945" }, fact).after).toMatchObject({
      authority: "945",
      sealedFor: "936",
    });
  });
});

describe("what goes together", () => {
  const received = { ...referral, recipientEntryId: "e2" };

  it("is an entry with its referrals, or a referral alone", () => {
    expect([unitOf(referral, "sender"), unitOf(referral, "recipient")]).toEqual(["entry#e1", "referral#r1"]);
    expect([unitOf(received, "recipient"), unitOf(received, "temporaryAuthority")]).toEqual([
      "entry#e2",
      "referral#r1",
    ]);
    expect(rolesByEntry(received, "936", "e2")).toEqual(["recipient"]);
    expect(rolesByEntry(received, "936", "e1")).toEqual([]);
  });

  it("goes where its entry was assigned, or before the receipt its referral, or to the remainder", () => {
    const units = unitsOfEntry({ entryId: "e2", openedByReferralId: "r1" });
    expect(units).toEqual(["entry#e2", "referral#r1"]);
    const to = (...assigned: [Unit, string][]) => successorFor({ remainderTo: "944" }, units, new Map(assigned));
    expect(to()).toBe("944");
    expect(to(["referral#r1", "945"])).toBe("945");
    expect(to(["referral#r1", "945"], ["entry#e2", "946"])).toBe("946");
    expect(to(["entry#e9", "945"])).toBe("944");
  });
});

describe("a reorganisation", () => {
  it("is to come until midnight in England, where it is summer", () => {
    const registered = { state: "registered", effectiveOn: "2027-04-01" } as const;
    expect(isToCome(registered, "2027-03-31T22:59:59.999Z")).toBe(true);
    expect(isToCome(registered, "2027-03-31T23:00:00.000Z")).toBe(false);
    expect(isToCome({ ...registered, state: "cancelled" }, "2027-03-01T00:00:00.000Z")).toBe(false);
  });

  it("is quiet enough after an hour without a find", () => {
    const quietSince = "2027-04-01T00:00:00.000Z";
    expect(isQuietEnough({ quietSince }, "2027-04-01T00:59:59.999Z")).toBe(false);
    expect(isQuietEnough({ quietSince }, "2027-04-01T01:00:00.000Z")).toBe(true);
    expect(isQuietEnough({ quietSince: null }, "2027-04-02T00:00:00.000Z")).toBe(false);
  });
});

describe("the neighbours", () => {
  const placed = (code: string, neighbours: string[], effectiveFrom = "2009-01-01") => ({
    code,
    neighbours,
    effectiveFrom,
  });
  const ended = { neighbours: ["850", "886", "330"] };
  const splits = { predecessor: "936", successors: ["944", "945"], effectiveOn: "2027-04-01" };

  it("of a new authority are those it was registered with, and they know it", () => {
    const around = [
      placed("850", ["886", "936"]),
      placed("886", ["936"]),
      placed("944", ["850"], "2027-04-01"),
      placed("945", ["886", "944"], "2027-04-01"),
      placed("201", ["202"]),
    ];
    expect(neighboursAfter(splits, ended, around)).toEqual(
      new Map([
        ["850", ["886", "944"]],
        ["886", ["945"]],
        ["944", ["850", "945"]],
      ]),
    );
  });

  it("of one that takes over are its own and the predecessor's", () => {
    const merges = { predecessor: "936", successors: ["330"], effectiveOn: "2027-04-01" };
    const around = [placed("850", ["936"]), placed("886", ["330", "936"]), placed("330", ["886", "936"])];
    expect(neighboursAfter(merges, ended, around)).toEqual(
      new Map([
        ["850", ["330"]],
        ["886", ["330"]],
        ["330", ["850", "886"]],
      ]),
    );
  });

  it("that are right already stay as they are", () => {
    const around = [placed("850", ["944"]), placed("944", ["850"], "2027-04-01")];
    expect(neighboursAfter(splits, { neighbours: ["850"] }, around)).toEqual(new Map());
  });
});

import { describe, expect, it } from "vitest";
import { deadlineOfEnquiry, deadlineOfReferral } from "../../shared/domain/deadlines.ts";
import type { TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import type { ReferralEvent } from "../../shared/domain/event-chain.ts";
import { workingDaysBegun, workingDaysWhole } from "../../shared/domain/working-days.ts";

/** 23 November 2026 is a Monday; 25 and 28 December are holidays. */
describe("working days between two moments", () => {
  it.each([
    ["2026-11-23T09:30:00.000Z", "2026-11-23T09:30:00.000Z", 0, 0],
    ["2026-11-23T09:30:00.000Z", "2026-11-23T09:31:00.000Z", 0, 1],
    ["2026-11-23T09:30:00.000Z", "2026-11-24T09:29:59.999Z", 0, 1],
    ["2026-11-23T09:30:00.000Z", "2026-11-24T09:30:00.000Z", 1, 1],
    ["2026-11-23T09:30:00.000Z", "2026-11-24T09:30:00.001Z", 1, 2],
    // Over a weekend.
    ["2026-11-27T09:30:00.000Z", "2026-11-29T12:00:00.000Z", 0, 1],
    ["2026-11-27T09:30:00.000Z", "2026-11-30T09:30:00.000Z", 1, 1],
    // Over Christmas.
    ["2026-12-24T12:00:00.000Z", "2026-12-29T11:00:00.000Z", 0, 1],
    ["2026-12-24T12:00:00.000Z", "2026-12-29T12:00:00.000Z", 1, 1],
    // Backwards.
    ["2026-11-24T09:30:00.000Z", "2026-11-23T09:30:00.000Z", 0, 0],
  ])("from %s to %s: %i whole, %i begun", (from, to, whole, begun) => {
    expect([workingDaysWhole(from, to), workingDaysBegun(from, to)]).toEqual([whole, begun]);
  });
});

const referral = { referralId: "r1", recipient: "330", receiptDueAt: "2026-11-26T09:30:00.000Z" };
const event = (type: ReferralEvent["type"], at: string): ReferralEvent => ({
  referralId: "r1",
  sequence: 1,
  type,
  at,
  actor: { authority: "330", clientId: "cme-330", contactId: null },
  details: {},
  previousHash: null,
  hash: "sha-256:x",
});
const of = { what: "receipt-of-referral", of: "referral#r1", by: "330", dueAt: "2026-11-26T09:30:00.000Z" };

describe("the deadline of a referral's receipt", () => {
  it.each([
    ["awaited in time", [], "2026-11-24T09:30:00.000Z", { doneAt: null, doneBy: null, kept: null, workingDays: 2 }],
    ["awaited too long", [], "2026-11-30T09:31:00.000Z", { doneAt: null, doneBy: null, kept: false, workingDays: 3 }],
    [
      "kept at its very moment",
      [
        event("referral.child-read", "2026-11-24T09:30:00.000Z"),
        event("referral.received", "2026-11-26T09:30:00.000Z"),
      ],
      "2027-01-04T00:00:00.000Z",
      { doneAt: "2026-11-26T09:30:00.000Z", doneBy: "referral.received", kept: true, workingDays: 0 },
    ],
    [
      "missed by a minute",
      [event("referral.returned", "2026-11-26T09:31:00.000Z")],
      "2027-01-04T00:00:00.000Z",
      { doneAt: "2026-11-26T09:31:00.000Z", doneBy: "referral.returned", kept: false, workingDays: 1 },
    ],
    [
      "made needless",
      [event("referral.withdrawn", "2026-11-23T09:30:00.000Z")],
      "2027-01-04T00:00:00.000Z",
      { doneAt: "2026-11-23T09:30:00.000Z", doneBy: "referral.withdrawn", kept: true, workingDays: 3 },
    ],
  ] as const)("%s", (_, trail, now, expected) => {
    expect(deadlineOfReferral(referral, trail, now)).toEqual({ ...of, ...expected });
  });
});

describe("the deadline of an enquiry's answer", () => {
  const enquiry: TargetedEnquiry = {
    enquiryId: "q1",
    kind: "targeted",
    asker: "201",
    asked: "330",
    entryId: "e1",
    reason: "kin",
    openedBy: "201-lead",
    openedAt: "2026-11-23T09:30:00.000Z",
    state: "open",
    lapsesAt: "2026-12-21T09:30:00.000Z",
    answer: null,
    closedFor: null,
    endedAt: null,
    referralId: null,
    notes: [],
    erasedAt: null,
    sealedFor: null,
    head: { sequence: 1, hash: "sha-256:x" },
    version: 1,
  };
  const answer = { answer: "not-known", answeredBy: "330-lead", answeredAt: "2026-11-30T09:30:00.000Z" } as const;

  it.each<[string, Partial<TargetedEnquiry>, object]>([
    [
      "kept by the answer known, from which on the asker has the same time again",
      { state: "known", answer: { ...answer, answer: "known" }, lapsesAt: "2026-12-30T09:30:00.000Z" },
      { dueAt: "2026-12-21T09:30:00.000Z", doneAt: answer.answeredAt, kept: true, workingDays: 15 },
    ],
    [
      "kept by an answer",
      { answer },
      { doneAt: answer.answeredAt, doneBy: "enquiry.answered", kept: true, workingDays: 15 },
    ],
    [
      "made needless by the asker",
      { state: "closed", closedFor: "child-located", endedAt: "2026-12-18T09:30:00.000Z" },
      { doneAt: "2026-12-18T09:30:00.000Z", doneBy: "enquiry.closed", kept: true, workingDays: 1 },
    ],
    [
      "missed, so that it lapsed",
      { state: "lapsed", endedAt: "2026-12-21T09:31:00.000Z" },
      { doneAt: null, doneBy: null, kept: false, workingDays: 1 },
    ],
  ])("%s", (_, changes, expected) => {
    expect(deadlineOfEnquiry({ ...enquiry, ...changes }, "2026-12-21T12:00:00.000Z")).toMatchObject(expected);
  });
});

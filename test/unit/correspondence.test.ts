import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CorrectedRecord,
  digestOfVersion,
  mayWrite,
  messageWritten,
  recordCorrected,
  recordVersion,
} from "../../shared/domain/correspondence.ts";
import { decide } from "../../shared/domain/lifecycle.ts";
import {
  advance,
  type Referral,
  raiseOverdue,
  recordRead,
  type Step,
  submitted,
} from "../../shared/domain/referral.ts";
import { claimsOf } from "../../shared/keys/evidence.ts";

const figures = { sex: "F", leavesOn: "2032-06-25", reason: "unknown" } as const;
/** Submitted on a Monday at half past nine by 201 to 330: due on Thursday. */
const { referral } = submitted(
  {
    kind: "missing-education",
    referralId: "r1",
    sender: "201",
    recipient: "330",
    temporaryAuthority: null,
    urgency: "standard",
    sentBy: "201-lead",
    submittedAt: "2026-11-23T09:30:00.000Z",
    receiptDueAt: "2026-11-26T09:30:00.000Z",
    followsReferralId: null,
    payloadDigest: "sha-256:one",
    senderEntryId: "e1",
    origin: "e1",
    figures,
    fingerprints: ["a"],
  },
  "cme-201",
);
const actor = { authority: "330", clientId: "cme-330", contactId: "330-lead" };
const tuesday = "2026-11-24T12:00:00.000Z";
const record = (changes: Partial<CorrectedRecord> = {}): CorrectedRecord => ({
  payloadDigest: "sha-256:two",
  concern: false,
  figures: { ...figures, sex: "U" },
  fingerprints: ["b"],
  ...changes,
});

describe("a message", () => {
  it("is counted, and an answer's event says which question it answers", () => {
    const { after, event } = messageWritten(referral, "answer", 7, { at: tuesday, actor });
    expect(after).toMatchObject({ messages: 1, state: "awaiting-receipt", version: 2 });
    expect(event).toMatchObject({ type: "referral.question-answered", sequence: 2, details: { answers: "7" }, actor });
    expect(messageWritten(after, "question", undefined, { at: tuesday, actor }).event).toMatchObject({
      type: "referral.question-asked",
      sequence: 3,
      details: {},
    });
  });

  it.each([
    ["awaiting-receipt", null, "2027-12-24T00:00:00.000Z", true],
    ["located", null, "2027-12-24T00:00:00.000Z", true],
    ["returned", "2026-11-24T12:00:00.000Z", "2026-12-24T11:59:59.999Z", true],
    ["returned", "2026-11-24T12:00:00.000Z", "2026-12-24T12:00:00.000Z", false],
    ["withdrawn", "2026-11-24T12:00:00.000Z", "2026-11-24T12:00:00.000Z", true],
    ["concluded", null, "2026-11-24T12:00:00.000Z", false],
  ] as const)("of one that is %s since %s at %s: %s", (state, endedAt, now, expected) => {
    expect(mayWrite({ state, endedAt }, now)).toBe(expected);
  });

  it("counts the end from the first, which no removal moves", () => {
    const fact = { at: tuesday, actor };
    const received = advance(referral, "confirm-receipt", fact).after;
    expect(received.endedAt).toBeNull();
    const concluded = advance(received, "conclude-by-closure", fact).after;
    expect(concluded.endedAt).toBe(tuesday);
    const removed = advance(concluded, "remove", { at: "2026-11-25T12:00:00.000Z", actor }).after;
    expect(removed.endedAt).toBe(tuesday);
  });
});

describe("whatever happens to a referral", () => {
  const by = {
    contactId: "330-lead",
    authority: "330",
    name: "CME lead",
    role: "lead",
    email: "lead@example.org",
    telephone: "020 7946 0000",
  } as const;

  it("a receipt and a certificate cover the record as it stood at their own event", () => {
    const happenings = fc.array(fc.constantFrom("correct", "write", "read", "confirm-receipt", "remove"), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(happenings, (all) => {
        let current: Referral = referral;
        // What the record is at each moment, told apart from what the referral says of it.
        let stands = "sha-256:one";
        let corrections = 0;
        for (const each of all) {
          const fact = { at: tuesday, actor };
          if (each === "correct") {
            corrections += 1;
            stands = `sha-256:${corrections}`;
            current = recordCorrected(current, record({ payloadDigest: `sha-256:${corrections}` }), fact).after;
          } else if (each === "write") current = messageWritten(current, "question", undefined, fact).after;
          else if (each === "read") current = recordRead(current, fact).after;
          else if (decide(each, each === "remove" ? "sender" : "recipient", current.state).permitted) {
            const step: Step = advance(current, each, fact);
            const kind = each === "remove" ? "removal" : "receipt";
            const claims = claimsOf(kind, {
              issuer: "https://exchange.example",
              id: "01a1ff62-0406-7039-ba8f-74a5a22e6892",
              referral: step.before,
              event: step.event,
              by: { ...by, effectiveFrom: tuesday } as unknown as Parameters<typeof claimsOf>[1]["by"],
            });
            expect([claims.payloadDigest, claims.eventHash]).toEqual([stands, step.event.hash]);
            current = step.after;
          }
          expect(digestOfVersion(current, recordVersion(current))).toBe(stands);
        }
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});

describe("a corrected record", () => {
  it("is the newest version, and every version has its digest", () => {
    expect([recordVersion(referral), digestOfVersion(referral, 1), digestOfVersion(referral, 2)]).toEqual([
      1,
      "sha-256:one",
      undefined,
    ]);
    const second = recordCorrected(referral, record(), { at: tuesday, actor }).after;
    const { after, event } = recordCorrected(second, record({ payloadDigest: "sha-256:three" }), {
      at: tuesday,
      actor,
    });
    expect(after).toMatchObject({
      payloadDigest: "sha-256:three",
      figures: { sex: "U" },
      fingerprints: ["b"],
      urgency: "standard",
      receiptDueAt: "2026-11-26T09:30:00.000Z",
    });
    expect(event.details).toEqual({
      payloadDigest: "sha-256:three",
      previousDigest: "sha-256:two",
      recordVersion: "3",
    });
    expect([0, 1, 2, 3, 4].map((version) => digestOfVersion(after, version))).toEqual([
      undefined,
      "sha-256:one",
      "sha-256:two",
      "sha-256:three",
      undefined,
    ]);
  });

  it("with a safeguarding concern gives the recipient the urgent time from now on", () => {
    const { after, event } = recordCorrected(referral, record({ concern: true }), { at: tuesday, actor });
    expect(event.details.urgency).toBe("urgent");
    expect(after).toMatchObject({
      urgency: "urgent",
      receiptDueAt: "2026-11-25T12:00:00.000Z",
      answerCountedFrom: tuesday,
      nextRungAt: "2026-11-25T12:00:00.000Z",
    });
    expect(raiseOverdue(after, "2026-11-25T12:00:01.000Z").after).toMatchObject({
      rungsRaised: 1,
      nextRungAt: "2026-11-26T12:00:00.000Z",
    });
  });

  it("never gives the recipient more time, and asks nothing of one that has received the child", () => {
    const late = "2026-11-26T09:00:00.000Z";
    const { after } = recordCorrected(referral, record({ concern: true }), { at: late, actor });
    expect(after).toMatchObject({
      urgency: "urgent",
      receiptDueAt: "2026-11-26T09:30:00.000Z",
      answerCountedFrom: null,
    });
    const received = advance(referral, "confirm-receipt", { at: tuesday, actor }).after;
    expect(recordCorrected(received, record({ concern: true }), { at: tuesday, actor }).after).toMatchObject({
      urgency: "urgent",
      receiptDueAt: "2026-11-26T09:30:00.000Z",
      answerCountedFrom: null,
    });
  });
});

import { describe, expect, it } from "vitest";
import {
  type ChainHead,
  chainFault,
  emptyChain,
  nextEvent,
  type ReferralEvent,
} from "../../shared/domain/event-chain.ts";

const referralId = "019f0000-0000-7000-8000-000000000001";
const payloadDigest = "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

/**
 * Three events whose hashes were worked out with another program (Python's hashlib) over canonical JSON written by hand,
 * such as `{"actor":{"authority":"201","clientId":"cme-201","contactId":"201-lead"},"at":…,"type":"referral.submitted"}`.
 */
const submitted = {
  referralId,
  sequence: 1,
  type: "referral.submitted",
  at: "2026-11-23T09:30:00.000Z",
  actor: { authority: "201", clientId: "cme-201", contactId: "201-lead" },
  details: { recipient: "330", urgency: "standard", payloadDigest },
  previousHash: null,
  hash: "sha-256:jYhp0gsQ31WKP9_zxLTzyUMyXxnca9ZiKwyLkCuHeBA",
} as const satisfies ReferralEvent;

const read = {
  referralId,
  sequence: 2,
  type: "referral.child-read",
  at: "2026-11-24T16:05:07.008Z",
  actor: { authority: "330", clientId: "cme-330", contactId: null },
  details: {},
  previousHash: "sha-256:jYhp0gsQ31WKP9_zxLTzyUMyXxnca9ZiKwyLkCuHeBA",
  hash: "sha-256:SUvVQ8GhO2KCq88k5kNExijGEuQvDDAA_jSUm2_GdYs",
} as const satisfies ReferralEvent;

const received = {
  referralId,
  sequence: 3,
  type: "referral.received",
  at: "2026-11-24T16:10:00.000Z",
  actor: { authority: "330", clientId: "cme-330", contactId: "330-inbox" },
  details: { payloadDigest },
  previousHash: "sha-256:SUvVQ8GhO2KCq88k5kNExijGEuQvDDAA_jSUm2_GdYs",
  hash: "sha-256:emIUDpPNbwxsYEFK51AWnaQzXr1kn4nca5qmxz0FS9s",
} as const satisfies ReferralEvent;

const trail: ReferralEvent[] = [submitted, read, received];
const head: ChainHead = { sequence: 3, hash: received.hash };

const factOf = ({ type, at, actor, details }: ReferralEvent) => ({ referralId, type, at, actor, details });

/** The event with a right hash of its own, as somebody would make it who can write to the table. */
const forged = (event: ReferralEvent, changes: Partial<ReferralEvent>): ReferralEvent => {
  const { sequence, previousHash, ...fact } = { ...event, ...changes };
  return nextEvent({ sequence: sequence - 1, hash: previousHash }, fact);
};

describe("an event's hash", () => {
  it("is the one that another program works out", () => {
    expect(nextEvent(emptyChain, factOf(submitted))).toEqual(submitted);
    expect(nextEvent({ sequence: 1, hash: submitted.hash }, factOf(read))).toEqual(read);
    expect(nextEvent({ sequence: 2, hash: read.hash }, factOf(received))).toEqual(received);
  });

  it("does not depend on the order of members", () => {
    const actor = { contactId: "201-lead", clientId: "cme-201", authority: "201" };
    const details = { payloadDigest, urgency: "standard", recipient: "330" };
    expect(nextEvent(emptyChain, { ...factOf(submitted), actor, details }).hash).toBe(submitted.hash);
  });
});

describe("a trail", () => {
  it("holds as it was written, and so does each beginning of it", () => {
    expect(chainFault([])).toBeUndefined();
    expect(chainFault([submitted])).toBeUndefined();
    expect(chainFault(trail)).toBeUndefined();
  });

  it.each([
    ["type", { type: "referral.returned" }],
    ["time", { at: "2026-11-24T16:05:07.009Z" }],
    ["authority", { actor: { ...read.actor, authority: "202" } }],
    ["client", { actor: { ...read.actor, clientId: "cme-202" } }],
    ["contact", { actor: { ...read.actor, contactId: "330-lead" } }],
    ["details", { details: { reason: "duplicate" } }],
  ] as const)("shows a changed %s", (_, changes) => {
    expect(chainFault([submitted, { ...read, ...changes }, received])).toEqual({ sequence: 2, fault: "hash" });
    const withRightHash = forged(read, changes);
    expect(withRightHash.hash).not.toBe(read.hash);
    expect(chainFault([submitted, withRightHash, received])).toEqual({ sequence: 3, fault: "previous-hash" });
  });

  it("shows a changed hash", () => {
    const hash = "sha-256:AUvVQ8GhO2KCq88k5kNExijGEuQvDDAA_jSUm2_GdYs";
    expect(chainFault([submitted, { ...read, hash }, received])).toEqual({ sequence: 2, fault: "hash" });
  });

  it("shows a changed detail of the first event", () => {
    const details = { ...submitted.details, recipient: "202" };
    expect(chainFault([{ ...submitted, details }, read, received])).toEqual({ sequence: 1, fault: "hash" });
  });

  it("shows a first event that is not the first", () => {
    expect(chainFault([read, received])).toEqual({ sequence: 2, fault: "sequence" });
    expect(chainFault([forged(read, { sequence: 1 })])).toEqual({ sequence: 1, fault: "previous-hash" });
  });

  it("shows an event that was taken out, renumbered or not", () => {
    expect(chainFault([submitted, received])).toEqual({ sequence: 3, fault: "sequence" });
    expect(chainFault([submitted, { ...received, sequence: 2 }])).toEqual({ sequence: 2, fault: "previous-hash" });
  });

  it("shows events that changed places", () => {
    expect(chainFault([submitted, received, read])).toEqual({ sequence: 3, fault: "sequence" });
    expect(chainFault([submitted, { ...received, sequence: 2 }, { ...read, sequence: 3 }])).toEqual({
      sequence: 2,
      fault: "previous-hash",
    });
  });

  it("shows an event that was put in", () => {
    expect(chainFault([submitted, read, read, received])).toEqual({ sequence: 2, fault: "sequence" });
    const inserted = forged(read, { sequence: 3, previousHash: read.hash });
    const renumbered = { ...received, sequence: 4 };
    expect(chainFault([submitted, read, inserted, renumbered])).toEqual({ sequence: 4, fault: "previous-hash" });
  });

  it("shows another referral's event, even one made to fit", () => {
    const foreign = forged(read, { referralId: "019f0000-0000-7000-8000-000000000002" });
    expect(chainFault([submitted, foreign])).toEqual({ sequence: 2, fault: "referral" });
  });

  it("shows by its head that its end was cut off or written anew", () => {
    const headOf = (events: ReferralEvent[]) => events.map(({ sequence, hash }) => ({ sequence, hash })).at(-1);
    expect(headOf(trail)).toEqual(head);
    expect(headOf(trail.slice(0, 2))).not.toEqual(head);
    const otherEnd = [submitted, read, forged(received, { at: "2026-11-24T16:11:00.000Z" })];
    expect(chainFault(otherEnd)).toBeUndefined();
    expect(headOf(otherEnd)).not.toEqual(head);
  });
});

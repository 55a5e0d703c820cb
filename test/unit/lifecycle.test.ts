import { describe, expect, it } from "vitest";
import {
  type Action,
  decide,
  isOpen,
  lifecycle,
  type ReferralState,
  referralStates,
} from "../../shared/domain/lifecycle.ts";
import { advance, type Referral, recordRead } from "../../shared/domain/referral.ts";
import { replaceReferral } from "../../shared/store/referrals.ts";

/**
 * What becomes of a referral in each state when each of them tries each action, from domain.md, "The lifecycle of a
 * referral". `-` refuses because of the state, `role` whatever the state is. The guidance lets a name off a list once
 * receipt is confirmed, so a removal may come after the conclusion too; it changes no state.
 */
const matrix = `
                                  awaiting-receipt received  located   not-located returned withdrawn concluded
  withdraw            sender      withdrawn        -         -         -           -        -         -
  withdraw            recipient   role             role      role      role        role     role      role
  withdraw            neither     role             role      role      role        role     role      role
  return              sender      role             role      role      role        role     role      role
  return              recipient   returned         -         -         -           -        -         -
  return              neither     role             role      role      role        role     role      role
  confirm-receipt     sender      role             role      role      role        role     role      role
  confirm-receipt     recipient   received         -         -         -           -        -         -
  confirm-receipt     neither     role             role      role      role        role     role      role
  find-located        sender      role             role      role      role        role     role      role
  find-located        recipient   -                located   -         -           -        -         -
  find-located        neither     role             role      role      role        role     role      role
  find-not-located    sender      role             role      role      role        role     role      role
  find-not-located    recipient   -                not-located -       -           -        -         -
  find-not-located    neither     role             role      role      role        role     role      role
  remove              sender      -                received  located   -           -        -         concluded
  remove              recipient   role             role      role      role        role     role      role
  remove              neither     role             role      role      role        role     role      role
  conclude            sender      role             role      role      role        role     role      role
  conclude            recipient   -                -         concluded -           -        -         -
  conclude            neither     role             role      role      role        role     role      role
  conclude-by-closure sender      role             role      role      role        role     role      role
  conclude-by-closure recipient   -                concluded concluded -           -        -         -
  conclude-by-closure neither     role             role      role      role        role     role      role
`;

const [stateNames = [], ...rows] = matrix
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/ +/));
const cells = rows.flatMap(([action, actor, ...outcomes]) =>
  outcomes.map((outcome, at) => ({ action, actor, state: stateNames[at], outcome })),
);

describe("the lifecycle", () => {
  it("has the states and actions of the matrix and no others", () => {
    expect(stateNames).toEqual([...referralStates]);
    expect(new Set(rows.map(([action]) => action))).toEqual(new Set(Object.keys(lifecycle)));
    expect(cells).toHaveLength(8 * 3 * 7);
  });

  it.each(cells)("$action by $actor from $state: $outcome", ({ action, actor, state, outcome }) => {
    const party = actor === "sender" || actor === "recipient" ? actor : undefined;
    const decision = decide(action as Action, party, state as ReferralState);
    if (outcome === "role") expect(decision).toEqual({ permitted: false, because: "role" });
    else if (outcome === "-") expect(decision).toEqual({ permitted: false, because: "state", state });
    else expect(decision).toEqual({ permitted: true, to: outcome });
  });

  it("keeps an entry from being referred again while a referral awaits receipt, is received or located", () => {
    expect(referralStates.filter(isOpen)).toEqual(["awaiting-receipt", "received", "located"]);
  });
});

const referral: Referral = {
  referralId: "019f0000-0000-7000-8000-000000000001",
  sender: "201",
  recipient: "330",
  kind: "missing-education",
  temporaryAuthority: null,
  state: "received",
  urgency: "standard",
  sentBy: "201-lead",
  submittedAt: "2026-11-23T09:30:00.000Z",
  receiptDueAt: "2026-11-26T09:30:00.000Z",
  receivedAt: "2026-11-24T16:10:00.000Z",
  receivedBy: "330-inbox",
  finding: null,
  concludedAt: null,
  endedAt: null,
  corrections: [],
  messages: 0,
  followsReferralId: null,
  rungsRaised: 0,
  nextRungAt: "2026-11-26T09:30:00.000Z",
  payloadDigest: "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
  senderEntryId: "019f0000-0000-7000-8000-00000000000a",
  origin: "019f0000-0000-7000-8000-00000000000a",
  figures: { sex: "M", leavesOn: "2033-06-24", reason: "unknown" },
  fingerprints: [],
  recipientEntryId: "019f0000-0000-7000-8000-00000000000b",
  temporaryEntryId: null,
  commonTransferFile: null,
  removedAt: null,
  receipt: null,
  certificate: null,
  sealedFor: null,
  passedBy: {},
  answerCountedFrom: null,
  head: { sequence: 3, hash: "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" },
  version: 3,
};
const fact = {
  at: "2026-11-25T08:00:00.000Z",
  actor: { authority: "201", clientId: "cme-201", contactId: "201-lead" },
};

describe("a step of a referral's life", () => {
  it("moves the state, counts the version and ties the event to the trail", () => {
    const { before, after, event } = advance(referral, "find-located", fact, { finding: "located" });
    expect(before).toBe(referral);
    expect(after).toMatchObject({
      state: "located",
      finding: "located",
      version: 4,
      head: { sequence: 4, hash: event.hash },
    });
    expect(event).toMatchObject({
      referralId: "019f0000-0000-7000-8000-000000000001",
      sequence: 4,
      type: "referral.located",
      at: "2026-11-25T08:00:00.000Z",
      details: {},
      previousHash: "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
    });
  });

  it("leaves the state alone for a removal and a read", () => {
    const removal = advance(referral, "remove", fact, { removedAt: fact.at });
    expect(removal.after).toMatchObject({ state: "received", removedAt: "2026-11-25T08:00:00.000Z", version: 4 });
    expect(removal.event.type).toBe("referral.removed");
    const read = recordRead(referral, fact);
    expect(read.after).toMatchObject({ state: "received", version: 4 });
    expect(read.event.type).toBe("referral.child-read");
  });

  it("is not to be had where the table has none", () => {
    expect(() => advance(referral, "withdraw", fact)).toThrow(TypeError);
    expect(() => advance({ ...referral, state: "not-located" }, "remove", fact)).toThrow(TypeError);
  });
});

describe("the database's condition", () => {
  const conditionOf = (action?: Action) => {
    const { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues } =
      replaceReferral("cme-referrals", referral, { ...referral, version: 4 }, action).item.Put ?? {};
    return { ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues };
  };

  it("of a removal holds only from received, located and concluded, and from the version that was read", () => {
    expect(conditionOf("remove")).toEqual({
      ConditionExpression: "version = :version AND #state IN (:received,:located,:concluded)",
      ExpressionAttributeNames: { "#state": "state" },
      ExpressionAttributeValues: {
        ":version": 3,
        ":received": "received",
        ":located": "located",
        ":concluded": "concluded",
      },
    });
  });

  it("of a receipt holds only from awaiting-receipt", () => {
    expect(conditionOf("confirm-receipt")).toEqual({
      ConditionExpression: "version = :version AND #state IN (:awaiting_receipt)",
      ExpressionAttributeNames: { "#state": "state" },
      ExpressionAttributeValues: { ":version": 3, ":awaiting_receipt": "awaiting-receipt" },
    });
  });

  it("of a read holds from any state, while nothing was added to the trail since", () => {
    expect(conditionOf()).toEqual({
      ConditionExpression: "version = :version",
      ExpressionAttributeNames: undefined,
      ExpressionAttributeValues: { ":version": 3 },
    });
  });
});

import { describe, expect, it } from "vitest";
import {
  acknowledged,
  isPartyOf,
  mayDo,
  type Notice,
  noticeStates,
  sent,
  timeOver,
} from "../../shared/domain/notice.ts";

const fact = {
  at: "2026-11-24T09:00:00.000Z",
  actor: { authority: "206", clientId: "206-system", contactId: "206-lead" },
};
const fresh = (): Notice =>
  sent(
    {
      noticeId: "01a1ff62-0406-7039-ba8f-74a5a22e6892",
      sender: "202",
      recipient: "206",
      schoolUrn: "100012",
      startDate: "2026-11-02",
      sentBy: "202-lead",
      sentAt: "2026-11-20T10:00:00.000Z",
    },
    "202-system",
  ).notice;
const inState = (state: Notice["state"]): Notice => ({ ...fresh(), state });

describe("a notice", () => {
  it("keeps what it tells of the child for 60 working days, which Christmas and New Year are not", () => {
    expect(fresh()).toMatchObject({
      state: "awaiting-acknowledgement",
      erasesAt: "2027-02-17T10:00:00.000Z",
      erasedAt: null,
      version: 1,
    });
  });

  it("keeps it for 20 working days after the acknowledgement", () => {
    const { after, event } = acknowledged(fresh(), { acknowledgedBy: "206-lead", entryId: null }, fact);
    expect(after).toMatchObject({
      state: "acknowledged",
      acknowledgedAt: "2026-11-24T09:00:00.000Z",
      acknowledgedBy: "206-lead",
      erasesAt: "2026-12-22T09:00:00.000Z",
      version: 2,
    });
    expect(event).toMatchObject({ type: "notice.acknowledged", sequence: 2, details: {} });
  });

  it.each([
    ["awaiting-acknowledgement", "lapsed", "notice.lapsed"],
    ["acknowledged", "acknowledged", "notice.erased"],
  ] as const)("whose time is over, %s, is %s", (state, to, type) => {
    const { after, event } = timeOver(inState(state), "2027-02-18T00:00:00.000Z");
    expect([after.state, after.erasedAt, event.type]).toEqual([to, "2027-02-18T00:00:00.000Z", type]);
  });

  it.each([
    ["206", "awaiting-acknowledgement", { permitted: true }],
    ["206", "acknowledged", { permitted: false, because: "state" }],
    ["206", "lapsed", { permitted: false, because: "state" }],
    ["202", "awaiting-acknowledgement", { permitted: false, because: "role" }],
    ["302", "awaiting-acknowledgement", { permitted: false, because: "role" }],
  ] as const)("%s acknowledges one that is %s: %j", (authority, state, decision) => {
    expect(mayDo("acknowledge", inState(state), authority)).toEqual(decision);
  });

  it("has no other states", () => {
    expect(noticeStates).toEqual(["awaiting-acknowledgement", "acknowledged", "lapsed"]);
  });

  it("does not lapse by anybody's word", () => {
    expect(mayDo("lapse", fresh(), "206")).toEqual({ permitted: false, because: "role" });
  });

  it("is never acknowledged without a decision", () => {
    const again = () => acknowledged(inState("acknowledged"), { acknowledgedBy: "206-lead", entryId: null }, fact);
    expect(again).toThrow(new TypeError("acknowledge is not permitted from acknowledged"));
  });

  it("is the sender's and the recipient's", () => {
    expect(["202", "206", "302"].map((each) => isPartyOf(fresh(), each))).toEqual([true, true, false]);
  });
});

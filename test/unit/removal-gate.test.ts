import { describe, expect, it } from "vitest";
import type { ReferralState } from "../../shared/domain/lifecycle.ts";
import { reasonsAgainstRemoval } from "../../shared/domain/removal-gate.ts";

const at = "2026-11-25T08:00:00.000Z";
const entry = (open: boolean, referralId = "this") =>
  ({ status: open ? "suspected" : "closed", referralId, closure: null }) as const;
const codes = (state: ReferralState, removedAt: string | null, senderEntryOpen: boolean, newest?: string) =>
  reasonsAgainstRemoval({ referralId: "this", state, removedAt }, entry(senderEntryOpen, newest)).map(
    ({ code }) => code,
  );

describe("the removal gate", () => {
  it.each([
    ["awaiting-receipt", null, true, ["awaiting-receipt"]],
    ["awaiting-receipt", null, false, ["awaiting-receipt"]],
    ["returned", null, true, ["returned"]],
    ["withdrawn", null, true, ["withdrawn"]],
    ["not-located", null, true, ["not-located"]],
    ["not-located", at, true, ["not-located"]],
    ["not-located", at, false, ["not-located"]],
    ["received", at, false, ["already-removed"]],
    ["received", at, true, ["already-removed"]],
    ["located", at, false, ["already-removed"]],
    ["concluded", at, false, ["already-removed"]],
    ["received", null, false, ["entry-closed"]],
    ["located", null, false, ["entry-closed"]],
    ["concluded", null, false, ["entry-closed"]],
    ["received", null, true, []],
    ["located", null, true, []],
    ["concluded", null, true, []],
  ] as const)("%s, removed %s, sender's entry open: %s => %j", (state, removedAt, senderEntryOpen, expected) => {
    expect(codes(state, removedAt, senderEntryOpen)).toEqual(expected);
  });

  it("stays shut when the child was referred again, whatever the older referral's state", () => {
    expect(codes("received", null, true, "newer")).toEqual(["referred-again"]);
    expect(codes("located", null, true, "newer")).toEqual(["referred-again"]);
    expect(codes("concluded", null, true, "newer")).toEqual(["referred-again"]);
    expect(codes("awaiting-receipt", null, true, "newer")).toEqual(["awaiting-receipt"]);
  });

  it("knows from the entry alone that the child was removed under this very referral", () => {
    const closure = { as: "transferred", at, referralId: "this" } as const;
    const removed = { status: "closed", referralId: "this", closure } as const;
    const referral = { referralId: "this", state: "received", removedAt: null } as const;
    expect(reasonsAgainstRemoval(referral, removed).map(({ code }) => code)).toEqual(["already-removed"]);
  });

  it("says why in words and quotes the guidance", () => {
    const referral = { referralId: "this", state: "awaiting-receipt", removedAt: null } as const;
    expect(reasonsAgainstRemoval(referral, entry(true))).toEqual([
      {
        code: "awaiting-receipt",
        text: "The receiving authority has not confirmed receipt of the referral.",
        guidance:
          "“The previous local authority should not remove the child’s name from their CME list until the receiving local authority confirms receipt of the referral.” (Statutory guidance, “Working with other local authorities”)",
      },
    ]);
  });
});

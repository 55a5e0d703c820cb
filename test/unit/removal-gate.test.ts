import { describe, expect, it } from "vitest";
import type { ReferralState } from "../../shared/domain/lifecycle.ts";
import { reasonsAgainstRemoval } from "../../shared/domain/removal-gate.ts";

const at = "2026-11-25T08:00:00.000Z";
const codes = (state: ReferralState, removedAt: string | null, senderEntryOpen: boolean) =>
  reasonsAgainstRemoval({ state, removedAt }, senderEntryOpen).map(({ code }) => code);

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

  it("says why in words and quotes the guidance", () => {
    expect(reasonsAgainstRemoval({ state: "awaiting-receipt", removedAt: null }, true)).toEqual([
      {
        code: "awaiting-receipt",
        text: "The receiving authority has not confirmed receipt of the referral.",
        guidance:
          "The previous local authority should not remove the child’s name from their CME list until the receiving local authority confirms receipt of the referral.",
      },
    ]);
  });
});

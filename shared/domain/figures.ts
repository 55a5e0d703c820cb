import { compulsorySchoolAge } from "./compulsory-school-age.ts";

/**
 * Why the child is missing education: the reasons of the DfE's termly collection of children missing education, the two
 * beliefs about a move, unknown and other.
 */
export const reasonMissingCodes = [
  "moved-from-another-authority",
  "moved-from-another-country",
  "application-awaiting-outcome",
  "place-offered-not-accepted",
  "awaiting-start",
  "preference-not-met",
  "unsuitable-home-education",
  "difficulty-accessing-place",
  "dissatisfied-general",
  "dissatisfied-send",
  "mental-health",
  "physical-health",
  "parent-declined-to-register",
  "did-not-apply",
  "challenging-sao",
  "believed-moved-to-another-authority",
  "believed-moved-abroad",
  "unknown",
  "other",
] as const;

/**
 * The little that is kept of a child beside the encrypted record, so that the termly figures and the leaving age need
 * nobody's record: a sex, the end of a school year's compulsory school age, and a code. It tells of some hundred thousand
 * children at once, and so of none.
 */
export type Figures = {
  sex: "M" | "F" | "U";
  /** The last day of compulsory school age: the same for everybody of a school year. */
  leavesOn: string;
  /** A code of the DfE's collection. */
  reason: string;
};

/** What of a record the figures are made of; `unknown` where it says no reason. */
export const figuresOf = (record: {
  identity: { dateOfBirth: string; sex?: "M" | "F" | "U" | undefined };
  circumstances?: { reasonMissing?: string | undefined } | undefined;
}): Figures => ({
  sex: record.identity.sex ?? "U",
  leavesOn: compulsorySchoolAge(record.identity.dateOfBirth).endsOn,
  reason: record.circumstances?.reasonMissing ?? "unknown",
});

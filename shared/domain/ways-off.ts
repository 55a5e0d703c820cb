import { type EnquiryStepCode, exhaustedRule } from "./enquiry-steps.ts";
import type { Entry } from "./entry.ts";
import type { BodyFault, ClosureReason } from "./refusals.ts";
import { dateInEngland } from "./working-days.ts";

/** Guidance, footnote 1; Education Act 1996, section 8(3): a child ceases to be of that age at the end of that day. */
const leavingAgeRule =
  "“A child continues to be of compulsory school age until the last Friday of June in the school year that they reach 16.” (Statutory guidance, footnote 1)";

/** Guidance, its list of who is a child missing education. */
const notStartedRule =
  "Children missing education are also those who “have been offered a school place for a future date but have not yet started” (Statutory guidance, “Who are children missing education”)";

const isYetToStart = (startDate: string, now: string): boolean => startDate > dateInEngland(now);

/** Of a request that says when the child started at a school. */
export const startDateFaults = (startDate: string, now: string): BodyFault[] =>
  isYetToStart(startDate, now) ? [{ pointer: "/startDate", detail: `is in the future. ${notStartedRule}` }] : [];

/** A way off the list that needs no other authority, as it is asked for. */
export type WayOff =
  | { as: "on-school-register"; startDate: string }
  | { as: "suitable-education-otherwise" | "above-leaving-age" | "deceased" | "enquiries-exhausted" };

/**
 * Why the child can't come off the list in this way yet; empty when it can.
 * @param missing the steps of the guidance's list that are neither done nor found not applicable
 */
export const reasonsAgainstClosure = (
  way: WayOff,
  entry: Pick<Entry, "figures" | "enquiries" | "openReferralId">,
  missing: readonly EnquiryStepCode[],
  now: string,
): ClosureReason[] => {
  switch (way.as) {
    case "on-school-register":
      return isYetToStart(way.startDate, now) ? [notStarted(way.startDate)] : [];
    case "above-leaving-age":
      return dateInEngland(now) <= entry.figures.leavesOn ? [ofSchoolAge(entry.figures.leavesOn)] : [];
    case "enquiries-exhausted":
      return [...missing.map(stepMissing), ...stillLookedFor(entry)];
    default:
      return [];
  }
};

const notStarted = (startDate: string): ClosureReason => ({
  code: "not-started",
  text: `The child starts at the school on ${startDate} and is missing education until then.`,
  guidance: notStartedRule,
});

const ofSchoolAge = (leavesOn: string): ClosureReason => ({
  code: "of-compulsory-school-age",
  text: `The child is of compulsory school age until ${leavesOn}, that day included.`,
  guidance: leavingAgeRule,
});

const stepMissing = (code: EnquiryStepCode): ClosureReason => ({
  code,
  text: "This step has neither been taken, with what came of it, nor been found not applicable, with the reason.",
  guidance: exhaustedRule,
});

/** Nothing is exhausted while another authority has been asked, or has said that it knows the child, or looks for it. */
const stillLookedFor = ({
  enquiries,
  openReferralId,
}: Pick<Entry, "enquiries" | "openReferralId">): ClosureReason[] => [
  ...(enquiries.length > 0
    ? [
        {
          code: "enquiries-going-on",
          text: "Another authority is being asked about the child or has answered that it knows the child. Wait for its answer, refer the child to it, or close the enquiry.",
          guidance: exhaustedRule,
        },
      ]
    : []),
  ...(openReferralId === null
    ? []
    : [
        {
          code: "referral-open",
          text: "The child has been referred to another authority, which has not ended the referral: it looks for the child, or has found it.",
          guidance: exhaustedRule,
        },
      ]),
];

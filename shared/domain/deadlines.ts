import { enquiryLapsesAt, type TargetedEnquiry } from "./enquiry.ts";
import type { ReferralEvent } from "./event-chain.ts";
import type { EventType } from "./lifecycle.ts";
import type { Referral } from "./referral.ts";
import { workingDaysBegun, workingDaysWhole } from "./working-days.ts";

/** By when somebody was to do something, and whether it was done by then. */
export type Deadline = {
  what: "receipt-of-referral" | "answer-to-enquiry";
  /** `referral#` or `enquiry#` and the id. */
  of: string;
  /** Who was to do it. */
  by: string;
  dueAt: string;
  /** When it was done or became needless, and by which event; `null` while it is awaited. */
  doneAt: string | null;
  doneBy: string | null;
  /** `null` while it is awaited and still in time. */
  kept: boolean | null;
  /** Working days: whole ones that were left where it was kept or still may be, begun ones since where it was missed. */
  workingDays: number;
};

type Awaited = Omit<Deadline, "kept" | "workingDays">;

/** At the very moment of the deadline it is still kept. */
const judged = (awaited: Awaited, now: string): Deadline => {
  const { dueAt, doneAt } = awaited;
  const at = doneAt ?? now;
  const inTime = at <= dueAt;
  const kept = doneAt === null && inTime ? null : inTime;
  return { ...awaited, kept, workingDays: inTime ? workingDaysWhole(at, dueAt) : workingDaysBegun(dueAt, at) };
};

const settlingReceipt: readonly EventType[] = ["referral.received", "referral.returned", "referral.withdrawn"];

/** The recipient's receipt, which a return or a withdrawal makes needless. */
export const deadlineOfReferral = (
  { referralId, recipient, receiptDueAt }: Pick<Referral, "referralId" | "recipient" | "receiptDueAt">,
  trail: readonly ReferralEvent[],
  now: string,
): Deadline => {
  const done = trail.find(({ type }) => settlingReceipt.includes(type));
  return judged(
    {
      what: "receipt-of-referral",
      of: `referral#${referralId}`,
      by: recipient,
      dueAt: receiptDueAt,
      doneAt: done?.at ?? null,
      doneBy: done?.type ?? null,
    },
    now,
  );
};

/** The asked authority's answer, which the asker's closing makes needless; on `known` it is another time that runs. */
export const deadlineOfEnquiry = (
  { enquiryId, asked, openedAt, answer, endedAt, closedFor }: TargetedEnquiry,
  now: string,
): Deadline => {
  const closed = closedFor === null ? null : endedAt;
  return judged(
    {
      what: "answer-to-enquiry",
      of: `enquiry#${enquiryId}`,
      by: asked,
      dueAt: enquiryLapsesAt(openedAt),
      doneAt: answer?.answeredAt ?? closed,
      doneBy: answer ? "enquiry.answered" : closed && "enquiry.closed",
    },
    now,
  );
};

import { epochMilliseconds } from "./calendar.ts";
import { addWorkingDays } from "./working-days.ts";

/**
 * How many working days a recipient has to confirm receipt. The guidance asks for a policy on response times and gives
 * no number; these are the exchange's own.
 */
export const responseTimes = { urgent: 1, standard: 3 } as const;

export type Urgency = keyof typeof responseTimes;

/**
 * The moment by which a referral's receipt is due. A referral submitted on a day that is not a working day counts from
 * the start of the next one.
 *
 * @param submittedAt RFC 3339
 * @returns RFC 3339 in UTC with milliseconds
 */
export const receiptDueAt = (submittedAt: string, urgency: Urgency): string =>
  addWorkingDays(submittedAt, responseTimes[urgency]);

/** Whether a deadline has passed; at the very moment of the deadline it has not. Both are RFC 3339. */
export const isOverdue = (receiptDueAt: string, now: string): boolean =>
  epochMilliseconds(now) > epochMilliseconds(receiptDueAt);

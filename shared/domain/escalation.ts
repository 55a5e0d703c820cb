import { isOverdue, responseTimes, type Urgency } from "./answering-in-time.ts";
import { addWorkingDays } from "./working-days.ts";

/** The rungs of the ladder that silence climbs: past once, twice and three times the response time. */
export const rungs = [1, 2, 3] as const;
export type Rung = (typeof rungs)[number];

/**
 * (ours) Who learns of the silence at each rung, besides those of the rungs below: people of the recipient are reminded
 * by email, the DfE sees it in its overview. The sender sees from the first rung on that its referral is overdue.
 * Which contacts these are stands in who-is-told.ts.
 */
export const toldAtRung = { 1: "contact-and-inbox", 2: "lead", 3: "dfe" } as const satisfies Record<Rung, string>;

/** What the deadlines of a referral come from. */
type Submission = { submittedAt: string; urgency: Urgency };

/**
 * The moment after which a rung is reached: once, twice or three times the response time in working time, counted from
 * the submission. The first is the moment by which receipt is due.
 *
 * @param submittedAt RFC 3339
 * @returns RFC 3339 in UTC with milliseconds
 * @throws RangeError if `submittedAt` is not a moment
 */
export const rungDueAt = (submittedAt: string, urgency: Urgency, rung: Rung): string =>
  addWorkingDays(submittedAt, rung * responseTimes[urgency]);

/** The rungs that a referral whose receipt is not confirmed has reached, lowest first. At the very moment it has not. */
export const rungsPassed = ({ submittedAt, urgency }: Submission, now: string): Rung[] =>
  rungs.filter((rung) => isOverdue(rungDueAt(submittedAt, urgency, rung), now));

/**
 * When the next rung is due, given the highest one raised so far (0: none); `null` when the ladder is climbed.
 * RFC 3339 in UTC with milliseconds.
 */
export const nextRungAt = ({ submittedAt, urgency }: Submission, rungsRaised: 0 | Rung): string | null => {
  const next = rungs.find((rung) => rung > rungsRaised);
  return next === undefined ? null : rungDueAt(submittedAt, urgency, next);
};

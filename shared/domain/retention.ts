import { daysBetween, epochMilliseconds } from "./calendar.ts";
import { compulsorySchoolAge, schoolAgeOn } from "./compulsory-school-age.ts";
import { dateInEngland, dayAfter, startOfDayAfter } from "./working-days.ts";

/** Guidance, "Working with other local authorities". */
export const retentionRule =
  "A record of the child’s details should be maintained elsewhere by the local authority until they are located or attain school leaving age.";

/** Guidance, "Working with other local authorities". */
const onRegisterRule =
  "that local authority should add the child to their CME list until it is confirmed they are on a school register or in receipt of suitable education otherwise.";

/** Guidance, footnote 1; Education Act 1996, section 8(3): a child ceases to be of that age at the end of that day. */
export const leavingAgeRule =
  "Compulsory school age ends on the last Friday of June in the school year in which the child reaches 16.";

/**
 * Until when the record of a child whose enquiries are exhausted is kept, should the child never be located: the last day
 * of compulsory school age. It tells the child's school year and nothing more of the date of birth.
 *
 * @param dateOfBirth `YYYY-MM-DD`
 * @returns `keptUntil`, the last day, `YYYY-MM-DD`; `erasedFrom`, the moment at which the next day begins in England
 */
export const retentionOf = (dateOfBirth: string): { keptUntil: string; erasedFrom: string } => {
  const { endsOn } = compulsorySchoolAge(dateOfBirth);
  return { keptUntil: endsOn, erasedFrom: startOfDayAfter(endsOn) };
};

/**
 * Whether a retained record's time is over: the child was located, or the moment has come.
 * @param retained `locatedAt` is null while the child isn't located
 * @param now RFC 3339
 */
export const isRetentionOver = (
  { locatedAt, erasedFrom }: { locatedAt: string | null; erasedFrom: string },
  now: string,
): boolean => locatedAt !== null || epochMilliseconds(now) >= epochMilliseconds(erasedFrom);

/** `from` is the first day in England on which it may be done. */
export type ClosureDecision = { permitted: true } | { permitted: false; from: string; guidance: string };

/** Whether an entry may close as `above-leaving-age`: from the day after compulsory school age ended. */
export const mayCloseAsAboveLeavingAge = (dateOfBirth: string, now: string): ClosureDecision => {
  if (schoolAgeOn(dateOfBirth, dateInEngland(now)).status === "ended") return { permitted: true };
  const { endsOn } = compulsorySchoolAge(dateOfBirth);
  return { permitted: false, from: dayAfter(endsOn), guidance: leavingAgeRule };
};

/** Whether an entry may close as `on-school-register`: from the day on which the child starts there (ours). */
export const mayCloseAsOnSchoolRegister = (startDate: string, now: string): ClosureDecision =>
  daysBetween(startDate, dateInEngland(now)) >= 0
    ? { permitted: true }
    : { permitted: false, from: startDate, guidance: onRegisterRule };

import { tzOffset } from "@date-fns/tz/tzOffset";

/** Days are `YYYY-MM-DD`, moments RFC 3339. A day is reckoned by its midnight in UTC, whose clock never changes. */
const zone = "Europe/London";
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const dateOf = (midnight: Date): string => midnight.toISOString().slice(0, 10);

/**
 * The day's midnight in UTC.
 * @throws RangeError if it is not a date
 */
export const midnight = (date: string): Date => {
  const found = new Date(`${date}T00:00:00Z`);
  // 30 February is read as 2 March.
  if (Number.isNaN(found.valueOf()) || dateOf(found) !== date) throw new RangeError("not a date");
  return found;
};

const moment = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** @throws RangeError if it is not a moment */
export const epochMilliseconds = (at: string): number => {
  const milliseconds = Date.parse(at);
  const date = moment.exec(at)?.[1];
  if (date === undefined || Number.isNaN(milliseconds)) throw new RangeError("not a moment");
  midnight(date);
  return milliseconds;
};

/** @throws RangeError if it is not a date */
export const addDays = (date: string, days: number): string =>
  dateOf(new Date(midnight(date).valueOf() + days * dayMs));

/** How many days later the second date is than the first; negative where it is earlier. */
export const daysBetween = (from: string, to: string): number =>
  (midnight(to).valueOf() - midnight(from).valueOf()) / dayMs;

/** From 1, Monday, to 7, Sunday. */
export const weekday = (date: string): number => midnight(date).getUTCDay() || 7;

/** The month is from 1 to 12. */
export const yearAndMonth = (date: string): [year: number, month: number] => {
  const day = midnight(date);
  return [day.getUTCFullYear(), day.getUTCMonth() + 1];
};

/** What England's clock shows at that moment, as a date to be read by its UTC members. */
export const clockInEngland = (at: string): Date => {
  const milliseconds = epochMilliseconds(at);
  return new Date(milliseconds + tzOffset(zone, new Date(milliseconds)) * minuteMs);
};

/**
 * The moment at which England's clock shows that. The reading is first taken for UTC's, which the clock is ahead of by
 * an hour at most: only in an hour that it skips or has twice, early on a Sunday, could that find another offset.
 *
 * @param reading read by its UTC members
 * @returns RFC 3339 in UTC with milliseconds
 */
export const whenClockShows = (reading: Date): string =>
  new Date(reading.valueOf() - tzOffset(zone, reading) * minuteMs).toISOString();

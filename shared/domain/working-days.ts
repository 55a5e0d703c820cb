import { addDays, clockInEngland, midnight, weekday, whenClockShows } from "./calendar.ts";

/** The last day for which England's bank holidays are known here. After it only weekends are skipped. */
export const bankHolidaysKnownUntil = "2028-12-31";

/** England's bank holidays, 2024 to 2028. Source: gov.uk bank holidays, via alphagov/frontend; OGL v3. */
const bankHolidays: ReadonlyMap<string, string> = new Map([
  ["2024-01-01", "New Year's Day"],
  ["2024-03-29", "Good Friday"],
  ["2024-04-01", "Easter Monday"],
  ["2024-05-06", "Early May bank holiday"],
  ["2024-05-27", "Spring bank holiday"],
  ["2024-08-26", "Summer bank holiday"],
  ["2024-12-25", "Christmas Day"],
  ["2024-12-26", "Boxing Day"],
  ["2025-01-01", "New Year's Day"],
  ["2025-04-18", "Good Friday"],
  ["2025-04-21", "Easter Monday"],
  ["2025-05-05", "Early May bank holiday"],
  ["2025-05-26", "Spring bank holiday"],
  ["2025-08-25", "Summer bank holiday"],
  ["2025-12-25", "Christmas Day"],
  ["2025-12-26", "Boxing Day"],
  ["2026-01-01", "New Year's Day"],
  ["2026-04-03", "Good Friday"],
  ["2026-04-06", "Easter Monday"],
  ["2026-05-04", "Early May bank holiday"],
  ["2026-05-25", "Spring bank holiday"],
  ["2026-08-31", "Summer bank holiday"],
  ["2026-12-25", "Christmas Day"],
  ["2026-12-28", "Boxing Day (substitute day)"],
  ["2027-01-01", "New Year's Day"],
  ["2027-03-26", "Good Friday"],
  ["2027-03-29", "Easter Monday"],
  ["2027-05-03", "Early May bank holiday"],
  ["2027-05-31", "Spring bank holiday"],
  ["2027-08-30", "Summer bank holiday"],
  ["2027-12-27", "Christmas Day (substitute day)"],
  ["2027-12-28", "Boxing Day (substitute day)"],
  ["2028-01-03", "New Year's Day (substitute day)"],
  ["2028-04-14", "Good Friday"],
  ["2028-04-17", "Easter Monday"],
  ["2028-05-01", "Early May bank holiday"],
  ["2028-05-29", "Spring bank holiday"],
  ["2028-08-28", "Summer bank holiday"],
  ["2028-12-25", "Christmas Day"],
  ["2028-12-26", "Boxing Day"],
]);

/**
 * Monday to Friday, and not a bank holiday in England, as far as these are known: from 2024 until
 * {@link bankHolidaysKnownUntil}.
 *
 * @param date the day in England, `YYYY-MM-DD`
 * @throws RangeError if it is not a date
 */
export function isWorkingDay(date: string): boolean {
  return weekday(date) <= 5 && !bankHolidays.has(date);
}

/**
 * The same time of day in England a number of working days later. A moment on any other day counts from 00:00 of the
 * next working day, so that whoever has to answer always has the whole of that many working days.
 *
 * After {@link bankHolidaysKnownUntil} only weekends are skipped.
 *
 * @param at RFC 3339
 * @param days a whole number, 0 or more
 * @returns RFC 3339 in UTC with milliseconds
 * @throws RangeError if `at` is not a moment
 */
export function addWorkingDays(at: string, days: number): string {
  const [arrival, time] = readingOf(clockInEngland(at));
  let date = isWorkingDay(arrival) ? arrival : nextWorkingDay(arrival);
  const counted = date === arrival;
  for (let added = 0; added < days; added++) date = nextWorkingDay(date);
  return counted ? whenClockShows(new Date(`${date}T${time}`)) : startOfDay(date);
}

/** How many whole working days there are from one moment to another; 0 where that comes before it. */
export const workingDaysWhole = (from: string, to: string): number => {
  let days = 0;
  for (let next = addWorkingDays(from, 1); next <= to; next = addWorkingDays(next, 1)) days += 1;
  return days;
};

/** How many working days have begun from one moment to another: a minute makes one. */
export const workingDaysBegun = (from: string, to: string): number => {
  let days = 0;
  for (let reached = from; reached < to; reached = addWorkingDays(reached, 1)) days += 1;
  return days;
};

const readingOf = (clock: Date): [date: string, time: string] =>
  clock.toISOString().split("T") as [date: string, time: string];

/** Steps by dates alone: the clocks change on a Sunday, and a step through its missing hour would shift the time. */
function nextWorkingDay(date: string): string {
  const next = dayAfter(date);
  return isWorkingDay(next) ? next : nextWorkingDay(next);
}

/** The day it is in England at that moment, `YYYY-MM-DD`: in summer it begins an hour before UTC's. */
export const dateInEngland = (at: string): string => readingOf(clockInEngland(at))[0];

/** The moment at which the day after that one begins in England, RFC 3339 in UTC with milliseconds. */
export const startOfDayAfter = (date: string): string => startOfDay(dayAfter(date));

/** The moment at which the day begins in England. */
export const startOfDay = (date: string): string => whenClockShows(midnight(date));

/** The day after that one, and the day before it; `YYYY-MM-DD`. */
export const dayAfter = (date: string): string => addDays(date, 1);
export const dayBefore = (date: string): string => addDays(date, -1);

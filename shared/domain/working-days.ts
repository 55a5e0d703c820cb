import { Temporal } from "temporal-polyfill";

const zone = "Europe/London";

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
  const day = Temporal.PlainDate.from(date);
  return day.dayOfWeek <= 5 && !bankHolidays.has(day.toString());
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
  const arrival = Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDateTime();
  let moment = fallsOnWorkingDay(arrival) ? arrival : nextWorkingDay(arrival).withPlainTime();
  for (let added = 0; added < days; added++) moment = nextWorkingDay(moment);
  return moment.toZonedDateTime(zone).toInstant().toString({ smallestUnit: "millisecond" });
}

const fallsOnWorkingDay = (moment: Temporal.PlainDateTime): boolean => isWorkingDay(moment.toPlainDate().toString());

/** Steps without a time zone: the clocks change on a Sunday, and a step through its missing hour would shift the time. */
function nextWorkingDay(moment: Temporal.PlainDateTime): Temporal.PlainDateTime {
  const next = moment.add({ days: 1 });
  return fallsOnWorkingDay(next) ? next : nextWorkingDay(next);
}

/** The day it is in England at that moment, `YYYY-MM-DD`: in summer it begins an hour before UTC's. */
export const dateInEngland = (at: string): string =>
  Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDate().toString();

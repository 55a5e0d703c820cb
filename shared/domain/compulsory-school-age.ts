import { addDays, daysBetween, weekday, yearAndMonth } from "./calendar.ts";

export type SchoolAge =
  | { status: "within" }
  | { status: "not-yet"; startsOn: string }
  | { status: "ended"; endsOn: string };

/**
 * The first and the last day on which a child is of compulsory school age, both within it.
 *
 * It starts on the prescribed day (31 March, 31 August, 31 December) on or following the fifth birthday, and ends with
 * the last Friday of June in the school year (1 September to 31 August) in which the child reaches 16.
 *
 * Born on 29 February: an age is taken to be reached on 1 March in a common year. 28 February would give the same days,
 * since both fall before 31 March and in the same school year.
 *
 * Source: the guidance, footnote 1; Education Act 1996, section 8.
 *
 * @param dateOfBirth `YYYY-MM-DD`
 * @throws RangeError if it is not a date
 */
export function compulsorySchoolAge(dateOfBirth: string): { startsOn: string; endsOn: string } {
  const [year, month] = yearAndMonth(dateOfBirth);
  const reaches16InSchoolYearEnding = month >= 9 ? year + 17 : year + 16;
  return {
    startsOn: `${year + 5}-${prescribedDay(month)}`,
    endsOn: lastFridayOfJune(reaches16InSchoolYearEnding),
  };
}

/**
 * Whether a child is of compulsory school age on a day, and if not, when that starts or when it ended.
 *
 * @param dateOfBirth `YYYY-MM-DD`
 * @param on the day in England, `YYYY-MM-DD`
 * @throws RangeError if either is not a date
 */
export function schoolAgeOn(dateOfBirth: string, on: string): SchoolAge {
  const { startsOn, endsOn } = compulsorySchoolAge(dateOfBirth);
  if (daysBetween(startsOn, on) < 0) return { status: "not-yet", startsOn };
  if (daysBetween(endsOn, on) > 0) return { status: "ended", endsOn };
  return { status: "within" };
}

/** Each prescribed day is the last of its month, so the month of birth alone decides. */
function prescribedDay(monthOfBirth: number): string {
  if (monthOfBirth <= 3) return "03-31";
  if (monthOfBirth <= 8) return "08-31";
  return "12-31";
}

function lastFridayOfJune(year: number): string {
  const friday = 5;
  const lastOfJune = `${year}-06-30`;
  return addDays(lastOfJune, -((weekday(lastOfJune) - friday + 7) % 7));
}

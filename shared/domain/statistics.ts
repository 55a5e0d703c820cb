import { addDays, daysBetween, weekday, yearAndMonth } from "./calendar.ts";
import { reasonMissingCodes } from "./figures.ts";

export const seasons = ["autumn", "spring", "summer"] as const;
export type Season = (typeof seasons)[number];
/** A term of the DfE's collection, by the calendar year in which its census day falls: `2026-autumn`, `2027-spring`. */
export type Term = `${number}-${Season}`;

/**
 * Census day is a Thursday: the first of October, the third of January, the third of May. Such were 6 October 2022,
 * 19 January 2023 and 18 May 2023 (DfE, "Children missing education", methodology).
 */
const thursdays = {
  autumn: { month: "10", which: 1 },
  spring: { month: "01", which: 3 },
  summer: { month: "05", which: 3 },
} as const satisfies Record<Season, unknown>;

const censusDateIn = (year: number, season: Season): string => {
  const { month, which } = thursdays[season];
  const first = `${year}-${month}-01`;
  const thursday = 4;
  const untilThursday = (thursday - weekday(first) + 7) % 7;
  return addDays(first, untilThursday + 7 * (which - 1));
};

export const partsOf = (term: Term): { year: number; season: Season } => {
  const [year, season] = term.split("-") as [string, Season];
  return { year: Number(year), season };
};

export const censusDateOf = (term: Term): string => {
  const { year, season } = partsOf(term);
  return censusDateIn(year, season);
};

/** The census days from that day on, without end. */
export function* censusDatesFrom(date: string): Generator<string> {
  for (let year = Number(date.slice(0, 4)); ; year += 1) {
    for (const season of ["spring", "summer", "autumn"] as const) {
      const census = censusDateIn(year, season);
      if (census >= date) yield census;
    }
  }
}

/** The academic year (1 September to 31 August) of that day, by the calendar year in which it begins. */
export const academicYearOf = (date: string): number => {
  const [year, month] = yearAndMonth(date);
  return month >= 9 ? year : year - 1;
};

/** `2025/26` */
export const academicYearName = (year: number): string => `${year}/${String((year + 1) % 100).padStart(2, "0")}`;

/** How long children have been missing education, in weeks: each band from its first day on, until the next begins. */
const bands = {
  "under-2-weeks": 0,
  "2-to-4-weeks": 2 * 7,
  "4-to-8-weeks": 4 * 7,
  "8-to-12-weeks": 8 * 7,
  "12-to-26-weeks": 12 * 7,
  "26-to-52-weeks": 26 * 7,
  /** More than 52 weeks: the 52nd is whole on the day before. */
  "over-52-weeks": 52 * 7 + 1,
} as const;
export type Band = keyof typeof bands;
export const bandCodes = Object.keys(bands) as Band[];
export const lastBand: Band = "over-52-weeks";

/**
 * @param since the day on which the child was first on a list
 * @param on the same day or a later one
 */
export const bandOn = (since: string, on: string): Band => {
  const days = daysBetween(since, on);
  return bandCodes.findLast((band) => bands[band] <= days) ?? "under-2-weeks";
};

/** National curriculum year groups of compulsory school age: reception to 11. */
export const yearGroups = ["R", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"] as const;
export type YearGroup = (typeof yearGroups)[number];

/**
 * When those of a year group reach the end of compulsory school age, in the June of year 11: by their age, whatever the
 * class they are taught in.
 * @returns the calendar year
 */
const leavingYearOf = (group: YearGroup, on: string): number =>
  academicYearOf(on) + 1 + (yearGroups.length - 1 - yearGroups.indexOf(group));

export const sexes = ["F", "M", "U"] as const;

/** Numbers of children by something, all of it: they add up to the total. */
export type Breakdown<Code extends string = string> = Record<Code, number>;

/** What stood on one authority's list at the end of census day. */
export type Census = {
  total: number;
  bySex: Breakdown<(typeof sexes)[number]>;
  byYearGroup: Breakdown<YearGroup>;
  byReason: Breakdown<(typeof reasonMissingCodes)[number]>;
  byDuration: Breakdown<Band>;
};

/** What is counted of a child on a list. Year groups change each September, and the year of leaving never does. */
export const cells = {
  number: "number",
  sex: (sex: string) => `sex#${sex}`,
  leaving: (year: string | number) => `leaving#${year}`,
  reason: (reason: string) => `reason#${reason}`,
  band: (band: Band) => `duration#${band}`,
};

/** The figures of census day from the cells that were counted until then. */
export const censusFrom = (counted: ReadonlyMap<string, number>, censusDate: string): Census => {
  // What is told late may for a moment be counted off a list before it is counted on it.
  const at = (cell: string): number => Math.max(0, counted.get(cell) ?? 0);
  const by = <Code extends string>(codes: readonly Code[], cell: (code: Code) => string) =>
    Object.fromEntries(codes.map((code) => [code, at(cell(code))])) as Breakdown<Code>;
  return {
    total: at(cells.number),
    bySex: by(sexes, cells.sex),
    byYearGroup: by(yearGroups, (group) => cells.leaving(leavingYearOf(group, censusDate))),
    byReason: by(reasonMissingCodes, cells.reason),
    byDuration: by(bandCodes, cells.band),
  };
};

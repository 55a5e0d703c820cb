import type { Count, ListCount } from "./counts.ts";
import type { Figures } from "./figures.ts";
import { academicYearOf, type Band, bandOn, cells, censusDatesFrom, lastBand } from "./statistics.ts";
import { boundFor } from "./time-to-receipt.ts";
import { dateInEngland } from "./working-days.ts";

/** A change of one item among the counters: what is added to each of its cells. */
export type CounterChange = { counter: string; bucket: string; add: Readonly<Record<string, number>> };

/** Where an authority's list is counted: by census day, and by academic year. A bucket holds what changes with it. */
export const listCounter = (authority: string): string => `list#${authority}`;
export const censusBucket = (date: string): string => `census#${date}`;
export const yearBucket = (year: number): string => `year#${String(year).padStart(4, "0")}`;
/** Where the referrals of all authorities are counted, by authority, and their receipts by month and authority. */
export const referralsCounter = "referrals";
export const receiptsCounter = (month: string): string => `receipts#${month}`;
export const receiptCell = (bound: number): string => `minutes#${bound}`;

/**
 * What an event's counts add to the counters, each item once.
 * @param at when it happened: so figures of a day come out the same however late it is counted
 */
export const counterChanges = (counts: readonly Count[], at: string): CounterChange[] => {
  const changes = counts.flatMap((count) => changesBy(count, at));
  const together = Map.groupBy(changes, ({ counter, bucket }) => `${counter} ${bucket}`);
  return [...together.values()].flatMap((same) => {
    const [first] = same;
    const add = sumOf(same.map((each) => each.add));
    return first && Object.keys(add).length > 0 ? [{ ...first, add }] : [];
  });
};

const changesBy = (count: Count, at: string): CounterChange[] => {
  switch (count.of) {
    case "list":
      return ofList(count, at);
    case "referrals":
      return [{ counter: referralsCounter, bucket: count.authority, add: { [count.cell]: count.by } }];
    case "receipt": {
      const counter = receiptsCounter(dateInEngland(at).slice(0, "2026-11".length));
      return [{ counter, bucket: count.authority, add: { [receiptCell(boundFor(count.seconds))]: 1 } }];
    }
  }
};

const sumOf = (all: readonly CounterChange["add"][]): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const [cell, by] of all.flatMap((each) => Object.entries(each))) sum[cell] = (sum[cell] ?? 0) + by;
  return Object.fromEntries(Object.entries(sum).filter(([, by]) => by !== 0));
};

/**
 * A child on a list is counted on every census day and in every academic year from then on, until compulsory school age
 * ends; coming off the list takes it out of all that are to come.
 */
const ofList = ({ authority, by, openedAt, figures, countedUntil }: ListCount, at: string): CounterChange[] => {
  const date = dateInEngland(at);
  const counter = listCounter(authority);
  // A year of which the child was on the list for a part stays counted, and is counted once.
  const until = by === -1 || countedUntil === "now" ? at : countedUntil;
  const notBefore = until === null ? 0 : academicYearOf(dateInEngland(until)) + 1;
  const fromYear = Math.max(academicYearOf(date), notBefore);
  return [...censusChanges(date, dateInEngland(openedAt), figures), ...yearChanges(fromYear, figures)].map(
    ({ bucket, add }) => ({
      counter,
      bucket,
      add: Object.fromEntries(Object.entries(add).map(([cell, one]) => [cell, one * by])),
    }),
  );
};

type BucketChange = Omit<CounterChange, "counter">;

/**
 * What a child adds who is on the list on every census day from that date on: all its cells on the first, another band
 * of duration whenever it has passed into it, and all out again on the first after compulsory school age. The figures of
 * a day are the sum of all buckets until then.
 */
const censusChanges = (from: string, since: string, { sex, leavesOn, reason }: Figures): BucketChange[] => {
  const lasting = [cells.number, cells.sex(sex), cells.leaving(leavesOn.slice(0, 4)), cells.reason(reason)];
  const changes: BucketChange[] = [];
  let band: Band | undefined;
  for (const date of censusDatesFrom(from)) {
    const bucket = censusBucket(date);
    if (date > leavesOn) {
      if (band === undefined) return [];
      return [...changes, { bucket, add: each([...lasting, cells.band(band)], -1) }];
    }
    const next = band === lastBand ? band : bandOn(since, date);
    if (band === undefined) changes.push({ bucket, add: each([...lasting, cells.band(next)], 1) });
    else if (next !== band) changes.push({ bucket, add: { [cells.band(band)]: -1, [cells.band(next)]: 1 } });
    band = next;
  }
  throw new TypeError("There is always another census day");
};

const each = (names: readonly string[], by: number): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, by]));

const yearChanges = (from: number, { leavesOn }: Figures): BucketChange[] => {
  const last = academicYearOf(leavesOn);
  if (from > last) return [];
  return [
    { bucket: yearBucket(from), add: { [cells.number]: 1 } },
    { bucket: yearBucket(last + 1), add: { [cells.number]: -1 } },
  ];
};

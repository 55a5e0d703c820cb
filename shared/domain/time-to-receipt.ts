/** So many receipts that took so many minutes or less, and more than the bound before. */
export type Histogram = ReadonlyMap<number, number>;

/**
 * The upper bounds, in minutes, of the classes in which times to receipt are counted: each a tenth above the one
 * before, and by a minute at least, until two years. So a percentile is right to the minute up to 20 minutes, and
 * beyond that at most a tenth too long.
 */
export const bounds: readonly number[] = (() => {
  const all = [1];
  const twoYears = 2 * 366 * 24 * 60;
  for (let last = 1; last < twoYears; ) {
    last = Math.max(last + 1, Math.floor((last * 11) / 10));
    all.push(last);
  }
  return all;
})();

/** The class of a time: what took longer than the last is in the last. */
export const boundFor = (seconds: number): number =>
  bounds.find((bound) => seconds <= bound * 60) ?? bounds.at(-1) ?? 0;

/** All of several. */
export const united = (histograms: readonly Histogram[]): Histogram => {
  const all = new Map<number, number>();
  for (const [bound, count] of histograms.flatMap((each) => [...each])) all.set(bound, (all.get(bound) ?? 0) + count);
  return all;
};

export const countOf = (histogram: Histogram): number => [...histogram.values()].reduce((sum, count) => sum + count, 0);

/**
 * The bound that so many per cent of the times did not exceed (nearest rank); `null` where there is none.
 * @param percent above 0, up to 100
 */
export const percentile = (histogram: Histogram, percent: number): number | null => {
  const rank = Math.ceil((countOf(histogram) * percent) / 100);
  let seen = 0;
  for (const [bound, count] of [...histogram].sort(([one], [other]) => one - other)) {
    seen += count;
    if (seen >= rank && seen > 0) return bound;
  }
  return null;
};

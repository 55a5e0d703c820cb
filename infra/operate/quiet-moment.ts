/** Seconds. An event is in the tables, and mostly told of, well within a minute of its own time. */
const quietBefore = 60;

/**
 * The latest moment, in whole seconds and not after `before`, at which nothing was under way: no event is of the minute
 * before it or of the second after it. Tables that are each restored to that moment agree with each other, which a
 * restore by itself does not promise for transactions over several tables.
 * @param times of events, RFC 3339 in UTC, in any order; those long before may be left out
 * @param since where the events that were given begin
 */
export const quietMoment = (times: readonly string[], before: string, since: string): string | undefined => {
  const sorted = times.map((time) => Date.parse(time)).sort((one, other) => other - one);
  let moment = wholeSecond(Date.parse(before));
  for (const time of sorted) {
    if (time > moment + 1000) continue;
    if (moment - time >= quietBefore * 1000) break;
    moment = wholeSecond(time - 1001);
  }
  return moment - quietBefore * 1000 < Date.parse(since) ? undefined : new Date(moment).toISOString();
};

const wholeSecond = (milliseconds: number): number => Math.floor(milliseconds / 1000) * 1000;

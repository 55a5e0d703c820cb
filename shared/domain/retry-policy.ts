import { epochMilliseconds } from "./calendar.ts";

const minute = 60;
const hour = 60 * minute;

/**
 * Seconds to wait before each attempt, counted from the failure of the one before it: ten attempts over some three days.
 * Source: Standard Webhooks 1.0.0, "Deliverability and reliability".
 */
const delays = [0, 5, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour] as const;

/** The longest wait that a receiver may ask for, in seconds: no wait of the schedule's own is longer. */
const longestAskedWait = 24 * hour;

/** The largest part of a wait that jitter adds to it. */
const jitterShare = 0.1;

/** How long a receiver may take to answer, in milliseconds. Standard Webhooks recommends 15 to 30 seconds. */
export const attemptTimeoutMs = 15_000;

/** What became of one attempt: the receiver's answer, or why there is none. */
export type AttemptResult = { readonly status: number } | { readonly failure: string };

export type Outcome = "delivered" | "gone" | "try-later";

/**
 * What an attempt means for the delivery. Only a 2xx is a delivery. 410 ends the subscription. All else is worth another
 * attempt: redirects, which are never followed, and refused addresses and names too, since a receiver can put them right.
 * Source: Standard Webhooks 1.0.0, "Delivery success and failure".
 */
export const outcomeOf = (result: AttemptResult): Outcome => {
  if ("failure" in result) return "try-later";
  if (result.status >= 200 && result.status <= 299) return "delivered";
  return result.status === 410 ? "gone" : "try-later";
};

/**
 * When to try again after a failed attempt, or that there is no attempt left.
 *
 * @param failedAttempts how many attempts have failed so far; 0 gives the first attempt, which is at once
 * @param failedAt when the last of them failed, RFC 3339
 * @param jitter 0 to 1, random: lengthens the wait by up to a tenth, never shortens it, so that deliveries that failed
 * together don't return together
 * @param retryAfter the seconds that the receiver asked for: honoured up to 24 hours, where longer than the schedule's
 * @returns `at` is RFC 3339 in UTC with milliseconds
 * @throws RangeError if `failedAttempts` is not a whole number of 0 or more, or `failedAt` not a moment
 */
export const nextAttempt = (failed: {
  failedAttempts: number;
  failedAt: string;
  jitter: number;
  retryAfter?: number | undefined;
}): { at: string } | { over: true } => {
  const { failedAttempts, failedAt, jitter, retryAfter = 0 } = failed;
  if (failedAttempts >= delays.length) return { over: true };
  const delay = delays[failedAttempts];
  if (delay === undefined) throw new RangeError("failedAttempts must be a whole number of 0 or more");
  const wait = Math.max(delay, Math.min(retryAfter, longestAskedWait));
  const milliseconds = Math.round(wait * 1000 * (1 + jitterShare * jitter));
  return { at: new Date(epochMilliseconds(failedAt) + milliseconds).toISOString() };
};

/**
 * The wait that a `Retry-After` header asks for, given in seconds or as a date (RFC 9110 section 10.2.3).
 *
 * @param header the field's value, `null` when the answer has none
 * @param now RFC 3339
 * @returns whole seconds, rounded up; 0 for a moment that has passed; `undefined` for what is neither seconds nor a date
 */
export const retryAfterSeconds = (header: string | null, now: string): number | undefined => {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Math.min(Number(header), Number.MAX_SAFE_INTEGER);
  const present = epochMilliseconds(now);
  const asked = momentOf(header, new Date(present).getUTCFullYear());
  return asked === undefined ? undefined : Math.max(0, Math.ceil((asked - present) / 1000));
};

/**
 * An HTTP-date (RFC 9110 section 5.6.7) in milliseconds since 1970. `Date.parse` takes much that is none, so the date has
 * to come back as it was written, by which a wrong day of the week is refused too.
 */
const momentOf = (httpDate: string, thisYear: number): number | undefined => {
  const written = inPreferredForm(httpDate, thisYear);
  const moment = Date.parse(written);
  return !Number.isNaN(moment) && new Date(moment).toUTCString() === written ? moment : undefined;
};

/** The two obsolete forms, which a recipient must understand as well, written as the preferred one. */
const inPreferredForm = (httpDate: string, thisYear: number): string =>
  httpDate
    .replace(
      /^(\w{3})\w*day, (\d\d)-(\w{3})-(\d\d) (\S{8}) GMT$/,
      (_rfc850, weekday, day, month, year, time) =>
        `${weekday}, ${day} ${month} ${fullYear(Number(year), thisYear)} ${time} GMT`,
    )
    .replace(/^(\w{3}) (\w{3}) ([ \d]\d) (\S{8}) (\d{4})$/, "$1, $3 $2 $5 $4 GMT")
    .replace(/^(\w{3},) {2}/, "$1 0");

/** A year of two digits lies at most 50 years ahead; any other is the latest past one that ends in them. */
const fullYear = (lastTwoDigits: number, thisYear: number): number =>
  thisYear + 50 - ((thisYear + 50 - lastTwoDigits) % 100);

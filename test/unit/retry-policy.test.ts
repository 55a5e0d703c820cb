import { describe, expect, it } from "vitest";
import { attemptTimeoutMs, nextAttempt, outcomeOf, retryAfterSeconds } from "../../shared/domain/retry-policy.ts";

const failedAt = "2026-11-21T12:00:00.000Z";

describe("the next attempt", () => {
  it.each([
    [0, "2026-11-21T12:00:00.000Z"],
    [1, "2026-11-21T12:00:05.000Z"],
    [2, "2026-11-21T12:05:00.000Z"],
    [3, "2026-11-21T12:30:00.000Z"],
    [4, "2026-11-21T14:00:00.000Z"],
    [5, "2026-11-21T17:00:00.000Z"],
    [6, "2026-11-21T22:00:00.000Z"],
    [7, "2026-11-22T02:00:00.000Z"],
    [8, "2026-11-22T08:00:00.000Z"],
    [9, "2026-11-22T12:00:00.000Z"],
  ])("after %i failures at noon is, without jitter, at %s", (failedAttempts, at) => {
    expect(nextAttempt({ failedAttempts, failedAt, jitter: 0 })).toEqual({ at });
  });

  it.each([
    [1, "2026-11-21T12:00:05.500Z"],
    [2, "2026-11-21T12:05:30.000Z"],
    [3, "2026-11-21T12:33:00.000Z"],
    [4, "2026-11-21T14:12:00.000Z"],
    [5, "2026-11-21T17:30:00.000Z"],
    [6, "2026-11-21T23:00:00.000Z"],
    [7, "2026-11-22T03:24:00.000Z"],
    [8, "2026-11-22T10:00:00.000Z"],
    [9, "2026-11-22T14:24:00.000Z"],
  ])("after %i failures at noon is, with the whole jitter, at %s", (failedAttempts, at) => {
    expect(nextAttempt({ failedAttempts, failedAt, jitter: 1 })).toEqual({ at });
  });

  it("is moved by a part of the tenth as jitter is a part of one", () => {
    expect(nextAttempt({ failedAttempts: 3, failedAt, jitter: 0.5 })).toEqual({ at: "2026-11-21T12:31:30.000Z" });
  });

  it("keeps the milliseconds, and is counted in hours that passed when the clocks change", () => {
    const beforeClocksGoBack = "2026-10-24T23:30:00.123Z";
    expect(nextAttempt({ failedAttempts: 4, failedAt: beforeClocksGoBack, jitter: 0 })).toEqual({
      at: "2026-10-25T01:30:00.123Z",
    });
  });

  it("is the tenth at the latest, 75 hours 35 minutes and 5 seconds after the first: the standard's table", () => {
    const attempts = ["2026-11-21T12:00:00.000Z"];
    for (let failedAttempts = 1; failedAttempts < 20; failedAttempts++) {
      const next = nextAttempt({ failedAttempts, failedAt: attempts.at(-1) ?? "", jitter: 0 });
      if ("over" in next) break;
      attempts.push(next.at);
    }
    expect(attempts).toHaveLength(10);
    expect(attempts.at(-1)).toBe("2026-11-24T15:35:05.000Z");
  });

  it.each([10, 11])("is never after %i failures, whatever wait the receiver asked for", (failedAttempts) => {
    expect(nextAttempt({ failedAttempts, failedAt, jitter: 0 })).toEqual({ over: true });
    expect(nextAttempt({ failedAttempts, failedAt, jitter: 0, retryAfter: 60 })).toEqual({ over: true });
  });

  it.each([
    ["longer than the schedule's", 1, 120, 0, "2026-11-21T12:02:00.000Z"],
    ["a second longer than the schedule's", 2, 301, 0, "2026-11-21T12:05:01.000Z"],
    ["longer, with jitter on top", 1, 120, 1, "2026-11-21T12:02:12.000Z"],
    ["shorter than the schedule's", 2, 120, 0, "2026-11-21T12:05:00.000Z"],
    ["none at all", 1, 0, 0, "2026-11-21T12:00:05.000Z"],
    ["24 hours", 1, 86_400, 0, "2026-11-22T12:00:00.000Z"],
    ["more than 24 hours", 1, 86_401, 0, "2026-11-22T12:00:00.000Z"],
    ["an age of the earth", 1, Number.MAX_SAFE_INTEGER, 0, "2026-11-22T12:00:00.000Z"],
  ])("honours a wait asked for that is %s", (_what, failedAttempts, retryAfter, jitter, at) => {
    expect(nextAttempt({ failedAttempts, failedAt, jitter, retryAfter })).toEqual({ at });
  });

  it.each([-1, 1.5, Number.NaN])("can't be told after %d failures", (failedAttempts) => {
    expect(() => nextAttempt({ failedAttempts, failedAt, jitter: 0 })).toThrow(RangeError);
  });

  it("can't be told from a broken moment", () => {
    expect(() => nextAttempt({ failedAttempts: 1, failedAt: "noon", jitter: 0 })).toThrow(RangeError);
  });
});

describe("an attempt", () => {
  it.each([200, 201, 202, 204, 299])("answered %i is delivered", (status) => {
    expect(outcomeOf({ status })).toBe("delivered");
  });

  it("answered 410 has found the receiver gone", () => {
    expect(outcomeOf({ status: 410 })).toBe("gone");
    const withWait = { status: 410, retryAfter: "60" };
    expect(outcomeOf(withWait)).toBe("gone");
  });

  it.each([
    100, 199, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 409, 411, 422, 429, 500, 502, 503, 504, 599,
  ])("answered %i is to be tried later", (status) => {
    expect(outcomeOf({ status })).toBe("try-later");
  });

  it.each([429, 503])("answered %i with a wait is to be tried later", (status) => {
    const withWait = { status, retryAfter: "120" };
    expect(outcomeOf(withWait)).toBe("try-later");
  });

  it.each(["timeout", "connection", "tls", "address-refused"])("that ended in %s is to be tried later", (failure) => {
    expect(outcomeOf({ failure })).toBe("try-later");
  });

  it("waits 15 seconds for an answer", () => {
    expect(attemptTimeoutMs).toBe(15_000);
  });
});

describe("Retry-After", () => {
  const now = "2026-11-21T12:00:00.000Z";

  it.each([
    ["0", 0],
    ["120", 120],
    ["007", 7],
    ["86401", 86_401],
    ["99999999999999999999", 9_007_199_254_740_991],
  ])("%s is so many seconds", (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });

  it.each([
    ["the preferred form", "Sat, 21 Nov 2026 12:02:00 GMT", 120],
    ["the form of RFC 850", "Saturday, 21-Nov-26 12:02:00 GMT", 120],
    ["the form of asctime", "Sat Nov 21 12:02:00 2026", 120],
    ["a day of one digit in the form of asctime", "Sat Dec  5 12:00:00 2026", 1_209_600],
    ["a year 50 years ahead in two digits", "Saturday, 21-Nov-76 12:00:00 GMT", 1_577_923_200],
    ["the present moment", "Sat, 21 Nov 2026 12:00:00 GMT", 0],
    ["a moment that has passed", "Sat, 21 Nov 2026 11:59:59 GMT", 0],
    ["a year that has passed in two digits", "Sunday, 06-Nov-94 08:49:37 GMT", 0],
    ["a year that would be 51 years ahead, so has passed", "Saturday, 01-Jan-77 00:00:00 GMT", 0],
  ])("may be a date: %s", (_what, header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });

  it("is rounded up, so that nobody comes earlier than asked", () => {
    expect(retryAfterSeconds("Sat, 21 Nov 2026 12:02:00 GMT", "2026-11-21T12:00:00.001Z")).toBe(120);
    expect(retryAfterSeconds("Sat, 21 Nov 2026 12:02:00 GMT", "2026-11-21T11:59:59.999Z")).toBe(121);
  });

  it.each([
    "",
    " ",
    "-5",
    "+5",
    "1.5",
    "1e3",
    "0x10",
    "120s",
    "120, 120",
    "soon",
    "Invalid Date",
    "2026-11-21T12:02:00.000Z",
    "21 Nov 2026",
    "Sat, 21 Nov 2026 12:02:00 +0000",
    "Sat, 21 Nov 2026 12:02:00",
    "Sat, 21 Nov 2026 25:02:00 GMT",
    "Mon, 21 Nov 2026 12:02:00 GMT",
    "Tue, 31 Nov 2026 12:02:00 GMT",
    "sat, 21 nov 2026 12:02:00 gmt",
  ])("%j asks for nothing that can be understood", (header) => {
    expect(retryAfterSeconds(header, now)).toBeUndefined();
  });

  it("may be absent", () => {
    expect(retryAfterSeconds(null, now)).toBeUndefined();
  });
});

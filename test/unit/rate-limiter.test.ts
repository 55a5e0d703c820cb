import { expect, it } from "vitest";
import { rateLimiter } from "../../infra/local/rate-limiter.ts";

it("lets a burst through, then a steady rate, for each caller apart", () => {
  const wait = rateLimiter({ perSecond: 2, burst: 3 });
  expect([1, 2, 3, 4].map(() => wait("a", 0))).toEqual([0, 0, 0, 1]);
  expect(wait("b", 0)).toBe(0);
  expect(wait("a", 499)).toBe(1);
  expect(wait("a", 500)).toBe(0);
  expect(wait("a", 500)).toBe(1);
  expect([1, 2, 3, 4].map(() => wait("a", 60_000))).toEqual([0, 0, 0, 1]);
});

it("is not thrown by a clock that steps back", () => {
  const wait = rateLimiter({ perSecond: 1, burst: 2 });
  expect([wait("a", 60_000), wait("a", 0), wait("a", 0)]).toEqual([0, 0, 1]);
  expect(wait("a", 1_000)).toBe(0);
});

it("says how long to wait in whole seconds", () => {
  const wait = rateLimiter({ perSecond: 0.1, burst: 1 });
  expect(wait("a", 0)).toBe(0);
  expect(wait("a", 0)).toBe(10);
  expect(wait("a", 9_000)).toBe(1);
  expect(wait("a", 10_000)).toBe(0);
});

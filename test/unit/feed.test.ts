import { expect, it } from "vitest";
import { type FeedItem, unbroken } from "../../shared/store/feed.ts";

const item = (position: number): FeedItem => ({
  position,
  type: "referral.submitted",
  at: "2026-11-23T09:30:00.000Z",
  data: { referralId: "019f0000-0000-7000-8000-000000000001", sequence: 1 },
});
const positions = (given: number[], after: number) => unbroken(given.map(item), after).map(({ position }) => position);

it("a feed is read up to a hole and no further, so that nobody's cursor passes what is not there yet", () => {
  expect(positions([1, 2, 3], 0)).toEqual([1, 2, 3]);
  expect(positions([5, 6], 4)).toEqual([5, 6]);
  expect(positions([1, 3, 4], 0)).toEqual([1]);
  expect(positions([2, 3], 0)).toEqual([]);
  expect(positions([], 7)).toEqual([]);
});

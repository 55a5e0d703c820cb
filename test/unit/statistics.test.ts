import { describe, expect, it } from "vitest";
import { counterChanges } from "../../shared/domain/counters.ts";
import { type Count, countsOfEntry, countsOfReferral } from "../../shared/domain/counts.ts";
import { close, newEntry, reopenIfRemovedUnder } from "../../shared/domain/entry.ts";
import {
  academicYearName,
  academicYearOf,
  bandOn,
  censusDateOf,
  censusDatesFrom,
  censusFrom,
  type Term,
} from "../../shared/domain/statistics.ts";
import { boundFor, bounds, percentile, united } from "../../shared/domain/time-to-receipt.ts";

describe("census day", () => {
  it.each<[Term, string]>([
    ["2022-autumn", "2022-10-06"],
    ["2023-spring", "2023-01-19"],
    ["2023-summer", "2023-05-18"],
    ["2026-autumn", "2026-10-01"],
    ["2027-spring", "2027-01-21"],
    ["2027-summer", "2027-05-20"],
    ["2028-autumn", "2028-10-05"],
    ["2025-summer", "2025-05-15"],
  ])("of %s is %s", (term, date) => {
    expect(censusDateOf(term)).toBe(date);
  });

  it("comes round three times a year, the day itself included", () => {
    const days = censusDatesFrom("2026-10-01");
    expect(Array.from({ length: 4 }, () => days.next().value)).toEqual([
      "2026-10-01",
      "2027-01-21",
      "2027-05-20",
      "2027-10-07",
    ]);
  });
});

it("an academic year begins on 1 September", () => {
  expect([academicYearOf("2026-08-31"), academicYearOf("2026-09-01")]).toEqual([2025, 2026]);
  expect([academicYearName(2025), academicYearName(2099)]).toEqual(["2025/26", "2099/00"]);
});

describe("the length of time missing on 1 October 2026", () => {
  it.each([
    ["2026-10-01", "under-2-weeks"],
    ["2026-09-18", "under-2-weeks"],
    ["2026-09-17", "2-to-4-weeks"],
    ["2026-09-04", "2-to-4-weeks"],
    ["2026-09-03", "4-to-8-weeks"],
    ["2026-08-07", "4-to-8-weeks"],
    ["2026-08-06", "8-to-12-weeks"],
    ["2026-07-10", "8-to-12-weeks"],
    ["2026-07-09", "12-to-26-weeks"],
    ["2026-04-03", "12-to-26-weeks"],
    ["2026-04-02", "26-to-52-weeks"],
    ["2025-10-02", "26-to-52-weeks"],
    ["2025-10-01", "over-52-weeks"],
    ["2019-10-01", "over-52-weeks"],
  ])("since %s: %s", (since, band) => {
    expect(bandOn(since, "2026-10-01")).toBe(band);
  });
});

describe("the figures of census day", () => {
  it("have the year group by the year of leaving, from reception to year 11", () => {
    const counted = new Map([
      ["number", 6],
      ["leaving#2027", 3],
      ["leaving#2028", 2],
      ["leaving#2038", 1],
      ["leaving#2026", -1],
    ]);
    const autumn = censusFrom(counted, "2026-10-01").byYearGroup;
    expect([autumn["11"], autumn["10"], autumn.R, autumn["9"]]).toEqual([3, 2, 1, 0]);
    expect(censusFrom(counted, "2027-05-20").byYearGroup["11"]).toBe(3);
    expect(censusFrom(counted, "2027-10-07").byYearGroup).toMatchObject({ "11": 2, "1": 1, R: 0 });
  });

  it("are never below nothing", () => {
    expect(censusFrom(new Map([["number", -1]]), "2026-10-01").total).toBe(0);
  });
});

const figures = { sex: "F", leavesOn: "2028-06-30", reason: "mental-health" } as const;
const entry = newEntry({ entryId: "e", authority: "330", openedAt: "2026-09-20T10:00:00.000Z", figures });
const listed = { of: "list", authority: "330", openedAt: entry.openedAt, figures } as const;
const removed = close(entry, { as: "transferred", at: "2027-01-21T22:59:00.000Z", referralId: "r" });
const changes = (counts: Count[], at: string) =>
  Object.fromEntries(counterChanges(counts, at).map(({ counter, bucket, add }) => [`${counter} ${bucket}`, add]));

describe("a child who comes onto a list", () => {
  const counts = countsOfEntry(undefined, entry);

  it("is counted with the event", () => {
    expect(counts).toEqual([{ ...listed, by: 1, countedUntil: null }]);
  });

  it("adds to the next census day, moves on through the bands, and leaves with compulsory school age", () => {
    expect(changes(counts, "2026-09-20T10:00:00.000Z")).toEqual({
      "list#330 census#2026-10-01": {
        number: 1,
        "sex#F": 1,
        "leaving#2028": 1,
        "reason#mental-health": 1,
        "duration#under-2-weeks": 1,
      },
      // 123 days, 242 days and 382 days after 20 September.
      "list#330 census#2027-01-21": { "duration#under-2-weeks": -1, "duration#12-to-26-weeks": 1 },
      "list#330 census#2027-05-20": { "duration#12-to-26-weeks": -1, "duration#26-to-52-weeks": 1 },
      "list#330 census#2027-10-07": { "duration#26-to-52-weeks": -1, "duration#over-52-weeks": 1 },
      "list#330 census#2028-10-05": {
        number: -1,
        "sex#F": -1,
        "leaving#2028": -1,
        "reason#mental-health": -1,
        "duration#over-52-weeks": -1,
      },
      "list#330 year#2026": { number: 1 },
      "list#330 year#2028": { number: -1 },
    });
  });

  it("adds the same however late it is told, but for what is over by then", () => {
    expect(changes(counts, "2028-07-01T10:00:00.000Z")).toEqual({
      "list#330 year#2027": { number: 1 },
      "list#330 year#2028": { number: -1 },
    });
  });

  it("in the last hour of census day by the clocks of England", () => {
    expect(Object.keys(changes(counts, "2026-10-01T22:59:59.999Z"))[0]).toBe("list#330 census#2026-10-01");
    expect(Object.keys(changes(counts, "2026-10-01T23:00:00.000Z"))[0]).toBe("list#330 census#2027-01-21");
  });
});

describe("a child who comes off a list", () => {
  it("on census day is not on it at the day's end, and stays in the year's figure", () => {
    const counts = countsOfEntry(entry, removed);
    expect(counts).toEqual([{ ...listed, by: -1, countedUntil: null }]);
    expect(changes(counts, "2027-01-21T22:59:00.000Z")).toEqual({
      "list#330 census#2027-01-21": {
        number: -1,
        "sex#F": -1,
        "leaving#2028": -1,
        "reason#mental-health": -1,
        "duration#12-to-26-weeks": -1,
      },
      "list#330 census#2027-05-20": { "duration#12-to-26-weeks": 1, "duration#26-to-52-weeks": -1 },
      "list#330 census#2027-10-07": { "duration#26-to-52-weeks": 1, "duration#over-52-weeks": -1 },
      "list#330 census#2028-10-05": {
        number: 1,
        "sex#F": 1,
        "leaving#2028": 1,
        "reason#mental-health": 1,
        "duration#over-52-weeks": 1,
      },
      "list#330 year#2027": { number: -1 },
      "list#330 year#2028": { number: 1 },
    });
  });

  it("and is back in the same academic year is counted once in it, in a later one again", () => {
    const counts = countsOfEntry(removed, reopenIfRemovedUnder(removed, "r"));
    expect(counts).toEqual([{ ...listed, by: 1, countedUntil: "2027-01-21T22:59:00.000Z" }]);
    expect(changes(counts, "2027-03-01T10:00:00.000Z")).toMatchObject({
      "list#330 census#2027-05-20": { number: 1, "duration#26-to-52-weeks": 1 },
      "list#330 year#2027": { number: 1 },
    });
    expect(changes(counts, "2027-09-01T10:00:00.000Z")).toMatchObject({ "list#330 year#2027": { number: 1 } });
  });

  it("above compulsory school age was in no figure any more", () => {
    expect(changes(countsOfEntry(entry, removed), "2028-09-01T10:00:00.000Z")).toEqual({});
  });
});

describe("a child whose entry changes otherwise", () => {
  it("is counted for the list it is on", () => {
    expect(countsOfEntry(entry, { ...entry, status: "confirmed" })).toEqual([]);
    expect(countsOfEntry(removed, { ...removed, authority: "332" })).toEqual([]);
    expect(countsOfEntry(entry, { ...entry, authority: "332" })).toEqual([
      { ...listed, by: -1, countedUntil: null },
      { ...listed, authority: "332", by: 1, countedUntil: null },
    ]);
  });
});

it("a correction counts from its day on, and the year's figure stays", () => {
  const corrected = { ...figures, reason: "awaiting-start" };
  const counts = countsOfEntry(entry, { ...entry, figures: corrected });
  expect(counts).toEqual([
    { ...listed, by: -1, countedUntil: null },
    { ...listed, figures: corrected, by: 1, countedUntil: "now" },
  ]);
  expect(changes(counts, "2026-12-01T10:00:00.000Z")).toEqual({
    "list#330 census#2027-01-21": { "reason#mental-health": -1, "reason#awaiting-start": 1 },
    "list#330 census#2028-10-05": { "reason#mental-health": 1, "reason#awaiting-start": -1 },
  });
});

it("the same item is added to once, and what comes to nothing is not", () => {
  const on = { ...listed, countedUntil: null };
  expect(
    counterChanges(
      [
        { ...on, by: 1 },
        { ...on, by: -1 },
        { of: "referrals", authority: "330", cell: "sender#received", by: 1 },
        { of: "referrals", authority: "330", cell: "recipient#received", by: 1 },
      ],
      "2026-09-20T10:00:00.000Z",
    ),
    // On the list and off it within the year: it was on it at some point.
  ).toEqual([
    { counter: "list#330", bucket: "year#2026", add: { number: 1 } },
    { counter: "list#330", bucket: "year#2027", add: { number: -1 } },
    { counter: "referrals", bucket: "330", add: { "sender#received": 1, "recipient#received": 1 } },
  ]);
});

describe("a referral", () => {
  const awaiting = {
    sender: "201",
    recipient: "330",
    state: "awaiting-receipt",
    rungsRaised: 0,
    submittedAt: "2026-11-20T09:00:00.000Z",
    receivedAt: null,
  } as Parameters<typeof countsOfReferral>[1];
  const counted = (before: typeof awaiting | undefined, changed: Partial<typeof awaiting>) =>
    countsOfReferral(before, { ...(before ?? awaiting), ...changed }).map((count) =>
      count.of === "receipt"
        ? `${count.authority} receipt after ${count.seconds} s`
        : count.of === "referrals" && `${count.authority} ${count.cell} ${count.by}`,
    );

  it.each([
    ["is submitted", undefined, {}, ["201 sender#awaiting-receipt 1", "330 recipient#awaiting-receipt 1"]],
    ["is read", awaiting, {}, []],
    ["is overdue", awaiting, { rungsRaised: 1 }, ["330 rung#1 1"]],
    ["climbs the ladder", { ...awaiting, rungsRaised: 1 }, { rungsRaised: 2 }, ["330 rung#1 -1", "330 rung#2 1"]],
    [
      "is received after all",
      { ...awaiting, rungsRaised: 3 },
      { state: "received", receivedAt: "2026-11-20T09:30:00.400Z" },
      [
        "201 sender#awaiting-receipt -1",
        "330 recipient#awaiting-receipt -1",
        "330 rung#3 -1",
        "201 sender#received 1",
        "330 recipient#received 1",
        "330 receipt after 1800 s",
      ],
    ],
    [
      "passes to a successor, whose time begins anew",
      { ...awaiting, rungsRaised: 1 },
      { recipient: "332", rungsRaised: 0 },
      ["330 recipient#awaiting-receipt -1", "330 rung#1 -1", "332 recipient#awaiting-receipt 1"],
    ],
  ] as [string, typeof awaiting | undefined, Partial<typeof awaiting>, string[]][])(
    "that %s",
    (_, before, to, told) => {
      expect(counted(before, to)).toEqual(told);
    },
  );
});

describe("times to receipt", () => {
  it("are counted in classes of a minute, and from 20 minutes on of a tenth", () => {
    expect(bounds.slice(0, 24)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 24, 26, 28,
    ]);
    expect([0, 60, 61, 1_200, 1_201, 1_320, 1_321].map(boundFor)).toEqual([1, 1, 2, 20, 22, 22, 24]);
    // Three working days in minutes, and what took far too long.
    expect(boundFor(3 * 24 * 60 * 60)).toBeLessThanOrEqual(4_320 * 1.1);
    expect(boundFor(10 ** 10)).toBe(bounds.at(-1));
    expect(bounds.length).toBeLessThan(150);
  });

  it("have percentiles by nearest rank", () => {
    const times = new Map([
      [5, 4],
      [1, 5],
      [24, 1],
    ]);
    expect([percentile(times, 50), percentile(times, 51), percentile(times, 90), percentile(times, 91)]).toEqual([
      1, 5, 5, 24,
    ]);
    expect(percentile(new Map(), 50)).toBeNull();
    expect(percentile(united([times, new Map([[1, 8]])]), 90)).toBe(5);
    expect(percentile(united([times, new Map([[1, 8]])]), 72)).toBe(1);
  });
});

import { describe, expect, it } from "vitest";
import { addWorkingDays, bankHolidaysKnownUntil, isWorkingDay } from "../../shared/domain/working-days.ts";

describe("a working day", () => {
  it.each([
    "2026-11-09", // Monday
    "2026-11-10",
    "2026-11-11",
    "2026-11-12",
    "2026-11-13", // Friday
    "2026-04-02", // Maundy Thursday
    "2026-12-24", // Christmas Eve
    "2026-12-29",
    "2026-08-03", // a bank holiday in Scotland only
  ])("is %s", (date) => {
    expect(isWorkingDay(date)).toBe(true);
  });

  it.each([
    ["a Saturday", "2026-11-14"],
    ["a Sunday", "2026-11-15"],
    ["the first bank holiday known", "2024-01-01"],
    ["New Year's Day", "2026-01-01"],
    ["Good Friday", "2026-04-03"],
    ["Easter Monday", "2026-04-06"],
    ["the early May bank holiday", "2026-05-04"],
    ["the spring bank holiday", "2026-05-25"],
    ["the summer bank holiday", "2026-08-31"],
    ["Christmas Day", "2026-12-25"],
    ["Boxing Day's substitute", "2026-12-28"],
    ["Christmas Day's substitute", "2027-12-27"],
    ["New Year's Day's substitute", "2028-01-03"],
    ["the last bank holiday known", "2028-12-26"],
  ])("is not %s, %s", (_what, date) => {
    expect(isWorkingDay(date)).toBe(false);
  });

  it.each([
    [2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"],
    [2025, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"],
    [2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"],
    [2027, "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28"],
    [2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"],
  ])("in %i is every weekday but %s", (year, bankHolidays) => {
    const days = Array.from({ length: 366 }, (_, day) => new Date(Date.UTC(year, 0, 1 + day)));
    const weekdays = days.filter((day) => day.getUTCFullYear() === year && day.getUTCDay() % 6 !== 0);
    const dates = weekdays.map((day) => day.toISOString().slice(0, 10));
    const notWorking = dates.filter((date) => !isWorkingDay(date));
    expect(notWorking.map((date) => date.slice(5)).join(" ")).toBe(bankHolidays);
  });

  it("after the last year known is any day from Monday to Friday, even New Year's Day", () => {
    expect(bankHolidaysKnownUntil).toBe("2028-12-31");
    expect(isWorkingDay("2029-01-01")).toBe(true);
    expect(isWorkingDay("2029-01-06")).toBe(false);
  });

  it("can't be told for what is not a date", () => {
    expect(() => isWorkingDay("2026-02-29")).toThrow(RangeError);
    expect(() => isWorkingDay("2026-11-11T10:00:00.000Z")).toThrow(RangeError);
  });
});

describe("working days later", () => {
  it.each([
    ["on a weekday", "2026-11-10T10:15:30.123Z", 1, "2026-11-11T10:15:30.123Z"],
    ["over a weekend", "2026-11-13T10:00:00.000Z", 1, "2026-11-16T10:00:00.000Z"],
    ["three over a weekend", "2026-11-12T10:00:00.000Z", 3, "2026-11-17T10:00:00.000Z"],
    ["over two weekends", "2026-11-13T10:00:00.000Z", 6, "2026-11-23T10:00:00.000Z"],
    ["over Easter", "2026-04-02T15:00:00.000Z", 1, "2026-04-07T15:00:00.000Z"],
    ["three over Easter", "2026-04-02T15:00:00.000Z", 3, "2026-04-09T15:00:00.000Z"],
    ["over Christmas, with Boxing Day's substitute", "2026-12-24T12:00:00.000Z", 1, "2026-12-29T12:00:00.000Z"],
    ["over New Year", "2026-12-30T12:00:00.000Z", 3, "2027-01-05T12:00:00.000Z"],
    ["none", "2026-11-10T10:00:00.000Z", 0, "2026-11-10T10:00:00.000Z"],
  ])("%s", (_what, at, days, due) => {
    expect(addWorkingDays(at, days)).toBe(due);
  });

  it.each([
    ["a Saturday", "2026-11-14T09:00:00.000Z", 1, "2026-11-17T00:00:00.000Z"],
    ["a Sunday", "2026-11-15T23:59:59.999Z", 1, "2026-11-17T00:00:00.000Z"],
    ["a Saturday, three days", "2026-11-14T09:00:00.000Z", 3, "2026-11-19T00:00:00.000Z"],
    ["a Saturday, no days", "2026-11-14T09:00:00.000Z", 0, "2026-11-16T00:00:00.000Z"],
    ["Good Friday", "2026-04-03T09:00:00.000Z", 1, "2026-04-07T23:00:00.000Z"],
    ["Boxing Day, a Saturday", "2026-12-26T09:00:00.000Z", 1, "2026-12-30T00:00:00.000Z"],
    ["Boxing Day's substitute", "2026-12-28T09:00:00.000Z", 1, "2026-12-30T00:00:00.000Z"],
  ])("count from the start of the next working day when it is %s", (_what, at, days, due) => {
    expect(addWorkingDays(at, days)).toBe(due);
  });

  it.each([
    ["Friday 23:30 UTC is Saturday 00:30", "2026-06-12T23:30:00.000Z", "2026-06-15T23:00:00.000Z"],
    ["Sunday 23:30 UTC is Monday 00:30", "2026-06-14T23:30:00.000Z", "2026-06-15T23:30:00.000Z"],
    ["Thursday 23:30 UTC is Friday 00:30", "2026-06-11T23:30:00.000Z", "2026-06-14T23:30:00.000Z"],
  ])("take the day from England's clock in summer: %s", (_what, at, due) => {
    expect(addWorkingDays(at, 1)).toBe(due);
  });

  it.each([
    ["from Friday 10:00 to Monday 10:00", "2026-03-27T10:00:00.000Z", "2026-03-30T09:00:00.000Z"],
    ["at 01:30, which that Sunday does not have", "2026-03-27T01:30:00.000Z", "2026-03-30T00:30:00.000Z"],
    ["from the Sunday, before the change", "2026-03-29T00:30:00.000Z", "2026-03-30T23:00:00.000Z"],
    ["from the Sunday, after it", "2026-03-29T01:30:00.000Z", "2026-03-30T23:00:00.000Z"],
  ])("keep the time of day when the clocks go forward, 29 March 2026: %s", (_what, at, due) => {
    expect(addWorkingDays(at, 1)).toBe(due);
  });

  it.each([
    ["from Friday 10:00 to Monday 10:00", "2026-10-23T09:00:00.000Z", "2026-10-26T10:00:00.000Z"],
    ["at 01:30, which that Sunday has twice", "2026-10-23T00:30:00.000Z", "2026-10-26T01:30:00.000Z"],
    ["from the Sunday, 01:30 for the first time", "2026-10-25T00:30:00.000Z", "2026-10-27T00:00:00.000Z"],
    ["from the Sunday, 01:30 for the second time", "2026-10-25T01:30:00.000Z", "2026-10-27T00:00:00.000Z"],
  ])("keep the time of day when the clocks go back, 25 October 2026: %s", (_what, at, due) => {
    expect(addWorkingDays(at, 1)).toBe(due);
  });

  it("skip only weekends after the last year known", () => {
    expect(addWorkingDays("2028-12-29T10:00:00.000Z", 1)).toBe("2029-01-01T10:00:00.000Z");
  });

  it("are refused from what is not a moment", () => {
    expect(() => addWorkingDays("2026-11-10", 1)).toThrow(RangeError);
  });
});

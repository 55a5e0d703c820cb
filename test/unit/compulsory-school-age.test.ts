import { describe, expect, it } from "vitest";
import { compulsorySchoolAge, schoolAgeOn } from "../../shared/domain/compulsory-school-age.ts";

describe("the start of compulsory school age", () => {
  it.each([
    ["2019-12-31", "2024-12-31"],
    ["2020-01-01", "2025-03-31"],
    ["2020-02-29", "2025-03-31"],
    ["2020-03-31", "2025-03-31"],
    ["2020-04-01", "2025-08-31"],
    ["2020-08-31", "2025-08-31"],
    ["2020-09-01", "2025-12-31"],
    ["2020-12-31", "2025-12-31"],
    ["2021-01-01", "2026-03-31"],
  ])("for a child born on %s is %s", (dateOfBirth, startsOn) => {
    expect(compulsorySchoolAge(dateOfBirth).startsOn).toBe(startsOn);
  });
});

describe("the end of compulsory school age", () => {
  it.each([
    ["2010-08-31", "2026-06-26"],
    ["2010-09-01", "2027-06-25"],
    ["2010-12-31", "2027-06-25"],
    ["2011-01-01", "2027-06-25"],
  ])("for a child born on %s follows the school year of the sixteenth birthday: %s", (dateOfBirth, endsOn) => {
    expect(compulsorySchoolAge(dateOfBirth).endsOn).toBe(endsOn);
  });

  it.each([
    ["on the last Friday of June", "2010-06-26"],
    ["the day after it", "2010-06-27"],
    ["in the holidays that follow", "2010-08-15"],
  ])("is that Friday for a child who reaches 16 %s", (_when, dateOfBirth) => {
    expect(compulsorySchoolAge(dateOfBirth).endsOn).toBe("2026-06-26");
  });

  it("for a child born on 29 February follows the same rule", () => {
    expect(compulsorySchoolAge("2012-02-29").endsOn).toBe("2028-06-30");
  });

  it.each([
    ["2006-05-01", "2022-06-24"],
    ["2007-05-01", "2023-06-30"],
    ["2008-05-01", "2024-06-28"],
    ["2009-05-01", "2025-06-27"],
    ["2010-05-01", "2026-06-26"],
    ["2011-05-01", "2027-06-25"],
    ["2013-05-01", "2029-06-29"],
  ])("falls on each date a last Friday of June can have: born %s, %s", (dateOfBirth, endsOn) => {
    expect(compulsorySchoolAge(dateOfBirth).endsOn).toBe(endsOn);
  });
});

describe("school age on a day", () => {
  it.each([
    ["2025-08-30", { status: "not-yet", startsOn: "2025-08-31" }],
    ["2025-08-31", { status: "within" }],
    ["2025-09-01", { status: "within" }],
    ["2036-06-26", { status: "within" }],
    ["2036-06-27", { status: "within" }],
    ["2036-06-28", { status: "ended", endsOn: "2036-06-27" }],
  ])("of a child born on 2020-05-01, on %s", (on, answer) => {
    expect(schoolAgeOn("2020-05-01", on)).toEqual(answer);
  });

  it("starts on the fifth birthday itself if that is a prescribed day", () => {
    expect(schoolAgeOn("2020-08-31", "2025-08-30")).toEqual({ status: "not-yet", startsOn: "2025-08-31" });
    expect(schoolAgeOn("2020-08-31", "2025-08-31")).toEqual({ status: "within" });
  });

  it("has ended for a child who is still 15 in the summer holidays", () => {
    expect(schoolAgeOn("2010-08-31", "2026-06-27")).toEqual({ status: "ended", endsOn: "2026-06-26" });
  });

  it("refuses what is not a date, a moment included", () => {
    expect(() => schoolAgeOn("2021-02-29", "2026-06-26")).toThrow(RangeError);
    expect(() => schoolAgeOn("2020-05-01", "2036-06-27T10:00:00.000Z")).toThrow(RangeError);
  });
});

import { describe, expect, it } from "vitest";
import {
  isRetentionOver,
  mayCloseAsAboveLeavingAge,
  mayCloseAsOnSchoolRegister,
  retentionOf,
} from "../../shared/domain/retention.ts";

describe("a retained record", () => {
  it.each([
    ["2010-08-31", "2026-06-26", "2026-06-26T23:00:00.000Z"],
    ["2010-09-01", "2027-06-25", "2027-06-25T23:00:00.000Z"],
    ["2012-02-29", "2028-06-30", "2028-06-30T23:00:00.000Z"],
  ])("of a child born on %s is kept until %s", (dateOfBirth, keptUntil, erasedFrom) => {
    expect(retentionOf(dateOfBirth)).toEqual({ keptUntil, erasedFrom });
  });

  it.each([
    ["a day before", null, "2026-06-25T23:00:00.000Z", false],
    ["in the last millisecond", null, "2026-06-26T22:59:59.999Z", false],
    ["when the next day begins in England", null, "2026-06-26T23:00:00.000Z", true],
    ["a year after", null, "2027-06-26T23:00:00.000Z", true],
    ["once the child is located", "2026-01-05T09:00:00.000Z", "2026-01-05T09:00:00.000Z", true],
  ])("%s", (_, locatedAt, now, over) => {
    expect(isRetentionOver({ locatedAt, erasedFrom: "2026-06-26T23:00:00.000Z" }, now)).toBe(over);
  });
});

const leavingAge =
  "Compulsory school age ends on the last Friday of June in the school year in which the child reaches 16.";

describe("closing as above leaving age", () => {
  it.each([
    ["on the last day", "2026-06-26T12:00:00.000Z"],
    ["in its last millisecond in England, which UTC calls 22:59", "2026-06-26T22:59:59.999Z"],
    ["on the sixteenth birthday", "2025-09-01T12:00:00.000Z"],
    ["years before", "2015-01-01T00:00:00.000Z"],
  ])("is refused %s", (_, now) => {
    expect(mayCloseAsAboveLeavingAge("2009-09-01", now)).toEqual({
      permitted: false,
      from: "2026-06-27",
      guidance: leavingAge,
    });
  });

  it.each([
    ["as the next day begins in England", "2009-09-01", "2026-06-26T23:00:00.000Z"],
    ["to a child still 15 in the summer holidays", "2010-08-31", "2026-06-27T09:00:00.000Z"],
    ["years later", "2009-09-01", "2030-01-01T00:00:00.000Z"],
  ])("is permitted %s", (_, dateOfBirth, now) => {
    expect(mayCloseAsAboveLeavingAge(dateOfBirth, now)).toEqual({ permitted: true });
  });

  it("waits a year longer for a child born a day later", () => {
    expect(mayCloseAsAboveLeavingAge("2010-09-01", "2026-06-27T09:00:00.000Z")).toEqual({
      permitted: false,
      from: "2027-06-26",
      guidance: leavingAge,
    });
  });
});

describe("closing as on a school's register", () => {
  it.each([
    ["the day itself, in winter", "2026-12-01", "2026-12-01T00:00:00.000Z"],
    ["the day itself, which in summer begins an hour before UTC's", "2026-07-01", "2026-06-30T23:00:00.000Z"],
    ["a day past", "2026-07-01", "2026-07-02T10:00:00.000Z"],
  ])("is permitted from the start: %s", (_, startDate, now) => {
    expect(mayCloseAsOnSchoolRegister(startDate, now)).toEqual({ permitted: true });
  });

  it("is refused while the start is still to come", () => {
    expect(mayCloseAsOnSchoolRegister("2026-07-01", "2026-06-30T22:59:59.999Z")).toEqual({
      permitted: false,
      from: "2026-07-01",
      guidance:
        "that local authority should add the child to their CME list until it is confirmed they are on a school register or in receipt of suitable education otherwise.",
    });
  });
});

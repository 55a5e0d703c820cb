import { describe, expect, it } from "vitest";
import { nextRungAt, rungDueAt, rungsPassed, toldAtRung } from "../../shared/domain/escalation.ts";

describe("the rungs of a referral submitted", () => {
  it.each([
    [
      "standard on a Tuesday",
      "2026-11-10T10:00:00.000Z",
      "standard",
      ["2026-11-13T10:00:00.000Z", "2026-11-18T10:00:00.000Z", "2026-11-23T10:00:00.000Z"],
    ],
    [
      "urgent on a Friday afternoon",
      "2026-11-13T16:45:00.000Z",
      "urgent",
      ["2026-11-16T16:45:00.000Z", "2026-11-17T16:45:00.000Z", "2026-11-18T16:45:00.000Z"],
    ],
    [
      "standard on a Saturday: counted from Monday's start",
      "2026-11-14T09:00:00.000Z",
      "standard",
      ["2026-11-19T00:00:00.000Z", "2026-11-24T00:00:00.000Z", "2026-11-27T00:00:00.000Z"],
    ],
    [
      "urgent on a Sunday: counted from Monday's start",
      "2026-11-15T22:00:00.000Z",
      "urgent",
      ["2026-11-17T00:00:00.000Z", "2026-11-18T00:00:00.000Z", "2026-11-19T00:00:00.000Z"],
    ],
    [
      "standard before Christmas: 25 and 28 December and 1 January are bank holidays",
      "2026-12-23T15:00:00.000Z",
      "standard",
      ["2026-12-30T15:00:00.000Z", "2027-01-05T15:00:00.000Z", "2027-01-08T15:00:00.000Z"],
    ],
    [
      "urgent on Christmas Eve",
      "2026-12-24T12:00:00.000Z",
      "urgent",
      ["2026-12-29T12:00:00.000Z", "2026-12-30T12:00:00.000Z", "2026-12-31T12:00:00.000Z"],
    ],
    [
      "urgent on Maundy Thursday",
      "2026-04-02T09:00:00.000Z",
      "urgent",
      ["2026-04-07T09:00:00.000Z", "2026-04-08T09:00:00.000Z", "2026-04-09T09:00:00.000Z"],
    ],
    [
      "standard on Good Friday: counted from the start of Tuesday, which is 23:00 in UTC",
      "2026-04-03T09:00:00.000Z",
      "standard",
      ["2026-04-09T23:00:00.000Z", "2026-04-14T23:00:00.000Z", "2026-04-19T23:00:00.000Z"],
    ],
    [
      "standard before the clocks go back: the same time of day in England",
      "2026-10-20T09:00:00.000Z",
      "standard",
      ["2026-10-23T09:00:00.000Z", "2026-10-28T10:00:00.000Z", "2026-11-02T10:00:00.000Z"],
    ],
    [
      "urgent before the clocks go forward: the same time of day in England",
      "2026-03-26T10:00:00.000Z",
      "urgent",
      ["2026-03-27T10:00:00.000Z", "2026-03-30T09:00:00.000Z", "2026-03-31T09:00:00.000Z"],
    ],
  ] as const)("%s", (_what, submittedAt, urgency, due) => {
    expect([
      rungDueAt(submittedAt, urgency, 1),
      rungDueAt(submittedAt, urgency, 2),
      rungDueAt(submittedAt, urgency, 3),
    ]).toEqual(due);
  });

  it("can't be told from a broken moment", () => {
    expect(() => rungDueAt("yesterday", "urgent", 1)).toThrow(RangeError);
  });
});

describe("a referral that waits for its receipt", () => {
  const standard = { submittedAt: "2026-11-10T10:00:00.000Z", urgency: "standard" } as const;
  const urgent = { submittedAt: "2026-11-13T16:45:00.000Z", urgency: "urgent" } as const;

  it.each([
    ["2026-11-10T10:00:00.000Z", []],
    ["2026-11-13T10:00:00.000Z", []],
    ["2026-11-13T10:00:00.001Z", [1]],
    ["2026-11-18T10:00:00.000Z", [1]],
    ["2026-11-18T10:00:00.001Z", [1, 2]],
    ["2026-11-23T10:00:00.000Z", [1, 2]],
    ["2026-11-23T10:00:00.001Z", [1, 2, 3]],
    ["2027-11-23T10:00:00.000Z", [1, 2, 3]],
  ])("has at %s passed the rungs %j", (now, passed) => {
    expect(rungsPassed(standard, now)).toEqual(passed);
  });

  it("passes no rung over a weekend", () => {
    expect(rungsPassed(urgent, "2026-11-15T23:59:59.999Z")).toEqual([]);
    expect(rungsPassed(urgent, "2026-11-16T16:45:00.001Z")).toEqual([1]);
  });

  it.each([
    [0, "2026-11-13T10:00:00.000Z"],
    [1, "2026-11-18T10:00:00.000Z"],
    [2, "2026-11-23T10:00:00.000Z"],
    [3, null],
  ] as const)("with %i rungs raised is due to be looked at next at %s", (raised, at) => {
    expect(nextRungAt(standard, raised)).toBe(at);
  });

  it("an urgent one too, a working day apart", () => {
    expect(nextRungAt(urgent, 0)).toBe("2026-11-16T16:45:00.000Z");
    expect(nextRungAt(urgent, 1)).toBe("2026-11-17T16:45:00.000Z");
  });

  it("is shown to more and more people", () => {
    expect(toldAtRung).toEqual({ 1: "contact-and-inbox", 2: "lead", 3: "dfe" });
  });
});

import { describe, expect, it } from "vitest";
import { isOverdue, receiptDueAt } from "../../shared/domain/answering-in-time.ts";

describe("a receipt", () => {
  it.each([
    ["urgent, on a Tuesday", "2026-11-10T10:00:00.000Z", "urgent", "2026-11-11T10:00:00.000Z"],
    ["standard, on a Tuesday", "2026-11-10T10:00:00.000Z", "standard", "2026-11-13T10:00:00.000Z"],
    ["urgent, on a Friday", "2026-11-13T16:45:00.000Z", "urgent", "2026-11-16T16:45:00.000Z"],
    ["standard, on a Friday", "2026-11-13T16:45:00.000Z", "standard", "2026-11-18T16:45:00.000Z"],
    ["urgent, on a Saturday", "2026-11-14T09:00:00.000Z", "urgent", "2026-11-17T00:00:00.000Z"],
    ["standard, on a Saturday", "2026-11-14T09:00:00.000Z", "standard", "2026-11-19T00:00:00.000Z"],
    ["urgent, on Christmas Eve", "2026-12-24T12:00:00.000Z", "urgent", "2026-12-29T12:00:00.000Z"],
    ["standard, on Christmas Eve", "2026-12-24T12:00:00.000Z", "standard", "2026-12-31T12:00:00.000Z"],
    ["standard, on Good Friday", "2026-04-03T09:00:00.000Z", "standard", "2026-04-09T23:00:00.000Z"],
    ["standard, as the clocks go back", "2026-10-23T09:00:00.000Z", "standard", "2026-10-28T10:00:00.000Z"],
  ] as const)("of a referral submitted %s", (_what, submittedAt, urgency, due) => {
    expect(receiptDueAt(submittedAt, urgency)).toBe(due);
  });
});

describe("a referral", () => {
  const due = "2026-11-13T10:00:00.000Z";

  it("is not overdue before its deadline, nor at it", () => {
    expect(isOverdue(due, "2026-11-13T09:59:59.999Z")).toBe(false);
    expect(isOverdue(due, "2026-11-13T10:00:00.000Z")).toBe(false);
  });

  it("is overdue a millisecond later", () => {
    expect(isOverdue(due, "2026-11-13T10:00:00.001Z")).toBe(true);
  });

  it("is never quietly in time: a broken moment is refused", () => {
    expect(() => isOverdue(due, "tomorrow")).toThrow(RangeError);
  });
});

import { describe, expect, it } from "vitest";
import { type Entry, newEntry } from "../../shared/domain/entry.ts";
import { Refusal } from "../../shared/domain/refusals.ts";
import { areCountedTogether, insistOnRoomToAsk } from "../../shared/domain/room-to-ask.ts";

const entry = (entryId: string, authority: string, changes: Partial<Entry> = {}): Entry =>
  newEntry({
    entryId,
    authority,
    openedAt: "2026-01-12T09:30:00.000Z",
    figures: { sex: "F", leavesOn: "2032-06-25", reason: "unknown" },
    ...changes,
  });
const asking = (...asked: string[]): Pick<Entry, "enquiries"> => ({
  enquiries: asked.map((each) => ({ enquiryId: `enquiry-${each}`, asked: each })),
});

describe("two entries of one child are counted together", () => {
  it.each([
    ["on one authority's list", entry("one", "201"), entry("two", "201"), true],
    ["from one list to the next", entry("one", "201"), entry("two", "330", { origin: "one" }), true],
    ["further on", entry("two", "330", { origin: "one" }), entry("three", "202", { origin: "one" }), true],
    ["not on lists that know nothing of each other", entry("one", "201"), entry("two", "202"), false],
  ])("%s", (_what, one, other, expected) => {
    expect(areCountedTogether(one, other)).toBe(expected);
    expect(areCountedTogether(other, one)).toBe(expected);
  });
});

describe("room to ask", () => {
  const refusalOf = (one: Entry, others: readonly Entry[], asked: string): unknown => {
    try {
      insistOnRoomToAsk(one, others, asked);
      return undefined;
    } catch (error) {
      return error instanceof Refusal ? [error.code, error.members] : error;
    }
  };

  it("is there for a fifth authority, and not for a sixth", () => {
    const four = entry("one", "201", asking("301", "302", "303", "304"));
    expect(refusalOf(four, [], "305")).toBeUndefined();
    const five = entry("one", "201", asking("301", "302", "303", "304", "305"));
    expect(refusalOf(five, [], "306")).toEqual([
      "too-many-enquiries",
      {
        enquiries: five.enquiries,
        guidance: {
          section: "Working with other local authorities",
          text: "Local authorities should avoid making enquiries to a large number of local authorities, as this is not a secure method of sharing personal information.",
        },
      },
    ]);
  });

  it("is counted over the child's entries, and another party's enquiries are not shown", () => {
    const own = entry("one", "201", asking("301", "302"));
    const second = entry("two", "201", asking("303"));
    const partner = entry("three", "330", { origin: "one", ...asking("304", "305") });
    expect(refusalOf(own, [second, partner], "306")).toMatchObject([
      "too-many-enquiries",
      { enquiries: [...own.enquiries, ...second.enquiries] },
    ]);
    expect(refusalOf(own, [second], "304")).toBeUndefined();
  });

  it("is not needed for whom another party asks already, but nobody asks the same authority twice", () => {
    const own = entry("one", "201", asking("301", "302"));
    const partner = entry("three", "330", { origin: "one", ...asking("303", "304", "305") });
    expect(refusalOf(own, [partner], "305")).toBeUndefined();
    expect(refusalOf(partner, [own], "305")).toEqual(["already-asked", { enquiryId: "enquiry-305" }]);
    expect(refusalOf(own, [entry("two", "201", asking("303"))], "303")).toEqual([
      "already-asked",
      { enquiryId: "enquiry-303" },
    ]);
  });
});

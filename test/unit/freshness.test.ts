import { describe, expect, it } from "vitest";
import type { Contact } from "../../shared/domain/contacts.ts";
import {
  asked,
  daysUnverified,
  isDiscreditedBy,
  isToBeAsked,
  isUnverified,
  timesToAsk,
  unverifiedFrom,
} from "../../shared/domain/freshness.ts";

const contact: Contact = {
  contactId: "330-lead",
  authority: "330",
  name: "CME lead officer, Birmingham",
  role: "lead",
  email: "cme-lead@birmingham.gov.uk",
  telephone: "+441632960000",
  effectiveFrom: "2025-09-01T00:00:00.000Z",
  effectiveTo: null,
  verifiedAt: "2026-01-12T15:30:00.000Z",
  verifiedBy: "330",
  unreachableSince: null,
  verificationAsked: 0,
  version: 4,
};

/** Verified on 12 January: 90 days are up on 12 April, 104 on 26 April, 120 on 12 May. In April England is ahead of UTC. */
describe("a contact verified on 12 January 2026", () => {
  it.each([
    ["2026-01-12T15:30:00.000Z", 0, 0, false],
    ["2026-01-12T23:59:59.999Z", 0, 0, false],
    ["2026-01-13T00:00:00.000Z", 1, 0, false],
    ["2026-04-11T22:59:59.999Z", 89, 0, false],
    ["2026-04-11T23:00:00.000Z", 90, 1, false],
    ["2026-04-25T22:59:59.999Z", 103, 1, false],
    ["2026-04-25T23:00:00.000Z", 104, 2, false],
    ["2026-05-11T22:59:59.999Z", 119, 2, false],
    ["2026-05-11T23:00:00.000Z", 120, 2, true],
    ["2027-05-11T23:00:00.000Z", 485, 2, true],
  ])("at %s: %i days, asked %i times, unverified %s", (now, days, times, unverified) => {
    expect(daysUnverified(contact, now)).toBe(days);
    expect(timesToAsk(contact, now)).toBe(times);
    expect(isUnverified(contact, now)).toBe(unverified);
  });

  it("is shown as unverified from 12 May", () => {
    expect(unverifiedFrom(contact)).toBe("2026-05-12");
  });
});

it("counts from the day in England: half past midnight in July is the day before in UTC", () => {
  const verified = { ...contact, verifiedAt: "2026-07-14T23:30:00.000Z" };
  expect(unverifiedFrom(verified)).toBe("2026-11-12");
  expect(timesToAsk(verified, "2026-10-12T22:59:59.999Z")).toBe(0);
  expect(timesToAsk(verified, "2026-10-12T23:00:00.000Z")).toBe(1);
});

it("counts over a leap day", () => {
  expect(unverifiedFrom({ ...contact, verifiedAt: "2028-01-01T12:00:00.000Z" })).toBe("2028-04-30");
});

it("counts from its first day where nobody has ever verified it", () => {
  const never = { ...contact, verifiedAt: null };
  expect(unverifiedFrom(never)).toBe("2025-12-30");
  expect(timesToAsk(never, "2025-11-29T00:00:00.000Z")).toBe(0);
  expect(timesToAsk(never, "2025-11-30T00:00:00.000Z")).toBe(1);
});

describe("asking", () => {
  it.each([
    ["2026-04-11T12:00:00.000Z", 0, false],
    ["2026-04-12T12:00:00.000Z", 0, true],
    ["2026-04-12T12:00:00.000Z", 1, false],
    ["2026-04-25T12:00:00.000Z", 1, false],
    ["2026-04-26T12:00:00.000Z", 1, true],
    ["2026-04-26T12:00:00.000Z", 2, false],
    ["2027-04-26T12:00:00.000Z", 2, false],
  ] as const)("at %s, when it was asked %i times: %s", (now, verificationAsked, due) => {
    expect(isToBeAsked({ ...contact, verificationAsked }, now)).toBe(due);
  });

  it("is made up for once, where both days were missed", () => {
    const late = "2026-05-03T12:00:00.000Z";
    expect(isToBeAsked(contact, late)).toBe(true);
    expect(asked(contact, late)).toEqual({ ...contact, verificationAsked: 2 });
    expect(isToBeAsked(asked(contact, late), late)).toBe(false);
  });

  it("changes nothing that is published of the contact, nor its version", () => {
    expect(asked(contact, "2026-04-12T12:00:00.000Z")).toEqual({ ...contact, verificationAsked: 1 });
  });
});

describe("an email that came back", () => {
  const now = "2026-02-01T10:05:00.000Z";
  const bounce = { to: "cme-lead@birmingham.gov.uk", sentAt: "2026-02-01T10:00:00.000Z" };

  it("discredits the address that it was sent to, in any case of letters", () => {
    expect(isDiscreditedBy(contact, bounce, now)).toBe(true);
    expect(isDiscreditedBy(contact, { ...bounce, to: " CME-Lead@Birmingham.GOV.UK" }, now)).toBe(true);
    expect(isDiscreditedBy({ ...contact, verifiedAt: null }, bounce, now)).toBe(true);
  });

  it.each([
    ["the address has changed since", { email: "cme@birmingham.gov.uk" }],
    ["somebody has verified it after the sending", { verifiedAt: "2026-02-01T10:00:00.001Z" }],
    ["it was known before", { unreachableSince: "2026-01-31T09:00:00.000Z" }],
    ["the contact has ended", { effectiveTo: "2026-02-01T10:05:00.000Z" }],
  ])("says nothing where %s", (_what, change) => {
    expect(isDiscreditedBy({ ...contact, ...change }, bounce, now)).toBe(false);
  });

  it("still counts where the contact is to end later", () => {
    expect(isDiscreditedBy({ ...contact, effectiveTo: "2026-02-01T10:05:00.001Z" }, bounce, now)).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import type { ListedChild } from "../../shared/contract/child-record.ts";
import { enquiredChildOf } from "../../shared/contract/enquired-child.ts";
import {
  answered,
  closed,
  type EnquiryAction,
  type EnquiryState,
  enquiryLapsesAt,
  mayDo,
  opened,
  referred,
  type TargetedEnquiry,
  timeOver,
} from "../../shared/domain/enquiry.ts";

const at = "2026-01-12T09:30:00.000Z";
const actor = { authority: "330", clientId: "cme-330", contactId: "330-lead" };

const asked = (hasNote = false): TargetedEnquiry =>
  opened(
    {
      enquiryId: "019b0f3e-0000-7000-8000-000000000001",
      asker: "201",
      asked: "330",
      entryId: "019b0f3e-0000-7000-8000-000000000002",
      reason: "kin",
      openedBy: "201-lead",
      openedAt: at,
    },
    { clientId: "cme-201", hasNote },
  ).enquiry;

/** Who may do what from which state, written by hand: everything that isn't here is refused. */
const permitted: Record<Exclude<EnquiryAction, "lapse">, Record<"201" | "330", EnquiryState[]>> = {
  "answer-known": { "201": [], "330": ["open"] },
  "answer-not-known": { "201": [], "330": ["open"] },
  "answer-cannot-say": { "201": [], "330": ["open"] },
  refer: { "201": ["known"], "330": [] },
  close: { "201": ["open", "known"], "330": [] },
};
const states: EnquiryState[] = ["open", "known", "not-known", "cannot-say", "referred", "closed", "lapsed"];

describe("an enquiry of 201 to 330", () => {
  it.each(
    Object.entries(permitted).flatMap(([action, byParty]) =>
      Object.entries(byParty).flatMap(([authority, from]) =>
        states.map((state) => [action as EnquiryAction, authority, state, from.includes(state)] as const),
      ),
    ),
  )("%s by %s from %s: %j", (action, authority, state, may) => {
    expect(mayDo(action, { asker: "201", asked: "330", state }, authority).permitted).toBe(may);
  });

  it("tells a wrong side from a wrong state, and nobody makes it lapse by asking", () => {
    const enquiry = { asker: "201", asked: "330", state: "closed" } as const;
    expect(mayDo("close", enquiry, "330")).toEqual({ permitted: false, because: "role" });
    expect(mayDo("close", enquiry, "201")).toEqual({ permitted: false, because: "state" });
    expect(mayDo("lapse", { ...enquiry, state: "open" }, "201")).toEqual({ permitted: false, because: "role" });
  });

  it("lets whom a reorganisation has united do what either side may", () => {
    const united = { asker: "201", asked: "201", state: "open" } as const;
    expect(mayDo("answer-known", united, "201")).toEqual({ permitted: true });
    expect(mayDo("close", united, "201")).toEqual({ permitted: true });
  });
});

describe("its twenty working days", () => {
  it.each([
    ["a Monday without holidays", "2026-01-12T09:30:00.000Z", "2026-02-09T09:30:00.000Z"],
    ["a Saturday", "2026-01-10T09:30:00.000Z", "2026-02-09T00:00:00.000Z"],
    ["before Christmas, with three holidays", "2026-12-11T10:00:00.000Z", "2027-01-13T10:00:00.000Z"],
    ["as the clocks go forward", "2026-03-09T10:00:00.000Z", "2026-04-08T09:00:00.000Z"],
  ])("from %s", (_what, from, until) => {
    expect(enquiryLapsesAt(from)).toBe(until);
  });

  it("begin anew with `known`, and with no other answer", () => {
    const later = { at: "2026-01-19T09:30:00.000Z", actor };
    const answer = (given: "known" | "not-known" | "cannot-say") =>
      answered(asked(), { answer: given, answeredBy: "330-lead", hasNote: false }, later).after.lapsesAt;
    expect(answer("known")).toBe("2026-02-16T09:30:00.000Z");
    expect(answer("not-known")).toBe("2026-02-09T09:30:00.000Z");
    expect(answer("cannot-say")).toBe("2026-02-09T09:30:00.000Z");
  });
});

describe("what is erased", () => {
  const fact = { at: "2026-01-19T09:30:00.000Z", actor };
  const known = answered(asked(true), { answer: "known", answeredBy: "330-lead", hasNote: true }, fact).after;

  it("is nothing while it goes on", () => {
    expect(known).toMatchObject({ state: "known", notes: [1, 2], endedAt: null, erasedAt: null });
  });

  it.each([
    ["not known", answered(asked(true), { answer: "not-known", answeredBy: "330-lead", hasNote: true }, fact), [1, 2]],
    ["cannot say", answered(asked(), { answer: "cannot-say", answeredBy: "330-lead", hasNote: true }, fact), [2]],
    ["closed", closed(known, "no-longer-needed", fact), [1, 2]],
    ["referred", referred(known, "019b0f3e-0000-7000-8000-000000000003", fact), [1, 2]],
  ])("is the record at once when it ends (%s), and the notes stay for the other side", (_what, step, notes) => {
    expect(step.erased).toEqual({ record: true, notes: [] });
    expect(step.after).toMatchObject({ notes, endedAt: fact.at, erasedAt: null });
  });

  it("is everything when it ends without a note", () => {
    const { after } = closed(asked(), "child-located", fact);
    expect(after).toMatchObject({ closedFor: "child-located", endedAt: fact.at, erasedAt: fact.at });
  });

  it("is the rest when its time is over", () => {
    const lapsed = timeOver(known, "2026-02-16T09:30:00.000Z");
    expect(lapsed.event.type).toBe("enquiry.lapsed");
    expect(lapsed.erased).toEqual({ record: true, notes: [1, 2] });
    expect(lapsed.after).toMatchObject({ state: "lapsed", notes: [], erasedAt: "2026-02-16T09:30:00.000Z" });
    const ended = timeOver(closed(known, "no-longer-needed", fact).after, "2026-02-16T09:30:00.000Z");
    expect(ended.event.type).toBe("enquiry.erased");
    expect(ended.erased).toEqual({ record: false, notes: [1, 2] });
    expect(ended.after).toMatchObject({ state: "closed", notes: [], erasedAt: "2026-02-16T09:30:00.000Z" });
  });

  it("can't be asked for again: what has ended stays as it is", () => {
    const { after } = closed(asked(), "child-located", fact);
    expect(() => closed(after, "child-located", fact)).toThrow(new TypeError("close is not permitted from closed"));
  });
});

describe("the least that goes out", () => {
  /** Every member that a record can have, each with a value of its own. */
  const everything = {
    identity: {
      forename: "forename",
      middleNames: "middleNames",
      surname: "surname",
      preferredForename: "preferredForename",
      preferredSurname: "preferredSurname",
      formerSurnames: ["formerSurname"],
      aliases: ["alias"],
      dateOfBirth: "2016-05-17",
      sex: "F",
      upn: "H801200001001",
      formerUpns: ["A801200001002"],
      yearGroup: "6",
      ethnicity: "MWBA",
      firstLanguage: "ENG",
    },
    addresses: {
      lastKnown: { lines: ["lastKnown"], uprn: "1" },
      expected: { lines: ["expected"], from: "2026-01-01" },
      accommodation: { temporary: true, homeOfficeProvided: true, placedBy: "202" },
    },
    parents: [{ name: "parent" }],
    school: {
      lastSchool: { urn: "100000", laEstab: "2013614", name: "lastSchool" },
      lastAttended: "2026-01-02",
      lastSeen: "2026-01-03",
      deletion: { date: "2026-01-04", ground: "G" },
      destination: { name: "destination" },
    },
    needs: { sen: "ehc-plan", medicalNeeds: "medicalNeeds" },
    safeguarding: { concern: false, childInNeed: true, note: "safeguarding" },
    circumstances: { narrative: "narrative", cohorts: ["new-migrant"] },
    evidenceOfMove: [{ kind: "other", date: "2026-01-05", source: "source" }],
    enquiriesMade: [{ step: "contact-parent", date: "2026-01-06", outcome: "no-answer" }],
    siblings: [{ forename: "sibling" }],
  } as unknown as ListedChild;

  it("is names, date of birth, sex, UPN, last known address and last school, and nothing else", () => {
    expect(enquiredChildOf(everything)).toEqual({
      identity: {
        forename: "forename",
        middleNames: "middleNames",
        surname: "surname",
        preferredForename: "preferredForename",
        preferredSurname: "preferredSurname",
        formerSurnames: ["formerSurname"],
        aliases: ["alias"],
        dateOfBirth: "2016-05-17",
        sex: "F",
        upn: "H801200001001",
      },
      lastKnownAddress: { lines: ["lastKnown"], uprn: "1" },
      lastSchool: { urn: "100000", laEstab: "2013614", name: "lastSchool" },
    });
  });
});

import { describe, expect, it } from "vitest";
import { enquiryStepCodes } from "../../shared/domain/enquiry-steps.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import { reasonsAgainstClosure, startDateFaults } from "../../shared/domain/ways-off.ts";

/** Of a child born between 1 September 2009 and 31 August 2010. */
const entry: Pick<Entry, "figures" | "enquiries" | "openReferralId"> = {
  figures: { sex: "F", leavesOn: "2026-06-26", reason: "unknown" },
  enquiries: [],
  openReferralId: null,
};
const now = "2026-06-20T09:00:00.000Z";

const codesAgainst = (...given: Parameters<typeof reasonsAgainstClosure>) =>
  reasonsAgainstClosure(...given).map(({ code }) => code);

describe("coming off as on a school's register", () => {
  const way = { as: "on-school-register", startDate: "2026-07-01" } as const;

  it.each([
    ["as the first day begins, which in summer is an hour before UTC's", "2026-06-30T23:00:00.000Z"],
    ["on the day after", "2026-07-02T10:00:00.000Z"],
  ])("is permitted %s", (_, at) => {
    expect(reasonsAgainstClosure(way, entry, [], at)).toEqual([]);
    expect(startDateFaults("2026-07-01", at)).toEqual([]);
  });

  it("is not while the start is still to come", () => {
    const at = "2026-06-30T22:59:59.999Z";
    const guidance =
      "Children missing education are also those who “have been offered a school place for a future date but have not yet started” (Statutory guidance, “Who are children missing education”)";
    expect(reasonsAgainstClosure(way, entry, [], at)).toEqual([
      {
        code: "not-started",
        text: "The child starts at the school on 2026-07-01 and is missing education until then.",
        guidance,
      },
    ]);
    expect(startDateFaults("2026-07-01", at)).toEqual([
      { pointer: "/startDate", detail: `is in the future. ${guidance}` },
    ]);
  });
});

describe("coming off as above the leaving age", () => {
  it("is not permitted on its last day, until that ends in England", () => {
    expect(reasonsAgainstClosure({ as: "above-leaving-age" }, entry, [], "2026-06-26T22:59:59.999Z")).toEqual([
      {
        code: "of-compulsory-school-age",
        text: "The child is of compulsory school age until 2026-06-26, that day included.",
        guidance:
          "“A child continues to be of compulsory school age until the last Friday of June in the school year that they reach 16.” (Statutory guidance, footnote 1)",
      },
    ]);
  });

  it("is permitted from then on", () => {
    expect(reasonsAgainstClosure({ as: "above-leaving-age" }, entry, [], "2026-06-26T23:00:00.000Z")).toEqual([]);
  });
});

describe("coming off because enquiries are exhausted", () => {
  const way = { as: "enquiries-exhausted" } as const;
  const asked = { ...entry, enquiries: [{ enquiryId: "q1", asked: "330" }] };

  it("is permitted when nothing is missing and nobody looks for the child", () => {
    expect(reasonsAgainstClosure(way, entry, [], now)).toEqual([]);
  });

  it("names what is missing, and whoever is still asked about the child or has it referred to them", () => {
    expect(codesAgainst(way, entry, ["check-s2s", "home-visit"], now)).toEqual(["check-s2s", "home-visit"]);
    expect(codesAgainst(way, asked, [], now)).toEqual(["enquiries-going-on"]);
    expect(codesAgainst(way, { ...entry, openReferralId: "r1" }, [], now)).toEqual(["referral-open"]);
    expect(codesAgainst(way, { ...asked, openReferralId: "r1" }, ["home-visit"], now)).toEqual([
      "home-visit",
      "enquiries-going-on",
      "referral-open",
    ]);
  });

  it("quotes the guidance with its section for each", () => {
    const reasons = reasonsAgainstClosure(way, { ...asked, openReferralId: "r1" }, ["home-visit"], now);
    expect(new Set(reasons.map(({ guidance }) => guidance))).toEqual(
      new Set([
        "“If a child has not been located through working with other local authorities, a local authority should not remove a child from their CME list until they have exhausted all other reasonable enquiries.” (Statutory guidance, “Working with other local authorities”)",
      ]),
    );
  });
});

it.each(["suitable-education-otherwise", "deceased"] as const)("coming off as %s asks for nothing of this", (as) => {
  const all = { ...entry, enquiries: [{ enquiryId: "q1", asked: "330" }], openReferralId: "r1" };
  expect(reasonsAgainstClosure({ as }, all, enquiryStepCodes, now)).toEqual([]);
});

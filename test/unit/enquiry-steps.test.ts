import { describe, expect, it } from "vitest";
import { type EnquiryStepRecord, enquirySteps, missingSteps } from "../../shared/domain/enquiry-steps.ts";
import { guidanceSteps } from "../builders/guidance-steps.ts";

const done = (step: EnquiryStepRecord["step"]): EnquiryStepRecord => ({
  step,
  date: "2026-11-02",
  outcome: "nothing-found",
});
const notApplicable = (step: EnquiryStepRecord["step"], note?: string): EnquiryStepRecord => ({
  step,
  date: "2026-11-02",
  outcome: "not-applicable",
  note,
});

describe("the guidance's list", () => {
  it("has its fourteen bullets in its order", () => {
    expect(enquirySteps.map(({ code }) => code)).toEqual(guidanceSteps);
  });

  it.each([
    ["contact-parent", "making contact with the parent using known contact details"],
    ["check-s2s", "checking S2S"],
    ["check-giap", "checking Get Information About a Pupil (GIAP)"],
    [
      "contact-relatives-and-neighbours",
      "making contact with relatives and neighbours, if appropriate, using known contact details",
    ],
  ])("says %s in its words", (code, text) => {
    expect(enquirySteps.find((step) => step.code === code)?.text).toBe(text);
  });
});

describe("the steps that are missing", () => {
  it("are all of them at first, in the guidance's order", () => {
    expect(missingSteps([])).toEqual(guidanceSteps);
  });

  it("are none when each is done, whatever the order", () => {
    expect(missingSteps(guidanceSteps.map(done))).toEqual([]);
    expect(missingSteps([...guidanceSteps].reverse().map(done))).toEqual([]);
  });

  it.each(["check-siblings-schools", "home-visit"] as const)("are %s alone when it is left out", (left) => {
    expect(missingSteps(guidanceSteps.filter((step) => step !== left).map(done))).toEqual([left]);
  });

  it.each([
    ["no-answer", []],
    ["nothing-found", []],
    ["information-received", []],
    ["found", []],
    ["answer-awaited", ["check-s2s"]],
  ] as const)("after an outcome %s are %j", (outcome, missing) => {
    const others = guidanceSteps.filter((step) => step !== "check-s2s").map(done);
    expect(missingSteps([...others, { step: "check-s2s", date: "2026-11-03", outcome }])).toEqual(missing);
  });

  it.each([
    ["a reason", "The child has no siblings.", []],
    ["no reason", undefined, ["check-siblings-schools"]],
    ["a blank reason", " \n", ["check-siblings-schools"]],
  ] as const)("after not applicable with %s are %j", (_, note, missing) => {
    const others = guidanceSteps.filter((step) => step !== "check-siblings-schools").map(done);
    expect(missingSteps([...others, notApplicable("check-siblings-schools", note)])).toEqual(missing);
  });

  it("go by the newest record of a step, not by the latest date", () => {
    const asked: EnquiryStepRecord = { step: "home-visit", date: "2026-11-01", outcome: "answer-awaited" };
    expect(missingSteps([...guidanceSteps.map(done), asked])).toEqual(["home-visit"]);
    expect(missingSteps([asked, ...guidanceSteps.map(done)])).toEqual([]);
    expect(missingSteps([...guidanceSteps.map(done), notApplicable("home-visit")])).toEqual(["home-visit"]);
  });

  it("aren't made up for by something outside the list", () => {
    expect(missingSteps([...guidanceSteps.slice(1).map(done), done("other")])).toEqual(["contact-parent"]);
  });
});

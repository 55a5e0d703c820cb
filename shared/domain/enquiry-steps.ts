/**
 * The guidance's list of what reasonable enquiries may include, in its words and order: section "Making reasonable
 * enquiries", "Conducting enquiries". It is "not an exhaustive or prescriptive list of actions".
 */
export const enquirySteps = [
  { code: "contact-parent", text: "making contact with the parent using known contact details" },
  { code: "check-agencies-involved", text: "checking with agencies known to be involved with the family" },
  {
    code: "check-siblings-schools",
    text: "checking with siblings’ schools whether they have contact with the parents (if applicable)",
  },
  {
    code: "check-previous-authority-or-school",
    text: "where the child had previously moved or changed school, check with the local authority and school from which the child moved originally, if known",
  },
  {
    code: "check-new-authority-or-school",
    text: "checking with the local authority or school to which a child may have moved",
  },
  {
    code: "check-home-authority",
    text: "checking with the local authority for the area where the child lives, if different from where the school is",
  },
  {
    code: "speak-to-landlord",
    text: "speaking to landlords if appropriate (private, social or temporary housing providers)",
  },
  {
    code: "check-own-databases",
    text: "referring to databases within the local authority where possible (for example, admissions or children’s social care)",
  },
  {
    code: "check-external-agencies-databases",
    text: "establishing and following local information sharing arrangements (where needed) to access and check databases of external agencies (housing providers, health services, police, refuge, youth justice services, and council tax)",
  },
  { code: "check-s2s", text: "checking S2S" },
  { code: "check-giap", text: "checking Get Information About a Pupil (GIAP)" },
  {
    code: "check-national-databases",
    text: "checking with national databases (such as Department for Work and Pensions (DWP), Border Force, UK Visas and Immigration (UKVI), Ministry of Defence (MoD), Health)",
  },
  {
    code: "home-visit",
    text: "home visits made by the appropriate team, following local guidance concerning risk assessment",
  },
  {
    code: "contact-relatives-and-neighbours",
    text: "making contact with relatives and neighbours, if appropriate, using known contact details",
  },
] as const;

export const enquiryStepsSource = "Statutory guidance, “Making reasonable enquiries”, “Conducting enquiries”";

export type EnquiryStepCode = (typeof enquirySteps)[number]["code"];

export const enquiryStepCodes: readonly EnquiryStepCode[] = enquirySteps.map(({ code }) => code);

/** What came of an enquiry (ours). */
export const enquiryOutcomeCodes = [
  "no-answer",
  "answer-awaited",
  "nothing-found",
  "information-received",
  "found",
  "not-applicable",
] as const;

/** A step as it was recorded: the date on which it was taken, or on which it was decided that it doesn't apply. */
export type EnquiryStepRecord = {
  step: EnquiryStepCode | "other";
  date: string;
  outcome: (typeof enquiryOutcomeCodes)[number];
  note?: string | undefined;
};

/** Why an entry can't be closed as `enquiries-exhausted` yet. */
export const exhaustedRule =
  "“If a child has not been located through working with other local authorities, a local authority should not remove a child from their CME list until they have exhausted all other reasonable enquiries.” (Statutory guidance, “Working with other local authorities”)";

/**
 * The steps that stand between an entry and `enquiries-exhausted`, in the guidance's order; none when its enquiries are
 * exhausted. A step is settled by its newest record: taken, with an outcome other than an answer that is still awaited, or
 * not applicable, with a note that says why (ours).
 *
 * @param records in the order in which they were recorded, which need not be that of their dates
 */
export const missingSteps = (records: readonly EnquiryStepRecord[]): EnquiryStepCode[] => {
  const newest = new Map(records.map((record) => [record.step, record]));
  return enquiryStepCodes.filter((code) => !isSettled(newest.get(code)));
};

const isSettled = (record: EnquiryStepRecord | undefined): boolean => {
  if (record === undefined || record.outcome === "answer-awaited") return false;
  return record.outcome !== "not-applicable" || (record.note ?? "").trim() !== "";
};

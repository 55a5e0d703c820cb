import { describe, expect, it } from "vitest";
import * as z from "zod";
import { childRecord, listedChild, recordWarnings } from "../../shared/contract/child-record.ts";
import { describeIssues } from "../../shared/contract/describe-issues.ts";
import { enquiryStepCodes } from "../../shared/domain/enquiry-steps.ts";
import example from "../data/example-referral.json" with { type: "json" };
import naughtyStrings from "../data/naughty-strings.json" with { type: "json" };

const { child } = example;

/** What is wrong with a record, as a sender would read it; nothing if it is accepted. */
function faults(sent: unknown, schema: z.ZodType = childRecord) {
  const { error } = schema.safeParse(sent);
  return error === undefined ? [] : describeIssues(error, { schema, sent });
}

const withIdentity = (members: object) => ({ ...child, identity: { ...child.identity, ...members } });
const withSafeguarding = (safeguarding: unknown) => ({ ...child, safeguarding });

/** Every member that the record has, once. */
const fullRecord = {
  identity: {
    forename: "Zoë-Anne",
    middleNames: "Máire",
    surname: "O’Connor-Okafor",
    preferredForename: "Zoë",
    preferredSurname: "Okafor",
    formerSurnames: ["Okafor"],
    aliases: ["Zo Connor"],
    dateOfBirth: "2016-05-17",
    sex: "F",
    upn: "H801200001001",
    formerUpns: ["G80120000101A"],
    yearGroup: "6",
    ethnicity: "MWBA",
    firstLanguage: "ENG",
  },
  addresses: {
    lastKnown: {
      lines: ["Flat 4", "12 Golden Lane"],
      town: "London",
      county: "Greater London",
      postcode: "EC1Y 0RS",
      country: "England",
      uprn: "100023336956",
    },
    expected: { town: "Birmingham", from: "2026-10-26" },
    accommodation: { temporary: true, homeOfficeProvided: true, placedBy: "201" },
  },
  parents: [
    {
      name: "Ngozi Okafor",
      relationship: "mother",
      parentalResponsibility: true,
      address: { town: "Birmingham" },
      telephones: ["+447700900123"],
      email: "ngozi@example.org",
    },
    { telephones: ["0121 496 0000"] },
  ],
  school: {
    lastSchool: { urn: "100000", laEstab: "2013614", name: "The Aldgate School" },
    lastAttended: "2026-10-16",
    lastSeen: "2026-10-16",
    deletion: { date: "2026-11-09", ground: "G" },
    destination: { urn: "103000", laEstab: "3302000", name: "Bournville School", startDate: "2026-11-30" },
  },
  needs: { sen: "ehc-plan", specialSchoolPlaceArrangedByAuthority: true, medicalNeeds: "Asthma.\nCarries an inhaler." },
  safeguarding: {
    concern: true,
    socialCare: { told: true, on: "2026-10-20", by: "A. Officer, attendance team" },
    policeTold: { told: true, on: "2026-10-20", by: "A. Officer", reference: "20/1234/26" },
    childProtectionPlan: false,
    childInNeed: true,
    lookedAfter: false,
    section47Enquiry: false,
    note: "See the strategy meeting of 19 October.",
  },
  circumstances: {
    reasonForMove: "To relatives",
    reasonMissing: "believed-moved-to-another-authority",
    cohorts: ["gypsy-roma-traveller", "excluded"],
    schoolAttendanceOrder: [
      { step: "notice-437-1", date: "2026-09-01" },
      { step: "notice-438-2", date: "2026-10-01" },
      { step: "order-served", date: "2026-10-20" },
    ],
    narrative: "Family told the school office that they were moving.",
  },
  evidenceOfMove: [
    { kind: "statement-by-parent", date: "2026-10-16", source: "school office", note: "By telephone" },
    { kind: "housing", date: "2026-10-30", source: "housing team" },
  ],
  enquiriesMade: [
    { step: "check-s2s", date: "2026-11-10", outcome: "nothing-found", note: "No CTF" },
    { step: "other", date: "2026-11-11", outcome: "not-applicable", note: "Faith group has closed" },
  ],
  siblings: [{ forename: "Tobi", surname: "Okafor", dateOfBirth: "2018-02-03", school: "The Aldgate School" }],
};

describe("childRecord", () => {
  it("takes the example as it stands and changes nothing", () => {
    expect(childRecord.parse(child)).toStrictEqual(child);
  });

  it("takes every member there is and changes nothing", () => {
    expect(childRecord.parse(fullRecord)).toStrictEqual(fullRecord);
  });

  it("takes the least that a referral needs: a single-word name, a date of birth, sex, safeguarding, evidence", () => {
    const least = {
      identity: { surname: "Suharto", dateOfBirth: "2016-05-17", sex: "U" },
      safeguarding: { concern: false },
      evidenceOfMove: [{ kind: "other", date: "2026-10-16", source: "neighbour" }],
    };
    expect(childRecord.parse(least)).toStrictEqual(least);
  });

  it("says which members are required", () => {
    expect(faults({ identity: {} })).toEqual([
      { pointer: "/identity/surname", detail: "is required" },
      { pointer: "/identity/dateOfBirth", detail: "is required" },
      { pointer: "/identity/sex", detail: "is required" },
      { pointer: "/safeguarding", detail: "is required" },
      { pointer: "/evidenceOfMove", detail: "is required" },
    ]);
  });

  it("needs evidence of the move", () => {
    expect(faults({ ...child, evidenceOfMove: [] })).toEqual([
      { pointer: "/evidenceOfMove", detail: "must have at least 1 item" },
    ]);
    expect(faults({ ...child, evidenceOfMove: [{ kind: "rumour", date: "2026-10-16" }] })).toEqual([
      {
        pointer: "/evidenceOfMove/0/kind",
        detail:
          "must be one of: statement-by-parent, statement-by-other, school-transfer, admission-application, housing, sighting, benefits, health, social-care, police, border, other",
      },
      { pointer: "/evidenceOfMove/0/source", detail: "is required" },
    ]);
  });

  it.each(["2016-02-30", "2015-02-29", "2016-13-01", "2016-06-31", "17/05/2016", "2016-05-17T00:00:00Z"])(
    "refuses the date of birth %s",
    (dateOfBirth) => {
      expect(faults(withIdentity({ dateOfBirth }))).toEqual([
        { pointer: "/identity/dateOfBirth", detail: "must be a date that exists, as YYYY-MM-DD" },
      ]);
    },
  );

  it("refuses a date that no child of today can have", () => {
    expect(faults(withIdentity({ dateOfBirth: "1899-12-31" }))).toEqual([
      { pointer: "/identity/dateOfBirth", detail: "must be from 1900-01-01 to 2199-12-31" },
    ]);
  });

  it("checks the dates of the lists and sections too", () => {
    expect(
      faults({
        ...child,
        addresses: { expected: { town: "Birmingham", from: "2026-09-31" } },
        school: { lastSeen: "2026-02-29", deletion: { date: "2026-11-31", ground: "G" } },
        enquiriesMade: [{ step: "home-visit", date: "2026-00-01", outcome: "no-answer" }],
      }),
    ).toEqual([
      { pointer: "/addresses/expected/from", detail: "must be a date that exists, as YYYY-MM-DD" },
      { pointer: "/school/lastSeen", detail: "must be a date that exists, as YYYY-MM-DD" },
      { pointer: "/school/deletion/date", detail: "must be a date that exists, as YYYY-MM-DD" },
      { pointer: "/enquiriesMade/0/date", detail: "must be a date that exists, as YYYY-MM-DD" },
    ]);
  });

  it.each(["A", "H", "I", "O"])("takes ground %s of regulation 9(1)", (ground) => {
    expect(faults({ ...child, school: { deletion: { date: "2026-11-09", ground } } })).toEqual([]);
  });

  it.each(["P", "g", "", "8(1)(e)"])("refuses %j as a ground of regulation 9(1)", (ground) => {
    expect(faults({ ...child, school: { deletion: { date: "2026-11-09", ground } } })).toEqual([
      { pointer: "/school/deletion/ground", detail: "must be one of: A, B, C, D, E, F, G, H, I, J, K, L, M, N, O" },
    ]);
  });

  it("has a code for each of the guidance's fourteen enquiries, the first and the last in its order", () => {
    expect(enquiryStepCodes).toHaveLength(14);
    expect(enquiryStepCodes[0]).toBe("contact-parent");
    expect(enquiryStepCodes[13]).toBe("contact-relatives-and-neighbours");
  });

  it("refuses parts that say nothing", () => {
    expect(faults({ ...child, addresses: { lastKnown: {} }, parents: [{}], siblings: [{}] })).toEqual([
      { pointer: "/addresses/lastKnown", detail: "must have at least one member" },
      { pointer: "/parents/0", detail: "must have at least one member" },
      { pointer: "/siblings/0", detail: "must have at least one member" },
    ]);
  });

  it("bounds lists and texts", () => {
    const visit = { step: "home-visit", date: "2026-11-10", outcome: "no-answer" };
    expect(faults({ ...child, enquiriesMade: Array(50).fill(visit) })).toEqual([]);
    expect(faults({ ...child, enquiriesMade: Array(51).fill(visit) })).toEqual([
      { pointer: "/enquiriesMade", detail: "must have at most 50 items" },
    ]);
    expect(faults({ ...child, circumstances: { narrative: "a".repeat(4000) } })).toEqual([]);
    expect(faults({ ...child, circumstances: { narrative: "a".repeat(4001) } })).toEqual([
      { pointer: "/circumstances/narrative", detail: "must be at most 4000 characters long" },
    ]);
  });
});

describe("UPNs", () => {
  it.each(["H801200001001", "G80120000101A", "Z801200001001", " h801200001001 "])("keeps %j as sent", (upn) => {
    expect(childRecord.parse(withIdentity({ upn })).identity.upn).toBe(upn);
  });

  it.each(["X80120000A001", "G80120000101S", "I123456789012", "A1234567890X", "A1234567890123", "UN1", ""])(
    "refuses the shape of %j",
    (upn) => {
      const [fault] = faults({ ...withIdentity({ upn }) });
      expect(fault?.pointer).toBe("/identity/upn");
    },
  );

  it("says what the shape is", () => {
    expect(faults(withIdentity({ formerUpns: ["H801200001001", "A1234567890X"] }))).toEqual([
      {
        pointer: "/identity/formerUpns/1",
        detail:
          "must have the shape of a UPN: a check letter and 12 digits, or a check letter, 11 digits and a letter; never I, O or S",
      },
    ]);
  });

  it("may be missing with or without a reason, but not be there with one", () => {
    const { upn: _, ...withoutUpn } = child.identity;
    expect(faults({ ...child, identity: withoutUpn })).toEqual([]);
    expect(faults({ ...child, identity: { ...withoutUpn, noUpnReason: "not-known" } })).toEqual([]);
    expect(faults(withIdentity({ noUpnReason: "not-known" }))).toEqual([
      { pointer: "/identity/noUpnReason", detail: "must be left out when there is a UPN" },
    ]);
  });
});

describe("recordWarnings", () => {
  const warn = (members: object) => recordWarnings(childRecord.parse(withIdentity(members)));
  const detail = "The check letter does not agree with the rest of the UPN. It was accepted; please check the UPN.";

  it("is silent when the check letters agree", () => {
    expect(recordWarnings(childRecord.parse(child))).toEqual([]);
    expect(warn({ upn: " h801200001001", formerUpns: ["G80120000101A"] })).toEqual([]);
  });

  it("is silent when there is no UPN", () => {
    expect(recordWarnings({ identity: { surname: "Suharto", dateOfBirth: "2016-05-17", sex: "U" } })).toEqual([]);
  });

  it("points at each UPN whose check letter is wrong", () => {
    expect(warn({ upn: "Z801200001001", formerUpns: ["H801200001001", "B123456789012"] })).toEqual([
      { code: "upn-check-letter", pointer: "/child/identity/upn", detail },
      { code: "upn-check-letter", pointer: "/child/identity/formerUpns/1", detail },
    ]);
  });
});

describe("safeguarding", () => {
  const socialCareRule =
    "must say whether children’s social care has been told. “Where safeguarding concerns have been raised about a child identified as CME, local authority officers responsible for CME should check that a referral has been made, and if not, they should alert children’s social care.” (Statutory guidance, “Children at risk of harm”)";

  it.each([
    { concern: false },
    { concern: false, childInNeed: true, lookedAfter: false, note: "Closed in 2024" },
    { concern: true, socialCare: { told: true, on: "2026-10-20", by: "School" } },
    { concern: true, socialCare: { told: false, reason: "To be told today" }, policeTold: { told: false } },
  ])("takes %j", (safeguarding) => {
    expect(childRecord.parse(withSafeguarding(safeguarding)).safeguarding).toStrictEqual(safeguarding);
  });

  it.each([
    ["no answer", {}, "/safeguarding/socialCare"],
    ["null", { socialCare: null }, "/safeguarding/socialCare"],
    ["a bare yes", { socialCare: true }, "/safeguarding/socialCare"],
    ["an empty answer", { socialCare: {} }, "/safeguarding/socialCare/told"],
    ["an answer that is neither", { socialCare: { told: "soon" } }, "/safeguarding/socialCare/told"],
  ])("refuses a concern with %s on social care and quotes the guidance", (_, answer, pointer) => {
    expect(faults(withSafeguarding({ concern: true, ...answer }))).toEqual([{ pointer, detail: socialCareRule }]);
  });

  it("asks when and by whom social care was told, or why not", () => {
    expect(faults(withSafeguarding({ concern: true, socialCare: { told: true } }))).toEqual([
      { pointer: "/safeguarding/socialCare/on", detail: "is required" },
      { pointer: "/safeguarding/socialCare/by", detail: "is required" },
    ]);
    expect(faults(withSafeguarding({ concern: true, socialCare: { told: false } }))).toEqual([
      { pointer: "/safeguarding/socialCare/reason", detail: "is required" },
    ]);
  });

  it("must say whether there is a concern", () => {
    expect(faults(withSafeguarding({}))).toEqual([{ pointer: "/safeguarding/concern", detail: "is required" }]);
    expect(faults(withSafeguarding({ concern: "no" }))).toEqual([
      { pointer: "/safeguarding/concern", detail: "must be one of: false, true" },
    ]);
  });

  it("does not take what belongs to a concern when there is none", () => {
    expect(faults(withSafeguarding({ concern: false, policeTold: { told: false } }))).toEqual([
      {
        pointer: "/safeguarding",
        detail:
          "has 1 member that is not known here; it may have: concern, childProtectionPlan, childInNeed, lookedAfter, section47Enquiry, note",
      },
    ]);
  });
});

describe("unknown members", () => {
  it.each(["__proto__", "constructor", "prototype", "toString", "dob"])("refuses %s wherever it stands", (name) => {
    const sent = {
      ...child,
      identity: JSON.parse(`{ "surname": "Okafor", "dateOfBirth": "2016-05-17", "sex": "F", "${name}": {} }`),
      addresses: JSON.parse(`{ "accommodation": { "temporary": true, "${name}": 1 } }`),
      siblings: [JSON.parse(`{ "surname": "Okafor", "${name}": null }`)],
    };
    const found = faults(sent);
    expect(found.map((fault) => fault.pointer)).toEqual(["/identity", "/addresses/accommodation", "/siblings/0"]);
    expect(found[1]?.detail).toBe(
      "has 1 member that is not known here; it may have: temporary, homeOfficeProvided, placedBy",
    );
  });

  it("counts them at the root", () => {
    expect(faults(JSON.parse('{ "__proto__": { "identity": {} }, "constructor": {} }')).at(-1)).toEqual({
      pointer: "",
      detail:
        "has 2 members that are not known here; it may have: identity, addresses, parents, school, needs, safeguarding, circumstances, evidenceOfMove, enquiriesMade, siblings",
    });
  });

  it("takes nothing from a sent prototype", () => {
    const identity = JSON.parse('{ "__proto__": { "surname": "Okafor", "dateOfBirth": "2016-05-17", "sex": "F" } }');
    expect(faults({ ...child, identity }).slice(0, 3)).toEqual([
      { pointer: "/identity/surname", detail: "is required" },
      { pointer: "/identity/dateOfBirth", detail: "is required" },
      { pointer: "/identity/sex", detail: "is required" },
    ]);
  });
});

describe("naughty strings as a surname", () => {
  /** Blank, with control characters, or longer than 100 code points. */
  const refused = [
    0, 93, 94, 95, 96, 97, 113, 165, 170, 175, 178, 179, 180, 181, 183, 406, 407, 408, 434, 452, 505, 506, 507, 508,
  ];

  it("are refused when they are blank, too long or have control characters, and never repeated", () => {
    for (const index of refused) {
      const surname = naughtyStrings[index] ?? "";
      const found = faults(withIdentity({ surname }));
      expect(found.map((fault) => fault.pointer)).toEqual(["/identity/surname"]);
      if (surname.length > 3) expect(found[0]?.detail).not.toContain(surname);
    }
  });

  it("are otherwise kept exactly as sent", () => {
    const taken = naughtyStrings.filter((_, index) => !refused.includes(index));
    expect(taken).toHaveLength(491);
    for (const surname of taken) {
      expect(childRecord.parse(withIdentity({ surname })).identity.surname).toBe(surname);
    }
  });
});

describe("listedChild", () => {
  it("needs only the child's identity", () => {
    expect(listedChild.parse({ identity: child.identity })).toStrictEqual({ identity: child.identity });
    expect(faults({}, listedChild)).toEqual([{ pointer: "/identity", detail: "is required" }]);
  });

  it("takes a whole record, and a list of evidence that is still empty", () => {
    expect(listedChild.parse(fullRecord)).toStrictEqual(fullRecord);
    expect(faults({ ...child, evidenceOfMove: [] }, listedChild)).toEqual([]);
  });

  it("refuses unknown members and a concern without an answer on social care, as a referral does", () => {
    const found = faults({ identity: child.identity, safeguarding: { concern: true }, colour: "red" }, listedChild);
    expect(found.map((fault) => fault.pointer)).toEqual(["/safeguarding/socialCare", ""]);
  });
});

describe("describeIssues", () => {
  const marker = "Xanthippe";

  it.each<[title: string, schema: z.ZodType, sent: unknown, pointer: string, detail: string]>([
    ["a string", z.string(), 1, "", "must be a string"],
    ["a number", z.number(), marker, "", "must be a number"],
    ["a number that is one", z.number(), Number.NaN, "", "must be a number"],
    ["a whole number", z.int(), 1.5, "", "must be a whole number"],
    ["true or false", z.boolean(), marker, "", "must be true or false"],
    ["an array", z.array(z.string()), marker, "", "must be an array"],
    ["an object", z.strictObject({}), [marker], "", "must be an object"],
    ["null", z.null(), marker, "", "must be null"],
    ["nothing at all", z.strictObject({ a: z.never().optional() }), { a: marker }, "/a", "must be left out"],
    ["another type", z.bigint(), marker, "", "must be of the type bigint"],
    ["something", z.string(), undefined, "", "is required"],
    ["a member", z.strictObject({ a: z.enum(["b"]) }), {}, "/a", "is required"],
    [
      "a member that every prototype lends",
      z.strictObject({ toString: z.enum(["b"]) }),
      {},
      "/toString",
      "is required",
    ],
    ["a member of any type", z.strictObject({ a: z.unknown() }), {}, "/a", "is required"],
    ["a value of a list", z.enum(["b", "c"]), marker, "", "must be one of: b, c"],
    ["one value", z.literal("b"), marker, "", "must be b"],
    ["at most 1 character", z.string().max(1), marker, "", "must be at most 1 character long"],
    ["at least 10 characters", z.string().min(10), marker, "", "must be at least 10 characters long"],
    ["exactly 3 characters", z.string().length(3), marker, "", "must be exactly 3 characters long"],
    ["at most 1 item", z.array(z.string()).max(1), [marker, marker], "", "must have at most 1 item"],
    ["at least 2 items", z.array(z.string()).min(2), [marker], "", "must have at least 2 items"],
    ["at most 7", z.int().max(7), 8, "", "must be at most 7"],
    ["more than 0", z.int().positive(), 0, "", "must be more than 0"],
    ["less than 5", z.number().lt(5), 5, "", "must be less than 5"],
    ["a multiple of 5", z.number().multipleOf(5), 7, "", "must be a multiple of 5"],
    ["an email address", z.email(), marker, "", "must be an email address"],
    ["a URL", z.url(), marker, "", "must be a URL"],
    ["some form", z.string().regex(/^\d$/), marker, "", "does not have the form asked for"],
    ["a form of the schema's own words", z.string().regex(/^\d$/, "must be a digit"), marker, "", "must be a digit"],
    ["a limit of the schema's own words", z.string().max(3, "must be short"), marker, "", "must be short"],
    ["a rule of the schema's own words", z.string().refine(() => false, "must rhyme"), marker, "", "must rhyme"],
    ["a rule without words", z.string().refine(() => false), marker, "", "is not acceptable"],
    [
      "an allowed key",
      z.record(z.enum(["a"]), z.string()),
      { a: "b", [marker]: "c" },
      "",
      "has 1 member that is not known here",
    ],
    [
      "an allowed key by shape",
      z.record(z.string().max(3), z.string()),
      { [marker]: "b" },
      "",
      "has a member whose name is not allowed",
    ],
    [
      "an allowed element",
      z.map(z.object({}), z.string()),
      new Map([[{}, 1]]),
      "",
      "has an element that is not allowed",
    ],
    ["one of two types", z.union([z.string(), z.array(z.string())]), 1, "", "must be a string or must be an array"],
    ["one of two forms", z.union([z.email(), z.url()]), marker, "", "must be an email address or must be a URL"],
    [
      "the type that it nearly is",
      z.union([z.string(), z.strictObject({ a: z.int() })]),
      { a: marker },
      "/a",
      "must be a number",
    ],
    [
      "one of two shapes",
      z.union([z.strictObject({ a: z.int() }), z.strictObject({ b: z.int() })]),
      { a: marker },
      "",
      "does not fit any of the shapes allowed here",
    ],
    [
      "only one of two shapes",
      z.xor([z.object({ a: z.int() }), z.object({ b: z.int() })]),
      { a: 1, b: 1 },
      "",
      "fits more than one of the shapes allowed here",
    ],
    [
      "escaped names",
      z.strictObject({ "a/b": z.strictObject({ "c~d": z.array(z.string()) }) }),
      { "a/b": { "c~d": [marker, 1] } },
      "/a~1b/c~0d/1",
      "must be a string",
    ],
  ])("asks for %s", (_, schema, sent, pointer, detail) => {
    expect(faults(sent, schema)).toEqual([{ pointer, detail }]);
  });

  it("knows a missing member of most types by the error alone, and names what any other may be", () => {
    const { error } = childRecord.safeParse({ identity: { dateOfBirth: "2016-05-17" } });
    expect(error && describeIssues(error)).toEqual([
      { pointer: "/identity/surname", detail: "is required" },
      { pointer: "/identity/sex", detail: "must be one of: M, F, U" },
      { pointer: "/safeguarding", detail: "is required" },
      { pointer: "/evidenceOfMove", detail: "is required" },
    ]);
  });

  it("counts unknown members without naming any when the schema is not given", () => {
    const { error } = childRecord.safeParse({ ...child, [marker]: 1 });
    expect(error && describeIssues(error)).toEqual([{ pointer: "", detail: "has 1 member that is not known here" }]);
  });

  it("reports the first fifty faults", () => {
    const sent = Array(60).fill(1);
    const found = faults(sent, z.array(z.string()));
    expect(found).toHaveLength(50);
    expect(found[49]).toEqual({ pointer: "/49", detail: "must be a string" });

    const pairs = z.array(z.union([z.string(), z.strictObject({ a: z.int(), b: z.int() })]));
    expect(faults(Array(30).fill({ a: marker, b: marker }), pairs)).toHaveLength(50);
  });

  it("never repeats a value or a name that was sent", () => {
    const planted = (value: unknown): unknown => {
      if (Array.isArray(value)) return [...value.map(planted), `\u0000${marker}`, { [marker]: marker }];
      if (typeof value === "object" && value !== null) {
        return { ...Object.fromEntries(Object.entries(value).map(([k, v]) => [k, planted(v)])), [marker]: marker };
      }
      return `${marker}\u0000`;
    };
    const found = faults(planted(fullRecord));
    expect(found).toHaveLength(50);
    expect(JSON.stringify(found)).not.toContain(marker);
  });
});

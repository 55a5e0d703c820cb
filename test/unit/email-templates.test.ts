import { describe, expect, it } from "vitest";
import { emailTemplateNames } from "../../shared/domain/who-is-told.ts";
import { emailTemplates, personalisationFor, templateIdsFrom, writtenDeadline } from "../../shared/email/templates.ts";

const referralId = "0198f0c0-1111-7000-8000-00000000beef";
const link = "https://exchange.example/v1/referrals/0198f0c0-1111-7000-8000-00000000beef";

const enquiryLink = "https://exchange.example/v1/enquiries/0198f0c0-1111-7000-8000-00000000beef";

const noticeLink = "https://exchange.example/v1/notices/0198f0c0-1111-7000-8000-00000000beef";

const address = "https://exchange.example/v1/authorities/202/contacts/202-lead";

const facts = {
  publicAddress: "https://exchange.example",
  reference: referralId,
  authority: "Camden",
  deadline: "2026-11-26T09:30:00.000Z",
  contact: { authority: "202", contactId: "202-lead" },
  day: "2027-03-25",
};

/** What is told of a referral, an enquiry or a notice, and what besides where something is awaited. */
const told = (url: string) => ({ authority: "Camden", link: url, reference: referralId });
const awaited = (url: string) => ({ ...told(url), deadline: "26 November 2026 at 9:30am" });

/** What each template may say, by hand: a placeholder that is not here can't be in a template unnoticed. */
const personalisations = [
  ["referral-awaits", awaited(link), "A referral from Camden awaits you"],
  ["referral-received", told(link), "Camden has received your referral"],
  ["referral-returned", told(link), "Camden has returned your referral"],
  ["referral-withdrawn", told(link), "Camden has withdrawn its referral"],
  ["not-located", told(link), "Camden has not found the child that you referred"],
  ["concluded", told(link), "Camden has concluded your referral"],
  ["overdue", awaited(link), "Overdue: a referral from Camden awaits you"],
  ["overdue-lead", awaited(link), "Overdue: a referral from Camden still awaits your authority"],
  ["webhook-failing", { reference: referralId }, "Your CME system is not receiving messages from the exchange"],
  [
    "contact-verification",
    { address, authority: "Camden", day: "25 March 2027", verification: `${address}/verification` },
    "Is your entry in the CME contact list still correct?",
  ],
  [
    "contact-unreachable",
    { address, authority: "Camden", verification: `${address}/verification` },
    "Emails to a CME contact of Camden come back",
  ],
  ["enquiry-awaits", awaited(enquiryLink), "Camden asks whether you know a child"],
  ["enquiry-answered", told(enquiryLink), "Camden has answered your enquiry"],
  ["enquiry-lapsed", told(enquiryLink), "Your enquiry to Camden has lapsed"],
  ["enquiry-matched", awaited(enquiryLink), "Camden asks about a child who may be on your CME list"],
  ["enquiry-match-known", told(enquiryLink), "Camden knows the child that you asked about"],
  [
    "retained-child-found",
    { link: `https://exchange.example/v1/cme-list/${referralId}`, reference: referralId },
    "A child whose details you retain may be on another CME list",
  ],
  ["referral-temporary", told(link), "Camden has referred a child in temporary accommodation in your area"],
  ["transfer-awaits", awaited(link), "Camden passes a register entry on to you"],
  ["transfer-received", told(link), "Camden has received your register transfer"],
  ["transfer-overdue", awaited(link), "Overdue: a register transfer from Camden awaits you"],
  ["transfer-overdue-lead", awaited(link), "Overdue: a register transfer from Camden still awaits your authority"],
  ["notice-awaits", awaited(noticeLink), "Camden tells you of a school admission"],
  ["notice-lapsed", told(noticeLink), "Your notice to Camden has lapsed"],
  ["referral-message", told(link), "A message about a referral with Camden"],
  ["record-corrected", told(link), "The record of a referral with Camden has been corrected"],
] as const;

/** Every pair of brackets, well-formed or not, so that a slip in a template is seen. */
const filled = (text: string, values: Record<string, string>): string =>
  text.replace(/\(+([^()]*)\)+/g, (whole, name) => (whole === `((${name}))` ? (values[name] ?? whole) : whole));

describe("the email templates", () => {
  it("are these", () => {
    expect(emailTemplateNames).toEqual(personalisations.map(([template]) => template));
  });

  it("say what an email is about by its address, its authority and a day alone", () => {
    const placeholders = emailTemplateNames.flatMap((name) => {
      const { subject, body } = emailTemplates[name];
      return [...`${subject}\n${body}`.matchAll(/\(\(([^()]+)\)\)/g)].map(([, placeholder]) => placeholder);
    });
    expect([...new Set(placeholders)].sort()).toEqual([
      "address",
      "authority",
      "day",
      "deadline",
      "link",
      "reference",
      "verification",
    ]);
  });

  it("ask a contact in words that leave nothing open", () => {
    const { subject, body } = emailTemplates["contact-verification"];
    const values = personalisationFor("contact-verification", facts);
    expect(filled(subject, values)).toBe("Is your entry in the CME contact list still correct?");
    expect(
      filled(body, values).split("\n\n---")[0],
    ).toBe(`This email address is in the national list of contacts for children missing education (CME), as a contact of Camden. For 90 days or longer, nobody has told us that the entry is still correct.

Please look at its name, role, email address and telephone number. The entry is at this address (GET):

https://exchange.example/v1/authorities/202/contacts/202-lead

If it is correct, say so by calling this address (POST):

https://exchange.example/v1/authorities/202/contacts/202-lead/verification

If it is not, please have it corrected, or retired if the contact has left.

Your CME system does this for you. If your authority has no system connected to the exchange, please ask the Department for Education to do it.

An entry that nobody has verified for 120 days is shown to the Department for Education: this one from 25 March 2027.`);
  });

  it.each(personalisations)("%s gets what it needs and nothing else", (template, personalisation, subject) => {
    expect(personalisationFor(template, facts)).toEqual(personalisation);
    expect(filled(emailTemplates[template].subject, personalisation)).toBe(subject);
    const body = filled(emailTemplates[template].body, personalisation);
    expect(body).not.toMatch(/\(\(|\)\)/);
    for (const value of Object.values(personalisation)) expect(`${subject}\n${body}`).toContain(value);
  });

  it.each(emailTemplateNames)("%s says that it holds no details and wants no reply", (template) => {
    expect(emailTemplates[template].body).toMatch(
      /\n\n---\n\nThe CME Referral Exchange sent this email\. It contains no details of a child, and none may be sent by email: please do not reply to it\.$/,
    );
  });
});

describe("an email's personalisation", () => {
  it("is refused without a fact that the template needs", () => {
    expect(() => personalisationFor("referral-awaits", { ...facts, authority: undefined })).toThrow(
      new RangeError("referral-awaits: authority is missing"),
    );
    expect(() => personalisationFor("overdue", { ...facts, deadline: undefined })).toThrow(
      new RangeError("overdue: deadline is missing"),
    );
  });

  it("needs no authority and no deadline where the template says neither", () => {
    expect(personalisationFor("webhook-failing", { publicAddress: "", reference: referralId })).toEqual({
      reference: referralId,
    });
  });

  it.each(["Zephaniah Quill", "quill", "", `${referralId} Quill`, `${referralId}#quill`, `../${referralId}`])(
    "is refused where the reference is no id, without repeating it: %j",
    (reference) => {
      expect(() => personalisationFor("concluded", { ...facts, reference })).toThrow(
        new RangeError("concluded: the reference must be an id"),
      );
    },
  );
});

describe("an email about a contact", () => {
  it.each(["Zephaniah Quill", "../202-lead", "", "202 lead"])("is refused where its id is none: %j", (contactId) => {
    expect(() =>
      personalisationFor("contact-unreachable", { ...facts, contact: { authority: "202", contactId } }),
    ).toThrow(new RangeError("contact-unreachable: the contact must be a code and an id"));
  });

  it.each(["Camden", "20", "E09000007"])("is refused where its authority has no such code: %j", (authority) => {
    expect(() =>
      personalisationFor("contact-unreachable", { ...facts, contact: { authority, contactId: "202-lead" } }),
    ).toThrow(new RangeError("contact-unreachable: the contact must be a code and an id"));
  });

  it("leads to a contact in Scotland by its GSS code", () => {
    const contact = { authority: "S12000036", contactId: "S12000036-lead" };
    expect(personalisationFor("contact-unreachable", { ...facts, contact })).toMatchObject({
      address: "https://exchange.example/v1/authorities/S12000036/contacts/S12000036-lead",
    });
  });

  it("is refused without the contact", () => {
    expect(() => personalisationFor("contact-verification", { ...facts, contact: undefined })).toThrow(
      new RangeError("contact-verification: address is missing"),
    );
  });
});

describe("a deadline is written", () => {
  it.each([
    ["in the morning", "2026-11-26T09:30:00.000Z", "26 November 2026 at 9:30am"],
    ["in summer time", "2026-07-01T08:30:00.000Z", "1 July 2026 at 9:30am"],
    ["on the hour", "2026-11-26T09:00:00.000Z", "26 November 2026 at 9am"],
    ["in the afternoon", "2026-11-26T15:05:00.000Z", "26 November 2026 at 3:05pm"],
    ["at noon", "2026-11-26T12:00:00.000Z", "26 November 2026 at midday"],
    ["after noon", "2026-11-26T12:30:00.000Z", "26 November 2026 at 12:30pm"],
    ["at midnight", "2026-11-17T00:00:00.000Z", "16 November 2026 at 11:59pm"],
    ["at midnight in summer time", "2026-04-09T23:00:00.000Z", "9 April 2026 at 11:59pm"],
    ["at the turn of the year", "2027-01-01T00:00:00.000Z", "31 December 2026 at 11:59pm"],
    ["after midnight", "2026-11-17T00:01:00.000Z", "17 November 2026 at 12:01am"],
    ["never late, for all its seconds", "2026-11-26T16:45:59.999Z", "26 November 2026 at 4:45pm"],
  ])("%s", (_when, instant, written) => {
    expect(writtenDeadline(instant)).toBe(written);
  });

  it("or refused, if it is no moment", () => {
    expect(() => writtenDeadline("tomorrow")).toThrow(RangeError);
  });
});

describe("NOTIFY_TEMPLATES", () => {
  const ids = {
    "referral-awaits": "9d751e0e-f929-4891-82a1-a3e1c3c18e01",
    "referral-received": "9d751e0e-f929-4891-82a1-a3e1c3c18e02",
    "referral-returned": "9d751e0e-f929-4891-82a1-a3e1c3c18e03",
    "referral-withdrawn": "9d751e0e-f929-4891-82a1-a3e1c3c18e04",
    "not-located": "9d751e0e-f929-4891-82a1-a3e1c3c18e05",
    concluded: "9d751e0e-f929-4891-82a1-a3e1c3c18e06",
    overdue: "9d751e0e-f929-4891-82a1-a3e1c3c18e07",
    "overdue-lead": "9d751e0e-f929-4891-82a1-a3e1c3c18e08",
    "webhook-failing": "9d751e0e-f929-4891-82a1-a3e1c3c18e09",
    "contact-verification": "9d751e0e-f929-4891-82a1-a3e1c3c18e10",
    "contact-unreachable": "9d751e0e-f929-4891-82a1-a3e1c3c18e11",
    "enquiry-awaits": "9d751e0e-f929-4891-82a1-a3e1c3c18e12",
    "enquiry-answered": "9d751e0e-f929-4891-82a1-a3e1c3c18e13",
    "enquiry-lapsed": "9d751e0e-f929-4891-82a1-a3e1c3c18e14",
    "enquiry-matched": "9d751e0e-f929-4891-82a1-a3e1c3c18e15",
    "enquiry-match-known": "9d751e0e-f929-4891-82a1-a3e1c3c18e16",
    "retained-child-found": "9d751e0e-f929-4891-82a1-a3e1c3c18e17",
    "referral-temporary": "9d751e0e-f929-4891-82a1-a3e1c3c18e18",
    "transfer-awaits": "9d751e0e-f929-4891-82a1-a3e1c3c18e23",
    "transfer-received": "9d751e0e-f929-4891-82a1-a3e1c3c18e24",
    "transfer-overdue": "9d751e0e-f929-4891-82a1-a3e1c3c18e25",
    "transfer-overdue-lead": "9d751e0e-f929-4891-82a1-a3e1c3c18e26",
    "notice-awaits": "9d751e0e-f929-4891-82a1-a3e1c3c18e19",
    "notice-lapsed": "9d751e0e-f929-4891-82a1-a3e1c3c18e20",
    "referral-message": "9d751e0e-f929-4891-82a1-a3e1c3c18e21",
    "record-corrected": "9d751e0e-f929-4891-82a1-a3e1c3c18e22",
  };
  const ten =
    "referral-awaits=9d751e0e-f929-4891-82a1-a3e1c3c18e01,referral-received=9d751e0e-f929-4891-82a1-a3e1c3c18e02," +
    "referral-returned=9d751e0e-f929-4891-82a1-a3e1c3c18e03,referral-withdrawn=9d751e0e-f929-4891-82a1-a3e1c3c18e04," +
    "not-located=9d751e0e-f929-4891-82a1-a3e1c3c18e05,concluded=9d751e0e-f929-4891-82a1-a3e1c3c18e06," +
    "overdue=9d751e0e-f929-4891-82a1-a3e1c3c18e07,overdue-lead=9d751e0e-f929-4891-82a1-a3e1c3c18e08," +
    "contact-verification=9d751e0e-f929-4891-82a1-a3e1c3c18e10,contact-unreachable=9d751e0e-f929-4891-82a1-a3e1c3c18e11," +
    "enquiry-awaits=9d751e0e-f929-4891-82a1-a3e1c3c18e12,enquiry-answered=9d751e0e-f929-4891-82a1-a3e1c3c18e13," +
    "enquiry-lapsed=9d751e0e-f929-4891-82a1-a3e1c3c18e14,enquiry-matched=9d751e0e-f929-4891-82a1-a3e1c3c18e15," +
    "enquiry-match-known=9d751e0e-f929-4891-82a1-a3e1c3c18e16,retained-child-found=9d751e0e-f929-4891-82a1-a3e1c3c18e17," +
    "referral-temporary=9d751e0e-f929-4891-82a1-a3e1c3c18e18,notice-awaits=9d751e0e-f929-4891-82a1-a3e1c3c18e19," +
    "notice-lapsed=9d751e0e-f929-4891-82a1-a3e1c3c18e20,referral-message=9d751e0e-f929-4891-82a1-a3e1c3c18e21," +
    "record-corrected=9d751e0e-f929-4891-82a1-a3e1c3c18e22,transfer-awaits=9d751e0e-f929-4891-82a1-a3e1c3c18e23," +
    "transfer-received=9d751e0e-f929-4891-82a1-a3e1c3c18e24,transfer-overdue=9d751e0e-f929-4891-82a1-a3e1c3c18e25," +
    "transfer-overdue-lead=9d751e0e-f929-4891-82a1-a3e1c3c18e26";

  it("gives each template its id", () => {
    expect(templateIdsFrom(`${ten},webhook-failing=9d751e0e-f929-4891-82a1-a3e1c3c18e09`)).toEqual(ids);
  });

  it.each([
    ["nothing", "", 'NOTIFY_TEMPLATES: "" names no template'],
    ["a template too few", ten, "NOTIFY_TEMPLATES lacks webhook-failing"],
    [
      "an unknown template",
      `${ten},welcome=9d751e0e-f929-4891-82a1-a3e1c3c18e09`,
      'NOTIFY_TEMPLATES: "welcome=9d751e0e-f929-4891-82a1-a3e1c3c18e09" names no template',
    ],
    [
      "what every object has",
      `${ten},constructor=9d751e0e-f929-4891-82a1-a3e1c3c18e09`,
      'NOTIFY_TEMPLATES: "constructor=9d751e0e-f929-4891-82a1-a3e1c3c18e09" names no template',
    ],
    ["a template twice", `${ten},overdue=9d751e0e-f929-4891-82a1-a3e1c3c18e09`, "NOTIFY_TEMPLATES names overdue twice"],
    ["no UUID", `${ten},webhook-failing=tbc`, "NOTIFY_TEMPLATES: webhook-failing has no UUID"],
    [
      "one UUID for two",
      `${ten},webhook-failing=9d751e0e-f929-4891-82a1-a3e1c3c18e08`,
      "NOTIFY_TEMPLATES: webhook-failing has another's UUID",
    ],
  ])("with %s is refused", (_what, value, message) => {
    expect(() => templateIdsFrom(value)).toThrow(new RangeError(message));
  });
});

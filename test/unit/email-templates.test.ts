import { describe, expect, it } from "vitest";
import { emailTemplateNames } from "../../shared/domain/who-is-told.ts";
import { emailTemplates, personalisationFor, templateIdsFrom, writtenDeadline } from "../../shared/email/templates.ts";

const referralId = "0198f0c0-1111-7000-8000-00000000beef";
const link = "https://exchange.example/v1/referrals/0198f0c0-1111-7000-8000-00000000beef";

const facts = {
  publicAddress: "https://exchange.example",
  reference: referralId,
  authority: "Camden",
  deadline: "2026-11-26T09:30:00.000Z",
};

/** What each template may say, by hand: a placeholder that is not here can't be in a template unnoticed. */
const personalisations = [
  [
    "referral-awaits",
    { authority: "Camden", deadline: "26 November 2026 at 9:30am", link, reference: referralId },
    "A referral from Camden awaits you",
  ],
  ["referral-received", { authority: "Camden", link, reference: referralId }, "Camden has received your referral"],
  ["referral-returned", { authority: "Camden", link, reference: referralId }, "Camden has returned your referral"],
  ["referral-withdrawn", { authority: "Camden", link, reference: referralId }, "Camden has withdrawn its referral"],
  [
    "not-located",
    { authority: "Camden", link, reference: referralId },
    "Camden has not found the child that you referred",
  ],
  ["concluded", { authority: "Camden", link, reference: referralId }, "Camden has concluded your referral"],
  [
    "overdue",
    { authority: "Camden", deadline: "26 November 2026 at 9:30am", link, reference: referralId },
    "Overdue: a referral from Camden awaits you",
  ],
  [
    "overdue-lead",
    { authority: "Camden", deadline: "26 November 2026 at 9:30am", link, reference: referralId },
    "Overdue: a referral from Camden still awaits your authority",
  ],
  ["webhook-failing", { reference: referralId }, "Your CME system is not receiving messages from the exchange"],
] as const;

/** Every pair of brackets, well-formed or not, so that a slip in a template is seen. */
const filled = (text: string, values: Record<string, string>): string =>
  text.replace(/\(+([^()]*)\)+/g, (whole, name) => (whole === `((${name}))` ? (values[name] ?? whole) : whole));

describe("the email templates", () => {
  it("are these nine", () => {
    expect(emailTemplateNames).toEqual(personalisations.map(([template]) => template));
  });

  it.each(personalisations)("%s gets what it needs and nothing else", (template, personalisation, subject) => {
    expect(personalisationFor(template, facts)).toEqual(personalisation);
    expect(filled(emailTemplates[template].subject, personalisation)).toBe(subject);
    const body = filled(emailTemplates[template].body, personalisation);
    expect(body).not.toMatch(/[()]/);
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
  };
  const eight =
    "referral-awaits=9d751e0e-f929-4891-82a1-a3e1c3c18e01,referral-received=9d751e0e-f929-4891-82a1-a3e1c3c18e02," +
    "referral-returned=9d751e0e-f929-4891-82a1-a3e1c3c18e03,referral-withdrawn=9d751e0e-f929-4891-82a1-a3e1c3c18e04," +
    "not-located=9d751e0e-f929-4891-82a1-a3e1c3c18e05,concluded=9d751e0e-f929-4891-82a1-a3e1c3c18e06," +
    "overdue=9d751e0e-f929-4891-82a1-a3e1c3c18e07,overdue-lead=9d751e0e-f929-4891-82a1-a3e1c3c18e08";

  it("gives each template its id", () => {
    expect(templateIdsFrom(`${eight},webhook-failing=9d751e0e-f929-4891-82a1-a3e1c3c18e09`)).toEqual(ids);
  });

  it.each([
    ["nothing", "", 'NOTIFY_TEMPLATES: "" names no template'],
    ["a template too few", eight, "NOTIFY_TEMPLATES lacks webhook-failing"],
    [
      "an unknown template",
      `${eight},welcome=9d751e0e-f929-4891-82a1-a3e1c3c18e09`,
      'NOTIFY_TEMPLATES: "welcome=9d751e0e-f929-4891-82a1-a3e1c3c18e09" names no template',
    ],
    [
      "what every object has",
      `${eight},constructor=9d751e0e-f929-4891-82a1-a3e1c3c18e09`,
      'NOTIFY_TEMPLATES: "constructor=9d751e0e-f929-4891-82a1-a3e1c3c18e09" names no template',
    ],
    [
      "a template twice",
      `${eight},overdue=9d751e0e-f929-4891-82a1-a3e1c3c18e09`,
      "NOTIFY_TEMPLATES names overdue twice",
    ],
    ["no UUID", `${eight},webhook-failing=tbc`, "NOTIFY_TEMPLATES: webhook-failing has no UUID"],
    [
      "one UUID for two",
      `${eight},webhook-failing=9d751e0e-f929-4891-82a1-a3e1c3c18e08`,
      "NOTIFY_TEMPLATES: webhook-failing has another's UUID",
    ],
  ])("with %s is refused", (_what, value, message) => {
    expect(() => templateIdsFrom(value)).toThrow(new RangeError(message));
  });
});

import * as z from "zod";
import { contactId as contactIdForm, directoryCode, uuidV7 } from "../contract/primitives.ts";
import { clockInEngland, midnight } from "../domain/calendar.ts";
import { type EmailTemplate, emailTemplateNames } from "../domain/who-is-told.ts";
import { dateInEngland, dayBefore } from "../domain/working-days.ts";

/** Every email that is about a referral ends so. */
const whereToFindIt = `Your CME system shows the referral under this reference:

((reference))

Its address at the exchange:

((link))`;

/** Every email that is about an enquiry ends so. */
const whereToFindTheEnquiry = `Your CME system shows the enquiry under this reference:

((reference))

Its address at the exchange:

((link))`;

/** Every email that is about a notice ends so. */
const whereToFindTheNotice = `Your CME system shows the notice under this reference:

((reference))

Its address at the exchange:

((link))`;

const closing = `---

The CME Referral Exchange sent this email. It contains no details of a child, and none may be sent by email: please do not reply to it.`;

const bodyOf = (...parts: string[]): string => [...parts, closing].join("\n\n");

/** Whoever has no system connected to the exchange can't call it: the DfE maintains the list for them. */
const howToMaintain =
  "Your CME system does this for you. If your authority has no system connected to the exchange, please ask the Department for Education to do it.";

/**
 * The emails, in GOV.UK Notify's syntax, as they are to be entered there. `authority` is the other authority of the
 * referral, and in an email about a contact of the list that contact's own. There is no placeholder in which anything about a child could stand (R6).
 */
export const emailTemplates = {
  "referral-awaits": {
    subject: "A referral from ((authority)) awaits you",
    body: bodyOf(
      "((authority)) has referred a child missing education to you, because there is evidence that the child has moved to your area.",
      "Please confirm receipt by ((deadline)). If the referral should not have come to you, return it and say why.",
      whereToFindIt,
    ),
  },
  "referral-received": {
    subject: "((authority)) has received your referral",
    body: bodyOf(
      "A named contact of ((authority)) has confirmed receipt of the referral that you sent. The child is now on the CME list of ((authority)).",
      "The child stays on your CME list too until you take the name off. Your CME system tells you whether you may.",
      whereToFindIt,
    ),
  },
  "referral-returned": {
    subject: "((authority)) has returned your referral",
    body: bodyOf(
      "((authority)) has returned the referral that you sent, without confirming receipt. The reason is in the referral.",
      "The child has not been handed over. If the child has moved to another authority, please send a new referral to that authority.",
      whereToFindIt,
    ),
  },
  "referral-withdrawn": {
    subject: "((authority)) has withdrawn its referral",
    body: bodyOf(
      "((authority)) has withdrawn the referral that it sent to you. You do not need to confirm receipt any more.",
      whereToFindIt,
    ),
  },
  "not-located": {
    subject: "((authority)) has not found the child that you referred",
    body: bodyOf(
      "((authority)) has made enquiries about the child that you referred, and has not found the child in its area.",
      "If you had taken the child off your CME list because of this referral, the child is on your list again. Please carry on with your enquiries.",
      whereToFindIt,
    ),
  },
  concluded: {
    subject: "((authority)) has concluded your referral",
    body: bodyOf(
      "((authority)) has concluded the referral that you sent. The referral shows how it ended.",
      "If the child is still on your CME list, your CME system tells you whether you may now take the name off.",
      whereToFindIt,
    ),
  },
  overdue: {
    subject: "Overdue: a referral from ((authority)) awaits you",
    body: bodyOf(
      "((authority)) has referred a child missing education to you. You were asked to confirm receipt by ((deadline)), and nobody has done so yet.",
      "Please confirm receipt today, or return the referral and say why. If neither happens, we will tell your authority’s lead for children missing education.",
      whereToFindIt,
    ),
  },
  "overdue-lead": {
    subject: "Overdue: a referral from ((authority)) still awaits your authority",
    body: bodyOf(
      "((authority)) has referred a child missing education to your authority. Your authority was asked to confirm receipt by ((deadline)). We have reminded your colleagues, and nobody has done so yet.",
      "Please make sure that receipt is confirmed today, or that the referral is returned with a reason. If neither happens, the Department for Education will see that your authority has not answered.",
      whereToFindIt,
    ),
  },
  "webhook-failing": {
    subject: "Your CME system is not receiving messages from the exchange",
    body: bodyOf(
      "We could not deliver a message to your CME system, and have stopped trying. There may be referrals that your CME system does not show you.",
      "Please forward this email to whoever looks after your CME system. Nothing is lost: the exchange keeps the message, and can deliver it again under this reference:",
      "((reference))",
    ),
  },
  "contact-verification": {
    subject: "Is your entry in the CME contact list still correct?",
    body: bodyOf(
      "This email address is in the national list of contacts for children missing education (CME), as a contact of ((authority)). For 90 days or longer, nobody has told us that the entry is still correct.",
      "Please look at its name, role, email address and telephone number. The entry is at this address (GET):\n\n((address))",
      "If it is correct, say so by calling this address (POST):\n\n((verification))",
      "If it is not, please have it corrected, or retired if the contact has left.",
      howToMaintain,
      "An entry that nobody has verified for 120 days is shown to the Department for Education: this one from ((day)).",
    ),
  },
  "contact-unreachable": {
    subject: "Emails to a CME contact of ((authority)) come back",
    body: bodyOf(
      "Our email to a contact of ((authority)) in the national list of contacts for children missing education (CME) came back, because there is no such email address. Referrals still reach your authority. We now email your other contacts instead, and have told the Department for Education.",
      "Please correct the entry, or retire it if the contact has left. It is at this address:\n\n((address))",
      "If its email address is right after all, say so by calling this address (POST):\n\n((verification))",
      howToMaintain,
    ),
  },
  "enquiry-awaits": {
    subject: "((authority)) asks whether you know a child",
    body: bodyOf(
      "((authority)) is looking for a child missing education, and has a reason to ask your authority. The reason, and whom it is about, are in the enquiry.",
      "Please answer by ((deadline)): that you know the child, that you do not, or that you cannot say. After that the enquiry lapses, and what it tells of the child is erased.",
      whereToFindTheEnquiry,
    ),
  },
  "enquiry-answered": {
    subject: "((authority)) has answered your enquiry",
    body: bodyOf(
      "((authority)) has answered the enquiry that you made about a child missing education. The answer is in the enquiry.",
      "If ((authority)) knows the child, please refer the child: your CME system can turn the enquiry into a referral. The child stays on your CME list until ((authority)) confirms receipt.",
      whereToFindTheEnquiry,
    ),
  },
  "enquiry-lapsed": {
    subject: "Your enquiry to ((authority)) has lapsed",
    body: bodyOf(
      "Twenty working days have gone by, and the enquiry that you made to ((authority)) about a child missing education has led to no referral. It has lapsed, and what it told of the child is erased. The child is still on your CME list.",
      "Please carry on with your enquiries. If you still have a reason to think that ((authority)) may know of the child, you can ask again.",
      whereToFindTheEnquiry,
    ),
  },
  "enquiry-matched": {
    subject: "((authority)) asks about a child who may be on your CME list",
    body: bodyOf(
      "((authority)) is looking for a child missing education, and has asked the exchange whether the child is on another list. A child on your list, or one whose details you retain, may be the same. The enquiry shows which, and the exchange has shown nothing to anybody.",
      "((authority)) does not know that we told you. If you know the child and may say so, answer the enquiry by ((deadline)); ((authority)) then learns that it was you. If the family must not be found, or the child is another, do nothing: ((authority)) can’t tell your silence from there being no such child.",
      whereToFindTheEnquiry,
    ),
  },
  "enquiry-match-known": {
    subject: "((authority)) knows the child that you asked about",
    body: bodyOf(
      "((authority)) has answered the enquiry that you made to the exchange about a child missing education: it knows the child.",
      "Please speak to its named contact, who is in the enquiry, or refer the child. The child stays on your CME list until ((authority)) confirms receipt of a referral.",
      whereToFindTheEnquiry,
    ),
  },
  "retained-child-found": {
    subject: "A child whose details you retain may be on another CME list",
    body: bodyOf(
      "Another authority has come to know of a child who matches one whose details you retain, after your enquiries were exhausted. For the family’s safety we don’t tell you which authority it is, and we have not told it of you.",
      "If you still need to know that the child has been located, ask the exchange by a match enquiry about your entry: the other authority then learns that it is you who asks, and decides whether to answer. When the child has been located, please erase what you retain.",
      "Your CME system shows the entry under this reference:\n\n((reference))\n\nIts address at the exchange:\n\n((link))",
    ),
  },
  "referral-temporary": {
    subject: "((authority)) has referred a child in temporary accommodation in your area",
    body: bodyOf(
      "((authority)) has referred a child missing education to another authority. The referral names your authority because the family is in temporary accommodation in your area.",
      "Please read it, and say what you know of the child. If the Home Office houses the family, or the child’s name has been deleted from a school’s admission register, the child is yours to look after: please add the child to your CME list. Your CME system can do that from the referral.",
      whereToFindIt,
    ),
  },
  "transfer-awaits": {
    subject: "((authority)) passes a register entry on to you",
    body: bodyOf(
      "A child on the register of children not in school of ((authority)) is moving to your area. ((authority)) passes on to you what its register holds.",
      "Please confirm receipt by ((deadline)). If it should not have come to you, return it and say why.",
      whereToFindIt,
    ),
  },
  "transfer-received": {
    subject: "((authority)) has received your register transfer",
    body: bodyOf(
      "A named contact of ((authority)) has confirmed receipt of what you passed on from your register of children not in school.",
      whereToFindIt,
    ),
  },
  "transfer-overdue": {
    subject: "Overdue: a register transfer from ((authority)) awaits you",
    body: bodyOf(
      "((authority)) has passed on to you what its register of children not in school holds of a child who is moving to your area. You were asked to confirm receipt by ((deadline)), and nobody has done so yet.",
      "Please confirm receipt today, or return it and say why. If neither happens, we will tell your authority’s lead for children missing education.",
      whereToFindIt,
    ),
  },
  "transfer-overdue-lead": {
    subject: "Overdue: a register transfer from ((authority)) still awaits your authority",
    body: bodyOf(
      "((authority)) has passed on to your authority what its register of children not in school holds of a child who is moving to your area. Your authority was asked to confirm receipt by ((deadline)). We have reminded your colleagues, and nobody has done so yet.",
      "Please make sure that receipt is confirmed today, or that it is returned with a reason. If neither happens, the Department for Education will see that your authority has not answered.",
      whereToFindIt,
    ),
  },
  "notice-awaits": {
    subject: "((authority)) tells you of a school admission",
    body: bodyOf(
      "((authority)) tells you that a child whose home is in your area is on the admission register of a school in its area. The child may be on your CME list.",
      "Please look for the child on your list, and acknowledge the notice by ((deadline)). After that the notice lapses, and what it tells of the child is erased.",
      whereToFindTheNotice,
    ),
  },
  "notice-lapsed": {
    subject: "Your notice to ((authority)) has lapsed",
    body: bodyOf(
      "((authority)) has not acknowledged the school admission notice that you sent. The notice has lapsed, and what it told of the child is erased. The child may still be on the CME list of ((authority)).",
      "Please contact ((authority)), and send the notice again if it is still needed.",
      whereToFindTheNotice,
    ),
  },
  "referral-message": {
    subject: "A message about a referral with ((authority))",
    body: bodyOf(
      "There is a new question or answer about a referral of a child missing education between your authority and ((authority)). It is in the referral.",
      "Please read it there, and answer it there if it asks you something: not by email.",
      whereToFindIt,
    ),
  },
  "record-corrected": {
    subject: "The record of a referral with ((authority)) has been corrected",
    body: bodyOf(
      "The child’s record of a referral between your authority and ((authority)) has been corrected. The new version is in the referral, and so are the earlier ones.",
      "Please read it: what has changed may matter for how you look for the child.",
      whereToFindIt,
    ),
  },
} as const satisfies Record<EmailTemplate, { subject: string; body: string }>;

/** What an email may say. A template that does not need a fact does not get it. */
export type EmailFacts = {
  /** The exchange's public address, without a slash at its end. */
  publicAddress: string;
  /** The referral's or the enquiry's id, or in `webhook-failing` the delivery's. */
  reference?: string | undefined;
  /** The contact of the list that the email is about, by its authority's code and its id. */
  contact?: { authority: string; contactId: string } | undefined;
  /** The name of the other authority, or of the contact's own. */
  authority?: string | undefined;
  /** RFC 3339. */
  deadline?: string | undefined;
  /** `YYYY-MM-DD`. */
  day?: string | undefined;
};

/**
 * Exactly what the template's placeholders need.
 * @throws RangeError if a fact that the template needs is missing, or what it is about is no id: nothing that could be a name
 */
export const personalisationFor = (template: EmailTemplate, facts: EmailFacts): Record<string, string> => {
  const { publicAddress, reference, contact, authority, deadline, day } = facts;
  if (reference !== undefined && !uuidV7.safeParse(reference).success) {
    throw new RangeError(`${template}: the reference must be an id`);
  }
  const address = contact && `${publicAddress}${pathOf(template, contact)}`;
  const values = new Map([
    ["address", address],
    ["authority", authority],
    ["day", day && writtenDay(day)],
    ["deadline", deadline && writtenDeadline(deadline)],
    ["link", reference && `${publicAddress}/v1/${collectionOf(template)}/${reference}`],
    ["reference", reference],
    ["verification", address && `${address}/verification`],
  ]);
  return Object.fromEntries(
    placeholdersOf(template).map((name) => {
      const value = values.get(name);
      if (!value) throw new RangeError(`${template}: ${name} is missing`);
      return [name, value];
    }),
  );
};

/** Where the thing is that the email is about. */
const collectionOf = (template: EmailTemplate): string => {
  if (template.startsWith("notice-")) return "notices";
  if (template === "retained-child-found") return "cme-list";
  return template.startsWith("enquiry-") ? "enquiries" : "referrals";
};

const pathOf = (template: EmailTemplate, { authority, contactId }: NonNullable<EmailFacts["contact"]>): string => {
  if (!directoryCode.safeParse(authority).success || !contactIdForm.safeParse(contactId).success) {
    throw new RangeError(`${template}: the contact must be a code and an id`);
  }
  return `/v1/authorities/${authority}/contacts/${contactId}`;
};

const placeholdersOf = (template: EmailTemplate): string[] => {
  const { subject, body } = emailTemplates[template];
  return Array.from(`${subject}\n${body}`.matchAll(/\(\(([^()]+)\)\)/g), ([, name = ""]) => name);
};

/**
 * A deadline as it is written to people in England: `26 November 2026 at 9:30am`, on the hour `9am`, at noon `midday`.
 * Midnight becomes `11:59pm` of the day before, because readers take "midnight on Tuesday" for either end of the day.
 * Seconds are left out, so that what is written is never later than the deadline.
 *
 * Source: GOV.UK style guide, "Times".
 *
 * @param instant RFC 3339
 * @throws RangeError if it is not a moment
 */
export const writtenDeadline = (instant: string): string => {
  const date = dateInEngland(instant);
  const clock = clockInEngland(instant);
  const [hour, minute] = [clock.getUTCHours(), clock.getUTCMinutes()];
  if (hour === 0 && minute === 0) return `${writtenDay(dayBefore(date))} at 11:59pm`;
  return `${writtenDay(date)} at ${writtenTime(hour, minute)}`;
};

/** A day as it is written to people in England, `26 November 2026`: @param date `YYYY-MM-DD` */
export const writtenDay = (date: string): string =>
  midnight(date).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

const writtenTime = (hour: number, minute: number): string => {
  if (hour === 12 && minute === 0) return "midday";
  const minutes = minute === 0 ? "" : `:${String(minute).padStart(2, "0")}`;
  return `${hour % 12 || 12}${minutes}${hour < 12 ? "am" : "pm"}`;
};

/**
 * The ids that Notify gave the templates, from `name=id` pairs between commas: each template once, and no other.
 * @param value `NOTIFY_TEMPLATES`
 * @throws RangeError that names what is wrong
 */
export const templateIdsFrom = (value: string): Readonly<Record<EmailTemplate, string>> => {
  const ids = new Map<string, string>();
  for (const pair of value.split(",")) {
    const [, name = "", templateId = ""] = /^([a-z-]+)=(.+)$/.exec(pair) ?? [];
    if (!Object.hasOwn(emailTemplates, name)) throw new RangeError(`NOTIFY_TEMPLATES: "${pair}" names no template`);
    if (ids.has(name)) throw new RangeError(`NOTIFY_TEMPLATES names ${name} twice`);
    if (!z.uuid().safeParse(templateId).success) throw new RangeError(`NOTIFY_TEMPLATES: ${name} has no UUID`);
    if ([...ids.values()].includes(templateId)) throw new RangeError(`NOTIFY_TEMPLATES: ${name} has another's UUID`);
    ids.set(name, templateId);
  }
  const missing = emailTemplateNames.filter((name) => !ids.has(name));
  if (missing.length > 0) throw new RangeError(`NOTIFY_TEMPLATES lacks ${missing.join(", ")}`);
  return Object.fromEntries(ids) as Record<EmailTemplate, string>;
};

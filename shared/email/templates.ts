import { Temporal } from "temporal-polyfill";
import * as z from "zod";
import { uuidV7 } from "../contract/primitives.ts";
import { type EmailTemplate, emailTemplateNames } from "../domain/who-is-told.ts";

/** Every email that is about a referral ends so. */
const whereToFindIt = `Your CME system shows the referral under this reference:

((reference))

Its address at the exchange:

((link))`;

const closing = `---

The CME Referral Exchange sent this email. It contains no details of a child, and none may be sent by email: please do not reply to it.`;

const bodyOf = (...parts: string[]): string => [...parts, closing].join("\n\n");

/**
 * The emails, in GOV.UK Notify's syntax, as they are to be entered there. `authority` is the other authority of the
 * referral. There is no placeholder in which anything about a child could stand (R6).
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
} as const satisfies Record<EmailTemplate, { subject: string; body: string }>;

/** What an email may say. A template that does not need a fact does not get it. */
export type EmailFacts = {
  /** The exchange's public address, without a slash at its end. */
  publicAddress: string;
  /** The referral's id, or in `webhook-failing` the delivery's. */
  reference: string;
  /** The other authority's name. */
  authority?: string | undefined;
  /** RFC 3339. */
  deadline?: string | undefined;
};

/**
 * Exactly what the template's placeholders need.
 * @throws RangeError if a fact that the template needs is missing, or the reference is no id: nothing that could be a name
 */
export const personalisationFor = (template: EmailTemplate, facts: EmailFacts): Record<string, string> => {
  const { publicAddress, reference, authority, deadline } = facts;
  if (!uuidV7.safeParse(reference).success) throw new RangeError(`${template}: the reference must be an id`);
  const values = new Map([
    ["authority", authority],
    ["deadline", deadline && writtenDeadline(deadline)],
    ["link", `${publicAddress}/v1/referrals/${reference}`],
    ["reference", reference],
  ]);
  return Object.fromEntries(
    placeholdersOf(template).map((name) => {
      const value = values.get(name);
      if (!value) throw new RangeError(`${template}: ${name} is missing`);
      return [name, value];
    }),
  );
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
  const due = Temporal.Instant.from(instant).toZonedDateTimeISO("Europe/London");
  const shown = due.hour === 0 && due.minute === 0 ? due.subtract({ minutes: 1 }) : due;
  const date = shown.toLocaleString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  return `${date} at ${writtenTime(shown)}`;
};

const writtenTime = ({ hour, minute }: { hour: number; minute: number }): string => {
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

import { startOfDay, startOfDayAfter } from "./working-days.ts";

/** A named contact of an authority: a person or a team's inbox that it appointed for children missing education. */
export type Contact = {
  contactId: string;
  authority: string;
  name: string;
  role: "lead" | "deputy" | "inbox";
  email: string;
  telephone: string;
  /** Instants; `effectiveTo` is the moment from which the contact no longer is one. */
  effectiveFrom: string;
  effectiveTo: string | null;
  verifiedAt: string | null;
  verifiedBy: string | null;
  /** When an email to this address came back for good; `null` again as soon as the address changes or is verified. */
  unreachableSince: string | null;
  /** How often the contact was asked whether it is still correct, since it was last verified. */
  verificationAsked: 0 | 1 | 2;
  version: number;
};

/** Is this contact in effect at that moment? Only such a one can confirm receipt, find, remove or send. */
export const inEffect = (contact: Pick<Contact, "effectiveFrom" | "effectiveTo">, now: string): boolean =>
  contact.effectiveFrom <= now && (contact.effectiveTo === null || now < contact.effectiveTo);

/** As many as an authority may have in effect or to come: what one event tells them all of fits one transaction. */
export const mostContacts = 30;

/**
 * As many as are kept with an authority once they have ended. With those in effect, and beside what an import stages, all
 * fit DynamoDB's 400 KB; whoever ended before them is told of by the chain of changes for good.
 */
export const mostEnded = 70;

/** An authority's contacts without those that ended longest ago, where more have ended than are kept. */
export const keptContacts = (contacts: Readonly<Record<string, Contact>>, now: string): Record<string, Contact> => {
  const endOf = ({ effectiveTo }: Contact): string => effectiveTo ?? "";
  const ended = Object.values(contacts)
    .filter((each) => hasEnded(each, now))
    .sort((one, other) => (endOf(one) < endOf(other) ? 1 : -1));
  const dropped = new Set(ended.slice(mostEnded).map(({ contactId }) => contactId));
  return Object.fromEntries(Object.entries(contacts).filter(([contactId]) => !dropped.has(contactId)));
};

/**
 * Has an authority somebody to contact at every moment of a time? The guidance lets an officer reach the right person in
 * any other authority ("Working with other local authorities"), so the list never leaves one without.
 *
 * @param from, until instants; `until` is the first moment that no longer matters, `null` for ever
 */
export const alwaysHasContact = (
  contacts: readonly Pick<Contact, "effectiveFrom" | "effectiveTo">[],
  from: string,
  until: string | null,
): boolean => {
  let covered: string | null = from;
  const inOrder = [...contacts].sort((one, other) => (one.effectiveFrom < other.effectiveFrom ? -1 : 1));
  for (const { effectiveFrom, effectiveTo } of inOrder) {
    if (covered === null || effectiveFrom > covered) break;
    if (effectiveTo === null) covered = null;
    else if (effectiveTo > covered) covered = effectiveTo;
  }
  return covered === null || (until !== null && covered >= until);
};

/** Is the address at one of the official domains, or below one? */
export const isOfficialAddress = (email: string, domains: readonly string[]): boolean => {
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  return domains.some((official) => domain === official || domain.endsWith(`.${official}`));
};

export type ContactFacts = Pick<Contact, "name" | "role" | "email" | "telephone" | "effectiveFrom" | "effectiveTo">;

/** Who names a contact says with that that it is correct. */
const verifiedNow = (by: string, now: string) => ({
  verifiedAt: now,
  verifiedBy: by,
  unreachableSince: null,
  verificationAsked: 0 as const,
});

/** @param by the authority that names the contact, or `dfe` */
export const newContact = (
  contactId: string,
  authority: string,
  facts: ContactFacts,
  { by, now }: { by: string; now: string },
): Contact => ({ contactId, authority, ...facts, ...verifiedNow(by, now), version: 1 });

export const verify = (contact: Contact, { by, now }: { by: string; now: string }): Contact => ({
  ...contact,
  ...verifiedNow(by, now),
  version: contact.version + 1,
});

export const changeContact = (contact: Contact, facts: ContactFacts, named: { by: string; now: string }): Contact => ({
  ...verify(contact, named),
  ...facts,
});

export const retire = (contact: Contact, effectiveTo: string): Contact => ({
  ...contact,
  effectiveTo,
  version: contact.version + 1,
});

/** An email to its address has come back for good. */
export const unreachable = (contact: Contact, now: string): Contact => ({
  ...contact,
  unreachableSince: now,
  version: contact.version + 1,
});

/** A contact that has ended stays as it was: who confirmed what is to remain true. */
export const hasEnded = ({ effectiveTo }: Pick<Contact, "effectiveTo">, now: string): boolean =>
  effectiveTo !== null && effectiveTo <= now;

/** What is wrong with a contact's facts, by member. */
export type FactFault = { member: keyof ContactFacts; detail: string };

/**
 * What keeps facts from being those of a contact from now on.
 * @param present the contact as it is, where there is one: what has begun keeps its beginning
 */
export const factFaults = (
  { email, effectiveFrom, effectiveTo }: ContactFacts,
  { officialDomains, now }: { officialDomains: readonly string[]; now: string },
  present?: Contact,
): FactFault[] => [
  ...fault(
    !isOfficialAddress(email, officialDomains),
    "email",
    "is not at one of the official domains of GET /v1/contact-list/email-domains",
  ),
  ...fault(effectiveFrom !== present?.effectiveFrom && effectiveFrom < now, "effectiveFrom", "is in the past"),
  ...fault(
    present !== undefined && effectiveFrom !== present.effectiveFrom && present.effectiveFrom <= now,
    "effectiveFrom",
    "can't be changed: the contact is in effect already",
  ),
  ...fault(effectiveTo !== null && effectiveTo < now, "effectiveTo", "is in the past"),
  ...fault(effectiveTo !== null && effectiveTo <= effectiveFrom, "effectiveTo", "is not later than effectiveFrom"),
];

const fault = (wrong: boolean, member: keyof ContactFacts, detail: string): FactFault[] =>
  wrong ? [{ member, detail }] : [];

/** Would this change leave a time, as long as the authority exists, without anybody, where there was always somebody? */
export const leavesNobody = (
  {
    effectiveFrom,
    effectiveTo,
    contacts,
  }: { effectiveFrom: string; effectiveTo: string | null; contacts: Readonly<Record<string, Contact>> },
  changed: Readonly<Record<string, Contact>>,
  now: string,
): boolean => {
  const begins = startOfDay(effectiveFrom);
  const from = begins > now ? begins : now;
  const until = effectiveTo === null ? null : startOfDayAfter(effectiveTo);
  const always = (each: Readonly<Record<string, Contact>>) => alwaysHasContact(Object.values(each), from, until);
  return always(contacts) && !always(changed);
};

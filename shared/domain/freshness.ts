import { addDays, daysBetween } from "./calendar.ts";
import { type Contact, hasEnded } from "./contacts.ts";
import { dateInEngland } from "./working-days.ts";

/**
 * (ours) The guidance asks for named contacts that can be reached, and says nothing of how the list is kept true. So a
 * contact is asked by email whether it is still correct when nobody has said so for 90 days, and again at 104; at 120 the
 * DfE sees it as unverified. Days are whole days in England, whatever the time of day: the day after the verification is
 * the first.
 */
export const askedAfterDays = [90, 104] as const;
export const unverifiedAfterDays = 120;

type Verified = Pick<Contact, "verifiedAt" | "effectiveFrom">;

/** What nobody has ever verified counts from the day on which it became a contact. */
const lastKnownCorrect = ({ verifiedAt, effectiveFrom }: Verified): string =>
  dateInEngland(verifiedAt ?? effectiveFrom);

/** @param now RFC 3339 */
export const daysUnverified = (contact: Verified, now: string): number =>
  daysBetween(lastKnownCorrect(contact), dateInEngland(now));

/**
 * How often the contact should have been asked by now. Where a day was missed, it is asked at the next look; where both
 * were, once: a second email on the heels of the first would tell nobody anything.
 *
 * @param now RFC 3339
 */
export const timesToAsk = (contact: Verified, now: string): Contact["verificationAsked"] => {
  const days = daysUnverified(contact, now);
  if (days >= askedAfterDays[1]) return 2;
  return days >= askedAfterDays[0] ? 1 : 0;
};

/** Is there an email to be sent that asks for verification? */
export const isToBeAsked = (contact: Verified & Pick<Contact, "verificationAsked">, now: string): boolean =>
  timesToAsk(contact, now) > contact.verificationAsked;

/**
 * The contact as it is once it has been asked as often as it should have been. Its version is that of what is published
 * of it, and stays.
 */
export const asked = (contact: Contact, now: string): Contact => ({
  ...contact,
  verificationAsked: timesToAsk(contact, now),
});

/** The first day on which the DfE sees the contact as unverified, `YYYY-MM-DD` in England. */
export const unverifiedFrom = (contact: Verified): string => addDays(lastKnownCorrect(contact), unverifiedAfterDays);

/** @param now RFC 3339 */
export const isUnverified = (contact: Verified, now: string): boolean => unverifiedFrom(contact) <= dateInEngland(now);

/**
 * Does an email that came back for good say that the contact can't be reached as it is now? Not where the address has been
 * changed since, or somebody has said after the sending that it is right.
 *
 * @param bounce the address that was written to, and when, RFC 3339
 * @param now RFC 3339
 */
export const isDiscreditedBy = (contact: Contact, bounce: { to: string; sentAt: string }, now: string): boolean =>
  contact.unreachableSince === null &&
  !hasEnded(contact, now) &&
  spelt(contact.email) === spelt(bounce.to) &&
  (contact.verifiedAt === null || contact.verifiedAt <= bounce.sentAt);

/** No mail server in use tells upper from lower case, and GOV.UK Notify may give an address back in either. */
const spelt = (address: string): string => address.trim().toLowerCase();

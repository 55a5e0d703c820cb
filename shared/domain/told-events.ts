import { eventTypes } from "./lifecycle.ts";

/**
 * Every event that somebody is told of, in the feed and by webhook: those of referrals, of enquiries, entries and notices,
 * and of the contact list.
 */
export const toldTypes = [
  ...eventTypes,
  "enquiry.asked",
  "enquiry.matched",
  "enquiry.answered",
  "enquiry.closed",
  "enquiry.lapsed",
  "enquiry.referred",
  "enquiry.reassigned",
  "entry.added",
  "entry.step-recorded",
  "entry.closed",
  "entry.matched",
  "entry.erased",
  "entry.reassigned",
  "notice.sent",
  "notice.acknowledged",
  "notice.lapsed",
  "notice.reassigned",
  "contact-list.published",
  "contact.unreachable",
] as const;
export type ToldType = (typeof toldTypes)[number];

export const isTold = (type: string): type is ToldType => (toldTypes as readonly string[]).includes(type);

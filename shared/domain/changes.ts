import { type Actor, type ChainHead, headAt, type Link, linked } from "./event-chain.ts";

/** Whatever is changed about the contact list, its authorities and the clients. */
export const changeTypes = [
  "authority.added",
  "authority.changed",
  "authority.reorganised",
  "contact.added",
  "contact.changed",
  "contact.retired",
  "contact.verified",
  "contact.asked",
  "contact.unreachable",
  "contacts.imported",
  "client.registered",
  "client.changed",
  "email-domains.changed",
] as const;
export type ChangeType = (typeof changeTypes)[number];

/**
 * One link of the chain of changes of one subject: who changed what, when, and how it was before and after. It is hashed
 * like a referral's event, so it can be checked from what the exchange answers.
 */
export type Change = Link & {
  /** `authority#330`, `client#cme-330` or `email-domains`. */
  subject: string;
  type: ChangeType;
  at: string;
  actor: Actor;
  /** What was changed, as it was and as it is: `null` where there is none. Never a child's data, never a secret. */
  before: unknown;
  after: unknown;
};

export const nextChange = (
  head: ChainHead,
  { subject, type, at, actor, before, after }: Omit<Change, keyof Link>,
): { change: Change; head: ChainHead } => {
  const change = linked(head, { subject, type, at, actor, before, after });
  return { change, head: headAt(change) };
};

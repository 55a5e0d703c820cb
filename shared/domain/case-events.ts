import { type Actor, type ChainHead, headAt, type Link, linked } from "./event-chain.ts";

/** What happens to an entry, an enquiry or a notice by itself, beside the events of referrals. */
export const caseEventTypes = [
  "entry.added",
  "entry.step-recorded",
  "entry.closed",
  "entry.child-read",
  "entry.matched",
  "entry.erased",
  "entry.reassigned",
  "enquiry.asked",
  "enquiry.matched",
  "enquiry.answered",
  "enquiry.closed",
  "enquiry.lapsed",
  "enquiry.referred",
  "enquiry.child-read",
  "enquiry.erased",
  "enquiry.reassigned",
  "notice.sent",
  "notice.acknowledged",
  "notice.lapsed",
  "notice.erased",
  "notice.child-read",
  "notice.reassigned",
] as const;
export type CaseEventType = (typeof caseEventTypes)[number];

export type CaseKind = "entry" | "enquiry" | "notice";

/** One link of the audit trail of an entry, an enquiry or a notice: hashed like a referral's event. */
export type CaseEvent = Link & {
  /** `entry#`, `enquiry#` or `notice#` and the id. */
  subject: `${CaseKind}#${string}`;
  type: CaseEventType;
  at: string;
  actor: Actor;
  /** Facts without child data: codes, digests, ids and dates. */
  details: Record<string, string>;
};

export const nextCaseEvent = (
  head: ChainHead,
  { subject, type, at, actor, details }: Omit<CaseEvent, keyof Link>,
): { event: CaseEvent; head: ChainHead } => {
  const event = linked(head, { subject, type, at, actor, details });
  return { event, head: headAt(event) };
};

/** When something happened and by whom, with details that tell nothing of a child. */
export type CaseFact = { at: string; actor: Actor; details?: Record<string, string> };

/** What has a trail of its own, before and after something happened to it, and the event that tells of that. */
export const withEvent = <T extends { head: ChainHead; version: number }>(
  before: T,
  { subject, type }: Pick<CaseEvent, "subject" | "type">,
  { at, actor, details = {} }: CaseFact,
  changes: Partial<T>,
): { before: T; after: T; event: CaseEvent } => {
  const { event, head } = nextCaseEvent(before.head, { subject, type, at, actor, details });
  return { before, event, after: { ...before, ...changes, head, version: before.version + 1 } };
};

import { type CaseEvent, type CaseEventType, type CaseFact, nextCaseEvent, withEvent } from "./case-events.ts";
import { type ChainHead, emptyChain, exchangeItself } from "./event-chain.ts";
import { addWorkingDays } from "./working-days.ts";

/** Guidance, "Working with other local authorities". */
export const admissionNoticeRule =
  "the local authority the school is located in should proactively inform the child’s home local authority that the child is receiving a suitable education.";

export const noticeStates = ["awaiting-acknowledgement", "acknowledged", "lapsed"] as const;
export type NoticeState = (typeof noticeStates)[number];

export type NoticeParty = "sender" | "recipient";

type NoticeRule = {
  readonly by: "recipient" | "exchange";
  readonly from: readonly NoticeState[];
  readonly to: NoticeState;
  readonly event: CaseEventType;
};

/** The lifecycle of a notice: the decision and the database's condition are both derived from it. */
export const noticeLifecycle = {
  acknowledge: {
    by: "recipient",
    from: ["awaiting-acknowledgement"],
    to: "acknowledged",
    event: "notice.acknowledged",
  },
  lapse: { by: "exchange", from: ["awaiting-acknowledgement"], to: "lapsed", event: "notice.lapsed" },
} as const satisfies Record<string, NoticeRule>;
export type NoticeAction = keyof typeof noticeLifecycle;

export const noticeRuleOf = (action: NoticeAction): NoticeRule => noticeLifecycle[action];

/**
 * The authority of a school tells a child's home authority that the child is on the school's admission register. Who the
 * child is stands only among the records.
 */
export type Notice = {
  noticeId: string;
  kind: "school-admission";
  /** The authority in whose area the school is. */
  sender: string;
  /** The child's home authority. */
  recipient: string;
  schoolUrn: string;
  startDate: string;
  /** A named contact of the sender's. */
  sentBy: string;
  sentAt: string;
  state: NoticeState;
  acknowledgedAt: string | null;
  acknowledgedBy: string | null;
  /** The entry on the recipient's list that it is about; the sender doesn't see it. */
  entryId: string | null;
  /** When what it tells of the child is erased. */
  erasesAt: string;
  erasedAt: string | null;
  /** Between whom its record is sealed, where a reorganisation has changed a party since; `null` where none has. */
  sealedFor: Record<NoticeParty, string> | null;
  head: ChainHead;
  version: number;
};

/**
 * (ours) Working days for which a notice keeps the child's data: until the home authority has looked for the child on its
 * list and closed the entry, with time for a holiday; and, where nobody acknowledges it, for about a term, so that it lapses
 * for all to see and does not lie there for ever.
 */
const keptAfterAcknowledgement = 20;
const keptUnacknowledged = 60;

/** May this authority, a party to the notice, do this now? The role is judged before the state. */
export const mayDo = (
  action: NoticeAction,
  notice: Pick<Notice, "recipient" | "state">,
  authority: string,
): { permitted: true } | { permitted: false; because: "role" | "state" } => {
  const { by, from } = noticeRuleOf(action);
  if (by === "exchange" || notice.recipient !== authority) return { permitted: false, because: "role" };
  return from.includes(notice.state) ? { permitted: true } : { permitted: false, because: "state" };
};

export const isPartyOf = (notice: Pick<Notice, "sender" | "recipient">, authority: string): boolean =>
  notice.sender === authority || notice.recipient === authority;

/** A step of a notice's life: as it was, as it is after, and the event that tells of it. */
export type NoticeStep = { action: NoticeAction | undefined; before: Notice; after: Notice; event: CaseEvent };

const appended = (
  before: Notice,
  type: CaseEventType,
  fact: CaseFact,
  changes: Partial<Notice>,
): Omit<NoticeStep, "action"> => withEvent(before, { subject: `notice#${before.noticeId}`, type }, fact, changes);

/** @throws TypeError when the action is not permitted from the notice's state: decide first */
const advanced = (before: Notice, action: NoticeAction, fact: CaseFact, changes: Partial<Notice>): NoticeStep => {
  const { from, to: state, event: type } = noticeRuleOf(action);
  if (!from.includes(before.state)) throw new TypeError(`${action} is not permitted from ${before.state}`);
  return { action, ...appended(before, type, fact, { ...changes, state }) };
};

/** A new notice with the first event of its trail. */
export const sent = (
  facts: Pick<Notice, "noticeId" | "sender" | "recipient" | "schoolUrn" | "startDate" | "sentBy" | "sentAt">,
  clientId: string,
): { notice: Notice; event: CaseEvent } => {
  const { noticeId, sender, recipient, schoolUrn, startDate, sentBy, sentAt } = facts;
  const { event, head } = nextCaseEvent(emptyChain, {
    subject: `notice#${noticeId}`,
    type: "notice.sent",
    at: sentAt,
    actor: { authority: sender, clientId, contactId: sentBy },
    details: { recipient, schoolUrn, startDate },
  });
  const notice: Notice = {
    ...facts,
    kind: "school-admission",
    state: "awaiting-acknowledgement",
    acknowledgedAt: null,
    acknowledgedBy: null,
    entryId: null,
    erasesAt: addWorkingDays(sentAt, keptUnacknowledged),
    erasedAt: null,
    sealedFor: null,
    head,
    version: 1,
  };
  return { notice, event };
};

export const acknowledged = (
  before: Notice,
  { acknowledgedBy, entryId }: { acknowledgedBy: string; entryId: string | null },
  { at, actor }: Omit<CaseFact, "details">,
): NoticeStep =>
  advanced(
    before,
    "acknowledge",
    { at, actor },
    { acknowledgedAt: at, acknowledgedBy, entryId, erasesAt: addWorkingDays(at, keptAfterAcknowledgement) },
  );

/** The notice after its record was read: nothing changes but the trail, so that both sides see it (R5). */
export const noticeRead = (before: Notice, fact: CaseFact): NoticeStep => ({
  action: undefined,
  ...appended(before, "notice.child-read", fact, {}),
});

/**
 * The notice after one of its sides passed to the successor of the authority that it was. Between whom its record is sealed
 * stays as it was, and so does the day on which it lapses.
 */
export const noticeReassigned = (
  before: Notice,
  { side, to, reorganisationId }: { side: NoticeParty; to: string; reorganisationId: string },
  { at, actor }: Omit<CaseFact, "details">,
): NoticeStep => {
  const { sender, recipient } = before;
  const details = { side, from: before[side], to, reorganisation: reorganisationId };
  return {
    action: undefined,
    ...appended(
      before,
      "notice.reassigned",
      { at, actor, details },
      { [side]: to, sealedFor: before.sealedFor ?? { sender, recipient } },
    ),
  };
};

/** Its time is over: what it tells of the child goes, and it lapses if nobody has acknowledged it. */
export const timeOver = (before: Notice, at: string): NoticeStep => {
  const fact = { at, actor: exchangeItself };
  if (before.state === "awaiting-acknowledgement") return advanced(before, "lapse", fact, { erasedAt: at });
  return { action: undefined, ...appended(before, "notice.erased", fact, { erasedAt: at }) };
};

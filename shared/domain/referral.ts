import type { Urgency } from "./answering-in-time.ts";
import type { Digest } from "./canonical.ts";
import { nextRungAt, type Rung, rungs } from "./escalation.ts";
import { type Actor, type ChainHead, emptyChain, nextEvent, type ReferralEvent } from "./event-chain.ts";
import {
  type Action,
  decide,
  type EventType,
  initialState,
  type Party,
  type ReferralState,
  ruleOf,
} from "./lifecycle.ts";

/** One authority hands one child to the named contact of another. Who the child is stands only in the encrypted record. */
export type Referral = {
  referralId: string;
  sender: string;
  recipient: string;
  temporaryAuthority: string | null;
  state: ReferralState;
  urgency: Urgency;
  sentBy: string;
  submittedAt: string;
  receiptDueAt: string;
  receivedAt: string | null;
  receivedBy: string | null;
  finding: "located" | "not-located" | null;
  concludedAt: string | null;
  followsReferralId: string | null;
  payloadDigest: Digest;
  senderEntryId: string;
  recipientEntryId: string | null;
  removedAt: string | null;
  /** Compact JWS, once issued. */
  receipt: string | null;
  certificate: string | null;
  /** How far the ladder of silence has been climbed, and when the next rung is due; `null` when there is none to come. */
  rungsRaised: 0 | Rung;
  nextRungAt: string | null;
  head: ChainHead;
  version: number;
};

export const partyOf = (referral: Pick<Referral, "sender" | "recipient">, authority: string): Party | undefined =>
  referral.sender === authority ? "sender" : referral.recipient === authority ? "recipient" : undefined;

/** R5: the two parties, and the temporary-accommodation authority named on the referral. */
export const mayRead = (
  referral: Pick<Referral, "sender" | "recipient" | "temporaryAuthority">,
  authority: string,
): boolean => partyOf(referral, authority) !== undefined || referral.temporaryAuthority === authority;

/** What was done, when, by whom, with facts that hold no child data. */
export type Fact = { at: string; actor: Actor; details?: Record<string, string> };

/** A step of a referral's life: the referral as it was, as it is after, and the event that tells of it. */
export type Step = { action: Action | undefined; before: Referral; after: Referral; event: ReferralEvent };

/**
 * The referral after an action that {@link decide} permitted, with its event tied to the trail.
 * @throws TypeError when the action is not permitted from the referral's state: decide first
 */
export const advance = (before: Referral, action: Action, fact: Fact, changes: Partial<Referral> = {}): Step => {
  const rule = ruleOf(action);
  const decision = decide(action, rule.by, before.state);
  if (!decision.permitted) throw new TypeError(`${action} is not permitted from ${before.state}`);
  return { action, ...appended(before, rule.event, fact, { ...changes, state: decision.to }) };
};

/** The referral after its record was read: nothing changes but the trail, so that both parties see every read (R5). */
export const recordRead = (before: Referral, fact: Fact): Step => ({
  action: undefined,
  ...appended(before, "referral.child-read", fact, {}),
});

const appended = (before: Referral, type: EventType, fact: Fact, changes: Partial<Referral>) => {
  const { referralId } = before;
  const event = nextEvent(before.head, {
    referralId,
    type,
    at: fact.at,
    actor: fact.actor,
    details: fact.details ?? {},
  });
  const head = { sequence: event.sequence, hash: event.hash };
  return { before, event, after: { ...before, ...changes, head, version: before.version + 1 } };
};

/** The exchange itself, where it acts on nobody's word. */
const exchange: Actor = { authority: "exchange", clientId: "exchange", contactId: null };

/** The referral after its silence reached the next rung of the ladder. */
export const raiseOverdue = (before: Referral, at: string): Step => {
  const rung = rungs.find((each) => each > before.rungsRaised);
  if (rung === undefined || before.state !== initialState) throw new TypeError("No rung is due");
  const changes = { rungsRaised: rung, nextRungAt: nextRungAt(before, rung) };
  const fact = { at, actor: exchange, details: { rung: String(rung) } };
  return { action: undefined, ...appended(before, "referral.overdue", fact, changes) };
};

/** A new referral with the first event of its trail. */
export const submitted = (
  facts: Pick<
    Referral,
    | "referralId"
    | "sender"
    | "recipient"
    | "temporaryAuthority"
    | "urgency"
    | "sentBy"
    | "submittedAt"
    | "receiptDueAt"
    | "followsReferralId"
    | "payloadDigest"
    | "senderEntryId"
  >,
  clientId: string,
): { referral: Referral; event: ReferralEvent } => {
  const event = nextEvent(emptyChain, {
    referralId: facts.referralId,
    type: "referral.submitted",
    at: facts.submittedAt,
    actor: { authority: facts.sender, clientId, contactId: facts.sentBy },
    details: { recipient: facts.recipient, urgency: facts.urgency, payloadDigest: facts.payloadDigest },
  });
  return {
    event,
    referral: {
      ...facts,
      state: initialState,
      receivedAt: null,
      receivedBy: null,
      finding: null,
      concludedAt: null,
      recipientEntryId: null,
      removedAt: null,
      receipt: null,
      certificate: null,
      rungsRaised: 0,
      nextRungAt: facts.receiptDueAt,
      head: { sequence: event.sequence, hash: event.hash },
      version: 1,
    },
  };
};

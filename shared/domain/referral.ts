import { receiptDueAt, type Urgency } from "./answering-in-time.ts";
import type { Digest } from "./canonical.ts";
import { nextRungAt, type Rung, rungs } from "./escalation.ts";
import {
  type Actor,
  type ChainHead,
  emptyChain,
  exchangeItself,
  nextEvent,
  type ReferralEvent,
} from "./event-chain.ts";
import type { Figures } from "./figures.ts";
import {
  type Action,
  decide,
  type EventType,
  initialState,
  isOpen,
  type Party,
  type ReferralKind,
  type ReferralState,
  ruleOf,
} from "./lifecycle.ts";
import type { UpnComparison } from "./upn.ts";

/** One authority hands one child to the named contact of another. Who the child is stands only in the encrypted record. */
export type Referral = {
  referralId: string;
  kind: ReferralKind;
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
  /** When it came to its end, whichever it was; `null` while it is open. */
  endedAt: string | null;
  followsReferralId: string | null;
  /** Of the child's record as it stands: what the next receipt or certificate covers. */
  payloadDigest: Digest;
  /** What the record was corrected by since it was submitted, in order; see shared/domain/correspondence.ts. */
  corrections: Correction[];
  /** How many questions and answers its sides have written to each other. */
  messages: number;
  /** The child's entry on the sender's list; `null` of a register transfer, which is of no list. */
  senderEntryId: string | null;
  /** Of that entry; see shared/domain/entry.ts. */
  origin: string | null;
  /** What the entries on both lists are counted and matched by. */
  figures: Figures;
  fingerprints: string[];
  recipientEntryId: string | null;
  /** The child's common transfer file, if the sender attached one: its digest, and how its UPN compares with the record's. */
  commonTransferFile: { digest: Digest; upn: UpnComparison } | null;
  /** The entry by which the temporary authority has taken the child on its own list. */
  temporaryEntryId: string | null;
  removedAt: string | null;
  /** Compact JWS, once issued. */
  receipt: string | null;
  certificate: string | null;
  /** Between whom its texts are sealed, where a reorganisation has changed a party since; `null` where none has. */
  sealedFor: Record<Party, string> | null;
  /** The reorganisation by which a role came to the authority that has it now. */
  passedBy: Partial<Record<Role, string>>;
  /** From when the recipient's time to answer is counted, where that is not the submission; see {@link reassigned}. */
  answerCountedFrom: string | null;
  /** How far the ladder of silence has been climbed, and when the next rung is due; `null` when there is none to come. */
  rungsRaised: 0 | Rung;
  nextRungAt: string | null;
  head: ChainHead;
  version: number;
};

/** A new version of the child's record, and whose it is. */
export type Correction = {
  payloadDigest: Digest;
  /** Of the version that it took the place of. */
  previousDigest: Digest;
  at: string;
  authority: string;
  /** A named contact of that authority. */
  correctedBy: string;
};

/** The places that an authority can have on a referral. */
export const roles = ["sender", "recipient", "temporaryAuthority"] as const;
export type Role = (typeof roles)[number];

/** In several, where a reorganisation has united two authorities that had a referral between them. */
export const rolesOf = (referral: Pick<Referral, Role>, authority: string): Role[] =>
  roles.filter((role) => referral[role] === authority);

/** @param asked the role that matters, where a reorganisation has given an authority both */
export const partyOf = (
  referral: Pick<Referral, "sender" | "recipient">,
  authority: string,
  asked: Party = "sender",
): Party | undefined => {
  if (referral[asked] === authority) return asked;
  return referral.sender === authority ? "sender" : referral.recipient === authority ? "recipient" : undefined;
};

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
  const endedAt = before.endedAt ?? (isOpen(decision.to) ? null : fact.at);
  return { action, ...appended(before, rule.event, fact, { ...changes, state: decision.to, endedAt }) };
};

/** The referral after its record was read: nothing changes but the trail, so that both parties see every read (R5). */
export const recordRead = (before: Referral, fact: Fact): Step => ({
  action: undefined,
  ...appended(before, "referral.child-read", fact, {}),
});

/** The referral after something was added to it that leaves its state alone: a message, a corrected record, a file. */
export const addedTo = (
  before: Referral,
  type:
    | "referral.question-asked"
    | "referral.question-answered"
    | "referral.record-corrected"
    | "referral.file-attached",
  fact: Fact,
  changes: Partial<Referral>,
): Step => ({ action: undefined, ...appended(before, type, fact, changes) });

/** Until the recipient has found the child, or not: then the child's new school asks the old one for its file. */
const filesAttachedIn: readonly ReferralState[] = ["awaiting-receipt", "received"];
export const fileAttachable = (state: ReferralState): boolean => filesAttachedIn.includes(state);

/** The child is still looked for: what a temporary authority may take it on its own list from. */
const takenOnFrom: readonly ReferralState[] = ["awaiting-receipt", "received", "located", "not-located"];
export const mayTakeOn = (state: ReferralState): boolean => takenOnFrom.includes(state);

/** The referral after the temporary authority took the child on its own list: for the two parties nothing changes. */
export const takenOn = (before: Referral, temporaryEntryId: string, fact: Omit<Fact, "details">): Step => ({
  action: undefined,
  ...appended(before, "referral.temporary-listed", fact, { temporaryEntryId }),
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

/** The referral after its silence reached the next rung of the ladder. */
export const raiseOverdue = (before: Referral, at: string): Step => {
  const rung = rungs.find((each) => each > before.rungsRaised);
  if (rung === undefined || before.state !== initialState) throw new TypeError("No rung is due");
  const changes = { rungsRaised: rung, nextRungAt: nextRungAt(answerClock(before), rung) };
  const fact = { at, actor: exchangeItself, details: { rung: String(rung) } };
  return { action: undefined, ...appended(before, "referral.overdue", fact, changes) };
};

const answerClock = ({ answerCountedFrom, submittedAt, urgency }: Referral) => ({
  submittedAt: answerCountedFrom ?? submittedAt,
  urgency,
});

/** How a role passes to another authority, by a reorganisation or among its successors. */
export type Passing = { role: Role; to: string; reorganisationId: string; answerCountedAnew: boolean };

/**
 * The referral after one of its roles passed to the successor of the authority that had it. Its state, its evidence and
 * between whom its texts are sealed stay as they were.
 *
 * (ours) A recipient's successor has the whole of the response time, from when the reorganisation passed the referral on:
 * it could not answer before, and so the ladder of silence begins again with the successor's own people, who were never
 * reminded. Whoever passes it on among the successors after that wins no time for the child's being kept waiting.
 */
export const reassigned = (before: Referral, passing: Passing, fact: Omit<Fact, "details">): Step => {
  const { role, to, reorganisationId, answerCountedAnew } = passing;
  const { sender, recipient, urgency, state } = before;
  const anew = answerCountedAnew && role === "recipient" && state === initialState;
  const dueAt = anew ? receiptDueAt(fact.at, urgency) : before.receiptDueAt;
  const changes: Partial<Referral> = {
    [role]: to,
    sealedFor: before.sealedFor ?? (role === "temporaryAuthority" ? null : { sender, recipient }),
    passedBy: { ...before.passedBy, [role]: reorganisationId },
    ...(anew && { answerCountedFrom: fact.at, receiptDueAt: dueAt, rungsRaised: 0, nextRungAt: dueAt }),
  };
  const details = { role, from: String(before[role]), to, reorganisation: reorganisationId };
  return { action: undefined, ...appended(before, "referral.reassigned", { ...fact, details }, changes) };
};

/** A new referral with the first event of its trail. */
export const submitted = (
  facts: Pick<
    Referral,
    | "referralId"
    | "kind"
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
    | "origin"
    | "figures"
    | "fingerprints"
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
      endedAt: null,
      corrections: [],
      messages: 0,
      recipientEntryId: null,
      commonTransferFile: null,
      temporaryEntryId: null,
      removedAt: null,
      receipt: null,
      certificate: null,
      sealedFor: null,
      passedBy: {},
      answerCountedFrom: null,
      rungsRaised: 0,
      nextRungAt: facts.receiptDueAt,
      head: { sequence: event.sequence, hash: event.hash },
      version: 1,
    },
  };
};

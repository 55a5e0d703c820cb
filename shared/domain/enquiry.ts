import { type CaseEvent, type CaseEventType, type CaseFact, nextCaseEvent, withEvent } from "./case-events.ts";
import { type ChainHead, emptyChain, exchangeItself } from "./event-chain.ts";
import { addWorkingDays } from "./working-days.ts";

/** Guidance, "Working with other local authorities". */
export const enquiriesRule = {
  section: "Working with other local authorities",
  text: "Local authorities should avoid making enquiries to a large number of local authorities, as this is not a secure method of sharing personal information.",
} as const;

/** Authorities that may hold a child's data through enquiries at one time (ours: the guidance gives no number). */
export const mostOpenEnquiries = 5;

/** Why that authority may know of the child: each is a reason to think of this one and not of all (ours). */
export const enquiryReasons = [
  "kin",
  "former-address",
  "school",
  "sighting",
  "neighbouring-area",
  "other-evidence",
] as const;
export type EnquiryReason = (typeof enquiryReasons)[number];

/** `cannot-say` is for an authority that may not tell, as where a family is in a refuge: it says neither. */
export const enquiryAnswers = ["known", "not-known", "cannot-say"] as const;
export type EnquiryAnswer = (typeof enquiryAnswers)[number];

/** Why the asker itself has no need of an answer any more. */
export const closingReasons = ["child-located", "no-longer-needed", "asked-in-error"] as const;
/** The same, and what ends an enquiry with the entry that it is about. */
export const closedForReasons = [...closingReasons, "entry-closed", "entry-referred"] as const;
export type ClosedFor = (typeof closedForReasons)[number];

export const enquiryStates = [
  "open",
  "known",
  "not-known",
  "cannot-say",
  "referred",
  "closed",
  "lapsed",
] as const satisfies ("open" | EnquiryAnswer | "referred" | "closed" | "lapsed")[];
export type EnquiryState = (typeof enquiryStates)[number];

export type EnquiryParty = "asker" | "asked";

type EnquiryRule = {
  readonly by: EnquiryParty | "exchange";
  readonly from: readonly EnquiryState[];
  readonly to: EnquiryState;
  readonly event: CaseEventType;
};

/** The lifecycle of a targeted enquiry: the decision and the database's condition are both derived from it. */
export const enquiryLifecycle = {
  "answer-known": { by: "asked", from: ["open"], to: "known", event: "enquiry.answered" },
  "answer-not-known": { by: "asked", from: ["open"], to: "not-known", event: "enquiry.answered" },
  "answer-cannot-say": { by: "asked", from: ["open"], to: "cannot-say", event: "enquiry.answered" },
  refer: { by: "asker", from: ["known"], to: "referred", event: "enquiry.referred" },
  close: { by: "asker", from: ["open", "known"], to: "closed", event: "enquiry.closed" },
  lapse: { by: "exchange", from: ["open", "known"], to: "lapsed", event: "enquiry.lapsed" },
} as const satisfies Record<string, EnquiryRule>;
export type EnquiryAction = keyof typeof enquiryLifecycle;

export const enquiryRuleOf = (action: EnquiryAction): EnquiryRule => enquiryLifecycle[action];

/**
 * While an enquiry is in one of these the asked authority has the child's data and counts among those open for the child:
 * it has not answered, or it knows the child and the two of them are about to hand the child over.
 */
const goingOn: readonly EnquiryState[] = ["open", "known"];
export const isGoingOn = (state: EnquiryState): boolean => goingOn.includes(state);

/** One authority asks another, with a reason, whether it knows a child. Who the child is stands only among the records. */
export type TargetedEnquiry = {
  enquiryId: string;
  kind: "targeted";
  asker: string;
  asked: string;
  /** The child's entry on the asker's list; the asked authority doesn't see it. */
  entryId: string;
  reason: EnquiryReason;
  /** A named contact of the asker's. */
  openedBy: string;
  openedAt: string;
  state: EnquiryState;
  /** When it lapses if it still goes on, and when its notes are erased at the latest. */
  lapsesAt: string;
  answer: { answer: EnquiryAnswer; answeredBy: string; answeredAt: string } | null;
  closedFor: ClosedFor | null;
  endedAt: string | null;
  /** The referral that it was turned into. */
  referralId: string | null;
  /** The numbers of the events with which somebody wrote a note that is still kept. */
  notes: number[];
  /** When the last of what it tells of the child was erased. */
  erasedAt: string | null;
  /** Between whom its texts are sealed, where a reorganisation has changed a party since; `null` where none has. */
  sealedFor: Record<EnquiryParty, string> | null;
  head: ChainHead;
  version: number;
};

/**
 * (ours) Working days in which the asked authority may answer, and in which the asker may turn `known` into a referral.
 */
const workingDays = 20;
export const enquiryLapsesAt = (at: string): string => addWorkingDays(at, workingDays);

/** Both, where a reorganisation has united them: then whichever the rule asks for. */
export const mayDo = (
  action: EnquiryAction,
  enquiry: Pick<TargetedEnquiry, EnquiryParty | "state">,
  authority: string,
): { permitted: true } | { permitted: false; because: "role" | "state" } => {
  const { by, from } = enquiryRuleOf(action);
  if (by === "exchange" || enquiry[by] !== authority) return { permitted: false, because: "role" };
  return from.includes(enquiry.state) ? { permitted: true } : { permitted: false, because: "state" };
};

export const isPartyOf = (enquiry: Pick<TargetedEnquiry, EnquiryParty>, authority: string): boolean =>
  enquiry.asker === authority || enquiry.asked === authority;

/** What of a child's data is deleted with a step: the record and the notes with those numbers. */
type Erased = { record: boolean; notes: readonly number[] };

/** A step of an enquiry's life: as it was, as it is after, the event that tells of it, and what is erased with it. */
export type EnquiryStep = {
  action: EnquiryAction | undefined;
  before: TargetedEnquiry;
  after: TargetedEnquiry;
  event: CaseEvent;
  erased: Erased;
};

const nothingErased: Erased = { record: false, notes: [] };

const appended = (
  before: TargetedEnquiry,
  type: CaseEventType,
  fact: CaseFact,
  changes: Partial<TargetedEnquiry>,
): Pick<EnquiryStep, "before" | "after" | "event"> =>
  withEvent(before, { subject: `enquiry#${before.enquiryId}`, type }, fact, changes);

/**
 * The enquiry after an action that {@link mayDo} permitted. What ends it erases the child's record at once: the asked
 * authority has no need of it any more. Notes stay until `lapsesAt`, so that the other side can read them.
 * @throws TypeError when the action is not permitted from the enquiry's state: decide first
 */
const advanced = (
  before: TargetedEnquiry,
  action: EnquiryAction,
  fact: CaseFact,
  { hasNote = false, ...changes }: Partial<TargetedEnquiry> & { hasNote?: boolean },
): EnquiryStep => {
  const { from, to: state, event: type } = enquiryRuleOf(action);
  if (!from.includes(before.state)) throw new TypeError(`${action} is not permitted from ${before.state}`);
  const notes = changes.notes ?? [...before.notes, ...(hasNote ? [before.head.sequence + 1] : [])];
  const ends = !isGoingOn(state);
  const ended = ends ? { endedAt: fact.at, erasedAt: notes.length === 0 ? fact.at : null } : {};
  return {
    action,
    ...appended(before, type, fact, { ...changes, state, notes, ...ended }),
    erased: { record: ends, notes: before.notes.filter((each) => !notes.includes(each)) },
  };
};

/** A new enquiry with the first event of its trail. */
export const opened = (
  facts: Pick<TargetedEnquiry, "enquiryId" | "asker" | "asked" | "entryId" | "reason" | "openedBy" | "openedAt">,
  { clientId, hasNote }: { clientId: string; hasNote: boolean },
): { enquiry: TargetedEnquiry; event: CaseEvent } => {
  const { enquiryId, asker, asked, reason, openedBy, openedAt } = facts;
  const { event, head } = nextCaseEvent(emptyChain, {
    subject: `enquiry#${enquiryId}`,
    type: "enquiry.asked",
    at: openedAt,
    actor: { authority: asker, clientId, contactId: openedBy },
    details: { asked, reason },
  });
  const enquiry: TargetedEnquiry = {
    ...facts,
    kind: "targeted",
    state: "open",
    lapsesAt: enquiryLapsesAt(openedAt),
    answer: null,
    closedFor: null,
    endedAt: null,
    referralId: null,
    notes: hasNote ? [event.sequence] : [],
    erasedAt: null,
    sealedFor: null,
    head,
    version: 1,
  };
  return { enquiry, event };
};

/** (ours) On `known` the 20 working days begin anew: the asker has the whole of them to refer the child. */
export const answered = (
  before: TargetedEnquiry,
  { answer, answeredBy, hasNote }: { answer: EnquiryAnswer; answeredBy: string; hasNote: boolean },
  { at, actor }: CaseFact,
): EnquiryStep =>
  advanced(
    before,
    `answer-${answer}`,
    { at, actor, details: { answer } },
    {
      answer: { answer, answeredBy, answeredAt: at },
      hasNote,
      ...(answer === "known" && { lapsesAt: enquiryLapsesAt(at) }),
    },
  );

export const closed = (before: TargetedEnquiry, closedFor: ClosedFor, { at, actor }: CaseFact): EnquiryStep =>
  advanced(before, "close", { at, actor, details: { reason: closedFor } }, { closedFor });

export const referred = (before: TargetedEnquiry, referralId: string, { at, actor }: CaseFact): EnquiryStep =>
  advanced(before, "refer", { at, actor, details: { referralId } }, { referralId });

/** The enquiry after its record or its notes were read: nothing changes but the trail, so that both sides see it (R5). */
export const enquiryRead = (before: TargetedEnquiry, fact: CaseFact): EnquiryStep => ({
  action: undefined,
  ...appended(before, "enquiry.child-read", fact, {}),
  erased: nothingErased,
});

/** Its time is over: it lapses if it still goes on, and whatever it has kept is erased. */
export const timeOver = (before: TargetedEnquiry, at: string): EnquiryStep => {
  const fact = { at, actor: exchangeItself };
  if (isGoingOn(before.state)) return advanced(before, "lapse", fact, { notes: [] });
  return {
    action: undefined,
    ...appended(before, "enquiry.erased", fact, { notes: [], erasedAt: at }),
    erased: { record: false, notes: before.notes },
  };
};

/**
 * The enquiry after one of its sides passed to the successor of the authority that it was. Between whom its texts are
 * sealed stays as it was, and so does the day on which it lapses.
 */
export const enquiryReassigned = (
  before: TargetedEnquiry,
  { side, to, reorganisationId }: { side: EnquiryParty; to: string; reorganisationId: string },
  { at, actor }: Omit<CaseFact, "details">,
): EnquiryStep => {
  const { asker, asked } = before;
  const details = { side, from: before[side], to, reorganisation: reorganisationId };
  return {
    action: undefined,
    ...appended(
      before,
      "enquiry.reassigned",
      { at, actor, details },
      { [side]: to, sealedFor: before.sealedFor ?? { asker, asked } },
    ),
    erased: nothingErased,
  };
};

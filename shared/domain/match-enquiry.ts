import { type CaseEvent, type CaseEventType, type CaseFact, nextCaseEvent, withEvent } from "./case-events.ts";
import { type ClosedFor, enquiryLapsesAt } from "./enquiry.ts";
import { type Entry, isOnList } from "./entry.ts";
import { type ChainHead, emptyChain, exchangeItself } from "./event-chain.ts";

/** (ours) In a day in England, for each authority: nobody goes through all children by asking the exchange. */
export const mostMatchEnquiriesADay = 20;

export const matchStates = ["open", "known", "closed", "lapsed"] as const;
export type MatchState = (typeof matchStates)[number];

/**
 * An authority asks the exchange itself whether a child on its list is on another's. It is two kinds of things, and each has
 * a life, a trail and a version of its own:
 *
 * - the asker's, the same to the last byte whether anything matches or not until somebody says `known`;
 * - a holder's, made where a list or a retained record of that authority matches, in its inbox alone.
 *
 * Whether the asker learns of it is the holder's decision: a family in a refuge must not be found through this.
 */
export type MatchEnquiry = {
  enquiryId: string;
  kind: "match";
  asker: string;
  /** Whose side this is: `null` on the asker's, which never says whom the exchange has told. */
  asked: string | null;
  /** Of a holder's side: the asker's. */
  parentId: string | null;
  /** Those of the side's own authority: the asker's one, or those of the holder's that match. */
  entryIds: string[];
  /** A named contact of the asker's. */
  openedBy: string;
  openedAt: string;
  state: MatchState;
  /** The same on every side. */
  lapsesAt: string;
  /** Of those who said that they know the child. */
  answers: { authority: string; answeredBy: string; answeredAt: string }[];
  closedFor: ClosedFor | null;
  endedAt: string | null;
  head: ChainHead;
  version: number;
};

/** The authority whose side it is: nobody else ever sees it. */
export const sideOf = ({ asker, asked }: Pick<MatchEnquiry, "asker" | "asked">): string => asked ?? asker;

/** It is open until it is closed, with the entry or alone, or its time is over. */
export const isAskedAbout = ({ matchEnquiry }: Pick<Entry, "matchEnquiry">, now: string): boolean =>
  matchEnquiry !== null && now < matchEnquiry.lapsesAt;

/** Only entries on a list and retained records that are still there can be matched. */
export const isMatchable = (entry: Pick<Entry, "status" | "retained">): boolean => isOnList(entry) || isRetained(entry);

/** Is the child's record kept after its enquiries were exhausted? */
export const isRetained = ({ retained }: Pick<Entry, "retained">): boolean =>
  retained !== null && retained.erasedAt === null;

export type MatchStep = { before: MatchEnquiry; after: MatchEnquiry; event: CaseEvent };

const begun = (
  enquiry: Omit<MatchEnquiry, "kind" | "state" | "answers" | "closedFor" | "endedAt" | "head" | "version">,
  type: CaseEventType,
  { at, actor, details = {} }: CaseFact,
): { enquiry: MatchEnquiry; event: CaseEvent } => {
  const subject = `enquiry#${enquiry.enquiryId}` as const;
  const { event, head } = nextCaseEvent(emptyChain, { subject, type, at, actor, details });
  const untouched = { state: "open", answers: [], closedFor: null, endedAt: null } as const;
  return { enquiry: { ...enquiry, kind: "match", ...untouched, answers: [], head, version: 1 }, event };
};

/** The asker's side, with the event that says who asked, on whose word and about which entry. */
export const matchAsked = (
  facts: Pick<MatchEnquiry, "enquiryId" | "asker" | "openedBy" | "openedAt"> & { entryId: string },
  clientId: string,
): { enquiry: MatchEnquiry; event: CaseEvent } => {
  const { entryId, ...asked } = facts;
  const { asker, openedBy, openedAt: at } = asked;
  return begun(
    { ...asked, asked: null, parentId: null, entryIds: [entryId], lapsesAt: enquiryLapsesAt(at) },
    "enquiry.asked",
    { at, actor: { authority: asker, clientId, contactId: openedBy }, details: { kind: "match", entryId } },
  );
};

/** A holder's side: who asks, and which of the holder's own entries match. */
export const holderTold = (
  { enquiryId: parentId, asker, openedBy, lapsesAt }: MatchEnquiry,
  { enquiryId, holder, entryIds, at }: { enquiryId: string; holder: string; entryIds: string[]; at: string },
): { enquiry: MatchEnquiry; event: CaseEvent } =>
  begun({ enquiryId, asker, asked: holder, parentId, entryIds, openedBy, openedAt: at, lapsesAt }, "enquiry.matched", {
    at,
    actor: exchangeItself,
    details: { asker },
  });

const advanced = (
  before: MatchEnquiry,
  type: CaseEventType,
  fact: CaseFact,
  changes: Partial<MatchEnquiry>,
): MatchStep => withEvent(before, { subject: `enquiry#${before.enquiryId}`, type }, fact, changes);

/** The holder's side where more of its entries match than it was told of, or `undefined` where it knows of all of them. */
export const holderToldMore = (side: MatchEnquiry, entryIds: readonly string[], at: string): MatchStep | undefined => {
  const more = entryIds.filter((each) => !side.entryIds.includes(each));
  if (side.state !== "open" || more.length === 0) return undefined;
  const fact = { at, actor: exchangeItself, details: { asker: side.asker } };
  return advanced(side, "enquiry.matched", fact, { entryIds: [...side.entryIds, ...more] });
};

/** May a holder still say that it knows the child? The asker may have heard of another who does. */
export const mayAnswerMatch = (parent: MatchEnquiry, side: MatchEnquiry, now: string): boolean =>
  (parent.state === "open" || parent.state === "known") && side.state === "open" && now < side.lapsesAt;

/** `known`, on both sides at once: from here on the asker sees who answered. */
export const matchKnown = (
  parent: MatchEnquiry,
  side: MatchEnquiry,
  { answeredBy, at, clientId }: { answeredBy: string; at: string; clientId: string },
): { parent: MatchStep; side: MatchStep } => {
  const authority = side.asked;
  if (authority === null) throw new TypeError("The asker's side answers nothing");
  const fact = { at, actor: { authority, clientId, contactId: answeredBy }, details: { answer: "known", authority } };
  const answer = { authority, answeredBy, answeredAt: at };
  return {
    parent: advanced(parent, "enquiry.answered", fact, { state: "known", answers: [...parent.answers, answer] }),
    side: advanced(side, "enquiry.answered", fact, { state: "known", answers: [answer], endedAt: at }),
  };
};

export const mayCloseMatch = ({ asked, state }: MatchEnquiry): boolean =>
  asked === null && (state === "open" || state === "known");

export const matchClosed = (before: MatchEnquiry, closedFor: ClosedFor, { at, actor }: CaseFact): MatchStep =>
  advanced(
    before,
    "enquiry.closed",
    { at, actor, details: { reason: closedFor } },
    { state: "closed", closedFor, endedAt: at },
  );

/** The side after its authority was reorganised: it is its successor's. */
export const matchReassigned = (
  before: MatchEnquiry,
  { to, reorganisationId }: { to: string; reorganisationId: string },
  { at, actor }: Omit<CaseFact, "details">,
): MatchStep => {
  const side = before.asked === null ? "asker" : "asked";
  const details = { side, from: sideOf(before), to, reorganisation: reorganisationId };
  return advanced(before, "enquiry.reassigned", { at, actor, details }, { [side]: to });
};

/** Nobody has answered: on the asker's side that says nothing of whether anybody could have. */
export const matchLapsed = (before: MatchEnquiry, at: string): MatchStep =>
  advanced(before, "enquiry.lapsed", { at, actor: exchangeItself }, { state: "lapsed", endedAt: at });

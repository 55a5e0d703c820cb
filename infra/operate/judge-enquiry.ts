import type { CaseEvent } from "../../shared/domain/case-events.ts";
import { type EnquiryState, isGoingOn, type TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import type { MatchEnquiry } from "../../shared/domain/match-enquiry.ts";
import type { Enquiry } from "../../shared/store/enquiries.ts";
import { notePart } from "../../shared/store/records.ts";
import type { Fault } from "./fault.ts";
import { caseTrailFaults, type Found, found, type Kept, keptTexts, missingTexts, outboxFaults } from "./judge-trail.ts";

/** The entries that an enquiry names. */
export const entriesNamedBy = (enquiry: Enquiry): readonly string[] =>
  enquiry.kind === "match" ? enquiry.entryIds : [enquiry.entryId];

type WithEntries = Kept & {
  /** Those that it is about, as far as they are there, by id. */
  entries: ReadonlyMap<string, Entry>;
};

/** An enquiry, or a side of a match enquiry, with everything that must agree with it. */
export type EnquiryCase = WithEntries & { enquiry: Enquiry };

/** What does not hold about it; empty when all does. */
export const faultsOfEnquiry = ({ enquiry, ...beside }: EnquiryCase, now: string): Fault[] => {
  const { events, rows } = beside;
  const faults =
    enquiry.kind === "match" ? faultsOfMatch(enquiry, beside, now) : faultsOfTargetedEnquiry(enquiry, beside);
  return [...faults, ...outboxFaults(events, rows, now)].map(([code, rest]) => ({
    code,
    enquiryId: enquiry.enquiryId,
    ...rest,
  }));
};

const faultsOfTargetedEnquiry = (enquiry: TargetedEnquiry, { events, parts, entries }: WithEntries): Found[] => {
  const { enquiryId, entryId, state, notes, erasedAt } = enquiry;
  const texts = erasedAt === null ? [...(isGoingOn(state) ? ["record"] : []), ...notes.map(notePart)] : [];
  const entry = entries.get(entryId);
  const isNamed = entry?.enquiries.some((each) => each.enquiryId === enquiryId);
  return [
    ...caseTrailFaults(enquiry, events, {
      told: { ...sidesAfter(events), ...lifeAfter(events) },
      differs: "enquiry-differs",
    }),
    ...missingTexts(texts, parts),
    ...keptTexts(texts, parts),
    ...(entry ? [] : [found("entry-missing", { entryId })]),
    ...(entry && isGoingOn(state) && !isNamed
      ? [found("enquiry-differs", { entryId, detail: "is open, and the entry does not name it" })]
      : []),
    ...(entry && isGoingOn(state) && !isOfOneList(enquiry, entry)
      ? [found("enquiry-differs", { entryId, detail: "is asked by another than the entry's authority" })]
      : []),
  ];
};

/** A reorganisation passes on entries and enquiries one by one. */
const isOfOneList = ({ asker, sealedFor }: TargetedEnquiry, { authority, passedBy }: Entry): boolean =>
  asker === authority || passedBy !== null || sealedFor !== null;

const faultsOfMatch = (match: MatchEnquiry, { events, parts, entries }: WithEntries, now: string): Found[] => {
  const { enquiryId, entryIds, asked, state, lapsesAt } = match;
  const isAsked = asked === null && (state === "open" || state === "known") && now < lapsesAt;
  return [
    ...caseTrailFaults(match, events, { told: lifeAfter(events), differs: "enquiry-differs" }),
    ...keptTexts([], parts),
    ...entryIds.flatMap((entryId): Found[] => {
      const entry = entries.get(entryId);
      if (!entry) return [found("entry-missing", { entryId })];
      if (!isAsked || entry.matchEnquiry?.enquiryId === enquiryId) return [];
      return [found("enquiry-differs", { entryId, detail: "is open, and the entry does not name it" })];
    }),
  ];
};

/** Who asks whom: reorganisations pass a side on to a successor. */
const sidesAfter = (events: readonly CaseEvent[]) => {
  const [first] = events;
  const sides = { asker: first?.actor.authority, asked: first?.details.asked };
  for (const { type, details } of events) {
    const { side, to } = details;
    if (type === "enquiry.reassigned" && (side === "asker" || side === "asked")) sides[side] = to;
  }
  return sides;
};

const states: Partial<Record<CaseEvent["type"], EnquiryState>> = {
  "enquiry.asked": "open",
  "enquiry.matched": "open",
  "enquiry.closed": "closed",
  "enquiry.lapsed": "lapsed",
  "enquiry.referred": "referred",
};

/** Each event counts as a version, and the last that changes the state says which it is. */
const lifeAfter = (events: readonly CaseEvent[]) => {
  const told = events.flatMap(({ type, details }) =>
    type === "enquiry.answered" ? [details.answer] : (states[type] ?? []),
  );
  return { state: told.at(-1), version: events.length };
};

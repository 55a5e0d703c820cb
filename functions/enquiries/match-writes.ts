import type { CaseEvent } from "../../shared/domain/case-events.ts";
import type { ClosedFor } from "../../shared/domain/enquiry.ts";
import type { Actor } from "../../shared/domain/event-chain.ts";
import { type MatchEnquiry, type MatchStep, matchClosed, sideOf } from "../../shared/domain/match-enquiry.ts";
import { caseEventAndOutboxRow } from "../../shared/store/case-events.ts";
import type { Write } from "../../shared/store/dynamo.ts";
import { putWaiting } from "../../shared/store/fingerprints.ts";
import { putNewMatchEnquiry, replaceMatchEnquiry } from "../../shared/store/match-enquiries.ts";

export type MatchTables = Record<"enquiries" | "caseEvents" | "outbox", string>;

/** A side that is new, with what tells its own authority of it and nobody else. */
export const newMatchWrites = (
  tables: MatchTables,
  { enquiry, event }: { enquiry: MatchEnquiry; event: CaseEvent },
): Write[] => [putNewMatchEnquiry(tables.enquiries, enquiry), ...eventWrites(tables, event, enquiry)];

export const matchStepWrites = (tables: MatchTables, { before, after, event }: MatchStep): Write[] => [
  replaceMatchEnquiry(tables.enquiries, before, after),
  ...eventWrites(tables, event, after),
];

/** The asker's side is closed, and whoever was told is told so when the exchange comes to it. */
export const closedMatchWrites = (
  tables: MatchTables & { fingerprints: string },
  enquiry: MatchEnquiry,
  closedFor: ClosedFor,
  { at, actor }: { at: string; actor: Actor },
): Write[] => [
  ...matchStepWrites(tables, matchClosed(enquiry, closedFor, { at, actor })),
  putWaiting(tables.fingerprints, { subject: `enquiry#${enquiry.enquiryId}`, since: at }),
];

/** Each side is told of its own events alone: a word to the other would tell the asker that there is another. */
const eventWrites = (
  tables: MatchTables,
  event: CaseEvent,
  { enquiryId, asker, asked, openedBy }: MatchEnquiry,
): Write[] =>
  caseEventAndOutboxRow(tables, event, {
    data: { enquiryId },
    concerns: [sideOf({ asker, asked })],
    ...(event.type === "enquiry.matched" &&
      asked !== null && { emails: [{ authority: asked, template: "enquiry-matched", contactId: null }] }),
    ...(event.type === "enquiry.answered" &&
      asked === null && { emails: [{ authority: asker, template: "enquiry-match-known", contactId: openedBy }] }),
  });

import * as z from "zod";
import {
  closedForReasons,
  closingReasons,
  enquiryAnswers,
  enquiryReasons,
  enquiryStates,
  mostOpenEnquiries,
} from "../domain/enquiry.ts";
import { matchStates, mostMatchEnquiriesADay } from "../domain/match-enquiry.ts";
import { caseEvent } from "./case-event.ts";
import { childRecord } from "./child-record.ts";
import { enquiredChild } from "./enquired-child.ts";
import { listing, page } from "./listing.ts";
import { notesOf } from "./notes.ts";
import {
  authorityCode,
  contactId,
  directoryCode,
  entryId,
  instant,
  multiLine,
  referralId,
  uuidV7,
} from "./primitives.ts";
import { submitReferral } from "./referrals.ts";
import { route } from "./route.ts";
import { sealedRecord } from "./sealed-record.ts";

const enquiryId = uuidV7.meta({ id: "EnquiryId", description: "An enquiry's id (UUIDv7)" }).brand<"EnquiryId">();

const inPath = z.strictObject({ id: enquiryId });
const reading = { kind: "token", scope: "enquiries", proof: "remembered" } as const;
const acting = { kind: "token", scope: "enquiries", proof: "committed" } as const;
/** What an officer adds in words. It may name the child, so it is encrypted like the record. */
const note = multiLine(2000);

const targetedEnquiry = z
  .strictObject({
    id: enquiryId,
    kind: z.literal("targeted"),
    asker: authorityCode,
    asked: authorityCode,
    entryId: entryId.nullable().describe("The child's entry on the asker's list; null for the asked authority"),
    reason: z.enum(enquiryReasons).describe("Why the asked authority may know of the child"),
    openedBy: contactId,
    openedAt: instant,
    state: z.enum(enquiryStates),
    lapsesAt: instant.describe(
      "20 working days after it was asked, or after it was answered `known`: then it lapses if it still goes on, and whatever it has kept of the child is erased",
    ),
    answer: z.strictObject({ answer: z.enum(enquiryAnswers), answeredBy: contactId, answeredAt: instant }).nullable(),
    closedFor: z.enum(closedForReasons).nullable(),
    endedAt: instant.nullable().describe("When the child's record was erased"),
    referralId: referralId.nullable().describe("The referral that it was turned into"),
    erasedAt: instant.nullable().describe("When the last of what it kept of the child, its notes included, was erased"),
    version: z.int().positive().describe("Grows with every event"),
  })
  .meta({ id: "TargetedEnquiry", description: "One authority asks another, with a reason, whether it knows a child" });

const matchEnquiry = z
  .strictObject({
    id: enquiryId,
    kind: z.literal("match"),
    asker: authorityCode,
    asked: authorityCode
      .nullable()
      .describe("The caller's authority, where its list or a retained record matches; null to the asker, always"),
    entryIds: z
      .array(entryId)
      .describe("The caller's own: the entry about which it asks, or those of its own that match"),
    openedBy: contactId.describe("The asker's named contact"),
    openedAt: instant,
    state: z
      .enum(matchStates)
      .describe("`open` to the asker says nothing of whether anything matches: whoever holds a match may stay silent"),
    lapsesAt: instant.describe("20 working days after it was asked"),
    answers: z
      .array(z.strictObject({ authority: authorityCode, answeredBy: contactId, answeredAt: instant }))
      .describe("Of those who answered `known`; nobody answers anything else"),
    closedFor: z.enum(closedForReasons).nullable(),
    endedAt: instant.nullable(),
    version: z.int().positive().describe("Grows with every event"),
  })
  .meta({
    id: "MatchEnquiry",
    description:
      "An authority asks the exchange whether a child on its list is on another's. Only who holds a match is told, and decides whether to answer",
  });

/** An enquiry as its two sides see it: all that is told of it outside the child's record and the notes. */
export const enquirySummary = z.discriminatedUnion("kind", [targetedEnquiry, matchEnquiry]);

export const openEnquiry = route({
  operationId: "openEnquiry",
  method: "POST",
  path: "/v1/enquiries",
  summary: `Ask an authority, for a reason, whether it knows a child on the caller's list: at most ${mostOpenEnquiries} at one time for each child. Or ask the exchange whether the child is on another list (match): one at a time for each child and ${mostMatchEnquiriesADay} a day for each authority, answered the same whether anything matches or not`,
  access: acting,
  body: z
    .discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("targeted"),
        entryId: entryId.describe("The child's entry on the caller's list, open and not under an open referral"),
        asked: directoryCode,
        reason: z.enum(enquiryReasons).describe("Why that authority may know of the child"),
        note: note.optional().describe("What makes you think so; encrypted like the child's record"),
        openedBy: contactId.describe("A named contact of the caller's, in effect"),
      }),
      z.strictObject({
        kind: z.literal("match"),
        entryId: entryId.describe(
          "The child's entry on the caller's list, open and not under an open referral, or one whose record is retained",
        ),
        openedBy: contactId.describe("A named contact of the caller's, in effect"),
      }),
    ])
    .meta({ id: "NewEnquiry" }),
  answers: {
    201: {
      description: "The enquiry. Names, date of birth, sex, UPN, last known address and last school went out with it",
      schema: enquirySummary,
      location: true,
    },
  },
  refusals: ["too-many-enquiries", "already-asked", "entry-already-referred", "entry-closed", "record-unreadable"],
  handler: "functions/enquiries/open-enquiry.ts",
});

export const listEnquiries = route({
  operationId: "listEnquiries",
  method: "GET",
  path: "/v1/enquiries",
  summary: "The caller's enquiries, newest first",
  access: reading,
  query: z.strictObject({
    box: z.enum(["inbox", "outbox"]).describe("What the caller's authority was asked (inbox) or asks (outbox)"),
    state: z.enum(enquiryStates).optional().describe("Only those in this state"),
    ...listing,
  }),
  answers: {
    200: {
      description: "One page of enquiries; filtered by state, it may be short or empty although next is set",
      schema: page(enquirySummary).meta({ id: "EnquiryPage" }),
    },
  },
  handler: "functions/enquiries/list-enquiries.ts",
});

export const getEnquiry = route({
  operationId: "getEnquiry",
  method: "GET",
  path: "/v1/enquiries/{id}",
  summary: "An enquiry, for the two authorities of which it is",
  access: reading,
  params: inPath,
  answers: { 200: { description: "The enquiry", schema: enquirySummary } },
  handler: "functions/enquiries/get-enquiry.ts",
});

export const readEnquiredChild = route({
  operationId: "readEnquiredChild",
  method: "GET",
  path: "/v1/enquiries/{id}/child",
  summary: "Whom the enquiry is about, while it is open or known. Every read is an event that both sides see",
  access: { ...reading, proof: "committed" },
  params: inPath,
  answers: {
    200: { description: "What went out with the enquiry", schema: enquiredChild, otherMedia: sealedRecord },
  },
  refusals: ["no-encryption-key", "record-erased", "record-unreadable"],
  handler: "functions/enquiries/read-enquired-child.ts",
});

export const readEnquiryNotes = route({
  operationId: "readEnquiryNotes",
  method: "GET",
  path: "/v1/enquiries/{id}/notes",
  summary:
    "What officers wrote with the enquiry and its answer, until lapsesAt at the latest. Every read is an event that both sides see",
  access: { ...reading, proof: "committed" },
  params: inPath,
  answers: {
    200: {
      description: "The notes in the order of the events they belong to",
      schema: notesOf(note).meta({ id: "EnquiryNotes" }),
    },
  },
  refusals: ["record-unreadable"],
  handler: "functions/enquiries/read-enquiry-notes.ts",
});

export const answerEnquiry = route({
  operationId: "answerEnquiry",
  method: "POST",
  path: "/v1/enquiries/{id}/answers",
  summary:
    "The asked authority answers, once. `not-known` and `cannot-say` end the enquiry and erase the child's record at once; on `known` the asker may refer the child",
  access: acting,
  params: inPath,
  body: z
    .strictObject({
      answer: z
        .enum(enquiryAnswers)
        .describe("cannot-say where you may not tell, as of a family in a refuge: it says neither"),
      answeredBy: contactId.describe("A named contact of the asked authority's, in effect"),
      note: note.optional(),
    })
    .meta({ id: "EnquiryAnswer" }),
  answers: { 201: { description: "The enquiry with its answer", schema: enquirySummary } },
  refusals: ["not-your-role", "state-does-not-allow"],
  handler: "functions/enquiries/answer-enquiry.ts",
});

export const closeEnquiry = route({
  operationId: "closeEnquiry",
  method: "POST",
  path: "/v1/enquiries/{id}/closure",
  summary: "The asker has no need of an answer any more: the child's record is erased at once",
  access: acting,
  params: inPath,
  body: z.strictObject({ reason: z.enum(closingReasons) }).meta({ id: "EnquiryClosure" }),
  answers: { 201: { description: "The enquiry, closed", schema: enquirySummary } },
  refusals: ["not-your-role", "state-does-not-allow"],
  handler: "functions/enquiries/close-enquiry.ts",
});

export const referEnquiry = route({
  operationId: "referEnquiry",
  method: "POST",
  path: "/v1/enquiries/{id}/referral",
  summary:
    "After the answer `known`: refer the child to the authority that knows it, in one call. The record of the child's entry is carried over, with the answer as evidence of the move. Refused for the same reasons as a referral that is submitted, with the same pointers",
  access: acting,
  params: inPath,
  body: z
    .strictObject({
      sentBy: contactId.describe("A named contact of the asker's, in effect"),
      safeguarding: childRecord.shape.safeguarding
        .optional()
        .describe("Needed where the entry's record says nothing about it, and refused where it does"),
      urgency: z
        .enum(["urgent", "standard"])
        .optional()
        .describe("standard if absent; any safeguarding concern makes it urgent"),
      temporaryAuthority: directoryCode
        .optional()
        .describe("Where the family is in temporary accommodation: it may read the referral and the child's record"),
    })
    .meta({ id: "EnquiryReferral" }),
  answers: submitReferral.answers,
  refusals: ["not-your-role", "state-does-not-allow", "entry-already-referred", "entry-closed", "record-unreadable"],
  handler: "functions/enquiries/refer-enquiry.ts",
});

export const listEnquiryEvents = route({
  operationId: "listEnquiryEvents",
  method: "GET",
  path: "/v1/enquiries/{id}/events",
  summary: "The enquiry's audit trail, a hash chain like a referral's",
  access: reading,
  params: inPath,
  query: z.strictObject(listing),
  answers: {
    200: {
      description: "One page of the hash chain, from the first event",
      schema: page(caseEvent).meta({ id: "EnquiryEventPage" }),
    },
  },
  handler: "functions/enquiries/list-enquiry-events.ts",
});

import * as z from "zod";
import { enquiryOutcomeCodes, enquiryStepCodes } from "../domain/enquiry-steps.ts";
import { caseEvent } from "./case-event.ts";
import { listedChild } from "./child-record.ts";
import { listing, page } from "./listing.ts";
import { authorityCode, calendarDate, entryId, instant, multiLine, referralId, urn, uuidV7 } from "./primitives.ts";
import { route } from "./route.ts";
import { sealedRecord } from "./sealed-record.ts";
import { warning } from "./warning.ts";

const closure = z
  .discriminatedUnion("as", [
    z.strictObject({ as: z.literal("transferred"), at: instant, referralId }),
    z.strictObject({ as: z.literal("on-school-register"), at: instant, schoolUrn: urn, startDate: calendarDate }),
    z.strictObject({ as: z.literal("suitable-education-otherwise"), at: instant }),
    z.strictObject({ as: z.literal("above-leaving-age"), at: instant }),
    z.strictObject({ as: z.literal("deceased"), at: instant }),
    z.strictObject({ as: z.literal("enquiries-exhausted"), at: instant }),
    z.strictObject({ as: z.literal("not-located"), at: instant, referralId }),
  ])
  .meta({ id: "Closure", description: "How and when the entry left the list" });

export const entry = z
  .strictObject({
    entryId,
    status: z.enum(["suspected", "confirmed", "closed"]),
    openedAt: instant,
    openedBy: authorityCode,
    referralId: referralId.nullable().describe("The newest referral that concerns this entry"),
    closure: closure.nullable().describe("null while the child is on the list"),
    retained: z
      .strictObject({
        until: calendarDate.describe("The last day on which it is kept, should the child not be located before"),
        erasedAt: instant.nullable(),
      })
      .nullable()
      .describe("Of a child whose enquiries were exhausted: how long its details are kept"),
    version: z.int().positive(),
  })
  .meta({ id: "Entry", description: "One child on one authority's CME list" });

export const listEntries = route({
  operationId: "listEntries",
  method: "GET",
  path: "/v1/cme-list",
  summary: "The caller's own CME list: the open entries unless asked otherwise, newest first",
  access: { kind: "token", scope: "cme-list", proof: "remembered" },
  query: z.strictObject({
    status: z.enum(["open", "closed"]).optional().describe("The entries on the list (open) or off it; open if absent"),
    ...listing,
  }),
  answers: { 200: { description: "One page of entries", schema: page(entry).meta({ id: "EntryPage" }) } },
  handler: "functions/cme-list/list-entries.ts",
});

export const addEntry = route({
  operationId: "addEntry",
  method: "POST",
  path: "/v1/cme-list",
  summary: "Add a suspected child to the caller's own CME list; the record is kept encrypted",
  access: { kind: "token", scope: "cme-list", proof: "committed" },
  body: z.strictObject({ child: listedChild }).meta({ id: "NewEntry" }),
  answers: {
    201: {
      description: "The entry",
      schema: z.strictObject({ ...entry.shape, warnings: z.array(warning) }).meta({ id: "AddedEntry" }),
      location: true,
    },
  },
  handler: "functions/cme-list/add-entry.ts",
});

export const getEntry = route({
  operationId: "getEntry",
  method: "GET",
  path: "/v1/cme-list/{entryId}",
  summary: "One entry of the caller's own CME list",
  access: { kind: "token", scope: "cme-list", proof: "remembered" },
  params: z.strictObject({ entryId }),
  answers: { 200: { description: "The entry", schema: entry } },
  handler: "functions/cme-list/get-entry.ts",
});

const inPath = z.strictObject({ entryId });
const acting = { kind: "token", scope: "cme-list", proof: "committed" } as const;

/** What an officer adds in words. It may name the child, so it is encrypted like the record. */
const note = multiLine(4000);

const step = {
  step: z.enum(enquiryStepCodes).describe("A step of the guidance's list of reasonable enquiries"),
  date: calendarDate.describe("When it was taken, or when it was decided that it doesn't apply; not in the future"),
  outcome: z.enum(enquiryOutcomeCodes),
};

const recordedStep = z
  .strictObject({
    ...step,
    recordedAt: instant,
    sequence: z.int().positive().describe("Of the event in the entry's trail that tells of it"),
  })
  .meta({ id: "RecordedStep", description: "A step of enquiry as it was recorded" });

export const recordStep = route({
  operationId: "recordStep",
  method: "POST",
  path: "/v1/cme-list/{entryId}/enquiry-steps",
  summary:
    "Record a step of the guidance's list of reasonable enquiries: what came of it, or with a note why it is not applicable. The newest record of a step counts",
  access: acting,
  params: inPath,
  body: z.strictObject({ ...step, note: note.optional().describe("Required where the step is not applicable") }),
  answers: { 201: { description: "The step", schema: recordedStep } },
  refusals: ["entry-closed"],
  handler: "functions/cme-list/record-step.ts",
});

export const listSteps = route({
  operationId: "listSteps",
  method: "GET",
  path: "/v1/cme-list/{entryId}/enquiry-steps",
  summary: "The steps of enquiry of an entry with their notes, in the guidance's words, and what is still missing",
  access: acting,
  params: inPath,
  answers: {
    200: {
      description: "Every step of the guidance's list with what was recorded of it, oldest first",
      schema: z.strictObject({
        items: z.array(
          z.strictObject({
            step: step.step,
            text: z.string(),
            records: z.array(z.strictObject({ ...recordedStep.shape, note: z.string().nullable() })),
          }),
        ),
        missing: z.array(step.step).describe("What stands between the entry and a closure as enquiries-exhausted"),
        guidance: z.string(),
      }),
    },
  },
  refusals: ["record-unreadable"],
  handler: "functions/cme-list/list-steps.ts",
});

/** As many as one transaction holds, each with its event and its word to the authority. */
export const mostStepsAtOnce = 30;

export const recordSteps = route({
  operationId: "recordSteps",
  method: "POST",
  path: "/v1/cme-list/enquiry-steps",
  summary: `Record what a search of Get Information About Pupils or of School to School came to, for up to ${mostStepsAtOnce} entries at once: all of them or none`,
  access: acting,
  body: z.strictObject({
    items: z
      .array(
        z.strictObject({
          entryId,
          step: z.enum(["check-giap", "check-s2s"]),
          date: step.date,
          outcome: z.enum(["nothing-found", "information-received", "found", "answer-awaited"]),
        }),
      )
      .min(1)
      .max(mostStepsAtOnce),
  }),
  answers: { 201: { description: "How many were recorded", schema: z.strictObject({ recorded: z.int().positive() }) } },
  handler: "functions/cme-list/record-steps.ts",
});

export const closeEntry = route({
  operationId: "closeEntry",
  method: "POST",
  path: "/v1/cme-list/{entryId}/closure",
  summary:
    "Take a child off the caller's own list in a lawful way other than a transfer. A referral that nobody has received is withdrawn with that, and the one by which the child came is concluded",
  access: acting,
  params: inPath,
  body: z.discriminatedUnion("as", [
    z.strictObject({
      as: z.literal("on-school-register"),
      schoolUrn: urn,
      startDate: calendarDate.describe("Not in the future: a child who has not started yet is still missing education"),
      noticeId: uuidV7.optional().describe("The school admission notice by which it is known"),
    }),
    z.strictObject({ as: z.literal("suitable-education-otherwise"), provision: note.describe("What it is") }),
    z.strictObject({ as: z.literal("above-leaving-age") }),
    z.strictObject({ as: z.literal("deceased"), note: note.optional() }),
    z
      .strictObject({ as: z.literal("enquiries-exhausted"), note: note.optional() })
      .describe(
        "Every step of enquiry is done or does not apply, no authority is being asked about the child or has answered that it knows the child, and the child is not under an open referral",
      ),
  ]),
  answers: { 201: { description: "The entry, closed", schema: entry } },
  refusals: ["entry-closed", "closure-not-permitted", "record-unreadable"],
  handler: "functions/cme-list/close-entry.ts",
});

export const eraseRecord = route({
  operationId: "eraseRecord",
  method: "POST",
  path: "/v1/cme-list/{entryId}/erasure",
  summary:
    "The child of a retained record has been located: erase the record. The trail stays, the child's data does not",
  access: acting,
  params: inPath,
  body: z.strictObject({ because: z.literal("located") }),
  answers: { 201: { description: "The entry", schema: entry } },
  refusals: ["not-retained"],
  handler: "functions/cme-list/erase-record.ts",
});

export const readEntryChild = route({
  operationId: "readEntryChild",
  method: "GET",
  path: "/v1/cme-list/{entryId}/child",
  summary: "What the caller's authority keeps of a child on its list, or retains of one. Recorded as a read",
  access: acting,
  params: inPath,
  answers: { 200: { description: "The child's record", schema: listedChild, otherMedia: sealedRecord } },
  refusals: ["no-encryption-key", "record-unreadable"],
  handler: "functions/cme-list/read-entry-child.ts",
});

export const listEntryEvents = route({
  operationId: "listEntryEvents",
  method: "GET",
  path: "/v1/cme-list/{entryId}/events",
  summary: "The entry's own audit trail, a hash chain; what referrals did to it is in theirs",
  access: { kind: "token", scope: "cme-list", proof: "remembered" },
  params: inPath,
  query: z.strictObject(listing),
  answers: { 200: { description: "One page of events", schema: page(caseEvent).meta({ id: "CaseEventPage" }) } },
  handler: "functions/cme-list/list-entry-events.ts",
});

/**
 * Entries of one page. A search of Get Information About Pupils takes 4,000 UPNs at once, which are not for one call: each
 * record is opened and recorded as a read, some 3 ms of a processor, of which a function has about half. That would be 20
 * of the gateway's 29 seconds, and whoever ran out of them would have read without having got anything.
 */
export const upnsAPage = 500;

export const listUpns = route({
  operationId: "listUpns",
  method: "GET",
  path: "/v1/cme-list/upns",
  summary: `The UPNs of the children on the caller's list, one a line, for a search or a custom list of Get Information About Pupils; ${upnsAPage} entries a page, and the Link header leads to the next, until there is none. Append the pages: a search takes up to 4,000 UPNs. Children without a UPN are left out. Each is recorded as a read`,
  access: acting,
  query: z.strictObject({ cursor: listing.cursor }),
  answers: { 200: { description: "UPNs", otherMedia: { "text/plain": z.string() } } },
  refusals: ["record-unreadable"],
  handler: "functions/cme-list/list-upns.ts",
});

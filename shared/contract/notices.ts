import * as z from "zod";
import { admissionNoticeRule, noticeStates } from "../domain/notice.ts";
import { caseEvent } from "./case-event.ts";
import { childRecord } from "./child-record.ts";
import { enquiredChild } from "./enquired-child.ts";
import { listing, page } from "./listing.ts";
import { authorityCode, calendarDate, contactId, directoryCode, entryId, instant, urn, uuidV7 } from "./primitives.ts";
import { route } from "./route.ts";
import { sealedRecord } from "./sealed-record.ts";
import { warning } from "./warning.ts";

const noticeId = uuidV7.meta({ id: "NoticeId", description: "A notice's id (UUIDv7)" }).brand<"NoticeId">();

const inPath = z.strictObject({ id: noticeId });
const reading = { kind: "token", scope: "enquiries", proof: "remembered" } as const;
const acting = { kind: "token", scope: "enquiries", proof: "committed" } as const;

/** The least by which the home authority can find the child on its list. */
export const noticedChild = z
  .strictObject({
    identity: enquiredChild.shape.identity,
    address: childRecord.shape.addresses
      .unwrap()
      .shape.lastKnown.describe("Where the child lives, by which the recipient is the home authority"),
  })
  .meta({ id: "NoticedChild", description: "The least by which the home authority finds the child on its list" });
export type NoticedChild = z.output<typeof noticedChild>;

export const noticeSummary = z
  .strictObject({
    id: noticeId,
    kind: z.literal("school-admission"),
    sender: authorityCode.describe("The authority in whose area the school is"),
    recipient: authorityCode.describe("The child's home authority"),
    schoolUrn: urn,
    startDate: calendarDate.describe("On which the child's name was added to the school's admission register"),
    sentBy: contactId,
    sentAt: instant,
    state: z.enum(noticeStates),
    acknowledgedAt: instant.nullable(),
    acknowledgedBy: contactId.nullable(),
    entryId: entryId.nullable().describe("The entry on the recipient's list that it is about; null for the sender"),
    erasesAt: instant.describe(
      "When the child's record is erased: 20 working days after the acknowledgement. Where there is none, 60 after it was sent, and then the notice lapses",
    ),
    erasedAt: instant.nullable(),
    version: z.int().positive().describe("Grows with every event"),
  })
  .meta({ id: "Notice", description: "A school admission notice: all that is told of it outside the child's record" });

export const sendSchoolAdmissionNotice = route({
  operationId: "sendSchoolAdmissionNotice",
  method: "POST",
  path: "/v1/notices/school-admission",
  summary: `Tell a child's home authority that the child is on the admission register of a school in the caller's area. Guidance, “Working with other local authorities”: ${admissionNoticeRule}`,
  access: acting,
  body: z
    .strictObject({
      recipient: directoryCode.describe("The child's home authority"),
      sentBy: contactId.describe("A named contact of the caller's, in effect"),
      schoolUrn: urn,
      startDate: calendarDate.describe("Not in the future: a child who has not started yet is still missing education"),
      child: noticedChild,
    })
    .meta({ id: "NewSchoolAdmissionNotice" }),
  answers: {
    201: {
      description: "The notice awaits acknowledgement",
      schema: z.strictObject({ ...noticeSummary.shape, warnings: z.array(warning) }).meta({ id: "SentNotice" }),
      location: true,
    },
  },
  handler: "functions/enquiries/send-school-admission-notice.ts",
});

export const listNotices = route({
  operationId: "listNotices",
  method: "GET",
  path: "/v1/notices",
  summary: "The caller's notices, newest first",
  access: reading,
  query: z.strictObject({
    box: z.enum(["inbox", "outbox"]).describe("What the caller's authority was told (inbox) or tells (outbox)"),
    state: z.enum(noticeStates).optional().describe("Only those in this state"),
    ...listing,
  }),
  answers: {
    200: {
      description: "One page of notices; filtered by state, it may be short or empty although next is set",
      schema: page(noticeSummary).meta({ id: "NoticePage" }),
    },
  },
  handler: "functions/enquiries/list-notices.ts",
});

export const getNotice = route({
  operationId: "getNotice",
  method: "GET",
  path: "/v1/notices/{id}",
  summary: "A notice, for the two authorities of which it is",
  access: reading,
  params: inPath,
  answers: { 200: { description: "The notice", schema: noticeSummary } },
  handler: "functions/enquiries/get-notice.ts",
});

export const readNoticedChild = route({
  operationId: "readNoticedChild",
  method: "GET",
  path: "/v1/notices/{id}/child",
  summary: "Whom the notice is about, until it is erased. Every read is an event that both sides see",
  access: { ...reading, proof: "committed" },
  params: inPath,
  answers: { 200: { description: "What went out with the notice", schema: noticedChild, otherMedia: sealedRecord } },
  refusals: ["no-encryption-key", "record-erased", "record-unreadable"],
  handler: "functions/enquiries/read-noticed-child.ts",
});

export const acknowledgeNotice = route({
  operationId: "acknowledgeNotice",
  method: "POST",
  path: "/v1/notices/{id}/acknowledgement",
  summary:
    "The home authority has taken note. It takes the child off its list by closing the entry as on-school-register with the notice's id",
  access: acting,
  params: inPath,
  body: z
    .strictObject({
      acknowledgedBy: contactId.describe("A named contact of the home authority's, in effect"),
      entryId: entryId.optional().describe("The entry on the caller's list that it is about, where there is one"),
    })
    .meta({ id: "NoticeAcknowledgement" }),
  answers: { 201: { description: "The notice, acknowledged", schema: noticeSummary } },
  refusals: ["not-your-role", "state-does-not-allow"],
  handler: "functions/enquiries/acknowledge-notice.ts",
});

export const listNoticeEvents = route({
  operationId: "listNoticeEvents",
  method: "GET",
  path: "/v1/notices/{id}/events",
  summary: "The notice's audit trail, a hash chain like a referral's",
  access: reading,
  params: inPath,
  query: z.strictObject(listing),
  answers: {
    200: {
      description: "One page of the hash chain, from the first event",
      schema: page(caseEvent).meta({ id: "NoticeEventPage" }),
    },
  },
  handler: "functions/enquiries/list-notice-events.ts",
});

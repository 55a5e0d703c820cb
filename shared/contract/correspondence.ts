import * as z from "zod";
import { daysOfWriting, messageKinds, mostCorrections, mostMessages } from "../domain/correspondence.ts";
import { enquiryOutcomeCodes, enquiryStepCodes } from "../domain/enquiry-steps.ts";
import { childRecord } from "./child-record.ts";
import { authorityCode, calendarDate, contactId, instant, multiLine, referralId, sha256Digest } from "./primitives.ts";
import { summary } from "./referrals.ts";
import { route } from "./route.ts";
import { warning } from "./warning.ts";

const inPath = z.strictObject({ id: referralId });
/** Every one of these shows or adds what tells of a child, so the proof's use commits with it. */
const access = { kind: "token", scope: "referrals", proof: "committed" } as const;

/** What an officer writes. It may name the child, so it is encrypted like the record. */
const text = multiLine(4000);

const message = z
  .strictObject({
    number: z.int().positive().describe("Of the event in the referral's trail that tells of it"),
    kind: z.enum(messageKinds),
    answers: z.int().positive().nullable().describe("The number of the question that it answers"),
    at: instant,
    authority: authorityCode,
    by: contactId,
  })
  .meta({ id: "Message", description: "A question or an answer about a referral, without its text" });

export const writeMessage = route({
  operationId: "writeMessage",
  method: "POST",
  path: "/v1/referrals/{id}/messages",
  summary: `Ask the other side of a referral something, or answer it. While the referral is open and for ${daysOfWriting} days after its end; at most ${mostMessages} on one referral`,
  access,
  params: inPath,
  body: z
    .strictObject({
      kind: z.enum(messageKinds),
      text,
      by: contactId.describe("A named contact of the caller's authority, in effect"),
      answers: z.int().positive().max(999_999).optional().describe("An answer's: the number of another's question"),
    })
    .meta({ id: "NewMessage" }),
  answers: { 201: { description: "The message as it is kept, without its text", schema: message } },
  refusals: ["state-does-not-allow"],
  handler: "functions/referrals/write-message.ts",
});

export const readMessages = route({
  operationId: "readMessages",
  method: "GET",
  path: "/v1/referrals/{id}/messages",
  summary: "The questions and answers about a referral. Every read is an event that both parties see",
  access,
  params: inPath,
  answers: {
    200: {
      description: "The messages in the order in which they were written",
      schema: z.strictObject({ items: z.array(z.strictObject({ ...message.shape, text })) }).meta({ id: "Messages" }),
    },
  },
  refusals: ["record-unreadable"],
  handler: "functions/referrals/read-messages.ts",
});

export const correctRecord = route({
  operationId: "correctRecord",
  method: "POST",
  path: "/v1/referrals/{id}/child",
  summary: `Either party corrects the child's record of an open referral: the whole record as it should be. Earlier versions stay readable, and a receipt or certificate covers the record as it stood when it was issued; at most ${mostCorrections} corrections`,
  access,
  params: inPath,
  body: z
    .strictObject({
      child: childRecord,
      by: contactId.describe("A named contact of the caller's authority, in effect"),
    })
    .meta({ id: "CorrectedRecord" }),
  answers: {
    201: {
      description: "The referral with the digest of the new version",
      schema: z.strictObject({ ...summary.shape, warnings: z.array(warning) }).meta({ id: "CorrectedReferral" }),
    },
  },
  refusals: ["not-your-role", "state-does-not-allow", "not-of-this-kind"],
  handler: "functions/referrals/correct-record.ts",
});

export const listRecordVersions = route({
  operationId: "listRecordVersions",
  method: "GET",
  path: "/v1/referrals/{id}/child/versions",
  summary: "The versions of the child's record: when each was given, by whom, and its digest",
  access: { ...access, proof: "remembered" },
  params: inPath,
  answers: {
    200: {
      description: "From the first, which was submitted, to the newest",
      schema: z
        .strictObject({
          items: z.array(
            z.strictObject({
              version: z.int().positive(),
              at: instant,
              authority: authorityCode,
              by: contactId,
              payloadDigest: sha256Digest.describe("Of this version as RFC 8785 canonical JSON"),
            }),
          ),
        })
        .meta({ id: "RecordVersions" }),
    },
  },
  handler: "functions/referrals/list-record-versions.ts",
});

export const readStepsOfReferral = route({
  operationId: "readStepsOfReferral",
  method: "GET",
  path: "/v1/referrals/{id}/enquiry-steps",
  summary:
    "The steps of enquiry that the sender has recorded on the child's entry, up to the referral's end, with their notes. Every read is an event that both parties see",
  access,
  params: inPath,
  answers: {
    200: {
      description: "In the order in which they were recorded",
      schema: z
        .strictObject({
          items: z.array(
            z.strictObject({
              step: z.enum(enquiryStepCodes),
              text: z.string().describe("The step in the guidance's words"),
              date: calendarDate,
              outcome: z.enum(enquiryOutcomeCodes),
              recordedAt: instant,
              note: z.string().nullable(),
            }),
          ),
          guidance: z.string().describe("Where the list of steps stands"),
        })
        .meta({ id: "StepsOfReferral" }),
    },
  },
  refusals: ["record-unreadable"],
  handler: "functions/referrals/read-steps-of-referral.ts",
});

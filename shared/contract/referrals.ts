import * as z from "zod";
import { referralStates } from "../domain/lifecycle.ts";
import { childRecord } from "./child-record.ts";
import { entry } from "./cme-list.ts";
import { listing, page } from "./listing.ts";
import {
  authorityCode,
  calendarDate,
  contactId,
  entryId,
  instant,
  multiLine,
  referralId,
  sha256Digest,
  urn,
} from "./primitives.ts";
import { route } from "./route.ts";
import { warning } from "./warning.ts";

const urgency = z.enum(["urgent", "standard"]);

export const summary = z.strictObject({
  id: referralId,
  sender: authorityCode,
  recipient: authorityCode,
  temporaryAuthority: authorityCode.nullable(),
  state: z.enum(referralStates),
  urgency,
  sentBy: contactId,
  submittedAt: instant,
  receiptDueAt: instant,
  overdue: z.boolean(),
  receivedAt: instant.nullable(),
  receivedBy: contactId.nullable(),
  finding: z.enum(["located", "not-located"]).nullable(),
  concludedAt: instant.nullable(),
  followsReferralId: referralId.nullable(),
  payloadDigest: sha256Digest,
  version: z.int().positive(),
});
export type Summary = z.output<typeof summary>;

const inPath = z.strictObject({ id: referralId });
const reading = { kind: "token", scope: "referrals", proof: "remembered" } as const;
const acting = { kind: "token", scope: "referrals", proof: "committed" } as const;
/** What an officer adds in words. It may name the child, so it is encrypted like the record. */
const note = multiLine(4000);
const compactJws = z.string().regex(/^[\w-]+\.[\w-]+\.[\w-]+$/);

export const submitReferral = route({
  operationId: "submitReferral",
  method: "POST",
  path: "/v1/referrals",
  summary: "Refer a child to the named contacts of the authority to which the child is believed to have moved",
  access: acting,
  body: z.strictObject({
    recipient: authorityCode,
    sentBy: contactId,
    child: childRecord,
    entryId: entryId.optional(),
    urgency: urgency.optional(),
    followsReferralId: referralId.optional(),
    temporaryAuthority: authorityCode.optional(),
  }),
  answers: {
    201: {
      description: "The referral awaits receipt; the child stays on the sender's list",
      schema: z.strictObject({ ...summary.shape, warnings: z.array(warning) }),
    },
  },
  handler: "functions/referrals/submit-referral.ts",
  cacheControl: "no-store",
});

export const listReferrals = route({
  operationId: "listReferrals",
  method: "GET",
  path: "/v1/referrals",
  summary: "The caller's referrals: the inbox by deadline, the outbox newest first",
  access: reading,
  query: z.strictObject({
    box: z.enum(["inbox", "outbox"]),
    state: z.enum(referralStates).optional(),
    overdue: z.enum(["true", "false"]).optional(),
    ...listing,
  }),
  answers: { 200: { description: "One page of summaries", schema: page(summary) } },
  handler: "functions/referrals/list-referrals.ts",
  cacheControl: "no-store",
});

export const getReferral = route({
  operationId: "getReferral",
  method: "GET",
  path: "/v1/referrals/{id}",
  summary: "A referral's summary",
  access: reading,
  params: inPath,
  answers: { 200: { description: "The summary", schema: summary } },
  handler: "functions/referrals/get-referral.ts",
  cacheControl: "no-store",
});

export const readChildRecord = route({
  operationId: "readChildRecord",
  method: "GET",
  path: "/v1/referrals/{id}/child",
  summary: "The child's record. Every read is an event that both parties see",
  access: { ...reading, proof: "committed" },
  params: inPath,
  answers: {
    200: {
      description:
        "The record exactly as it was sent; with Accept: application/jose, a JWE to the client's registered encryption key",
      schema: childRecord,
    },
  },
  handler: "functions/referrals/read-child-record.ts",
  cacheControl: "no-store",
});

export const readNotes = route({
  operationId: "readNotes",
  method: "GET",
  path: "/v1/referrals/{id}/notes",
  summary: "What officers wrote with their actions on the referral. Every read is an event that both parties see",
  access: { ...reading, proof: "committed" },
  params: inPath,
  answers: {
    200: {
      description: "The notes in the order of the events they belong to",
      schema: z.strictObject({ items: z.array(z.strictObject({ sequence: z.int().positive(), note })) }),
    },
  },
  handler: "functions/referrals/read-notes.ts",
  cacheControl: "no-store",
});

export const confirmReceipt = route({
  operationId: "confirmReceipt",
  method: "POST",
  path: "/v1/referrals/{id}/receipt",
  summary: "A named contact of the recipient confirms receipt: the child joins the recipient's list and the gate opens",
  access: acting,
  params: inPath,
  body: z.strictObject({ confirmedBy: contactId, note: note.optional() }),
  answers: {
    201: {
      description: "The signed receipt (compact JWS) and the referral",
      schema: z.strictObject({ receipt: compactJws, referral: summary }),
    },
  },
  handler: "functions/referrals/confirm-receipt.ts",
  cacheControl: "no-store",
});

export const getReceipt = route({
  operationId: "getReceipt",
  method: "GET",
  path: "/v1/referrals/{id}/receipt",
  summary: "The signed receipt again, for both parties",
  access: reading,
  params: inPath,
  answers: {
    200: {
      description: "The signed receipt (compact JWS) and the referral",
      schema: z.strictObject({ receipt: compactJws, referral: summary }),
    },
  },
  handler: "functions/referrals/get-receipt.ts",
  cacheControl: "no-store",
});

export const returnReferral = route({
  operationId: "returnReferral",
  method: "POST",
  path: "/v1/referrals/{id}/return",
  summary: "The recipient returns a referral that it can't take",
  access: acting,
  params: inPath,
  body: z.strictObject({
    reason: z.enum(["wrong-authority", "duplicate", "unreadable"]),
    suggestedRecipient: authorityCode.optional(),
    note: note.optional(),
  }),
  answers: { 201: { description: "The referral, returned", schema: summary } },
  handler: "functions/referrals/return-referral.ts",
  cacheControl: "no-store",
});

export const withdrawReferral = route({
  operationId: "withdrawReferral",
  method: "POST",
  path: "/v1/referrals/{id}/withdrawal",
  summary: "The sender withdraws a referral that awaits receipt; the child stays on its list",
  access: acting,
  params: inPath,
  body: z.strictObject({ reason: note }),
  answers: { 201: { description: "The referral, withdrawn", schema: summary } },
  handler: "functions/referrals/withdraw-referral.ts",
  cacheControl: "no-store",
});

export const recordFinding = route({
  operationId: "recordFinding",
  method: "POST",
  path: "/v1/referrals/{id}/finding",
  summary: "What the recipient's enquiries established",
  access: acting,
  params: inPath,
  body: z.strictObject({
    finding: z.enum(["located", "not-located"]),
    foundBy: contactId,
    note: note.optional(),
  }),
  answers: { 201: { description: "The referral with its finding", schema: summary } },
  handler: "functions/referrals/record-finding.ts",
  cacheControl: "no-store",
});

export const concludeReferral = route({
  operationId: "concludeReferral",
  method: "POST",
  path: "/v1/referrals/{id}/conclusion",
  summary: "The child is on a school's register, or receives suitable education otherwise than at school",
  access: acting,
  params: inPath,
  body: z.discriminatedUnion("outcome", [
    z.strictObject({ outcome: z.literal("on-school-register"), schoolUrn: urn, startDate: calendarDate }),
    z.strictObject({ outcome: z.literal("suitable-education-otherwise"), provision: note }),
  ]),
  answers: { 201: { description: "The referral, concluded", schema: summary } },
  handler: "functions/referrals/conclude-referral.ts",
  cacheControl: "no-store",
});

export const getRemoval = route({
  operationId: "getRemoval",
  method: "GET",
  path: "/v1/referrals/{id}/removal",
  summary:
    "May the sender take the child's name off its list now, and if not, why not; with the certificate once it has",
  access: reading,
  params: inPath,
  answers: {
    200: {
      description: "The gate",
      schema: z.strictObject({
        permitted: z.boolean(),
        reasons: z.array(z.strictObject({ code: z.string(), text: z.string(), guidance: z.string() })),
        certificate: compactJws.nullable(),
      }),
    },
  },
  handler: "functions/referrals/get-removal.ts",
  cacheControl: "no-store",
});

export const removeFromList = route({
  operationId: "removeFromList",
  method: "POST",
  path: "/v1/referrals/{id}/removal",
  summary: "The sender takes the child's name off its CME list because the recipient has confirmed receipt",
  access: acting,
  params: inPath,
  body: z.strictObject({ removedBy: contactId }),
  answers: {
    201: {
      description: "The signed removal certificate (compact JWS) and the closed entry",
      schema: z.strictObject({ certificate: compactJws, entry }),
    },
  },
  handler: "functions/referrals/remove-from-list.ts",
  cacheControl: "no-store",
});

export const listEvents = route({
  operationId: "listEvents",
  method: "GET",
  path: "/v1/referrals/{id}/events",
  summary:
    "The referral's audit trail. `hash` is sha-256: and base64url of SHA-256 over the RFC 8785 canonical JSON of the event without its `hash`; `previousHash` is the hash of the event before",
  access: reading,
  params: inPath,
  query: z.strictObject(listing),
  answers: {
    200: {
      description: "One page of the hash chain, from the first event",
      schema: page(
        z.strictObject({
          referralId,
          sequence: z.int().positive(),
          type: z.string(),
          at: instant,
          actor: z.strictObject({
            authority: authorityCode,
            clientId: z.string(),
            contactId: contactId.nullable(),
          }),
          details: z.record(z.string(), z.string()),
          previousHash: sha256Digest.nullable(),
          hash: sha256Digest,
        }),
      ),
    },
  },
  handler: "functions/referrals/list-events.ts",
  cacheControl: "no-store",
});

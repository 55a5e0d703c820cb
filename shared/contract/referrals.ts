import * as z from "zod";
import { eventTypes, referralKinds, referralStates } from "../domain/lifecycle.ts";
import { upnComparisons } from "../domain/upn.ts";
import { childRecord } from "./child-record.ts";
import { entry } from "./cme-list.ts";
import { listing, page } from "./listing.ts";
import { notesOf } from "./notes.ts";
import {
  authorityCode,
  calendarDate,
  contactId,
  directoryCode,
  entryId,
  instant,
  multiLine,
  referralId,
  sha256Digest,
  urn,
} from "./primitives.ts";
import { notYetCommenced, registeredChild } from "./registered-child.ts";
import { route } from "./route.ts";
import { sealedRecord } from "./sealed-record.ts";
import { warning } from "./warning.ts";

const urgency = z.enum(["urgent", "standard"]);

export const summary = z
  .strictObject({
    id: referralId,
    kind: z
      .enum(referralKinds)
      .describe("A register transfer is of no CME list: it is received, returned or withdrawn, and nothing else"),
    sender: authorityCode,
    recipient: authorityCode,
    temporaryAuthority: authorityCode
      .nullable()
      .describe("Where the family is in temporary accommodation: it may read the referral and the child's record"),
    state: z.enum(referralStates),
    urgency,
    sentBy: contactId,
    submittedAt: instant,
    receiptDueAt: instant.describe("When the recipient must have confirmed or returned it"),
    overdue: z.boolean().describe("Is it past receiptDueAt and still awaiting receipt?"),
    receivedAt: instant.nullable(),
    receivedBy: contactId.nullable(),
    finding: z.enum(["located", "not-located"]).nullable(),
    concludedAt: instant.nullable(),
    followsReferralId: referralId.nullable().describe("The referral by which the sender itself received the child"),
    commonTransferFile: z
      .strictObject({
        digest: sha256Digest.describe("Of the file's bytes"),
        upn: z
          .enum(upnComparisons)
          .describe("Is its UPN one of those in the record as it stood then? absent where either has none"),
      })
      .nullable()
      .describe("The child's common transfer file, if the sender attached one"),
    payloadDigest: sha256Digest.describe("Of the child's record, as it stands, as RFC 8785 canonical JSON"),
    recordVersion: z.int().positive().describe("Of the child's record: grows when it is corrected"),
    version: z.int().positive().describe("Grows with every event"),
  })
  .meta({ id: "Referral", description: "A referral's summary: all that is told of it outside the child's record" });
export type Summary = z.output<typeof summary>;

const inPath = z.strictObject({ id: referralId });
const reading = { kind: "token", scope: "referrals", proof: "remembered" } as const;
const acting = { kind: "token", scope: "referrals", proof: "committed" } as const;
/** What an officer adds in words. It may name the child, so it is encrypted like the record. */
const note = multiLine(4000);
const compactJws = z
  .string()
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  .describe("Compact JWS (ES256); its key is in /.well-known/jwks.json");
/** Why the gate is shut. */
export const removalReason = z
  .strictObject({
    code: z.string(),
    text: z.string(),
    guidance: z.string().describe("The sentence of the statutory guidance that it rests on, and its section"),
  })
  .meta({ id: "RemovalReason", description: "Why the child's name must stay on the sender's list" });
const receiptAnswer = z.strictObject({ receipt: compactJws, referral: summary }).meta({ id: "ReceiptAnswer" });
/** What an action is refused for when another party tries it, or another state has been reached. */
const actionRefusals = ["not-your-role", "state-does-not-allow"] as const;
/** The same of what a register transfer is not for. */
const handoffRefusals = [...actionRefusals, "not-of-this-kind"] as const;

export const newReferral = z
  .strictObject({
    kind: z.literal("missing-education").optional(),
    recipient: directoryCode.describe("The authority to which the child is believed to have moved: one in England"),
    sentBy: contactId.describe("A named contact of the sender's, in effect"),
    child: childRecord,
    entryId: entryId.optional().describe("The child's entry on the sender's list; made if absent"),
    urgency: urgency.optional().describe("standard if absent; any safeguarding concern makes it urgent"),
    followsReferralId: referralId.optional().describe("The referral by which the sender itself received the child"),
    temporaryAuthority: directoryCode
      .optional()
      .describe("Where the family is in temporary accommodation: it may read the referral and the child's record"),
  })
  .meta({ id: "NewReferral" });

const newRegisterTransfer = z
  .strictObject({
    kind: z.literal("register-transfer"),
    recipient: directoryCode.describe("The authority to which the child moves: one in England"),
    sentBy: contactId.describe("A named contact of the sender's, in effect"),
    child: registeredChild,
    urgency: urgency.optional().describe("standard if absent; a child protection plan or enquiry makes it urgent"),
  })
  .meta({
    id: "NewRegisterTransfer",
    description: `notYetCommenced: ${notYetCommenced}`,
  });

export const submitReferral = route({
  operationId: "submitReferral",
  method: "POST",
  path: "/v1/referrals",
  summary:
    "Refer a child to the named contacts of the authority to which the child is believed to have moved; or, as a register transfer, pass on what the register of children not in school holds of one who moves (notYetCommenced: see NewRegisterTransfer)",
  access: acting,
  body: z.discriminatedUnion("kind", [newReferral, newRegisterTransfer]).meta({ id: "ReferralRequest" }),
  answers: {
    201: {
      description: "The referral awaits receipt; the child stays on the sender's list",
      schema: z
        .strictObject({
          ...summary.shape,
          warnings: z.array(warning),
          notYetCommenced: z.string().optional().describe("Of a register transfer: why nobody may rely on it yet"),
        })
        .meta({ id: "SubmittedReferral" }),
      location: true,
    },
  },
  refusals: ["entry-already-referred", "entry-closed"],
  handler: "functions/referrals/submit-referral.ts",
});

export const listReferrals = route({
  operationId: "listReferrals",
  method: "GET",
  path: "/v1/referrals",
  summary: "The caller's referrals: the inbox by deadline, the others newest first",
  access: reading,
  query: z.strictObject({
    box: z
      .enum(["inbox", "outbox", "temporary"])
      .describe(
        "What the caller's authority is the recipient (inbox) or the sender (outbox) of, or named on as the one where the family is in temporary accommodation",
      ),
    state: z.enum(referralStates).optional().describe("Only those in this state"),
    overdue: z
      .enum(["true", "false"])
      .optional()
      .describe("true: only those past their deadline and still awaiting receipt; false: only the others"),
    ...listing,
  }),
  answers: {
    200: {
      description: "One page of summaries; filtered by overdue, it may be short or empty although next is set",
      schema: page(summary).meta({ id: "ReferralPage" }),
    },
  },
  handler: "functions/referrals/list-referrals.ts",
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
});

export const readChildRecord = route({
  operationId: "readChildRecord",
  method: "GET",
  path: "/v1/referrals/{id}/child",
  summary: "The child's record, as it stands or as it stood. Every read is an event that both parties see",
  access: { ...reading, proof: "committed" },
  params: inPath,
  query: z.strictObject({
    version: z
      .string()
      .regex(/^[1-9][0-9]{0,3}$/)
      .transform(Number)
      .optional()
      .describe("Which version of the record, from 1; the newest if absent"),
  }),
  answers: {
    200: {
      description: "The record exactly as it was sent",
      schema: z.union([childRecord, registeredChild]),
      otherMedia: sealedRecord,
    },
  },
  refusals: ["no-encryption-key", "record-unreadable"],
  handler: "functions/referrals/read-child-record.ts",
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
      schema: notesOf(note).meta({ id: "Notes" }),
    },
  },
  refusals: ["record-unreadable"],
  handler: "functions/referrals/read-notes.ts",
});

export const confirmReceipt = route({
  operationId: "confirmReceipt",
  method: "POST",
  path: "/v1/referrals/{id}/receipt",
  summary: "A named contact of the recipient confirms receipt: the child joins the recipient's list and the gate opens",
  access: acting,
  params: inPath,
  body: z
    .strictObject({
      confirmedBy: contactId.describe("A named contact of the recipient's, in effect"),
      note: note.optional(),
    })
    .meta({ id: "Confirmation" }),
  answers: {
    201: {
      description: "The signed receipt (compact JWS) and the referral",
      schema: receiptAnswer,
    },
  },
  refusals: actionRefusals,
  handler: "functions/referrals/confirm-receipt.ts",
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
      schema: receiptAnswer,
    },
  },
  handler: "functions/referrals/get-receipt.ts",
});

export const returnReferral = route({
  operationId: "returnReferral",
  method: "POST",
  path: "/v1/referrals/{id}/return",
  summary: "The recipient returns a referral that it can't take",
  access: acting,
  params: inPath,
  body: z
    .strictObject({
      reason: z.enum(["wrong-authority", "duplicate", "unreadable"]),
      suggestedRecipient: authorityCode.optional().describe("Where the child should be referred instead"),
      note: note.optional(),
    })
    .meta({ id: "Return" }),
  answers: { 201: { description: "The referral, returned", schema: summary } },
  refusals: actionRefusals,
  handler: "functions/referrals/return-referral.ts",
});

export const withdrawReferral = route({
  operationId: "withdrawReferral",
  method: "POST",
  path: "/v1/referrals/{id}/withdrawal",
  summary: "The sender withdraws a referral that awaits receipt; the child stays on its list",
  access: acting,
  params: inPath,
  body: z.strictObject({ reason: note }).meta({ id: "Withdrawal" }),
  answers: { 201: { description: "The referral, withdrawn", schema: summary } },
  refusals: actionRefusals,
  handler: "functions/referrals/withdraw-referral.ts",
});

export const recordFinding = route({
  operationId: "recordFinding",
  method: "POST",
  path: "/v1/referrals/{id}/finding",
  summary: "What the recipient's enquiries established",
  access: acting,
  params: inPath,
  body: z
    .strictObject({
      finding: z.enum(["located", "not-located"]),
      foundBy: contactId.describe("A named contact of the recipient's, in effect"),
      note: note.optional(),
    })
    .meta({ id: "Finding" }),
  answers: { 201: { description: "The referral with its finding", schema: summary } },
  refusals: handoffRefusals,
  handler: "functions/referrals/record-finding.ts",
});

export const concludeReferral = route({
  operationId: "concludeReferral",
  method: "POST",
  path: "/v1/referrals/{id}/conclusion",
  summary: "The child is on a school's register, or receives suitable education otherwise than at school",
  access: acting,
  params: inPath,
  body: z
    .discriminatedUnion("outcome", [
      z.strictObject({
        outcome: z.literal("on-school-register"),
        schoolUrn: urn,
        startDate: calendarDate.describe(
          "Not in the future: a child who has not started yet is still missing education",
        ),
      }),
      z.strictObject({ outcome: z.literal("suitable-education-otherwise"), provision: note }),
    ])
    .meta({ id: "Conclusion" }),
  answers: { 201: { description: "The referral, concluded", schema: summary } },
  refusals: handoffRefusals,
  handler: "functions/referrals/conclude-referral.ts",
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
      schema: z
        .strictObject({
          permitted: z.boolean(),
          reasons: z.array(removalReason),
          certificate: compactJws.nullable().describe("The signed removal certificate; null until there is one"),
        })
        .meta({ id: "RemovalGate" }),
    },
  },
  refusals: ["not-your-role", "not-of-this-kind"],
  handler: "functions/referrals/get-removal.ts",
});

export const removeFromList = route({
  operationId: "removeFromList",
  method: "POST",
  path: "/v1/referrals/{id}/removal",
  summary: "The sender takes the child's name off its CME list because the recipient has confirmed receipt",
  access: acting,
  params: inPath,
  body: z
    .strictObject({ removedBy: contactId.describe("A named contact of the sender's, in effect") })
    .meta({ id: "Removal" }),
  answers: {
    201: {
      description: "The signed removal certificate (compact JWS) and the closed entry",
      schema: z.strictObject({ certificate: compactJws, entry }).meta({ id: "RemovalAnswer" }),
    },
  },
  refusals: ["not-your-role", "not-of-this-kind", "removal-not-permitted"],
  handler: "functions/referrals/remove-from-list.ts",
});

export const addTemporaryEntry = route({
  operationId: "addTemporaryEntry",
  method: "POST",
  path: "/v1/referrals/{id}/temporary-entry",
  summary:
    "The authority where the family is in temporary accommodation adds the child to its own CME list, with the referral's record as it stands. Guidance, “Children in temporary accommodation”: where the pupil’s name is deleted from the admission register, it would be the temporary local authority’s responsibility to investigate; where the Home Office houses the child, it assumes CME responsibilities",
  access: acting,
  params: inPath,
  body: z.strictObject({}),
  answers: {
    201: {
      description:
        "The entry on the temporary authority's list; those of the sender and the recipient stay as they are",
      schema: entry,
      location: true,
    },
  },
  refusals: ["not-your-role", "already-there", "state-does-not-allow", "record-unreadable"],
  handler: "functions/referrals/add-temporary-entry.ts",
});

const event = z
  .strictObject({
    referralId,
    sequence: z.int().positive().describe("From 1, without gaps"),
    type: z.enum(eventTypes),
    at: instant,
    actor: z.strictObject({
      authority: z
        .union([authorityCode, z.literal("exchange")])
        .describe("Who acted; `exchange` where a deadline passed and nobody did"),
      clientId: z.string(),
      contactId: contactId.nullable().describe("On whose word; null where no contact was named"),
    }),
    details: z.record(z.string(), z.string()),
    previousHash: sha256Digest.nullable().describe("The hash of the event before; null for the first"),
    hash: sha256Digest.describe("Over the RFC 8785 canonical JSON of the event without its hash"),
  })
  .meta({ id: "Event", description: "A link of a referral's audit trail" });

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
      schema: page(event).meta({ id: "EventPage" }),
    },
  },
  handler: "functions/referrals/list-events.ts",
});

import * as z from "zod";
import { caseEventTypes } from "../domain/case-events.ts";
import { contactId, instant, sha256Digest } from "./primitives.ts";

/** A link of the hash chain of an entry, an enquiry or a notice: everything that is hashed. */
export const caseEvent = z
  .strictObject({
    subject: z.string().describe("entry#, enquiry# or notice# and the id"),
    sequence: z.int().positive(),
    type: z.enum(caseEventTypes),
    at: instant,
    actor: z.strictObject({ authority: z.string(), clientId: z.string(), contactId: contactId.nullable() }),
    details: z.record(z.string(), z.string()).describe("Facts without child data: codes, digests, ids and dates"),
    previousHash: sha256Digest.nullable(),
    hash: sha256Digest.describe("SHA-256 over the RFC 8785 canonical JSON of this event without its hash"),
  })
  .meta({ id: "CaseEvent", description: "One link of the audit trail of an entry, an enquiry or a notice" });

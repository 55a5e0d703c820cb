import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from "jose";
import * as z from "zod";
import { authorityCode, contactId, instant, referralId, sha256Digest, uuidV7 } from "../contract/primitives.ts";
import type { Contact } from "../domain/contacts.ts";
import type { ReferralEvent } from "../domain/event-chain.ts";
import type { Referral } from "../domain/referral.ts";

/** The `typ` of a receipt and of a removal certificate, so that neither passes for the other or for a token (RFC 8725). */
export const evidenceTypes = { receipt: "cme-receipt+jwt", removal: "cme-removal+jwt" } as const;

/** What a receipt and a removal certificate say. `at` and the digests bind them to the event and to the record (R4). */
export const evidenceClaims = z.strictObject({
  iss: z.string(),
  iat: z.int(),
  jti: uuidV7,
  kind: z.enum(["receipt", "removal"]),
  referralId,
  sender: authorityCode,
  recipient: authorityCode,
  by: z.strictObject({ contactId, name: z.string(), role: z.enum(["lead", "deputy", "inbox"]) }),
  at: instant,
  payloadDigest: sha256Digest,
  eventHash: sha256Digest,
});
export type EvidenceClaims = z.output<typeof evidenceClaims>;

export const claimsOf = (
  kind: EvidenceClaims["kind"],
  fact: { issuer: string; id: string; referral: Referral; event: ReferralEvent; by: Contact },
): z.input<typeof evidenceClaims> => ({
  iss: fact.issuer,
  iat: Math.floor(Date.parse(fact.event.at) / 1000),
  jti: fact.id,
  kind,
  referralId: fact.referral.referralId,
  sender: fact.referral.sender,
  recipient: fact.referral.recipient,
  by: { contactId: fact.by.contactId, name: fact.by.name, role: fact.by.role },
  at: fact.event.at,
  payloadDigest: fact.referral.payloadDigest,
  eventHash: fact.event.hash,
});

/**
 * Verifies a receipt or removal certificate offline, with nothing but the published key set.
 * @throws Error that says what is wrong: the signature, the key, the type or the claims
 */
export const verifyEvidence = async (jws: string, keys: JSONWebKeySet): Promise<EvidenceClaims> => {
  const { payload, protectedHeader } = await compactVerify(jws.trim(), createLocalJWKSet(keys), {
    algorithms: ["ES256"],
  });
  const claims = evidenceClaims.parse(JSON.parse(new TextDecoder().decode(payload)));
  if (protectedHeader.typ !== evidenceTypes[claims.kind]) throw new Error(`typ is not that of a ${claims.kind}`);
  return claims;
};

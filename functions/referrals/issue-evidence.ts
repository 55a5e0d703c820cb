import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import type { Step } from "../../shared/domain/referral.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import { claimsOf, type EvidenceClaims, evidenceTypes } from "../../shared/keys/evidence.ts";
import { keyRing } from "../../shared/keys/key-set.ts";
import { actionDependencies } from "./act-on-referral.ts";

/** What an action needs that ends in a signed receipt or certificate. */
export const evidenceDependencies = () => {
  const given = actionDependencies();
  const { EVIDENCE_KEYS } = environment("EVIDENCE_KEYS");
  return { ...given, issuer: accessSettings().issuer, signer: keyRing(given.kms, EVIDENCE_KEYS).current };
};
export type EvidenceDependencies = ReturnType<typeof evidenceDependencies>;

/**
 * Signs what a step is evidence of. It is signed before the step commits and leaves only with it: the signature of a lost
 * race is thrown away.
 */
export const issueEvidence = (
  { issuer, signer }: EvidenceDependencies,
  kind: EvidenceClaims["kind"],
  { before: referral, event }: Step,
  by: Contact,
): Promise<string> => signer.sign(evidenceTypes[kind], claimsOf(kind, { issuer, id: uuidV7(), referral, event, by }));

import type { KMSClient } from "@aws-sdk/client-kms";
import { type PublicJwk, type SigningKey, signingKey } from "./signing.ts";

/**
 * The keys of one purpose: the first signs, all of them verify, so that what a former key signed stays verifiable.
 * @param ids KMS key ids or ARNs, separated by commas
 */
export type KeyRing = { current: SigningKey; publicJwks(): Promise<PublicJwk[]> };

export const keyRing = (kms: KMSClient, ids: string): KeyRing => {
  const [current, ...former] = ids.split(",").map((id) => signingKey(kms, id.trim()));
  if (!current) throw new TypeError("A key ring needs a key");
  return { current, publicJwks: () => Promise.all([current, ...former].map((key) => key.publicJwk())) };
};

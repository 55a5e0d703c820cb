import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from "jose";
import * as z from "zod";
import { directoryCode, instant, sha256Digest, uuidV7 } from "../contract/primitives.ts";

/** The `typ` of an evidence pack's signature, so that it passes for no receipt and no token (RFC 8725). */
export const packType = "cme-evidence-pack+jwt";

/**
 * What is signed of an evidence pack: its manifest by its digest, because KMS signs no more than 4,096 bytes as they are;
 * the manifest has the digest of every other file.
 */
export const packClaims = z.strictObject({
  iss: z.string(),
  iat: z.int(),
  jti: uuidV7,
  kind: z.literal("evidence-pack"),
  subject: z.string().regex(/^(referral|entry)#[0-9a-f-]{36}$/),
  /** The authority that asked for it. */
  madeFor: directoryCode,
  at: instant,
  manifestDigest: sha256Digest,
});
export type PackClaims = z.output<typeof packClaims>;

/**
 * Verifies the signature of an evidence pack's manifest offline, with nothing but the published key set.
 * @throws Error that says what is wrong: the signature, the key, the type or the claims
 */
export const verifyPackSignature = async (jws: string, keys: JSONWebKeySet): Promise<PackClaims> => {
  const { payload, protectedHeader } = await compactVerify(jws.trim(), createLocalJWKSet(keys), {
    algorithms: ["ES256"],
  });
  if (protectedHeader.typ !== packType) throw new Error("typ is not that of an evidence pack");
  return packClaims.parse(JSON.parse(new TextDecoder().decode(payload)));
};

import { GenerateMacCommand, type KMSClient } from "@aws-sdk/client-kms";

/**
 * Fingerprints of normalised texts (see {@link file://../domain/fingerprint-input.ts}): HMAC-SHA-256 under a key that never
 * leaves KMS, as 43 characters of base64url. Whoever has the stored fingerprints and not the key can't try names on them.
 * One KMS call for each text, all at once.
 *
 * @param keyId of a key with the specification HMAC_256
 * @returns one for each text, in their order
 */
export const fingerprints = (kms: KMSClient, keyId: string, inputs: readonly string[]): Promise<string[]> =>
  Promise.all(inputs.map((input) => fingerprint(kms, keyId, input)));

const fingerprint = async (kms: KMSClient, keyId: string, input: string): Promise<string> => {
  const { Mac } = await kms.send(
    new GenerateMacCommand({ KeyId: keyId, MacAlgorithm: "HMAC_SHA_256", Message: Buffer.from(input, "utf8") }),
  );
  if (!Mac) throw new TypeError("KMS answered without a MAC");
  return Buffer.from(Mac).toString("base64url");
};

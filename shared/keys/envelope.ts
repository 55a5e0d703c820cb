import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from "@aws-sdk/client-kms";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import { isServiceFailure } from "../aws/client-settings.ts";

/**
 * What a ciphertext belongs to. KMS unwraps the data key only for the very context it was wrapped with, so a ciphertext
 * that is moved to another referral, entry or note can't be opened.
 */
export type EncryptionContext = Record<string, string>;

/** The envelope could not be opened. Says which lock held, and nothing of what is inside. */
export class EnvelopeRefused extends Error {
  override readonly name = "EnvelopeRefused";
  readonly because: "envelope-malformed" | "key-refused" | "ciphertext-altered";
  constructor(because: EnvelopeRefused["because"]) {
    super(because);
    this.because = because;
  }
}

/**
 * Seals text under a fresh data key: a compact JWE (RFC 7516; `dir`, A256GCM) whose protected header carries the data key
 * as KMS wrapped it (`wrappedKey`, base64url). One KMS call.
 */
export const seal = async (
  kms: KMSClient,
  keyId: string,
  context: EncryptionContext,
  text: string,
): Promise<string> => {
  const { Plaintext, CiphertextBlob } = await kms.send(
    new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: "AES_256", EncryptionContext: context }),
  );
  if (!Plaintext || !CiphertextBlob) throw new TypeError("KMS answered without a data key");
  try {
    return await new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({
        alg: "dir",
        enc: "A256GCM",
        wrappedKey: Buffer.from(CiphertextBlob).toString("base64url"),
      })
      .encrypt(Plaintext);
  } finally {
    Plaintext.fill(0);
  }
};

/**
 * Opens what {@link seal} sealed. One KMS call.
 * @throws EnvelopeRefused when it was altered, moved, or asked for with another context; the service's own error when KMS
 * is not available
 */
export const open = async (
  kms: KMSClient,
  keyId: string,
  context: EncryptionContext,
  envelope: string,
): Promise<string> => {
  const dataKey = await unwrap(kms, keyId, context, wrappedKeyOf(envelope));
  try {
    const { plaintext } = await compactDecrypt(envelope, dataKey, {
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plaintext);
  } catch {
    throw new EnvelopeRefused("ciphertext-altered");
  } finally {
    dataKey.fill(0);
  }
};

const wrappedKeyOf = (envelope: string): Buffer => {
  try {
    const { wrappedKey } = decodeProtectedHeader(envelope);
    if (typeof wrappedKey === "string" && wrappedKey !== "") return Buffer.from(wrappedKey, "base64url");
  } catch {
    throw new EnvelopeRefused("envelope-malformed");
  }
  throw new EnvelopeRefused("envelope-malformed");
};

const unwrap = async (kms: KMSClient, keyId: string, context: EncryptionContext, wrapped: Buffer) => {
  try {
    const { Plaintext } = await kms.send(
      new DecryptCommand({ KeyId: keyId, CiphertextBlob: wrapped, EncryptionContext: context }),
    );
    if (Plaintext) return Plaintext;
  } catch (error) {
    if (isServiceFailure(error)) throw error;
  }
  throw new EnvelopeRefused("key-refused");
};

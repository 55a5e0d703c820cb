import { createHash } from "node:crypto";
import { type CreateKeyCommandInput, KMSClient } from "@aws-sdk/client-kms";

export const NO_SUCH_ID = "0198f0c0-1111-4000-8000-00000000dead";
export const ENCRYPTION: CreateKeyCommandInput = {};
export const SIGNATURE: CreateKeyCommandInput = { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" };
export const MAC: CreateKeyCommandInput = { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" };
export const ECDSA = { SigningAlgorithm: "ECDSA_SHA_256" } as const;
export const HMAC = { MacAlgorithm: "HMAC_SHA_256" } as const;

export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const textOf = (blob: Uint8Array | undefined): string => Buffer.from(blob ?? []).toString();
export const sha256 = (message: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("sha256").update(message).digest());
export const named = (name: string) => ({ name });

/** The blob with one bit of the byte at `index` turned. */
export const altered = (blob: Uint8Array, index: number): Uint8Array => blob.with(index, (blob[index] ?? 0) ^ 1);

export const required = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("the answer lacks a member");
  return value;
};

export const clientOf = (url: string): KMSClient =>
  new KMSClient({
    endpoint: url,
    region: "eu-west-2",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });

import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/** A SHA-256 digest as text: `sha-256:` and 43 characters of base64url. */
export type Digest = `sha-256:${string}`;

/**
 * The canonical JSON of a value (RFC 8785). Whoever holds the same record gets the same bytes, in any language.
 * @throws TypeError for what JSON can't hold.
 */
export const canonicalJson = (value: unknown): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("This value has no canonical JSON.");
  return text;
};

export const digestOfBytes = (bytes: Uint8Array): Digest =>
  `sha-256:${createHash("sha256").update(bytes).digest("base64url")}`;

/** SHA-256 of UTF-8 text. */
export const digestOfText = (text: string): Digest => digestOfBytes(Buffer.from(text, "utf8"));

/** SHA-256 over the RFC 8785 canonical JSON: what receipts and certificates are bound to. */
export const digestOf = (value: unknown): Digest => digestOfText(canonicalJson(value));

import { createLocalJWKSet, flattenedVerify, type JSONWebKeySet } from "jose";
import * as z from "zod";
import type { Format } from "../domain/publication.ts";
import type { SigningKey } from "./signing.ts";

/** The `typ` of a publication's signature, so that it passes for nothing else that the exchange signs (RFC 8725). */
const typ = "cme-contact-list+jws";

/** As `cty` has it (RFC 7515 section 4.1.10): without `application/`. */
const contentTypes = { json: "json", csv: "text/csv" } as const satisfies Record<Format, string>;

const header = z.object({
  typ: z.literal(typ),
  cty: z.enum(contentTypes),
  iss: z.string(),
  iat: z.int(),
  publication: z.int().positive(),
});

/** What a signature says of the document: whose publication it is, which one, from when, and in what format. */
export type SignedAs = { issuer: string; number: number; publishedAt: string; format: Format };

/** The number and the moment are in the header, so that the CSV too, which has no place for them, can't pass for another. */
export const signPublication = (
  signer: SigningKey,
  { issuer, number, publishedAt, format }: SignedAs,
  document: string,
): Promise<string> =>
  signer.signDetached(
    {
      typ,
      cty: contentTypes[format],
      iss: issuer,
      iat: Math.floor(Date.parse(publishedAt) / 1000),
      publication: number,
    },
    Buffer.from(document),
  );

/**
 * Verifies a publication offline, with nothing but the published key set.
 * @param document its bytes as they were answered
 * @throws Error that says what is wrong: the signature, the key, the type or the number
 */
export const verifyPublication = async (
  signature: string,
  document: Uint8Array,
  keys: JSONWebKeySet,
): Promise<Omit<SignedAs, "publishedAt"> & { signedAt: string }> => {
  const [protectedHeader = "", content, signed = "", ...more] = signature.trim().split(".");
  if (content !== "" || more.length > 0) throw new Error("This is no signature with detached content.");
  const verified = await flattenedVerify(
    { protected: protectedHeader, payload: Buffer.from(document).toString("base64url"), signature: signed },
    createLocalJWKSet(keys),
    { algorithms: ["ES256"] },
  );
  const { iss: issuer, iat, publication: number, cty } = header.parse(verified.protectedHeader);
  const format = cty === contentTypes.csv ? "csv" : "json";
  if (format === "json" && numberIn(document) !== number) throw new Error("The document has another number.");
  return { issuer, number, signedAt: new Date(iat * 1000).toISOString(), format };
};

const numberIn = (document: Uint8Array): unknown =>
  z.object({ number: z.int() }).parse(JSON.parse(new TextDecoder().decode(document))).number;

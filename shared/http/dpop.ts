import { createHash } from "node:crypto";
import type { APIGatewayProxyEvent } from "aws-lambda";
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK, type JWK } from "jose";
import * as z from "zod";
import { digestOf } from "../domain/canonical.ts";
import { accessRefused } from "../domain/refusals.ts";
import type { Proof } from "./call.ts";
import { headerValues } from "./headers.ts";

/** The asymmetric algorithms that clients may sign with. */
export const clientAlgorithms = ["ES256", "PS256", "EdDSA"];

/** Seconds: how old a proof may be, and by how much a client's clock may be off. */
const proofLifetime = 60;
export const clockSkew = 10;

const claimsSchema = z.looseObject({
  jti: z
    .string()
    .min(1)
    .max(256)
    .refine((jti) => jti.isWellFormed()),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string().optional(),
});

/**
 * Verifies a proof of possession: every check of RFC 9449 section 4.3 but the single use of its `jti`, which is written
 * when the request commits.
 * @param origins the exchange's configured public addresses; `htu` is compared with these and never with a header
 * @param accessToken where a token is presented with the proof: its hash must be in `ath`
 * @throws Refusal that says which check failed
 */
export const verifyProof = async (
  event: APIGatewayProxyEvent,
  { origins, now, accessToken }: { origins: readonly string[]; now: string; accessToken?: string },
): Promise<Proof & { thumbprint: string }> => {
  const jwt = onlyProof(event);
  const jwk = proofKey(jwt);
  const [claims, thumbprint] = await Promise.all([verifiedClaims(jwt, jwk), thumbprintOf(jwk)]);
  if (claims.htm !== event.httpMethod)
    throw accessRefused("dpop-method", "The proof's htm is not this request's method.");
  if (!isThisAddress(claims.htu, origins, event.path)) {
    throw accessRefused("dpop-uri", "The proof's htu is not this request's address.");
  }
  const age = Date.parse(now) / 1000 - claims.iat;
  if (age > proofLifetime + clockSkew) {
    throw accessRefused("dpop-too-old", `The proof's iat is more than ${proofLifetime} seconds ago.`);
  }
  if (age < -clockSkew) {
    throw accessRefused("dpop-from-the-future", `The proof's iat is more than ${clockSkew} seconds ahead.`);
  }
  if (accessToken !== undefined && claims.ath !== hashOf(accessToken)) {
    throw accessRefused("dpop-token-hash", "The proof's ath is not the hash of the access token.");
  }
  return {
    thumbprint,
    id: digestOf(["dpop", thumbprint, claims.jti]),
    expiresAt: Math.ceil(claims.iat + proofLifetime + 2 * clockSkew),
    spent: false,
  };
};

const thumbprintOf = async (jwk: JWK): Promise<string> => {
  try {
    return await calculateJwkThumbprint(jwk);
  } catch {
    throw accessRefused("dpop-key", "The proof's jwk is not a public key for its alg.");
  }
};

const hashOf = (token: string): string => createHash("sha256").update(token, "ascii").digest("base64url");

const onlyProof = (event: APIGatewayProxyEvent): string => {
  const values = headerValues(event, "dpop");
  const [value] = values;
  if (value === undefined || value.trim() === "") {
    throw accessRefused("dpop-missing", "The request has no DPoP header.");
  }
  if (values.length > 1 || value.includes(",")) {
    throw accessRefused("dpop-multiple", "The request has more than one DPoP header.");
  }
  return value.trim();
};

const proofKey = (jwt: string): JWK => {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(jwt);
  } catch {
    throw accessRefused("dpop-malformed", "The proof is not a JWT.");
  }
  if (header.typ !== "dpop+jwt") throw accessRefused("dpop-type", "The proof's typ is not dpop+jwt.");
  if (!clientAlgorithms.includes(header.alg ?? "")) {
    throw accessRefused("dpop-algorithm", "The proof's alg is not ES256, PS256 or EdDSA.");
  }
  const jwk = header.jwk as JWK | undefined;
  if (typeof jwk !== "object" || jwk === null || Array.isArray(jwk)) {
    throw accessRefused("dpop-key", "The proof's header has no public key (jwk).");
  }
  if (["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"].some((secret) => secret in jwk)) {
    throw accessRefused("dpop-private-key", "The proof's jwk holds a private or symmetric key.");
  }
  return jwk;
};

const verifiedClaims = async (jwt: string, jwk: JWK) => {
  const { alg } = decodeProtectedHeader(jwt);
  let key: Awaited<ReturnType<typeof importJWK>>;
  try {
    key = await importJWK(jwk, alg);
  } catch {
    throw accessRefused("dpop-key", "The proof's jwk is not a public key for its alg.");
  }
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(jwt, key, { algorithms: clientAlgorithms }));
  } catch {
    throw accessRefused("dpop-signature", "The proof's signature does not verify with its jwk.");
  }
  try {
    return claimsSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)));
  } catch {
    throw accessRefused(
      "dpop-claims",
      "The proof must have the claims jti (at most 256 characters), htm, htu and iat.",
    );
  }
};

/** RFC 9449 section 4.3, step 9: without query and fragment, after normalisation (RFC 3986). */
const isThisAddress = (htu: string, origins: readonly string[], path: string): boolean => {
  if (!URL.canParse(htu)) return false;
  const { origin, pathname, username, password } = new URL(htu);
  return username === "" && password === "" && pathname === path && origins.includes(origin);
};

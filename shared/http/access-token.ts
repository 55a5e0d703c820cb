import type { APIGatewayProxyEvent } from "aws-lambda";
import { compactVerify, decodeProtectedHeader } from "jose";
import * as z from "zod";
import { accessRefused } from "../domain/refusals.ts";
import type { KeyRing } from "../keys/key-set.ts";
import type { PublicJwk } from "../keys/signing.ts";
import type { Caller } from "./call.ts";
import { clockSkew } from "./dpop.ts";
import { headerValues } from "./headers.ts";

/** Seconds that an access token lives. */
export const tokenLifetime = 600;

/** Claims of an access token: RFC 9068 section 2.2, with the key it is bound to (RFC 9449 section 6.1). */
const tokenClaims = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: z.string(),
  client_id: z.string(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string(),
  scope: z.string(),
  /** The DfE number of the authority whose client this is, or `dfe`. */
  authority: z.string(),
  cnf: z.strictObject({ jkt: z.string() }),
});
export type TokenClaims = z.output<typeof tokenClaims>;

/**
 * The token as presented: `Authorization: DPoP …`, once.
 * @throws Refusal that says which check failed
 */
export const presentedToken = (event: APIGatewayProxyEvent): string => {
  const [value, ...more] = headerValues(event, "authorization");
  if (value === undefined || value.trim() === "") {
    throw accessRefused("token-missing", "The request has no Authorization header.");
  }
  if (more.length > 0) throw accessRefused("token-multiple", "The request has more than one Authorization header.");
  const [, token] = /^DPoP +(\S+)$/i.exec(value.trim()) ?? [];
  if (token === undefined) {
    throw accessRefused("token-scheme", "The Authorization header must be DPoP followed by one access token.");
  }
  return token;
};

/**
 * Verifies an access token (RFC 9068 section 4): type, algorithm, key, signature, issuer, audience and lifetime.
 * @throws Refusal that says which check failed
 */
export const verifyToken = async (
  token: string,
  { keys, issuer, audience, now }: { keys: KeyRing; issuer: string; audience: string; now: string },
): Promise<{ caller: Caller; boundTo: string }> => {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    throw accessRefused("token-malformed", "The access token is not a JWT.");
  }
  if (typeof header.typ !== "string" || header.typ.toLowerCase() !== "at+jwt") {
    throw accessRefused("token-type", "The access token's typ is not at+jwt.");
  }
  if (header.alg !== "ES256") throw accessRefused("token-algorithm", "The access token's alg is not ES256.");
  const jwk = (await keys.publicJwks()).find(({ kid }) => kid === header.kid);
  if (!jwk) throw accessRefused("token-key", "The access token's kid is not one of the published keys.");
  const claims = await verifiedClaims(token, jwk);
  if (claims.iss !== issuer) throw accessRefused("token-issuer", "The access token's iss is not this exchange.");
  if (claims.aud !== audience) throw accessRefused("token-audience", "The access token's aud is not this API.");
  const seconds = Date.parse(now) / 1000;
  if (claims.exp <= seconds) throw accessRefused("token-expired", "The access token has expired.");
  if (claims.iat > seconds + clockSkew) {
    throw accessRefused("token-not-yet-valid", "The access token's iat is in the future.");
  }
  return {
    caller: { clientId: claims.client_id, authority: claims.authority, scopes: new Set(claims.scope.split(" ")) },
    boundTo: claims.cnf.jkt,
  };
};

/** jose imports a JWK once and remembers it by its object, which is the same for the life of the process. */
const verifiedClaims = async (token: string, key: PublicJwk): Promise<TokenClaims> => {
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(token, key, { algorithms: ["ES256"] }));
  } catch {
    throw accessRefused("token-signature", "The access token's signature does not verify.");
  }
  const claims = tokenClaims.safeParse(JSON.parse(new TextDecoder().decode(payload)));
  if (!claims.success) throw accessRefused("token-claims", "The access token lacks a claim that it must have.");
  return claims.data;
};

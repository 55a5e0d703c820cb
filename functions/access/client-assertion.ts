import { compactVerify, decodeJwt, decodeProtectedHeader, importJWK, type JWK } from "jose";
import * as z from "zod";
import { digestOf } from "../../shared/domain/canonical.ts";
import { clientAlgorithms, clockSkew } from "../../shared/http/dpop.ts";
import type { Client } from "../../shared/store/clients.ts";
import type { SingleUse } from "../../shared/store/proofs.ts";

/** Seconds: how far ahead an assertion's `exp` may be. */
const longestAssertion = 300;

/** No client id is anything else (RFC 6749 appendix A.1: visible ASCII). */
const plainClientId = /^[\x21-\x7e]{1,256}$/;

/** The client is not authenticated (RFC 6749 section 5.2). The message says which check failed. */
export class ClientRefused extends Error {
  override readonly name = "ClientRefused";
}

/** The same whether the client is unknown or inactive. */
const notActive = () => new ClientRefused("The client assertion's iss is not an active client.");

const claimsSchema = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number(),
  iat: z.number().optional(),
  nbf: z.number().optional(),
  jti: z
    .string()
    .min(1)
    .max(256)
    .refine((jti) => jti.isWellFormed()),
});

/**
 * Who the assertion says it is from: not yet verified, good only for looking up the client.
 * @throws ClientRefused
 */
export const claimedClient = (assertion: string): string => {
  try {
    const { alg, kid } = decodeProtectedHeader(assertion);
    if (!clientAlgorithms.includes(alg ?? "")) {
      throw new ClientRefused("The client assertion's alg is not ES256, PS256 or EdDSA.");
    }
    if (typeof kid !== "string") throw new ClientRefused("The client assertion's header has no kid.");
    const { iss } = decodeJwt(assertion);
    if (typeof iss !== "string" || iss === "") throw new ClientRefused("The client assertion has no iss.");
    if (!plainClientId.test(iss)) throw notActive();
    return iss;
  } catch (error) {
    throw error instanceof ClientRefused ? error : new ClientRefused("The client assertion is not a JWT.");
  }
};

/**
 * Verifies a client assertion: every check of RFC 7523 section 3 but the single use of its `jti`, which commits with
 * that of the proof.
 * @throws ClientRefused that says which check failed
 */
export const verifyAssertion = async (
  assertion: string,
  client: Client | undefined,
  { issuer, now }: { issuer: string; now: string },
): Promise<SingleUse> => {
  if (!client?.active) throw notActive();
  const { kid, alg } = decodeProtectedHeader(assertion);
  const key = client.keys.find((each) => each.kid === kid && each.use !== "enc");
  if (!key) throw new ClientRefused("The client assertion's kid is not one of the client's registered keys.");
  if (key.alg !== undefined && key.alg !== alg) {
    throw new ClientRefused("The client assertion's alg is not that of the registered key.");
  }
  const claims = await verifiedClaims(assertion, key, alg);
  if (claims.sub !== client.clientId || claims.iss !== client.clientId) {
    throw new ClientRefused("The client assertion's sub is not its iss.");
  }
  const audiences = [claims.aud].flat();
  if (audiences.length !== 1 || audiences[0] !== issuer) {
    throw new ClientRefused("The client assertion's aud is not this issuer alone.");
  }
  const seconds = Date.parse(now) / 1000;
  if (claims.exp <= seconds - clockSkew) throw new ClientRefused("The client assertion has expired.");
  if (claims.exp > seconds + longestAssertion + clockSkew) {
    throw new ClientRefused("The client assertion's exp is more than 5 minutes ahead.");
  }
  if (claims.iat !== undefined && claims.iat > seconds + clockSkew) {
    throw new ClientRefused("The client assertion's iat is in the future.");
  }
  if (claims.nbf !== undefined && claims.nbf > seconds + clockSkew) {
    throw new ClientRefused("The client assertion's nbf is in the future.");
  }
  return {
    id: digestOf(["assertion", client.clientId, claims.jti]),
    expiresAt: Math.ceil(claims.exp + 2 * clockSkew),
  };
};

const verifiedClaims = async (assertion: string, key: JWK, alg: string | undefined) => {
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(assertion, await importJWK(key, alg), { algorithms: clientAlgorithms }));
  } catch {
    throw new ClientRefused("The client assertion's signature does not verify.");
  }
  const claims = claimsSchema.safeParse(JSON.parse(new TextDecoder().decode(payload)));
  if (!claims.success) {
    throw new ClientRefused(
      "The client assertion must have the claims iss, sub, aud, exp and jti (at most 256 characters).",
    );
  }
  return claims.data;
};

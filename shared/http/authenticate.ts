import type { APIGatewayProxyEvent } from "aws-lambda";
import { environment, once } from "../aws/environment.ts";
import { accessRefused } from "../domain/refusals.ts";
import { type KeyRing, keyRing } from "../keys/key-set.ts";
import { kmsClient } from "../keys/kms.ts";
import { proofReplayed } from "../store/proofs.ts";
import { presentedToken, verifyToken } from "./access-token.ts";
import type { Caller, Proof } from "./call.ts";
import { verifyProof } from "./dpop.ts";

/** Where the exchange is reached and which keys sign its access tokens. */
export type AccessSettings = {
  /** Public addresses of this exchange, e.g. `https://exchange.example`; the first is the issuer. */
  origins: readonly string[];
  issuer: string;
  audience: string;
  tokenKeys: KeyRing;
};

export const accessSettings = once((): AccessSettings => {
  const { PUBLIC_ORIGINS, ACCESS_TOKEN_KEYS } = environment("PUBLIC_ORIGINS", "ACCESS_TOKEN_KEYS");
  const origins = PUBLIC_ORIGINS.split(",");
  const issuer = origins[0] ?? "";
  return { origins, issuer, audience: `${issuer}/v1`, tokenKeys: keyRing(kmsClient(), ACCESS_TOKEN_KEYS) };
});

/**
 * Who calls. Everything comes from the verified token and the proof that its holder made it for this very request.
 * @throws Refusal that says which check failed
 */
export const authenticate = async (
  event: APIGatewayProxyEvent,
  now: string,
  settings: AccessSettings,
): Promise<{ caller: Caller; proof: Proof }> => {
  const token = presentedToken(event);
  const proving = verifyProof(event, { origins: settings.origins, now, accessToken: token });
  proving.catch(() => {}); // awaited below: what is wrong with the token is told first
  const { caller, boundTo } = await verifyToken(token, { ...settings, keys: settings.tokenKeys, now });
  const { thumbprint, ...proof } = await proving;
  if (thumbprint !== boundTo) {
    throw accessRefused("dpop-key-binding", "The proof's key is not the one the access token is bound to.");
  }
  return { caller, proof };
};

/** The most proofs that one instance remembers; with a proof's lifetime of a minute, 170 reads a second. */
const mostRemembered = 10_000;

/**
 * Proofs of reads that this instance has seen, oldest first. A proof repeated elsewhere within its minute would show its
 * holder the same list again; whatever acts or discloses a record spends its proof in the database instead.
 */
const remembered = new Map<string, number>();

export const rememberProof = (proof: Proof, now: string): void => {
  const seconds = Date.parse(now) / 1000;
  for (const [id, expiresAt] of remembered) {
    if (expiresAt >= seconds && remembered.size < mostRemembered) break;
    remembered.delete(id);
  }
  if (remembered.has(proof.id)) throw proofReplayed();
  remembered.set(proof.id, proof.expiresAt);
  proof.spent = true;
};

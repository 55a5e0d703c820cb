import type { Refusal, RefusalCode } from "../domain/refusals.ts";

type Kind = { status: number; title: string };

const badRequest = (title: string): Kind => ({ status: 400, title });
const tokenRefused: Kind = { status: 401, title: "The access token is not accepted" };
const proofRefused: Kind = { status: 401, title: "The proof of possession is not accepted" };

/** The one map from what the exchange refuses to HTTP. */
export const kindOf: Record<RefusalCode, Kind> = {
  "malformed-json": badRequest("Malformed JSON"),
  "duplicate-member": badRequest("Duplicate member"),
  "nesting-too-deep": badRequest("Nested too deep"),
  "idempotency-key-missing": badRequest("Idempotency-Key missing"),
  "idempotency-key-malformed": badRequest("Idempotency-Key malformed"),
  "if-match-malformed": badRequest("If-Match malformed"),
  "cursor-invalid": badRequest("Invalid cursor"),
  "token-missing": tokenRefused,
  "token-multiple": tokenRefused,
  "token-scheme": tokenRefused,
  "token-malformed": tokenRefused,
  "token-type": tokenRefused,
  "token-algorithm": tokenRefused,
  "token-key": tokenRefused,
  "token-signature": tokenRefused,
  "token-issuer": tokenRefused,
  "token-audience": tokenRefused,
  "token-expired": tokenRefused,
  "token-not-yet-valid": tokenRefused,
  "token-claims": tokenRefused,
  "token-revoked": tokenRefused,
  "dpop-missing": proofRefused,
  "dpop-multiple": proofRefused,
  "dpop-malformed": proofRefused,
  "dpop-type": proofRefused,
  "dpop-algorithm": proofRefused,
  "dpop-key": proofRefused,
  "dpop-private-key": proofRefused,
  "dpop-signature": proofRefused,
  "dpop-claims": proofRefused,
  "dpop-method": proofRefused,
  "dpop-uri": proofRefused,
  "dpop-too-old": proofRefused,
  "dpop-from-the-future": proofRefused,
  "dpop-token-hash": proofRefused,
  "dpop-key-binding": proofRefused,
  "dpop-replayed": proofRefused,
  "callback-token": { status: 401, title: "The callback's token is not accepted" },
  "scope-missing": { status: 403, title: "Scope missing" },
  "not-your-role": { status: 403, title: "Not your role" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "no-encryption-key": { status: 406, title: "No encryption key" },
  "not-acceptable": { status: 406, title: "Not in that media type" },
  "state-does-not-allow": { status: 409, title: "The state does not allow it" },
  "removal-not-permitted": { status: 409, title: "Removal not permitted" },
  "not-of-this-kind": { status: 409, title: "Not for a referral of this kind" },
  "entry-already-referred": { status: 409, title: "Already referred" },
  "entry-closed": { status: 409, title: "Entry closed" },
  "too-many-enquiries": { status: 409, title: "Too many enquiries" },
  "already-asked": { status: 409, title: "Already asked" },
  "record-erased": { status: 410, title: "Erased" },
  "pack-too-large": { status: 409, title: "Too large for one answer" },
  "closure-not-permitted": { status: 409, title: "Closure not permitted" },
  "not-retained": { status: 409, title: "Nothing is retained" },
  "last-contact": { status: 409, title: "The last contact in effect" },
  "already-there": { status: 409, title: "Already there" },
  "import-under-way": { status: 409, title: "An import is under way" },
  "locks-you-out": { status: 409, title: "That would lock you out" },
  "precondition-failed": { status: 412, title: "Changed meanwhile" },
  "precondition-required": { status: 428, title: "If-Match missing" },
  "file-unreadable": { status: 422, title: "The file can't be read" },
  "rows-refused": { status: 422, title: "Rows refused" },
  "body-too-large": { status: 413, title: "Body too large" },
  "media-type-unsupported": { status: 415, title: "Media type not supported" },
  "validation-failed": { status: 422, title: "Not acceptable as it stands" },
  "idempotency-key-reused": { status: 422, title: "Idempotency-Key used before" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  "record-unreadable": { status: 500, title: "Record unreadable" },
  "internal-error": { status: 500, title: "Internal error" },
  busy: { status: 503, title: "Busy" },
  "dependency-unavailable": { status: 503, title: "Temporarily unavailable" },
};

export type Problem = { status: number; headers: Record<string, string>; body: Record<string, unknown> };

/** Seconds after which a caller may try again when a dependency was down. */
const retryAfter = "5";

const challenge = ({ code, message }: Refusal): string => {
  if (code === "callback-token") return "Bearer";
  const algs = 'algs="ES256 PS256 EdDSA"';
  if (code === "token-missing") return `DPoP ${algs}`;
  const error = code.startsWith("dpop-") ? "invalid_dpop_proof" : "invalid_token";
  return `DPoP error="${error}", error_description="${message}", ${algs}`;
};

/** A refusal as `application/problem+json` (RFC 9457). */
export const problemOf = (refusal: Refusal, requestId: string): Problem => {
  const { status, title } = kindOf[refusal.code];
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (status === 401) headers["www-authenticate"] = challenge(refusal);
  if (status === 403 && refusal.code === "scope-missing") {
    headers["www-authenticate"] = `DPoP error="insufficient_scope", scope="${refusal.members.scope}"`;
  }
  if (status === 405) headers.allow = (refusal.members.allowed as string[]).join(", ");
  if (status === 429) headers["retry-after"] = String(refusal.members.retryAfter);
  if (status === 503) headers["retry-after"] = retryAfter;
  return {
    status,
    headers,
    body: {
      type: `urn:cme-referral-exchange:problem:${refusal.code}`,
      title,
      status,
      detail: refusal.message,
      code: refusal.code,
      instance: requestId,
      ...refusal.members,
    },
  };
};

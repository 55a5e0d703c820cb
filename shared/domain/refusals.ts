import type { RemovalReason } from "./removal-gate.ts";

/** A place in the request's body (JSON Pointer, RFC 6901) and what is wrong there, without repeating what was sent. */
export type BodyFault = { pointer: string; detail: string };

/** Which check of the caller's identity failed. */
export type AccessCheck =
  | "token-missing"
  | "token-multiple"
  | "token-scheme"
  | "token-malformed"
  | "token-type"
  | "token-algorithm"
  | "token-key"
  | "token-signature"
  | "token-issuer"
  | "token-audience"
  | "token-expired"
  | "token-not-yet-valid"
  | "token-claims"
  | "dpop-missing"
  | "dpop-multiple"
  | "dpop-malformed"
  | "dpop-type"
  | "dpop-algorithm"
  | "dpop-key"
  | "dpop-private-key"
  | "dpop-signature"
  | "dpop-claims"
  | "dpop-method"
  | "dpop-uri"
  | "dpop-too-old"
  | "dpop-from-the-future"
  | "dpop-token-hash"
  | "dpop-key-binding"
  | "dpop-replayed";

export type RefusalCode =
  | "malformed-json"
  | "duplicate-member"
  | "nesting-too-deep"
  | "idempotency-key-missing"
  | "idempotency-key-malformed"
  | "cursor-invalid"
  | AccessCheck
  | "scope-missing"
  | "not-your-role"
  | "not-found"
  | "method-not-allowed"
  | "no-encryption-key"
  | "state-does-not-allow"
  | "removal-not-permitted"
  | "entry-already-referred"
  | "entry-closed"
  | "body-too-large"
  | "media-type-unsupported"
  | "validation-failed"
  | "idempotency-key-reused"
  | "too-many-requests"
  | "record-unreadable"
  | "dependency-unavailable"
  | "busy"
  | "internal-error";

/** What the exchange refuses, and why. `members` are further members of the answer (never child data). */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly members: Readonly<Record<string, unknown>>;
  constructor(code: RefusalCode, detail: string, members: Record<string, unknown> = {}) {
    super(detail);
    this.code = code;
    this.members = members;
  }
}

export const malformedJson = () => new Refusal("malformed-json", "The body is not well-formed JSON in UTF-8.");
export const duplicateMember = () =>
  new Refusal("duplicate-member", "An object in the body names the same member twice.");
export const nestingTooDeep = (limit: number) =>
  new Refusal("nesting-too-deep", `The body nests objects and arrays more than ${limit} deep.`);
export const idempotencyKeyMissing = () =>
  new Refusal("idempotency-key-missing", "This request needs an Idempotency-Key header.");
export const idempotencyKeyMalformed = () =>
  new Refusal(
    "idempotency-key-malformed",
    "The Idempotency-Key must be one value of 1 to 255 visible ASCII characters.",
  );
export const idempotencyKeyReused = () =>
  new Refusal("idempotency-key-reused", "This Idempotency-Key was used before with another request.");
export const cursorInvalid = () =>
  new Refusal("cursor-invalid", "The cursor is not one that this list gave out. Start again without it.");
export const accessRefused = (check: AccessCheck, detail: string) => new Refusal(check, detail);
export const scopeMissing = (scopes: readonly string[]) =>
  new Refusal("scope-missing", `This request needs a token with the scope ${scopes.join(" or ")}.`, {
    scope: scopes.join(" "),
  });
export const notYourRole = (role: string) =>
  new Refusal("not-your-role", `Only the ${role} of the referral may do this.`);
export const notFound = () => new Refusal("not-found", "There is nothing at this address that you may see.");
export const methodNotAllowed = (allowed: readonly string[]) =>
  new Refusal("method-not-allowed", `This address answers ${allowed.join(", ")}.`, { allowed });
export const noEncryptionKey = () =>
  new Refusal(
    "no-encryption-key",
    "No encryption key is registered for this client, so the record can't be sealed to it.",
  );
export const stateDoesNotAllow = (
  state: string,
  version: number,
  what: "referral" | "delivery" | "subscription" = "referral",
) => new Refusal("state-does-not-allow", `The ${what} is ${state}; that does not allow this.`, { state, version });
export const removalNotPermitted = (state: string, reasons: RemovalReason[]) =>
  new Refusal("removal-not-permitted", "The child’s name must stay on the list: see the reasons.", { state, reasons });
export const entryAlreadyReferred = (referralId: string) =>
  new Refusal("entry-already-referred", "This entry has an open referral already.", { referralId });
export const entryClosed = () =>
  new Refusal("entry-closed", "This entry is closed. A child who is missing education again needs a new entry.");
export const bodyTooLarge = (limit: number) => new Refusal("body-too-large", `The body is larger than ${limit} bytes.`);
export const mediaTypeUnsupported = (expected: string) =>
  new Refusal("media-type-unsupported", `The body must be ${expected}.`);
export const validationFailed = (errors: BodyFault[]) =>
  new Refusal("validation-failed", "The request is well-formed but not acceptable: see errors.", { errors });
export const tooManyRequests = (seconds: number) =>
  new Refusal("too-many-requests", `You ask more often than you may. Ask again in ${seconds} s.`, {
    retryAfter: seconds,
  });
export const recordUnreadable = () =>
  new Refusal(
    "record-unreadable",
    "The child’s record could not be opened. Nothing was disclosed; the operator has been alerted.",
  );
export const dependencyUnavailable = () =>
  new Refusal(
    "dependency-unavailable",
    "A service that the exchange depends on is not available. Nothing was half done: repeat the request.",
  );
export const busy = () =>
  new Refusal("busy", "Too many requests are at this at once. Nothing was half done: repeat the request.");
export const internalError = () =>
  new Refusal(
    "internal-error",
    "The exchange failed on this request. Nothing was half done: repeat it, and quote the instance if it fails again.",
  );

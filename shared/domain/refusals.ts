import { enquiriesRule, mostOpenEnquiries } from "./enquiry.ts";
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
  | "token-revoked"
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
  | "dpop-replayed"
  | "callback-token";

export type RefusalCode =
  | "malformed-json"
  | "duplicate-member"
  | "nesting-too-deep"
  | "idempotency-key-missing"
  | "idempotency-key-malformed"
  | "if-match-malformed"
  | "cursor-invalid"
  | AccessCheck
  | "scope-missing"
  | "not-your-role"
  | "not-found"
  | "method-not-allowed"
  | "no-encryption-key"
  | "not-acceptable"
  | "state-does-not-allow"
  | "removal-not-permitted"
  | "not-of-this-kind"
  | "entry-already-referred"
  | "entry-closed"
  | "too-many-enquiries"
  | "already-asked"
  | "record-erased"
  | "closure-not-permitted"
  | "pack-too-large"
  | "not-retained"
  | "last-contact"
  | "already-there"
  | "import-under-way"
  | "locks-you-out"
  | "precondition-failed"
  | "precondition-required"
  | "file-unreadable"
  | "rows-refused"
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
export const ifMatchMissing = () =>
  new Refusal(
    "precondition-required",
    "This request needs an If-Match header with the ETag of the version that it is to change.",
  );
export const ifMatchMalformed = () =>
  new Refusal("if-match-malformed", "The If-Match header must be one ETag as this address gave it out.");
/** @param version the present one */
export const preconditionFailed = (version: number) =>
  new Refusal("precondition-failed", "It has been changed since the version that If-Match names. Read it again.", {
    version,
  });
export const cursorInvalid = () =>
  new Refusal("cursor-invalid", "The cursor is not one that this list gave out. Start again without it.");
export const accessRefused = (check: AccessCheck, detail: string) => new Refusal(check, detail);
/** A client that was deactivated does nothing more by a token that it got before, where its registration is read anyway. */
export const tokenRevoked = () =>
  new Refusal("token-revoked", "The access token's client has been deactivated, or may not do this any more.");
export const callbackTokenRefused = () =>
  accessRefused("callback-token", "The request does not show the token that was entered in GOV.UK Notify's settings.");
export const scopeMissing = (scopes: readonly string[]) =>
  new Refusal("scope-missing", `This request needs a token with the scope ${scopes.join(" or ")}.`, {
    scope: scopes.join(" "),
  });
export const notYourRole = (role: string, what: "referral" | "enquiry" | "notice" = "referral") =>
  new Refusal("not-your-role", `Only the ${role} of the ${what} may do this.`);
export const notYourOwn = () => new Refusal("not-your-role", "Only the authority itself or the DfE may do this.");
export const notOfTheReorganisation = () =>
  new Refusal("not-your-role", "Only the authority that ends and its successors may do this.");
export const notFound = () => new Refusal("not-found", "There is nothing at this address that you may see.");
export const methodNotAllowed = (allowed: readonly string[]) =>
  new Refusal("method-not-allowed", `This address answers ${allowed.join(", ")}.`, { allowed });
export const noEncryptionKey = () =>
  new Refusal(
    "no-encryption-key",
    "No encryption key is registered for this client, so the record can't be sealed to it.",
  );
export const notAcceptable = (offered: readonly string[]) =>
  new Refusal("not-acceptable", `This address answers in ${offered.join(" or ")}: Accept allows neither.`);
export const notAskedForFirst = (media: string) =>
  new Refusal("not-acceptable", `This address answers in ${media} alone: Accept must name that first.`);
export const packTooLarge = () =>
  new Refusal(
    "pack-too-large",
    "The evidence pack would be larger than one answer can be. What it consists of can be read at the addresses of its own.",
  );
export const stateDoesNotAllow = (
  state: string,
  version: number,
  what: "referral" | "delivery" | "subscription" | "contact" | "reorganisation" | "enquiry" | "notice" = "referral",
) => new Refusal("state-does-not-allow", `The ${what} is ${state}; that does not allow this.`, { state, version });
export const removalNotPermitted = (state: string, reasons: RemovalReason[]) =>
  new Refusal("removal-not-permitted", "The child’s name must stay on the list: see the reasons.", { state, reasons });
/** Of a child on the register of children not in school there is no list, and so no gate and nothing to find. */
export const notOfThisKind = () =>
  new Refusal(
    "not-of-this-kind",
    "This referral passes on what the register of children not in school holds. The child is on no CME list: this is not for it.",
  );
export const entryAlreadyReferred = (referralId: string) =>
  new Refusal("entry-already-referred", "This entry has an open referral already.", { referralId });
/** Why an entry can't come off the list in this way yet, with the guidance's words. */
export type ClosureReason = { code: string; text: string; guidance: string };
export const closureNotPermitted = (reasons: ClosureReason[]) =>
  new Refusal("closure-not-permitted", "The child’s name must stay on the list: see the reasons.", { reasons });
export const notRetained = () =>
  new Refusal("not-retained", "No record of a child whose enquiries were exhausted is kept under this entry.");
export const entryClosed = () =>
  new Refusal("entry-closed", "This entry is closed. A child who is missing education again needs a new entry.");
/** @param enquiries the caller's own that are going on */
export const tooManyEnquiries = (enquiries: readonly { enquiryId: string; asked: string }[]) =>
  new Refusal(
    "too-many-enquiries",
    `${mostOpenEnquiries} authorities are being asked about this child already: see enquiries for yours. Close one of them, or wait for its answer.`,
    { enquiries, guidance: enquiriesRule },
  );
export const alreadyAsked = (enquiryId: string) =>
  new Refusal("already-asked", "That authority is being asked about this child already.", { enquiryId });
export const recordErased = () => new Refusal("record-erased", "What this told of the child has been erased.");
/** The DfE's list never leaves an authority without anybody to contact. */
export const lastContact = () =>
  new Refusal(
    "last-contact",
    "The authority would have no named contact in effect at some time from then on. Add another first.",
  );
export const alreadyThere = (what: string) => new Refusal("already-there", `There is already ${what}.`);
export const importUnderWay = () =>
  new Refusal("import-under-way", "An import of the contact list is under way. Nothing was done: repeat the request.");
/** A DfE client that took away its own way in could leave nobody to give it back. */
export const locksYouOut = () =>
  new Refusal(
    "locks-you-out",
    "A client can't deactivate itself or take clients:admin or its signing keys from itself. Let another of the DfE's clients do it.",
  );
export const fileUnreadable = (detail: string) => new Refusal("file-unreadable", detail);
/** @param more how many are refused besides those that are told */
export const rowsRefused = (rows: { line: number; column: string; reason: string }[], more: number) =>
  new Refusal("rows-refused", "Some rows of the file can't be taken, so nothing was imported: see rows.", {
    rows,
    more,
  });
export const bodyTooLarge = (limit: number) => new Refusal("body-too-large", `The body is larger than ${limit} bytes.`);
export const mediaTypeUnsupported = (expected: string) =>
  new Refusal("media-type-unsupported", `The body must be ${expected}.`);
/** @param further members that help with one of the faults */
export const validationFailed = (errors: BodyFault[], further: Record<string, unknown> = {}) =>
  new Refusal("validation-failed", "The request is well-formed but not acceptable: see errors.", {
    errors,
    ...further,
  });
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

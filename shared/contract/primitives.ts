import * as z from "zod";

/** Control characters (U+0000–001F, U+007F–009F) and the line and paragraph separators U+2028 and U+2029. */
const unfitForOneLine = /[\p{Cc}\p{Zl}\p{Zp}]/u;
/** The same, but for tabs and line ends: LF or CRLF, never a lone CR. */
const unfitForLines = /[[\p{Cc}\p{Zl}\p{Zp}]--[\t\n\r]]|\r(?!\n)/v;
/** One character that leaves a mark: neither white space nor invisible, as zero-width spaces and joiners are. */
const visible = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}]/u;

/** Each check ends the parsing, so that a text is refused for one reason at a time and patterns only meet short texts. */
const text = (max: number, unfit: RegExp, unfitDetail: string) =>
  z
    .string()
    .max(max, { abort: true })
    .refine((value) => value.isWellFormed(), { error: "must be well-formed Unicode", abort: true })
    .refine((value) => !unfit.test(value), { error: unfitDetail, abort: true })
    .refine((value) => visible.test(value), "must not be blank");

/**
 * A name, a title, a word: 1 to `max` code points on one line. Never trimmed or normalised: the record is kept as sent.
 */
export const singleLine = (max: number) =>
  text(max, unfitForOneLine, "must be one line without control characters").meta({
    minLength: 1,
    description: `One line of 1 to ${max} characters, not blank, without control characters; kept exactly as sent`,
  });

/** Prose: 1 to `max` code points; tabs and line ends (LF or CRLF) are allowed. Kept as sent, like a single line. */
export const multiLine = (max: number) =>
  text(max, unfitForLines, "must not have control characters other than tabs and line ends").meta({
    minLength: 1,
    description: `Text of 1 to ${max} characters, not blank, without control characters other than tabs and line ends; kept exactly as sent`,
  });

/** A day that exists, `YYYY-MM-DD`, from 1900-01-01 to 2199-12-31. Whether it lies in the past is not asked here. */
export const calendarDate = z.iso
  .date({ abort: true })
  .refine((value) => value >= "1900-01-01" && value <= "2199-12-31", "must be from 1900-01-01 to 2199-12-31")
  .meta({ id: "CalendarDate", description: "A day that exists, YYYY-MM-DD, from 1900-01-01 to 2199-12-31" });

/** A moment that exists, RFC 3339 in UTC with milliseconds: `2026-11-21T17:38:47.123Z`. */
export const instant = z.iso
  .datetime({ precision: 3 })
  .meta({ id: "Instant", description: "RFC 3339 in UTC with milliseconds, such as 2026-11-21T17:38:47.123Z" });

/** RFC 9562 section 5.7, in lower case: ids are compared as strings, so each has one spelling. */
export const uuidV7 = z
  .string()
  .regex(
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    "must be a UUID of version 7 in lower case",
  );

export const referralId = uuidV7
  .meta({ id: "ReferralId", description: "A referral's id (UUIDv7)" })
  .brand<"ReferralId">();
export type ReferralId = z.output<typeof referralId>;

/** An entry: one child on one authority's CME list. */
export const entryId = uuidV7.meta({ id: "EntryId", description: "An entry's id (UUIDv7)" }).brand<"EntryId">();
export type EntryId = z.output<typeof entryId>;

/** The DfE's three-digit number of a local authority, such as 330 for Birmingham. Whether it is in effect is not asked here. */
export const authorityCode = z
  .string()
  .regex(/^[0-9]{3}$/, "must be the three digits of an authority's DfE number")
  .meta({ id: "AuthorityCode", description: "DfE number of a local authority, such as 330 for Birmingham" })
  .brand<"AuthorityCode">();
export type AuthorityCode = z.output<typeof authorityCode>;

export const gssCode = z
  .string()
  .regex(/^[EWSN]\d{8}$/, "must be a GSS code")
  .describe("GSS code, such as E08000025 for Birmingham");

/**
 * An authority's code in the contact list: its DfE number. Authorities of Scotland and Northern Ireland have none, and
 * are listed under their GSS codes.
 */
export const directoryCode = z
  .union([
    authorityCode,
    z
      .string()
      .regex(/^[SN]\d{8}$/, "the GSS code of one in Scotland or Northern Ireland")
      .brand<"AuthorityCode">(),
  ])
  .meta({
    id: "DirectoryCode",
    description: "DfE number of an authority in England or Wales; GSS code of one in Scotland or Northern Ireland",
  });

/** A named contact on the contact list, such as 201-lead. */
export const contactId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/,
    "must be a contact's id: 1 to 64 letters, digits and hyphens, not starting with a hyphen",
  )
  .meta({ id: "ContactId", description: "A named contact on the contact list, such as 201-lead" })
  .brand<"ContactId">();
export type ContactId = z.output<typeof contactId>;

/** SHA-256 as `sha-256:` and 43 characters of base64url without padding (RFC 4648 section 5). */
export const sha256Digest = z
  .string()
  .regex(/^sha-256:[A-Za-z0-9_-]{43}$/, "must be sha-256: followed by 43 characters of base64url")
  .meta({ id: "Sha256Digest", description: "sha-256: and base64url of the digest, without padding" });

/** At most 254 characters: the longest path that SMTP carries (RFC 5321 section 4.5.3.1.3). */
export const email = z.email({ abort: true }).max(254);

/** International (E.164: plus and 7 to 15 digits) or a UK national number (0 and 9 or 10 digits), digits grouped by spaces. */
export const telephone = z
  .string()
  .regex(
    /^(?:\+[1-9](?: ?[0-9]){6,14}|0(?: ?[0-9]){9,10})$/,
    "must be a telephone number: + and 7 to 15 digits, or 0 and 9 or 10 more digits; spaces may stand between digits",
  )
  .describe("International (+ and 7 to 15 digits) or national (0 and 9 or 10 digits); spaces may stand between digits");

/** The shape of a UK postcode, with or without its space; whether it exists is not asked here. */
export const postcode = z
  .string()
  .regex(/^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}$/, "must have the shape of a UK postcode")
  .describe("UK postcode, with or without its space");

/** Unique reference number of a school (Get Information about Schools). */
export const urn = z
  .string()
  .regex(/^[0-9]{6}$/, "must be the six digits of a school's URN")
  .describe("URN of a school (Get Information about Schools)");

/** A school's DfE number: three digits of the authority, four of the establishment. */
export const laEstab = z
  .string()
  .regex(/^[0-9]{7}$/, "must be seven digits: the authority's three and the establishment's four")
  .describe("DfE number of a school: the authority's three digits and the establishment's four");

/** Unique property reference number (Ordnance Survey AddressBase). */
export const uprn = z
  .string()
  .regex(/^[0-9]{1,12}$/, "must be the 1 to 12 digits of a UPRN")
  .describe("UPRN (Ordnance Survey AddressBase)");

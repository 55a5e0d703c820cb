import { describe, expect, it } from "vitest";
import type * as z from "zod";
import {
  authorityCode,
  calendarDate,
  contactId,
  email,
  entryId,
  instant,
  laEstab,
  multiLine,
  postcode,
  referralId,
  sha256Digest,
  singleLine,
  telephone,
  uprn,
  urn,
  uuidV7,
} from "../../shared/contract/primitives.ts";

/** The schema's messages for a value; none if it takes the value and gives it back unchanged. */
function faults(schema: z.ZodType, value: unknown): string[] {
  const result = schema.safeParse(value);
  if (!result.success) return result.error.issues.map((issue) => issue.message);
  return Object.is(result.data, value) ? [] : ["changed"];
}

describe("singleLine", () => {
  it.each([
    ["letters, accents and apostrophes", "O’Connor-Ökafor"],
    ["surrounding blanks, which are kept", "  Okafor "],
    ["decomposed letters, which are not normalised", "Zoe\u0308"],
    ["a right-to-left name with a joiner", "می\u200cخواهم"],
    ["a direction mark inside a name", "a\u202eb"],
    ["a character beyond the basic plane", "𠮷"],
    ["a single digit", "0"],
    ["the name of a prototype's member", "__proto__"],
  ])("takes %s", (_, value) => expect(faults(singleLine(20), value)).toEqual([]));

  it.each([
    ["a high surrogate alone", "a\ud800", "must be well-formed Unicode"],
    ["a low surrogate alone", "\udc00a", "must be well-formed Unicode"],
    ["surrogates in the wrong order", "\udc00\ud800", "must be well-formed Unicode"],
    ["NUL", "a\u0000b", "must be one line without control characters"],
    ["a tab", "a\tb", "must be one line without control characters"],
    ["a line end", "a\nb", "must be one line without control characters"],
    ["a line end at the end", "a\n", "must be one line without control characters"],
    ["U+001F", "a\u001fb", "must be one line without control characters"],
    ["DEL", "a\u007fb", "must be one line without control characters"],
    ["U+0085, next line", "a\u0085b", "must be one line without control characters"],
    ["U+009F", "a\u009fb", "must be one line without control characters"],
    ["U+2028, line separator", "a\u2028b", "must be one line without control characters"],
    ["U+2029, paragraph separator", "a\u2029b", "must be one line without control characters"],
    ["nothing", "", "must not be blank"],
    ["spaces", "   ", "must not be blank"],
    ["wide and no-break spaces", "\u00a0\u3000\u2003", "must not be blank"],
    ["zero-width characters", "\u200b\u200d\ufeff\u2060", "must not be blank"],
    ["soft hyphen and Hangul filler", "\u00ad\u3164", "must not be blank"],
  ])("refuses %s", (_, value, detail) => expect(faults(singleLine(20), value)).toEqual([detail]));

  it("counts code points", () => {
    expect(faults(singleLine(3), "𠮷𠮷𠮷")).toEqual([]);
    expect(singleLine(3).safeParse("𠮷𠮷𠮷𠮷").success).toBe(false);
    expect(singleLine(3).safeParse("abcd").success).toBe(false);
  });
});

describe("multiLine", () => {
  it.each([
    ["LF, CRLF and tabs", "first\nsecond\r\n\tthird\n"],
    ["one line", "first"],
  ])("takes %s", (_, value) => expect(faults(multiLine(40), value)).toEqual([]));

  it.each([
    ["a lone CR", "a\rb", "must not have control characters other than tabs and line ends"],
    ["a CR at the end", "a\r", "must not have control characters other than tabs and line ends"],
    ["NUL", "a\u0000", "must not have control characters other than tabs and line ends"],
    ["vertical tab", "a\u000b", "must not have control characters other than tabs and line ends"],
    ["escape", "a\u001b[2J", "must not have control characters other than tabs and line ends"],
    ["U+0085, next line", "a\u0085b", "must not have control characters other than tabs and line ends"],
    ["U+2028, line separator", "a\u2028b", "must not have control characters other than tabs and line ends"],
    ["line ends only", "\n\r\n\t ", "must not be blank"],
    ["a lone surrogate", "a\n\udfff", "must be well-formed Unicode"],
  ])("refuses %s", (_, value, detail) => expect(faults(multiLine(40), value)).toEqual([detail]));

  it("is refused for its length alone when it is too long", () => {
    expect(multiLine(4000).safeParse("\r\n".repeat(100_000)).error?.issues).toHaveLength(1);
  });
});

const uuid = "019a9f3e-5b1c-7a2b-8c3d-4e5f60718293";
const digest = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

describe.each<[name: string, schema: z.ZodType, taken: string[], refused: unknown[]]>([
  [
    "calendarDate",
    calendarDate,
    ["2016-05-17", "2024-02-29", "2000-02-29", "1900-01-01", "2199-12-31"],
    [
      "2023-02-29",
      "1900-02-29",
      "2026-02-30",
      "2026-04-31",
      "2026-13-01",
      "2026-00-10",
      "2026-01-00",
      "1899-12-31",
      "2200-01-01",
      "0016-05-17",
      "2016-5-17",
      "17/05/2016",
      "20160517",
      "2016-05-17T00:00:00Z",
      "2016-05-17\n",
      " 2016-05-17",
      "٢٠١٦-٠٥-١٧",
      "",
      20160517,
      null,
    ],
  ],
  [
    "instant",
    instant,
    ["2026-11-21T17:38:47.123Z", "2024-02-29T00:00:00.000Z", "2026-12-31T23:59:59.999Z"],
    [
      "2026-11-21T17:38:47Z",
      "2026-11-21T17:38:47.12Z",
      "2026-11-21T17:38:47.123456Z",
      "2026-11-21T17:38:47.123+00:00",
      "2026-11-21T17:38:47.123",
      "2026-11-21t17:38:47.123z",
      "2026-11-21 17:38:47.123Z",
      "2023-02-29T00:00:00.000Z",
      "2026-11-21T24:00:00.000Z",
      "2026-11-21T23:60:00.000Z",
      "2026-12-31T23:59:60.000Z",
      1_763_746_727_123,
    ],
  ],
  [
    "uuidV7",
    uuidV7,
    [uuid],
    [
      "019A9F3E-5B1C-7A2B-8C3D-4E5F60718293",
      "019a9f3e-5b1c-4a2b-8c3d-4e5f60718293",
      "019a9f3e-5b1c-7a2b-7c3d-4e5f60718293",
      "019a9f3e5b1c7a2b8c3d4e5f60718293",
      "{019a9f3e-5b1c-7a2b-8c3d-4e5f60718293}",
      "019a9f3e-5b1c-7a2b-8c3d-4e5f60718293\n",
      "00000000-0000-0000-0000-000000000000",
    ],
  ],
  ["referralId", referralId, [uuid], ["019a9f3e-5b1c-4a2b-8c3d-4e5f60718293"]],
  ["entryId", entryId, [uuid], ["019a9f3e-5b1c-4a2b-8c3d-4e5f60718293"]],
  ["authorityCode", authorityCode, ["330", "001", "999"], ["33", "3300", "E08000025", "33O", "٣٣٠", "330\n", 330]],
  [
    "contactId",
    contactId,
    ["201-lead", "7", `a${"-".repeat(63)}`],
    ["", "-lead", "201_lead", "201 lead", "léad", `a${"b".repeat(64)}`, "201-lead\n"],
  ],
  [
    "sha256Digest",
    sha256Digest,
    [`sha-256:${digest}`],
    [
      digest,
      `sha-256:${digest}=`,
      `sha-256:${digest.slice(1)}`,
      `sha256:${digest}`,
      `sha-256:${digest.replace("-", "+")}`,
    ],
  ],
  [
    "email",
    email,
    ["ngozi@example.org", "cme.team+leads@education.example.gov.uk", "o'connor@example.org"],
    [
      "ngozi",
      "ngozi@",
      "@example.org",
      "a b@example.org",
      "a@b@example.org",
      "ngozi@example.org\n",
      `${"a".repeat(250)}@x.org`,
    ],
  ],
  [
    "telephone",
    telephone,
    ["+447700900123", "+44 7700 900123", "0121 496 0000", "01214960000", "016977 2000", "+3531234567"],
    [
      "",
      "999",
      "+0447700900123",
      "447700900123",
      "0121-496-0000",
      "0121  496 0000",
      "07700 900123 ext 4",
      "+1234567890123456",
    ],
  ],
  [
    "postcode",
    postcode,
    ["EC1Y 0RS", "B30 2JY", "M1 1AE", "W1A0AX", "sw1a 1aa"],
    ["", "12345", "EC1Y  0RS", "EC1Y0R", "1EC 0RS", "EC1Y 0RSS", " B30 2JY", "SW1A 1A1"],
  ],
  ["urn", urn, ["100000"], ["10000", "1000000", "10000O", "", 100000]],
  ["laEstab", laEstab, ["2013614"], ["201/3614", "201361", "20136140", 2013614]],
  ["uprn", uprn, ["1", "100023336956"], ["", "1000233369567", "1 2", -1, "-1"]],
])("%s", (_name, schema, taken, refused) => {
  it.each(taken)("takes %j", (value) => expect(faults(schema, value)).toEqual([]));
  it.each(refused)("refuses %j", (value) => expect(schema.safeParse(value).success).toBe(false));
});

import { type MetadataJson, parsePhoneNumberFromString } from "libphonenumber-js/core";
import metadata from "libphonenumber-js/min/metadata";
import * as z from "zod";

/** The countries of the calling code 44, and no other, as infra/left-out.ts leaves out what is known of the rest. */
const british: MetadataJson = {
  ...metadata,
  country_calling_codes: { 44: ["GB", "GG", "IM", "JE"] },
  nonGeographic: {},
};

const britishSpelling = (text: string): string | undefined => {
  const number = parsePhoneNumberFromString(text, { defaultCountry: "GB", extract: false }, british);
  return number?.isPossible() && !number.ext ? number.formatNational() : undefined;
};

/** A plus or 00, a country's code and digits in groups. */
const foreign = /^\s*(?:\+|00)\s*((?!44)[1-9][\d\s.()/\p{Pd}]*)$/u;

/** 7 to 15 digits (the most that ITU-T E.164 allows) in the groups as sent; `(0)` is dialled only at home. */
const foreignSpelling = (digits: string): string | undefined => {
  const groups = digits.replace("(0)", " ").match(/\d+/g) ?? [];
  const { length } = groups.join("");
  return length >= 7 && length <= 15 ? `+${groups.join(" ")}` : undefined;
};

/**
 * A telephone number that can exist, read as a British one where it names no country, in one spelling: national with
 * its usual spaces for a British number, international for any other. Only its length is judged, so that a new range is
 * not refused.
 */
export const publicTelephone = z
  .string()
  .max(40)
  .transform((text, context) => {
    const abroad = foreign.exec(text)?.[1];
    const spelling = abroad === undefined ? britishSpelling(text) : foreignSpelling(abroad);
    if (spelling !== undefined) return spelling;
    context.addIssue({ code: "custom", message: "must be a telephone number, without an extension" });
    return z.NEVER;
  })
  .meta({ description: "A telephone number; a British one needs no country code. It is kept in its usual spelling" });

/** The check letters by value: A is 0, Z is 22. I, O and S are left out. */
const letters = "ABCDEFGHJKLMNPQRTUVWXYZ";
const shape = /^[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]$/;

/** A UPN as it is compared and checked: without surrounding blanks, in upper case. */
export const normaliseUpn = (value: string): string => value.trim().toUpperCase();

/**
 * Whether a normalised value has the shape of a UPN: a check letter, then twelve digits (permanent), or eleven digits
 * and a letter (temporary).
 *
 * Characters 2 to 4 are the authority that issued it and are deliberately left alone: a UPN keeps them for life, also
 * those of Welsh, offshore, pseudo and abolished authorities.
 *
 * Source: the DfE's UPN guide.
 */
export const hasUpnShape = (value: string): boolean => shape.test(value);

/**
 * The check letter that a UPN should start with: characters 2 to 13, each weighted by its position, modulo 23.
 * H801200001001: 8×2 + 1×4 + 2×5 + 1×10 + 1×13 = 53, modulo 23 is 7, which is H.
 *
 * @throws RangeError if the value does not have the shape of a UPN; the message does not repeat it
 */
export function upnCheckLetter(upn: string): string {
  if (!hasUpnShape(upn)) throw new RangeError("Not the shape of a UPN");
  const sum = [...upn].slice(1).reduce((total, character, index) => total + characterValue(character) * (index + 2), 0);
  return letters.charAt(sum % letters.length);
}

/**
 * Whether a normalised UPN starts with its check letter; false for anything without the shape of a UPN.
 * A wrong letter deserves a warning, not a refusal: partners hold wrong ones.
 */
export const checkLetterAgrees = (upn: string): boolean => hasUpnShape(upn) && upn.startsWith(upnCheckLetter(upn));

const characterValue = (character: string): number =>
  letters.includes(character) ? letters.indexOf(character) : Number(character);

/** Whether a file's UPN is one of the record's, present or former; `absent` where either has none. */
export const upnComparisons = ["matches", "differs", "absent"] as const;
export type UpnComparison = (typeof upnComparisons)[number];

import { hasUpnShape, normaliseUpn } from "./upn.ts";

/** What of a child's identity can be recognised in another authority's record of the same child. */
export type RecognisableIdentity = {
  forename?: string | undefined;
  surname: string;
  preferredForename?: string | undefined;
  preferredSurname?: string | undefined;
  formerSurnames?: readonly string[] | undefined;
  aliases?: readonly string[] | undefined;
  /** `YYYY-MM-DD` */
  dateOfBirth: string;
  upn?: string | undefined;
  formerUpns?: readonly string[] | undefined;
};

/** Texts for one child: each costs a KMS call and an item in the index. */
const mostTexts = 12;
const mostUpns = 3;
/** Forms of one surname beside the whole of it. */
const mostParts = 4;
/** KMS makes a MAC of at most 4,096 bytes, and one character can unfold to eighteen. In code points. */
const longestName = 100;

/**
 * The normalised texts over which a child's fingerprints are made, at most 12. Two records are a match if they have any
 * text in common:
 *
 * - `upn|{UPN}` for the UPN and up to two former ones: upper case, without spaces and hyphens, of a UPN's shape. A wrong
 *   check letter is left as it is.
 * - `name-dob|{surname}|{date of birth}` for the surname, the preferred and former ones, and aliases.
 * - `both-names-dob|{one name}|{other name}|{date of birth}`, the two in alphabetical order, so that forename and surname
 *   may have changed places. A forename is never used alone: too many children share one and a birthday.
 *
 * How a name is normalised (ours; the guidance has no rule):
 *
 * 1. Compatibility decomposition (NFKD), lower case without regard to any locale, no accents (vowel signs of the scripts
 *    of South Asia are letters in effect and stay), the letters that Unicode doesn't decompose spelt out (ß ss, æ ae, þ th,
 *    ø o, ł l, đ and ð d, ı i …). Other scripts than Latin stay as they are: nothing is transliterated.
 * 2. Apostrophes of every kind, hamza and ayn signs and invisible characters vanish: O’Connor is oconnor. Everything else
 *    that isn't a letter parts words: hyphens, spaces, full stops, digits.
 * 3. A title before and a generation after a name are dropped (Miss, Master, Dr; Junior, II), and so is what stands for
 *    a name that isn't known. What is then left alone is a single-word name, whichever member it was sent in.
 * 4. `O`, `Mc` and `Mac` join the word that follows, and Mac is written Mc. Other particles (van der, de, al-, ibn, ap …)
 *    count in the whole name and not as a part of it.
 * 5. Every surname gives the whole, written as one word, then the whole without particles and each of its parts, single
 *    Latin letters aside: Smith-Jones meets Smith, Jones and Smith Jones; Al-Hassan meets Alhassan and Hassan.
 * 6. ae, oe, ue and aa are written a, o, u and a: Müller's passport has MUELLER, and Jørgensen's JOERGENSEN (ICAO Doc
 *    9303, part 3, section 6, transliteration of Latin-based characters).
 *
 * Nothing sounds alike here: Mohammed isn't Muhammad, Ivanov isn't Ivanova, and two dates with day and month exchanged are
 * two dates.
 *
 * A match is a lead and not an identity. With 35,000 children on lists and birthdays on 4,100 days, a surname borne by
 * one in a hundred meets a stranger in about 1 of 12 enquiries, one borne by one in ten thousand in 1 of 1,200; where the
 * day is itself a guess, such as 1 January, strangers are the rule.
 *
 * A change of these rules makes other texts: fingerprints that are already stored have to be made again with it.
 *
 * @returns the strongest first: UPNs, then the legal name, the preferred one, former ones, aliases
 */
export const fingerprintInputs = (identity: RecognisableIdentity): string[] => {
  const { dateOfBirth, upn, formerUpns = [] } = identity;
  const upns = [...(upn === undefined ? [] : [upn]), ...formerUpns].map(plainUpn).filter(hasUpnShape);
  const [legal, ...others] = namesOf(identity).map(formsOf);
  const names = [
    ...(legal ? [...legal.wholes, ...legal.parts] : []),
    ...others.flatMap(({ wholes }) => wholes),
    ...others.flatMap(({ parts }) => parts),
  ];
  const texts = [
    ...[...new Set(upns)].slice(0, mostUpns).map((text) => `upn|${text}`),
    ...names.map((text) => `${text}|${dateOfBirth}`),
  ];
  return [...new Set(texts)].slice(0, mostTexts);
};

/** A UPN, or both names with the date of birth, is one child's; a surname with the date of birth is also a twin's. */
export const isOfOneChild = (text: string): boolean => !text.startsWith("name-dob|");

const plainUpn = (value: string): string => normaliseUpn(value.replace(/[\s\p{Pd}]/gu, ""));

/** A name as its words. Without a surname where only one name is known. */
type Name = { forename: string[]; surname: string[] };

const namesOf = (identity: RecognisableIdentity): Name[] => {
  const { forename = "", surname, preferredForename, preferredSurname, formerSurnames = [], aliases = [] } = identity;
  const named = (first: string, last: string): Name => ({ forename: wordsOf(first), surname: wordsOf(last) });
  return [
    named(forename, surname),
    named(preferredForename ?? forename, preferredSurname ?? surname),
    ...formerSurnames.map((former) => named(forename, former)),
    ...aliases.map(nameOfAlias),
  ];
};

/** An alias is one text: "Smith, Bob", "Bob Smith", "Bob van der Berg", or a single name. */
const nameOfAlias = (alias: string): Name => {
  const [beforeComma = "", afterComma] = alias.split(/[,،，、](.*)/su);
  if (afterComma !== undefined) return { forename: wordsOf(afterComma), surname: wordsOf(beforeComma) };
  const words = wordsOf(alias);
  const particle = words.findIndex((word, index) => index > 0 && index < words.length - 1 && particles.has(word));
  const surnameAt = particle > 0 ? particle : words.length - 1;
  return { forename: words.slice(0, surnameAt), surname: words.slice(surnameAt) };
};

type Forms = { wholes: string[]; parts: string[] };

const formsOf = ({ forename, surname }: Name): Forms => {
  const [first, last] = [asOneWord(forename), asOneWord(surname)];
  const main = last === "" ? forename : surname;
  const named = main.filter((word) => !particles.has(word));
  const parts = named.length > 0 ? named : main;
  const forms = [parts, ...parts.filter((word) => !/^[a-z]$/.test(word)).map((word) => [word])];
  const pair = [first, last].sort(byCodeUnit).join("|");
  const surnameText = (words: string[]): string[] => {
    const text = asOneWord(words);
    return text === "" ? [] : [`name-dob|${text}`];
  };
  return {
    wholes: [...surnameText(main), ...(first !== "" && last !== "" ? [`both-names-dob|${pair}`] : [])],
    parts: [...new Set(forms.flatMap(surnameText))]
      .filter((text) => !surnameText(main).includes(text))
      .slice(0, mostParts),
  };
};

const byCodeUnit = (one: string, other: string): number => (one < other ? -1 : 1);

const asOneWord = (words: string[]): string => {
  const text = words
    .join("")
    .replace(/a[ae]+|oe+|ue+/g, (letters) => letters.charAt(0))
    .replace(/^mac/, "mc");
  return unknownName.has(text) ? "" : [...text].slice(0, longestName).join("");
};

const wordsOf = (text: string): string[] => {
  const words = folded(text)
    .split(/[^\p{L}\p{M}]+/u)
    .filter((word) => /\p{L}/u.test(word) && !unknownName.has(word));
  while (words.length > 1 && titles.has(words.at(0) ?? "")) words.shift();
  while (words.length > 1 && generations.has(words.at(-1) ?? "")) words.pop();
  return words.join(" ").replace(joining, "$1").split(" ").filter(Boolean);
};

/** Joins the word before the blank to the one after it. */
const joining = /(?<![^ ])(o|mc|mac) /g;

const folded = (text: string): string =>
  text
    .replace(apostrophe, "'")
    .normalize("NFKD")
    .replace(apostrophe, "'")
    .toLowerCase()
    .replace(accent, "")
    .replace(invisible, "")
    .replace(/[^\p{ASCII}]/gu, (letter) => spelling.get(letter) ?? letter)
    .replace(/(?<![\p{L}\p{M}'])d'/gu, "d ")
    .replaceAll("'", "")
    .normalize("NFC");

/** Also those that NFKD would take apart, and the letters that write a glottal stop. */
const apostrophe =
  /['`\u00B4\u02B9-\u02C1\u02C8\u02CA\u02CB\u055A\u05F3\u1FBD\u1FBF\u1FFD\u1FFE\u2018\u2019\u201B\u2032\u2035\uA78B\uA78C\uFF07]/gu;

/** Not the voicing marks of Japanese, nor the vowel signs of South Asia, which belong to their own scripts. */
const accent = /[[\p{M}&&[\p{sc=Inherited}\p{sc=Arabic}\p{sc=Hebrew}]]--[\u3099\u309A]]/gv;

/** Joiners, direction marks, soft hyphens, and the stroke that only lengthens an Arabic word (tatweel). */
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u0640]/gu;

/** Letters without a decomposition, in lower case. A final sigma is a sigma. */
const spelling: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ß: "ss",
    æ: "ae",
    œ: "oe",
    ø: "o",
    þ: "th",
    ð: "d",
    đ: "d",
    ɖ: "d",
    ɗ: "d",
    ł: "l",
    ħ: "h",
    ı: "i",
    ȷ: "j",
    ŋ: "n",
    ŧ: "t",
    ə: "a",
    ɓ: "b",
    ƙ: "k",
    ƴ: "y",
    ς: "σ",
  }),
);

const setOf = (words: string): ReadonlySet<string> => new Set(words.split(" "));

const titles = setOf("mr mrs miss ms mx master dr");
const generations = setOf("jr jnr junior sr snr senior ii iii iv");
const particles = setOf(
  "d de del della di da do dos das du la le las los van von vander vanden der den ter ten " +
    "al el ul bin ibn ben bint binti abu abd abdul abdel ap ab ferch ni nic " +
    "st ste saint san santa santo and nee aka",
);
/** As one word. Names that some bear, such as Na, aren't among them. */
const unknownName = setOf(
  "unknown notknown unnamed noname nosurname nolastname noforename nofirstname fnu lnu tbc xxx",
);

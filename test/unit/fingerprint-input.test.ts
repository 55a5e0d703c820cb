import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprintInputs, isOfOneChild, type RecognisableIdentity } from "../../shared/domain/fingerprint-input.ts";
import naughtyStrings from "../data/naughty-strings.json" with { type: "json" };

const dateOfBirth = "2014-05-06";
type Names = Omit<RecognisableIdentity, "dateOfBirth">;

const inputs = (names: Names): string[] => fingerprintInputs({ dateOfBirth, ...names });
const match = (one: Names, other: Names): boolean => {
  const known = new Set(inputs(one));
  return inputs(other).some((text) => known.has(text));
};

describe("the texts", () => {
  it("of one child alone are its UPN and both its names: nothing that it shares with a twin", () => {
    const identity = { forename: "Amina", surname: "Begum-Khan", upn: "H801200001001" };
    expect(inputs(identity).filter(isOfOneChild)).toEqual([
      "upn|H801200001001",
      "both-names-dob|amina|begumkhan|2014-05-06",
    ]);
    expect(inputs({ surname: "Begum" }).filter(isOfOneChild)).toEqual([]);
  });

  it("of a child with everything", () => {
    const everything = {
      forename: "Zoë-Anne",
      surname: "O’Connor-Okafor",
      preferredForename: "Zoë",
      preferredSurname: "Connor",
      formerSurnames: ["Okafor"],
      aliases: ["Smith, Bob"],
      upn: "h801200001001",
      formerUpns: ["T20110001804V"],
    };
    expect(inputs(everything)).toEqual([
      "upn|H801200001001",
      "upn|T20110001804V",
      "name-dob|oconnorokafor|2014-05-06",
      "both-names-dob|oconnorokafor|zoanne|2014-05-06",
      "name-dob|oconnor|2014-05-06",
      "name-dob|okafor|2014-05-06",
      "name-dob|connor|2014-05-06",
      "both-names-dob|connor|zo|2014-05-06",
      "both-names-dob|okafor|zoanne|2014-05-06",
      "name-dob|smith|2014-05-06",
      "both-names-dob|bob|smith|2014-05-06",
    ]);
  });

  it("of a child with a surname alone", () => {
    expect(inputs({ surname: "Suharto" })).toEqual(["name-dob|suharto|2014-05-06"]);
  });

  it.each([
    ["with spaces and hyphens", " h801-2000 01001 ", ["upn|H801200001001"]],
    ["with a typographic hyphen", "H801‐200001001", ["upn|H801200001001"]],
    ["temporary", "t20110001804v", ["upn|T20110001804V"]],
    ["with a wrong check letter", "A801200001001", ["upn|A801200001001"]],
    ["too short", "H80120000100", []],
    ["with an I", "I801200001001", []],
    ["that says it isn't known", "UN1", []],
  ])("of a UPN %s", (_, upn, texts) => {
    expect(inputs({ surname: "-", upn })).toEqual(texts);
  });

  it("name two former UPNs at most, and none twice", () => {
    const formerUpns = ["H801200001001", "T20110001804V", "G80120000101A", "A801200001001"];
    expect(inputs({ surname: "-", upn: "H801200001001", formerUpns })).toEqual([
      "upn|H801200001001",
      "upn|T20110001804V",
      "upn|G80120000101A",
    ]);
  });

  it.each(["-", "Unknown", "not known", "Unknown Unknown", "FNU", "?", "1234", "  "])(
    "hold nothing of a surname that says %j",
    (surname) => {
      expect(inputs({ surname })).toEqual([]);
    },
  );

  it.each([
    ["ß", "Strauß", "strauss"],
    ["capital ẞ", "STRAUẞ", "strauss"],
    ["ø", "Sørensen", "sorensen"],
    ["å", "Åberg", "aberg"],
    ["æ", "Kjær", "kjar"],
    ["œ", "Lebœuf", "lebouf"],
    ["ł", "Wałęsa", "walesa"],
    ["đ", "Đorđević", "dordevic"],
    ["ð", "Sigurðsson", "sigurdsson"],
    ["þ", "Þórsson", "thorsson"],
    ["dotless ı", "Yıldız", "yildiz"],
    ["dotted İ", "İNCE", "ince"],
    ["ligature fi", "Griﬃths", "griffiths"],
    ["full width", "ＷＡＮＧ", "wang"],
    ["circumflex w", "Gŵyn", "gwyn"],
    ["Vietnamese", "Nguyễn", "nguyen"],
    ["Maltese", "Għawdex", "ghawdex"],
    ["final sigma", "Παπαδόπουλος", "παπαδοπουλοσ"],
    ["Cyrillic", "Ёлкин", "елкин"],
    ["Arabic with vowel signs", "مُحَمَّد", "محمد"],
    ["Arabic with tatweel", "محـــمد", "محمد"],
    ["Persian with a joiner", "می\u200cخواهم", "میخواهم"],
    ["Hebrew with points", "שָׁלוֹם", "שלום"],
    ["Devanagari, whose vowel signs stay", "शर्मा", "शर्मा"],
    ["Japanese, whose voicing marks stay", "がら", "がら"],
    ["Korean", "김", "김"],
    ["Chinese", "歐陽", "歐陽"],
  ])("fold %s", (_, surname, folded) => {
    expect(inputs({ surname })).toEqual([`name-dob|${folded}|2014-05-06`]);
  });

  it("keep the parts of a long name within bounds", () => {
    expect(inputs({ surname: "Aban Bekr Cohan Dan Evan Fin" })).toEqual([
      "name-dob|abanbekrcohandanevanfin|2014-05-06",
      "name-dob|aban|2014-05-06",
      "name-dob|bekr|2014-05-06",
      "name-dob|cohan|2014-05-06",
      "name-dob|dan|2014-05-06",
    ]);
  });
});

describe("surnames that match", () => {
  it.each([
    ["case", "SMITH", "smith"],
    ["composed and decomposed accents", "Zo\u00eb", "Zoe\u0308"],
    ["apostrophes", "O'Connor", "O’Connor"],
    ["a modifier letter", "OʼConnor", "O`Connor"],
    ["an acute accent for an apostrophe", "O´Connor", "O'Connor"],
    ["no apostrophe", "O’Connor", "OConnor"],
    ["a space", "O Connor", "O'Connor"],
    ["an Irish accent", "Ó Connor", "O’Connor"],
    ["Irish", "Ó Súilleabháin", "O'Suilleabhain"],
    ["Mc and Mac", "McDonald", "MacDonald"],
    ["Mc with a space", "Mc Donald", "MACDONALD"],
    ["Welsh particle", "ap Rhys", "Rhys"],
    ["Welsh particle, joined", "ap Rhys", "Aprhys"],
    ["hyphen or space", "Smith-Jones", "Smith Jones"],
    ["hyphen or none", "Smith-Jones", "Smithjones"],
    ["a typographic hyphen", "Smith‑Jones", "Smith–Jones"],
    ["the first part", "Smith-Jones", "Smith"],
    ["the second part", "Smith-Jones", "JONES"],
    ["parts in another order", "Garcia Lopez", "Lopez Garcia"],
    ["brackets", "Smith (Jones)", "Jones"],
    ["Dutch particles", "van der Berg", "Vanderberg"],
    ["no particles", "van der Berg", "Berg"],
    ["particles behind", "Berg, van der", "van der Berg"],
    ["Portuguese particles", "da Silva", "Silva"],
    ["d’", "D’Souza", "de Souza"],
    ["d’ joined", "D'Souza", "Dsouza"],
    ["al-", "Al-Hassan", "Hassan"],
    ["a saint", "St John", "Saint John"],
    ["a former name in the same field", "Begum née Khan", "Khan"],
    ["al- joined", "al Hassan", "Alhassan"],
    ["el and al", "El-Sayed", "al Sayed"],
    ["ibn", "ibn Rashid", "Rashid"],
    ["Abdul", "Abdul Rahman", "Rahman"],
    ["Abdul joined", "Abdul Rahman", "Abdulrahman"],
    ["ayn", "Sa‘ad", "Saad"],
    ["umlaut and its passport spelling", "Müller", "MUELLER"],
    ["umlaut left off", "Müller", "Muller"],
    ["ø and its passport spelling", "Jørgensen", "Joergensen"],
    ["å and its passport spelling", "Ågård", "Aagaard"],
    ["Polish", "Łukaszewicz", "Lukaszewicz"],
    ["Turkish capitals", "IŞIK", "Işık"],
    ["Chinese, in one word or two", "Ou Yang", "Ouyang"],
    ["a title", "Miss Khan", "Khan"],
    ["a generation", "Silva Junior", "da Silva"],
    ["a digit left behind", "Smith 2", "Smith"],
    ["an invisible character", "Smi\u00adth", "Smith"],
  ])("%s: %s and %s", (_, one, other) => {
    expect(match({ surname: one }, { surname: other })).toBe(true);
  });

  it.each([
    ["Smith", "Smyth"],
    ["Mohammed", "Muhammad"],
    ["Ivanov", "Ivanova"],
    ["Ivanov", "Иванов"],
    ["Al-Hassan", "Al-Hussein"],
    ["St John", "St Clair"],
    ["Santa Cruz", "Santa Rosa"],
    ["van der Berg", "van der Meer"],
    ["O’Connor", "O’Brien"],
    ["McDonald", "Donald"],
    ["O’Connor", "Connor"],
    ["Abdul Rahman", "Abdul Karim"],
    ["Smith-Jones", "Smithson"],
    ["राम", "रीमा"],
    ["Unknown", "Unknown"],
    ["-", "?"],
  ])("not: %s and %s", (one, other) => {
    expect(match({ surname: one }, { surname: other })).toBe(false);
  });
});

describe("whole identities that match", () => {
  it.each<[string, Names, Names]>([
    ["forename and surname exchanged", { forename: "Wei", surname: "Wang" }, { forename: "Wang", surname: "Wei" }],
    [
      "exchanged, and a forename of two words in one",
      { forename: "Li Wei", surname: "Wang" },
      { forename: "WANG", surname: "Liwei" },
    ],
    ["both names in the surname", { forename: "Wei", surname: "Wang" }, { surname: "Wang Wei" }],
    ["a single name", { surname: "Suharto" }, { forename: "-", surname: "SUHARTO" }],
    ["a single name sent as the forename", { surname: "Suharto" }, { forename: "Suharto", surname: "Unknown" }],
    ["a single name sent twice", { surname: "Suharto" }, { forename: "Suharto", surname: "Suharto" }],
    ["a preferred surname", { surname: "Khan", preferredSurname: "Okafor" }, { surname: "Okafor" }],
    ["a former surname", { surname: "Khan", formerSurnames: ["Okafor"] }, { surname: "Okafor" }],
    ["an alias", { surname: "Khan", aliases: ["Bob Okafor"] }, { forename: "Bobby", surname: "Okafor" }],
    ["an alias with a comma", { surname: "Khan", aliases: ["Okafor, Bob"] }, { surname: "Okafor" }],
    ["an alias of one word", { surname: "Khan", aliases: ["Okafor"] }, { surname: "Okafor" }],
    ["an alias with particles", { surname: "Khan", aliases: ["Jan van der Berg"] }, { surname: "Vanderberg" }],
    ["two aliases", { surname: "Khan", aliases: ["Okafor"] }, { surname: "Smith", aliases: ["Mr B. Okafor"] }],
    [
      "a UPN, whatever the name",
      { surname: "Khan", upn: "H801200001001" },
      { surname: "Smith", formerUpns: ["h801200001001"] },
    ],
  ])("%s", (_, one, other) => {
    expect(match(one, other)).toBe(true);
  });

  it.each<[string, Names, Names]>([
    ["a forename in common", { forename: "Muhammad", surname: "Khan" }, { forename: "Muhammad", surname: "Ali" }],
    [
      "one's forename is the other's surname",
      { forename: "Ali", surname: "Khan" },
      { forename: "Hamza", surname: "Ali" },
    ],
    [
      "a preferred forename in common",
      { surname: "Khan", preferredForename: "Ali" },
      { surname: "Ahmed", preferredForename: "Ali" },
    ],
    ["no name known of either", { forename: "FNU", surname: "LNU" }, { forename: "FNU", surname: "LNU" }],
    ["other UPNs", { surname: "-", upn: "H801200001001" }, { surname: "-", upn: "A801200001001" }],
  ])("not: %s", (_, one, other) => {
    expect(match(one, other)).toBe(false);
  });

  it("not with another date of birth, day and month exchanged included", () => {
    const born = (date: string) => fingerprintInputs({ forename: "Zoë", surname: "Smith", dateOfBirth: date });
    expect(born("2014-05-06").filter((text) => born("2014-06-05").includes(text))).toEqual([]);
    expect(born("2014-05-06").filter((text) => born("2014-05-06").includes(text))).toHaveLength(2);
  });
});

describe("whatever the names", () => {
  const anyText = fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 });
  const anyIdentity = fc.record(
    {
      forename: anyText,
      surname: anyText,
      preferredForename: anyText,
      preferredSurname: anyText,
      formerSurnames: fc.array(anyText, { maxLength: 20 }),
      aliases: fc.array(anyText, { maxLength: 20 }),
      upn: fc.string({ unit: "grapheme-ascii", maxLength: 40 }),
      formerUpns: fc.array(fc.string({ unit: "grapheme-ascii", maxLength: 40 }), { maxLength: 20 }),
    },
    { requiredKeys: ["surname"] },
  );
  const shape =
    /^(?:upn\|[A-Z][0-9]{11}[0-9A-Z]|name-dob\|[\p{L}\p{M}]+\|2014-05-06|both-names-dob\|[\p{L}\p{M}]+\|[\p{L}\p{M}]+\|2014-05-06)$/u;

  it("there are at most twelve texts, all different, of a known shape, which KMS takes", () => {
    fc.assert(
      fc.property(anyIdentity, (identity) => {
        const texts = inputs(identity);
        expect(texts.length).toBeLessThanOrEqual(12);
        expect(new Set(texts).size).toBe(texts.length);
        for (const text of texts) {
          expect(text).toMatch(shape);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
        }
        expect(inputs(structuredClone(identity))).toEqual(texts);
      }),
    );
  });

  it("the longest of names is cut to 100 letters", () => {
    const texts = inputs({ forename: "ﷺ".repeat(100), surname: "𐐨".repeat(100) });
    expect(texts.map((text) => Buffer.byteLength(text))).toEqual([420, 627]);
  });

  it("normalised text is left as it is", () => {
    fc.assert(
      fc.property(anyText, (surname) => {
        const [text] = inputs({ surname });
        if (text !== undefined) expect(inputs({ surname: text.split("|")[1] ?? "" })).toEqual([text]);
      }),
    );
  });

  const letters = [..."abcdefghijklmnopqrstuvwxyzßæøåłđðþéèüñçşžőŵẽ"];
  /** Longer than any title or particle. */
  const word = fc.string({ unit: fc.constantFrom(...letters), minLength: 7, maxLength: 12 });
  const words = fc.array(word, { minLength: 1, maxLength: 3 });

  it("case, composition, joining and place make no difference", () => {
    fc.assert(
      fc.property(word, words, (forename, parts) => {
        const one = { forename, surname: parts.join(" ") };
        const same = [
          { forename, surname: parts.join("-").toUpperCase() },
          { forename: forename.normalize("NFD"), surname: parts.join(" ").normalize("NFD") },
          { forename: parts.join(""), surname: forename },
          { forename: "", surname: parts.join("’") },
        ];
        for (const other of same) expect(match(one, other)).toBe(true);
      }),
    );
  });

  it("nothing is thrown and nothing unnormalised comes out of strings that break programs", () => {
    for (const text of naughtyStrings as string[]) {
      for (const input of inputs({ forename: text, surname: text, aliases: [text] })) expect(input).toMatch(shape);
    }
  });
});

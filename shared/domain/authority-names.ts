/** What is known of an authority that somebody may mean. */
export type NamedAuthority = {
  code: string;
  gssCode: string;
  formerGssCodes: readonly string[];
  name: string;
  councilName: string;
  successors: readonly string[];
  effectiveTo: string | null;
};

/** The authority that was meant, or why that can't be said; never with what was written. */
export type AuthorityMatch =
  | { found: string }
  | { fault: "unknown" }
  | { fault: "ambiguous"; codes: string[] }
  | { fault: "ended"; code: string; successors: readonly string[] };

/**
 * Names in use that follow neither from an authority's name nor from its council's, by code. Welsh names are those of the
 * councils themselves (ONS, Local Authority Districts, names in Welsh).
 */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  201: ["City of London", "City of London Corporation", "Corporation of London"],
  207: ["RBKC"],
  211: ["LBTH"],
  301: ["LBBD"],
  314: ["Royal Borough of Kingston"],
  420: ["Scilly", "Isles of Scilly"],
  800: ["B&NES", "BANES", "Bath & NE Somerset"],
  811: ["East Riding"],
  839: ["BCP"],
  865: ["Wilts"],
  868: ["RBWM"],
  889: ["Blackburn"],
  894: ["Telford"],
  896: ["CWAC", "CWaC", "Cheshire West", "Cheshire West & Chester"],
  660: ["Anglesey", "Ynys Môn"],
  664: ["Sir y Fflint"],
  663: ["Sir Ddinbych"],
  665: ["Wrecsam"],
  668: ["Sir Benfro"],
  669: ["Sir Gaerfyrddin"],
  670: ["Abertawe"],
  671: ["Castell-nedd Port Talbot"],
  672: ["Pen-y-bont ar Ogwr"],
  673: ["Bro Morgannwg", "The Vale of Glamorgan"],
  675: ["Merthyr Tudful"],
  676: ["Caerffili"],
  679: ["Sir Fynwy"],
  680: ["Casnewydd"],
  681: ["Caerdydd"],
  S12000013: ["Western Isles", "Eilean Siar", "Na h-Eileanan an Iar"],
  N92000002: ["Education Authority Northern Ireland", "EANI"],
};

/** What says of which kind an authority is, and not which one it is. */
const prefixes = [
  "london borough of",
  "royal borough of",
  "metropolitan borough of",
  "county borough of",
  "borough of",
  "city and county of",
  "city of",
  "county of",
  "council of the",
  "council of",
  "county",
  "lb of",
  "rb of",
  "lb",
  "rb",
  "the",
];
const suffixes = [
  "metropolitan borough",
  "metropolitan district",
  "county borough",
  "london borough",
  "royal borough",
  "unitary authority",
  "local authority",
  "corporation",
  "borough",
  "council",
  "county",
  "city",
  "district",
  "lbc",
  "mbc",
  "mdc",
  "cbc",
  "lea",
  "bc",
  "cc",
  "dc",
  "la",
  "lb",
  "rb",
  "ua",
];

/** What these leave alone when they are taken off names no authority: London is 33 of them. */
const tooLittle = new Set(["", "london", "east", "west", "north", "south"]);

/** One spelling of what differs by case, diacritics, punctuation, `&`, `upon` and `Saint` alone; `X, City of` turned round. */
const folded = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(
      /^\s*([^,]+),\s*((?:city|county|borough|royal borough|london borough|city and county)(?: of)?)\s*$/u,
      "$2 $1",
    )
    .replaceAll("&", " and ")
    .replace(/['’‘`.]/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .replace(/\bupon\b/g, "on")
    .replace(/\bsaint\b/g, "st");

/** The name alone, without what says of which kind of authority it is. */
const bareName = (text: string): string => {
  let bare = text;
  for (let before = ""; before !== bare; ) {
    before = bare;
    for (const prefix of prefixes) if (bare.startsWith(`${prefix} `)) bare = bare.slice(prefix.length + 1);
    for (const suffix of suffixes) if (bare.endsWith(` ${suffix}`)) bare = bare.slice(0, -suffix.length - 1);
  }
  return bare;
};

/** Up to "on" or "on-the": Stockton for Stockton-on-Tees. */
const beforeRiver = (bare: string): string => bare.replace(/ on .*$/, "");

type Index = ReadonlyMap<string, ReadonlySet<string>>;

const index = (pairs: Iterable<readonly [string, string]>): Index => {
  const found = new Map<string, Set<string>>();
  for (const [key, code] of pairs) found.set(key, (found.get(key) ?? new Set()).add(code));
  return found;
};

/**
 * Finds the authority that a text means: by its DfE number, by a GSS code that it bears or bore, or by any name in use.
 * Where more than one could be meant, none is: a contact under the wrong authority would be told of its children.
 *
 * Authorities that have ended are only found where no other bears the name or code: "Dorset" is Dorset Council (838), and
 * "Cheshire" is refused with the successors of the county.
 *
 * @param today `YYYY-MM-DD`
 */
export const authorityMatcher = (
  authorities: readonly NamedAuthority[],
  today: string,
): ((text: string) => AuthorityMatch) => {
  const byCode = new Map(authorities.map((each) => [each.code, each]));
  const isPast = ({ effectiveTo }: NamedAuthority) => effectiveTo !== null && effectiveTo < today;
  const lasting = authorities.filter((each) => !isPast(each));
  const namesOf = ({ code, name, councilName }: NamedAuthority) =>
    [name, councilName, ...(otherNames[code] ?? [])].map(folded);
  const indexesOf = (some: readonly NamedAuthority[]) => ({
    gss: index(some.map(({ gssCode, code }) => [gssCode, code])),
    formerGss: index(some.flatMap((each) => each.formerGssCodes.map((gss): [string, string] => [gss, each.code]))),
    whole: index(some.flatMap((each) => namesOf(each).map((name): [string, string] => [name, each.code]))),
    bare: index(some.flatMap((each) => namesOf(each).map((name): [string, string] => [bareName(name), each.code]))),
    short: index(
      some.flatMap((each) => namesOf(each).map((name): [string, string] => [beforeRiver(bareName(name)), each.code])),
    ),
  });
  const present = indexesOf(lasting);
  const past = indexesOf(authorities.filter(isPast));
  const bareNames = indexesOf(authorities).bare;

  const candidates = (indexes: typeof present, text: string): ReadonlySet<string> => {
    const gss = text.toUpperCase();
    const name = folded(text);
    const bare = bareName(name);
    const exact = indexes.gss.get(gss) ?? indexes.formerGss.get(gss) ?? indexes.whole.get(name);
    if (exact || tooLittle.has(bare)) return exact ?? new Set();
    const codes = new Set([...(indexes.bare.get(bare) ?? []), ...(indexes.short.get(bare) ?? [])]);
    const namesakes = codes.size > 0 ? namesakesOfOtherKind(name, bare) : new Set<string>();
    return new Set([...codes, ...namesakes]);
  };

  /** Nottingham is a city and Nottinghamshire a county: "Nottingham County Council" could be either. */
  const namesakesOfOtherKind = (name: string, bare: string): ReadonlySet<string> => {
    if (/\bcounty\b(?! borough)/.test(name) && !bare.endsWith("shire"))
      return bareNames.get(`${bare}shire`) ?? new Set();
    if (/\b(?:city|borough)\b/.test(name) && bare.endsWith("shire"))
      return bareNames.get(bare.slice(0, -5)) ?? new Set();
    return new Set();
  };

  const verdict = (codes: ReadonlySet<string>): AuthorityMatch | undefined => {
    const [code, ...more] = [...codes].sort();
    if (code === undefined) return undefined;
    if (more.length > 0) return { fault: "ambiguous", codes: [code, ...more] };
    const authority = byCode.get(code);
    return authority && isPast(authority)
      ? { fault: "ended", code, successors: authority.successors }
      : { found: code };
  };

  return (text) => {
    const given = text.trim();
    const byNumber = byCode.has(given) ? new Set([given]) : new Set<string>();
    return (
      verdict(byNumber) ??
      verdict(candidates(present, given)) ??
      verdict(candidates(past, given)) ?? { fault: "unknown" }
    );
  };
};

import { XMLParser, XMLValidator } from "fast-xml-parser";

/** Bytes. */
export const largestFile = 200 * 1024;
/** A common transfer file nests about ten deep. */
const deepest = 32;
const mostElements = 10_000;

/** Why a file isn't read as XML. */
export type XmlRefusal =
  | "too-large"
  | "encoding-not-utf-8"
  | "document-type"
  | "not-well-formed"
  | "too-deep"
  | "too-many-elements";

export type XmlElement = { name: string; children: XmlElement[]; text: string };

export class XmlRefused extends Error {
  override readonly name = "XmlRefused";
  readonly because: XmlRefusal;
  constructor(because: XmlRefusal) {
    super(because);
    this.because = because;
  }
}

/**
 * The elements of a small XML file, without its attributes, comments and processing instructions. Nothing outside the file
 * is ever looked at, and a file can't define anything: one with a document type or an entity declaration anywhere, comments
 * included, isn't parsed at all, so that there is nothing to expand (XXE, billion laughs). Of references only the five
 * that XML has itself and those by number are known.
 *
 * @param file bytes in UTF-8, with or without its mark, or text
 * @throws XmlRefused
 */
export const readXml = (file: Uint8Array | string): XmlElement => {
  const xml = textOf(file);
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml) || /<!(?!--|\[CDATA\[)/.test(xml)) throw new XmlRefused("document-type");
  if (notACharacter.test(xml) || /(?!^)<\?xml\s/i.test(xml)) throw new XmlRefused("not-well-formed");
  const [root, ...others] = parsed(xml);
  if (root === undefined || others.length > 0) throw new XmlRefused("not-well-formed");
  return root;
};

/**
 * UTF-8 alone, by its bytes and by its own declaration: in any other encoding the same bytes could say one thing here and
 * another to whoever opens the file later.
 */
const textOf = (file: Uint8Array | string): string => {
  const bytes = typeof file === "string" ? Buffer.byteLength(file, "utf8") : file.byteLength;
  if (bytes > largestFile) throw new XmlRefused("too-large");
  const text = decoded(file);
  const [, declared] = /^<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)["']/.exec(text) ?? [];
  if (text.includes("\0") || (declared !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(declared))) {
    throw new XmlRefused("encoding-not-utf-8");
  }
  return text;
};

const decoded = (file: Uint8Array | string): string => {
  if (typeof file === "string") return file.replace(/^\uFEFF/, "");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(file);
  } catch {
    throw new XmlRefused("encoding-not-utf-8");
  }
};

/** Outside the characters of XML 1.0 (section 2.2). */
const notACharacter = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

const textName = "#text";
const cdataName = "#cdata";

const parsed = (xml: string): XmlElement[] => {
  let elements = 0;
  const parser = new XMLParser({
    preserveOrder: true,
    textNodeName: textName,
    cdataPropName: cdataName,
    processEntities: false,
    htmlEntities: false,
    parseTagValue: false,
    trimValues: false,
    ignoreAttributes: true,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: deepest + 1,
    jPath: false,
    updateTag: (name, path) => {
      elements += 1;
      if (elements > mostElements) throw new XmlRefused("too-many-elements");
      if (typeof path !== "string" && path.getDepth() > deepest) throw new XmlRefused("too-deep");
      return name;
    },
  });
  try {
    const nodes: unknown = parser.parse(xml);
    if (XMLValidator.validate(xml) !== true) throw new XmlRefused("not-well-formed");
    return elementsOf(nodes);
  } catch (error) {
    throw error instanceof XmlRefused ? error : new XmlRefused("not-well-formed");
  }
};

/** One node as the parser gives it: an object whose one member is its name. */
const membersOf = (nodes: unknown): [string, unknown][] =>
  (nodes as Record<string, unknown>[]).flatMap((node) => Object.entries(node));

/** As deep as the parser went, which is bounded. */
const elementsOf = (nodes: unknown): XmlElement[] =>
  membersOf(nodes)
    .filter(([name]) => name !== textName && name !== cdataName)
    .map(([name, content]) => ({ name, children: elementsOf(content), text: textWithin(content) }));

const textWithin = (nodes: unknown): string =>
  membersOf(nodes)
    .map(([name, content]) => {
      if (name === textName) return withoutReferences(String(content));
      return name === cdataName
        ? membersOf(content)
            .map(([, text]) => String(text))
            .join("")
        : "";
    })
    .join("");

const named: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

const withoutReferences = (text: string): string =>
  text.replace(/&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|([a-z]{2,4}));|&/g, (_, hex, decimal, name) => {
    const character =
      name === undefined
        ? characterOf(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
        : named.get(name);
    if (character === undefined) throw new XmlRefused("not-well-formed");
    return character;
  });

const characterOf = (codePoint: number): string | undefined => {
  if (!(codePoint <= 0x10ffff)) return undefined;
  const character = String.fromCodePoint(codePoint);
  return notACharacter.test(character) ? undefined : character;
};

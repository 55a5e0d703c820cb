import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compareUpn, parseCtf } from "../../shared/ctf/parse-ctf.ts";

const sample = readFileSync(new URL("../data/ctf-sample.xml", import.meta.url));

const refusalOf = (xml: Uint8Array | string): string => {
  const reading = parseCtf(xml);
  return reading.readable ? "readable" : reading.because;
};

const names = "<Surname>Rooster</Surname><Forename>Albert</Forename><DOB>2010-11-20</DOB>";
/** A file whose pupil has these elements. */
const fileOf = (pupil: string, around = ""): string =>
  `<CTfile>${around}<CTFpupilData><Pupil>${pupil}</Pupil></CTFpupilData></CTfile>`;
const pupilOf = (xml: Uint8Array | string) => {
  const reading = parseCtf(xml);
  return reading.readable ? reading.file.pupil : reading;
};
const rooster = { surname: "Rooster", forename: "Albert", dateOfBirth: "2010-11-20" };

describe("a common transfer file", () => {
  it("tells whose it is and where it comes from", () => {
    expect(parseCtf(sample)).toEqual({
      readable: true,
      file: {
        pupil: { upn: "R674123101121", surname: "ROOSTER", forename: "ALBERT", dateOfBirth: "2010-11-20", sex: "M" },
        version: "25.0",
        madeAt: "2024-02-01T10:30:00",
        sourceSchool: { authority: "123", establishment: "4567", name: "Source School" },
        destinationSchool: { authority: "999", establishment: "8888" },
      },
    });
  });

  it("says the same as text and as bytes, with and without a byte order mark", () => {
    const expected = parseCtf(sample);
    expect(parseCtf(sample.toString("utf8"))).toEqual(expected);
    expect(parseCtf(`\uFEFF${sample.toString("utf8")}`)).toEqual(expected);
    expect(parseCtf(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), sample]))).toEqual(expected);
    expect(parseCtf(sample.toString("utf8").replaceAll("\n", "\r\n"))).toEqual(expected);
  });

  it.each([
    [
      "nothing optional",
      "<Surname>Suharto</Surname><DOB>2010-11-20</DOB>",
      { surname: "Suharto", dateOfBirth: "2010-11-20" },
    ],
    [
      "an empty forename",
      "<Surname>Suharto</Surname><Forename/><DOB>2010-11-20</DOB>",
      { surname: "Suharto", dateOfBirth: "2010-11-20" },
    ],
    ["blanks around", `<UPN>\n R674123101121 </UPN>${names}`, { upn: "R674123101121", ...rooster }],
    ["an older format's Gender", `${names}<Gender>F</Gender>`, { ...rooster, sex: "F" }],
    ["a number that stays text", `<UPN>0123</UPN>${names}`, { upn: "0123", ...rooster }],
    ["other letters", names.replace("Rooster", "Łukasz-歐陽 😀"), { ...rooster, surname: "Łukasz-歐陽 😀" }],
    [
      "XML's own references",
      names.replace("Rooster", "O&apos;Brien &amp; &lt;b&gt;&quot;"),
      { ...rooster, surname: `O'Brien & <b>"` },
    ],
    ["references by number", names.replace("Rooster", "O&#8217;Brien&#x142;"), { ...rooster, surname: "O’Brienł" }],
    ["what looks like two references", names.replace("Rooster", "&amp;lt;"), { ...rooster, surname: "&lt;" }],
    [
      "a CDATA section",
      names.replace("Rooster", "<![CDATA[Smith & <Sons> &amp;]]>"),
      { ...rooster, surname: "Smith & <Sons> &amp;" },
    ],
    ["comments and instructions", `<!-- <Surname>X</Surname> --><?x <Surname>Y</Surname>?>${names}`, rooster],
    ["attributes", names.replace("<Surname>", `<Surname a="&lt;" b='>'>`), rooster],
    ["elements that are left alone", `${names}<Contacts><Contact><Surname>Hen</Surname></Contact></Contacts>`, rooster],
  ])("may have %s", (_, pupil, expected) => {
    expect(pupilOf(fileOf(pupil))).toEqual(expected);
  });

  it.each([
    ["no surname", "<Forename>Albert</Forename><DOB>2010-11-20</DOB>", "Surname"],
    ["an element in a surname's place", names.replace("Rooster", "<b>Rooster</b>"), "Surname"],
    ["no date of birth", "<Surname>Rooster</Surname>", "DOB"],
    ["a date that doesn't exist", names.replace("2010-11-20", "2010-02-30"), "DOB"],
    ["a date in another order", names.replace("2010-11-20", "20/11/2010"), "DOB"],
    ["another sex", `${names}<Sex>Marker</Sex>`, "Sex"],
    ["two UPNs", `<UPN>R674123101121</UPN><UPN>H801200001001</UPN>${names}`, "UPN"],
    ["two surnames", `<Surname>Marker</Surname>${names}`, "Surname"],
    ["a surname of two lines", names.replace("Rooster", "Marker\nMarker"), "Surname"],
    ["a surname that is too long", names.replace("Rooster", "Marker".repeat(20)), "Surname"],
    ["several of them", "<UPN/><Surname/><DOB>Marker</DOB>", "Surname, DOB"],
  ])("is refused with %s, and what it holds isn't repeated", (_, pupil, elements) => {
    expect(parseCtf(fileOf(pupil))).toEqual({
      readable: false,
      because: "content-not-acceptable",
      detail: `The file’s elements are not as they should be: ${elements}.`,
    });
  });

  it.each([
    ["another root", "<CTFile><CTFpupilData/></CTFile>", "not-a-ctf"],
    ["a web page", "<html><body/></html>", "not-a-ctf"],
    ["no pupil data", "<CTfile/>", "no-pupil"],
    ["no pupil", "<CTfile><CTFpupilData/></CTfile>", "no-pupil"],
    ["a pupil elsewhere", `<CTfile><Pupil>${names}</Pupil></CTfile>`, "no-pupil"],
    ["two pupils", fileOf(`${names}</Pupil><Pupil>${names}`), "several-pupils"],
    ["two lists of pupils", fileOf(`${names}</Pupil></CTFpupilData><CTFpupilData><Pupil>${names}`), "several-pupils"],
    ["an empty second list", fileOf(names, "<CTFpupilData/>"), "content-not-acceptable"],
    ["two headers", fileOf(names, "<Header/><Header/>"), "content-not-acceptable"],
    ["two source schools", fileOf(names, "<Header><SourceSchool/><SourceSchool/></Header>"), "content-not-acceptable"],
  ])("is refused with %s", (_, xml, code) => {
    expect(refusalOf(xml)).toBe(code);
  });
});

describe("what could define or fetch something", () => {
  const laughs = `<!DOCTYPE lolz [<!ENTITY lol "lol">${Array.from({ length: 9 }, (_, index) => `<!ENTITY lol${index + 1} "${`&lol${index || ""};`.repeat(10)}">`).join("")}]>`;
  const surname = (text: string) => fileOf(names.replace("Rooster", text));

  it.each([
    ["a billion laughs", `${laughs}${surname("&lol9;")}`],
    ["a quadratic blow-up", `<!DOCTYPE x [<!ENTITY a "${"a".repeat(50_000)}">]>${surname("&a;".repeat(10_000))}`],
    ["a file", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${surname("&a;")}`],
    ["an address", `<!DOCTYPE x [<!ENTITY a SYSTEM "http://169.254.169.254/">]>${surname("&a;")}`],
    ["a parameter entity", `<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/x.dtd"> %a;]>${surname("X")}`],
    ["an external subset", `<!DOCTYPE CTfile SYSTEM "http://127.0.0.1/ctf.dtd">${surname("X")}`],
    ["an empty document type", `<!DOCTYPE CTfile>${surname("X")}`],
    ["one in lower case", `<!doctype CTfile>${surname("X")}`],
    ["one after a declaration and a comment", `<?xml version="1.0"?><!-- x --><!DOCTYPE CTfile>${surname("X")}`],
    ["one inside the root", surname("X").replace("<CTFpupilData>", "<!DOCTYPE x><CTFpupilData>")],
    ["one inside a comment", `<!-- <!DOCTYPE x> -->${surname("X")}`],
    ["one inside a CDATA section", surname('<![CDATA[<!ENTITY a "b">]]>')],
    ["an element declaration", `<!ELEMENT CTfile ANY>${surname("X")}`],
    ["a conditional section", `<![INCLUDE[ ]]>${surname("X")}`],
  ])("is refused before it is parsed: %s", (_, xml) => {
    expect(refusalOf(xml)).toBe("document-type");
    expect(refusalOf(Buffer.from(xml))).toBe("document-type");
  });

  it.each([
    "&lol;",
    "&nbsp;",
    "&eacute;",
    "&#0;",
    "&#xD800;",
    "&#x110000;",
    "&#9999999;",
    "&",
    "& ",
    "&amp",
    "&#;",
    "&toString;",
  ])("is no reference: %s", (reference) => {
    expect(refusalOf(surname(`A${reference}B`))).toBe("not-well-formed");
  });

  it("is no inclusion: XInclude and style sheets are left alone", () => {
    const include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>';
    const style = '<?xml-stylesheet href="http://127.0.0.1/x.xsl" type="text/xsl"?>';
    expect(pupilOf(`${style}${fileOf(names + include)}`)).toEqual(rooster);
  });

  it.each(["__proto__", "constructor", "prototype"])("is not an element called %s", (name) => {
    expect(refusalOf(fileOf(`${names}<${name}><polluted>1</polluted></${name}>`))).toBe("not-well-formed");
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("encodings", () => {
  const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>${fileOf(names)}`;
  const withType = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>${fileOf(names)}`;
  const swapped = (text: string) => Buffer.from(text, "utf16le").swap16();

  it.each(["utf-8", "UTF-8", "utf8", "US-ASCII"])("takes one declared as %s", (encoding) => {
    expect(pupilOf(Buffer.from(declared(encoding)))).toEqual(rooster);
  });

  it.each(["utf-16", "UTF-16LE", "iso-8859-1", "windows-1252", "utf-7", "ebcdic-cp-gb", ""])(
    "refuses one declared as %j",
    (encoding) => {
      expect(refusalOf(Buffer.from(declared(encoding)))).toBe("encoding-not-utf-8");
      expect(refusalOf(declared(encoding))).toBe("encoding-not-utf-8");
    },
  );

  it.each([
    ["UTF-16, little-endian, marked", Buffer.from(`\uFEFF${withType}`, "utf16le")],
    ["UTF-16, big-endian, marked", swapped(`\uFEFF${withType}`)],
    ["UTF-16, little-endian", Buffer.from(withType, "utf16le")],
    ["UTF-16, big-endian", swapped(withType)],
    ["UTF-16 that says it is UTF-8", Buffer.from(declared("utf-8"), "utf16le")],
    ["UTF-32", Buffer.from([...withType].flatMap((character) => [0, 0, 0, character.charCodeAt(0)]))],
    ["Latin-1", Buffer.from(fileOf(names.replace("Rooster", "Zoë")), "latin1")],
    ["an overlong <", Buffer.concat([Buffer.from([0xc0, 0xbc]), Buffer.from("CTfile/>")])],
    ["a surrogate in UTF-8", Buffer.concat([Buffer.from("<CTfile>"), Buffer.from([0xed, 0xa0, 0x80])])],
    ["a NUL", Buffer.from(fileOf(names.replace("Rooster", "Roo\0ster")))],
  ])("refuses %s", (_, bytes) => {
    expect(refusalOf(bytes)).toBe("encoding-not-utf-8");
  });

  it.each(["\u0001", "\u001b", "\uFFFE", "\ud800"])("refuses %j, which is no character of XML", (character) => {
    expect(refusalOf(fileOf(names.replace("Rooster", `A${character}`)))).toBe("not-well-formed");
  });
});

describe("limits", () => {
  it("takes 200 KiB and not a byte more", () => {
    const padded = (bytes: number) => `${fileOf(names)}${" ".repeat(bytes - Buffer.byteLength(fileOf(names)))}`;
    expect(pupilOf(padded(204_800))).toEqual(rooster);
    expect(refusalOf(padded(204_801))).toBe("too-large");
    expect(refusalOf(Buffer.from(padded(204_801)))).toBe("too-large");
  });

  it("counts bytes and not letters", () => {
    expect(refusalOf(`<CTfile>${"é".repeat(102_400)}</CTfile>`)).toBe("too-large");
  });

  it("takes elements 32 deep and no deeper", () => {
    const nested = (depth: number) => fileOf(`${names}${"<a>".repeat(depth - 3)}${"</a>".repeat(depth - 3)}`);
    expect(pupilOf(nested(32))).toEqual(rooster);
    expect(refusalOf(nested(33))).toBe("too-deep");
    expect(refusalOf(nested(20_000))).toBe("too-deep");
  });

  it("takes 10,000 elements and not one more", () => {
    const withElements = (count: number) => fileOf(`${names}${"<a/>".repeat(count - 6)}`);
    expect(pupilOf(withElements(10_000))).toEqual(rooster);
    expect(refusalOf(withElements(10_001))).toBe("too-many-elements");
  });
});

describe("what isn't well-formed", () => {
  it.each([
    ["nothing", ""],
    ["blanks", "  \n"],
    ["text", "CTfile"],
    ["JSON", '{"CTfile":{}}'],
    ["an element that isn't closed", `<CTfile><CTFpupilData><Pupil>${names}</Pupil></CTFpupilData>`],
    ["elements that cross", "<CTfile><a><b></a></b></CTfile>"],
    ["two roots", `${fileOf(names)}<CTfile/>`],
    ["two roots, each whole", fileOf(names).repeat(2)],
    ["text after the root", `${fileOf(names)}x`],
    ["text before the root", `x${fileOf(names)}`],
    ["a comment without an end", `${fileOf(names)}<!-- `],
    ["a CDATA section without an end", `<CTfile><![CDATA[</CTfile>`],
    ["an instruction without an end", `<?x ${fileOf(names)}`],
    ["an attribute without a value", "<CTfile a></CTfile>"],
    ["an attribute twice", '<CTfile a="1" a="2"></CTfile>'],
    ["a second declaration", `<CTfile><?xml version="1.0"?></CTfile>`],
    ["blanks before the declaration", ` <?xml version="1.0" encoding="utf-8"?>${fileOf(names)}`],
  ])("is refused: %s", (_, xml) => {
    expect(parseCtf(xml)).toEqual({
      readable: false,
      because: "not-well-formed",
      detail: "The file is not well-formed XML.",
    });
  });
});

describe("the file's UPN and the record's", () => {
  it.each([
    ["R674123101121", { upn: "R674123101121" }, "matches"],
    [" r674123101121", { upn: "R674123101121" }, "matches"],
    ["R674123101121", { upn: "H801200001001", formerUpns: ["r674123101121 "] }, "matches"],
    ["R674123101121", { formerUpns: ["R674123101121"] }, "matches"],
    ["R674123101121", { upn: "H801200001001" }, "differs"],
    ["R674123101121", { upn: "H801200001001", formerUpns: ["T20110001804V"] }, "differs"],
    ["not known", { upn: "H801200001001" }, "differs"],
    ["R674123101121", {}, "absent"],
    [undefined, { upn: "H801200001001" }, "absent"],
    [undefined, {}, "absent"],
  ])("%s and %j: %s", (upn, record, comparison) => {
    expect(compareUpn(upn === undefined ? {} : { upn }, record)).toBe(comparison);
  });
});

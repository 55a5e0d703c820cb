import { deflateRawSync } from "node:zlib";
import { strFromU8, strToU8, type Zippable, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readTable } from "../../shared/spreadsheet/read-table.ts";

const csv = "text/csv";
const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const readCsv = async (file: string | Uint8Array) => (await readTable({ media: csv, bytes: Buffer.from(file) })).rows;
const readXlsx = (file: Uint8Array) => readTable({ media: xlsx, bytes: Buffer.from(file) });

const refusing = (detail: RegExp) => ({ code: "file-unreadable", message: expect.stringMatching(detail) });

describe("a CSV", () => {
  it.each([
    ["commas", "a,b\n1,2\n"],
    ["semicolons", "a;b\n1;2\n"],
    ["tabs", "a\tb\n1\t2\n"],
    ["CRLF", "a,b\r\n1,2\r\n"],
    ["CR, of old Macs", "a,b\r1,2\r"],
    ["no last line end", "a,b\n1,2"],
    ["quotation marks", '"a","b"\n"1","2"\n'],
    ["a byte-order mark", "\uFEFFa,b\n1,2\n"],
    ["blank rows", "a,b\n\n,\n1,2\n"],
  ])("is read with %s", async (_, text) => {
    expect((await readCsv(text)).map(({ cells }) => cells)).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
  });

  it("counts lines as an editor does, line breaks within quotation marks too", async () => {
    expect(await readCsv('a,b\r\n\r\n"one\r\ntwo",1\r\n,\r\nlast,2\r\n')).toEqual([
      { line: 1, cells: ["a", "b"] },
      { line: 3, cells: ["one\ntwo", "1"] },
      { line: 6, cells: ["last", "2"] },
    ]);
  });

  it("may have shorter and longer rows", async () => {
    expect((await readCsv("a,b\n1\n1,2,3\n")).map(({ cells }) => cells)).toEqual([["a", "b"], ["1"], ["1", "2", "3"]]);
  });

  it("is Windows-1252 where it is not UTF-8", async () => {
    const [row] = await readCsv(Buffer.from("52656ee9652c93594e794d96d492", "hex"));
    expect(row?.cells).toEqual(["Renée", "“YNyM–Ô’"]);
  });

  it("is UTF-8 where it can be", async () => {
    expect(await readCsv("Ynys Môn,Siân\n")).toEqual([{ line: 1, cells: ["Ynys Môn", "Siân"] }]);
  });

  it.each([
    ["little", "fffe61003b0062000a00"],
    ["big", "feff0061003b0062000a"],
  ])("is UTF-16 where a mark says so: %s-endian", async (_, hex) => {
    expect(await readCsv(Buffer.from(hex, "hex"))).toEqual([{ line: 1, cells: ["a", "b"] }]);
  });

  it.each([
    ["UTF-16 without its mark", Buffer.from("a;b\n", "utf16le"), /NUL/],
    ["half a character of UTF-16", Buffer.from("fffe610062", "hex"), /UTF-16/],
    ["a NUL", "a,b\n1,\0\n", /NUL/],
    ["an open quotation mark", 'a,b\n1,"secret', /quotation mark is opened in line 2/],
    ["a quotation mark within", 'a,b\n1,x"secret"\n', /quotation mark stands where none may, in line 2/],
    ["a cell without end", `a,b\n"${"x".repeat(300_000)}"\n`, /line 2 is too long/],
    ["a row without end", `a\n${",".repeat(100_000)}\n`, /Line 2 has more than 256 columns/],
    ["a row too many", `a,b\n${"1,2\n".repeat(10_020)}`, /more than 10000 rows/],
    ["a workbook", zipSync({ x: strToU8("x") }), /no CSV/],
    ["an old workbook", Buffer.from("d0cf11e0a1b11ae100", "hex"), /password or of an old Excel format/],
  ])("is refused: %s", async (_, file, detail) => {
    const refusal = await readCsv(file).catch((error: unknown) => error);
    expect(refusal).toMatchObject(refusing(detail));
    expect(String((refusal as Error).message)).not.toContain("secret");
  });

  it("takes off the apostrophe with which a formula is defused, and no other", async () => {
    const [row] = await readCsv("'=1+1,'+44 20,'@x,'-,'tis,O'=\n");
    expect(row?.cells).toEqual(["=1+1", "+44 20", "@x", "-", "'tis", "O'="]);
  });
});

const part = (body: string) => strToU8(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const relationship = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/** The least that is a workbook, with the rows of each sheet as they stand in its XML. */
const parts = (sheets: Record<string, string>): Record<string, Uint8Array> => {
  const names = Object.keys(sheets);
  const each = (write: (name: string, number: number) => string) => names.map((n, i) => write(n, i + 1)).join("");
  return {
    "[Content_Types].xml": part(
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
    ),
    "xl/workbook.xml": part(
      `<workbook ${main} xmlns:r="${relationship}"><sheets>${each((name, n) => `<sheet name="${name}" sheetId="${n}" r:id="rId${n}"/>`)}</sheets></workbook>`,
    ),
    "xl/_rels/workbook.xml.rels": part(
      `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${each((_, n) => `<Relationship Id="rId${n}" Type="${relationship}/worksheet" Target="worksheets/sheet${n}.xml"/>`)}</Relationships>`,
    ),
    "xl/styles.xml": part(
      `<styleSheet ${main}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
    ),
    ...Object.fromEntries(
      Object.values(sheets).map((rows, i) => [
        `xl/worksheets/sheet${i + 1}.xml`,
        part(`<worksheet ${main}><sheetData>${rows}</sheetData></worksheet>`),
      ]),
    ),
  };
};

const text = (address: string, value: string) => `<c r="${address}" t="inlineStr"><is><t>${value}</t></is></c>`;
const oneRow = `<row r="1">${text("A1", "a")}</row>`;
const workbook = (sheets: Record<string, string>, more: Zippable = {}) => zipSync({ ...parts(sheets), ...more });

describe("a workbook", () => {
  it("is read with texts, numbers, dates and where they stand", async () => {
    const rows = `<row r="2">${text("A2", "Siân &amp; co")}<c r="C2"><v>330</v></c><c r="D2" s="1"><v>46023</v></c></row>`;
    expect(await readXlsx(workbook({ List: rows }))).toEqual({
      sheet: "List",
      rows: [{ line: 2, cells: ["Siân & co", null, 330, new Date("2026-01-01T00:00:00.000Z")] }],
    });
  });

  it.each([
    ["its only sheet with anything in it", { Cover: "", List: oneRow }, "List"],
    ["the first of several", { One: oneRow, Two: oneRow }, "One"],
    [
      "the first that is named after contacts",
      { Notes: oneRow, "CME Contacts": oneRow, "Old contacts": oneRow },
      "CME Contacts",
    ],
  ])("is read from %s", async (_, sheets, expected) => {
    expect((await readXlsx(workbook(sheets))).sheet).toBe(expected);
  });

  it("never believes what a formula made, nor an error", async () => {
    const rows = `<row r="1">${text("A1", "a")}<c r="B1" t="str"><f>HYPERLINK("x")</f><v>b@x.gov.uk</v></c><c r="C1"><f>1+1</f></c><c r="D1" t="e"><v>#N/A</v></c><x:c xmlns:x="x" r="E1"><x:f>A1</x:f><x:v>5</x:v></x:c></row>`;
    const formula = { hazard: "formula" };
    expect((await readXlsx(workbook({ S: rows }))).rows).toEqual([
      { line: 1, cells: ["a", formula, formula, { hazard: "error" }, formula] },
    ]);
  });

  it("never believes them in a sheet that stands where another part should, nor reads it further out", async () => {
    const elsewhere = (rows: string): Uint8Array => {
      const { "xl/worksheets/sheet1.xml": sheet = part(""), ...rest } = parts({ S: rows });
      const link = strFromU8(rest["xl/_rels/workbook.xml.rels"] ?? part(""));
      const renamed = { "xl/_rels/workbook.xml.rels": strToU8(link.replace("worksheets/sheet1.xml", "styles.xml")) };
      return zipSync({ ...rest, ...renamed, "xl/styles.xml": sheet });
    };
    const formula = elsewhere(`<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>`);
    expect((await readXlsx(formula)).rows).toEqual([{ line: 1, cells: [{ hazard: "formula" }] }]);
    const far = elsewhere(`<row r="1048576">${text("XFD1048576", "a")}</row>`);
    expect(await readXlsx(far).catch((error: unknown) => error)).toMatchObject(refusing(/below row 20020/));
  });

  it("ignores links to other workbooks and pictures, whatever is in them", async () => {
    const more = { "xl/externalLinks/externalLink1.xml": strToU8("<not xml"), "xl/media/image1.png": strToU8("x") };
    expect((await readXlsx(workbook({ S: oneRow }, more))).rows).toEqual([{ line: 1, cells: ["a"] }]);
  });

  it.each([
    ["macros", workbook({ S: oneRow }, { "xl/vbaProject.bin": strToU8("x") }), /macros/],
    [
      "a type with macros",
      workbook(
        { S: oneRow },
        {
          "[Content_Types].xml": part(
            '<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>',
          ),
        },
      ),
      /macros/,
    ],
    ["macro sheets of old", workbook({ S: oneRow }, { "xl/macrosheets/sheet1.xml": strToU8("x") }), /macros/],
    ["a password or an old format", Buffer.from("d0cf11e0a1b11ae100", "hex"), /password or of an old Excel format/],
    ["a CSV", Buffer.from("a,b\n"), /no Excel workbook/],
    ["another archive", zipSync({ "readme.txt": strToU8("x") }), /no workbook/],
    ["nothing in it", workbook({ S: "" }), /empty/],
    ["half of it", workbook({ S: oneRow }).slice(0, 700), /damaged/],
    [
      "entities",
      workbook({ S: oneRow }, { "xl/sharedStrings.xml": part('<!DOCTYPE x [<!ENTITY a "aa">]><sst/>') }),
      /document type/,
    ],
    [
      "entities in a sheet",
      workbook({ S: oneRow }, { "xl/worksheets/sheet1.xml": part("<!DOCTYPE x><worksheet/>") }),
      /document type/,
    ],
    [
      "a cell at the edge of the world",
      workbook({ S: `<row r="1">${text("XFD1", "a")}</row>` }),
      /below row 20020 or beyond column 256/,
    ],
    ["a row at its bottom", workbook({ S: `<row r="1048576">${text("A1048576", "a")}</row>` }), /below row 20020/],
    ["a row beyond counting", workbook({ S: `<row r="99999999999"></row>` }), /not well-formed/],
    ["a disguised address", workbook({ S: `<row r="1"><c s=">" r="&#88;FD1"><v>1</v></c></row>` }), /not well-formed/],
    [
      "many small sheets of large tables",
      workbook(
        Object.fromEntries(
          Array.from({ length: 20 }, (_, i) => [`S${i}`, `<row r="9000">${text("IV9000", "a")}</row>`]),
        ),
      ),
      /reach over more than 2000000 cells/,
    ],
    [
      "an address that stands twice",
      workbook({ S: `<row r="1"><c z:r="A1" r="XFD1"><v>1</v></c></row>` }),
      /not well-formed/,
    ],
    [
      "more attributes than anything has",
      workbook({ S: `<row r="1"${' a="x"'.repeat(1_500_000)}></row>` }),
      /not well-formed/,
    ],
    [
      "a name without end",
      workbook({ S: `<row r="1"><c ${"a:".repeat(500_000)}="x" r="A1"/></row>` }),
      /not well-formed/,
    ],
    [
      "an attribute without end",
      workbook({ S: `<row r="1"><c b="${"a".repeat(500_000)}" r="A1"/></row>` }),
      /not well-formed/,
    ],
    ["elements without end", workbook({ S: "<a>".repeat(200) + "</a>".repeat(200) }), /not well-formed/],
    [
      "one long text in every cell",
      workbook(
        {
          S: Array.from({ length: 60 }, (_, i) => `<row r="${i + 1}"><c r="A${i + 1}" t="s"><v>0</v></c></row>`).join(
            "",
          ),
        },
        { "xl/sharedStrings.xml": part(`<sst><si><t>${"a".repeat(600_000)}</t></si></sst>`) },
      ),
      /hold more than 33554432 characters/,
    ],
    [
      "a row too many",
      workbook({
        S: Array.from({ length: 10_021 }, (_, i) => `<row r="${i + 1}">${text(`A${i + 1}`, "a")}</row>`).join(""),
      }),
      /more than 10000 rows/,
    ],
  ])("is refused: %s", async (_, file, detail) => {
    expect(await readXlsx(file).catch((error: unknown) => error)).toMatchObject(refusing(detail));
  });
});

describe("a zip bomb", () => {
  /** An archive of one sheet that says of its size what it likes. */
  const lying = (inflated: number, declared: number): Buffer => {
    const files = parts({ S: oneRow });
    const honest = Buffer.from(zipSync({ ...files, "xl/worksheets/sheet2.xml": new Uint8Array(0) }));
    const packed = deflateRawSync(Buffer.alloc(inflated, 32), { level: 9 });
    const name = Buffer.from("xl/worksheets/sheet3.xml");
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(declared, 22);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(declared, 24);
    entry.writeUInt16LE(name.length, 28);
    const end = honest.length - 22;
    const start = honest.readUInt32LE(end + 16);
    const file = Buffer.concat([local, name, packed]);
    entry.writeUInt32LE(start, 42);
    const tail = Buffer.from(honest.subarray(end));
    tail.writeUInt16LE(tail.readUInt16LE(8) + 1, 8);
    tail.writeUInt16LE(tail.readUInt16LE(10) + 1, 10);
    tail.writeUInt32LE(tail.readUInt32LE(12) + 46 + name.length, 12);
    tail.writeUInt32LE(start + file.length, 16);
    return Buffer.concat([honest.subarray(0, start), file, honest.subarray(start, end), entry, name, tail]);
  };

  it.each([
    ["says how large it is", 100_000_000],
    ["says that it is small", 10],
    ["says that it is empty", 0],
  ])("that %s is refused at the limit", async (_, declared) => {
    const bomb = lying(100_000_000, declared);
    expect(bomb.length).toBeLessThan(250_000);
    const before = process.memoryUsage().rss;
    const refusal = await readXlsx(bomb).catch((error: unknown) => error);
    expect(refusal).toMatchObject(refusing(/larger than 33554432 bytes/));
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });

  it("of many small files is refused at the same limit", async () => {
    const sheet = deflateRawSync(Buffer.alloc(1));
    expect(sheet.length).toBeLessThan(10);
    const more = Object.fromEntries(
      Array.from({ length: 40 }, (_, i): [string, Uint8Array] => [
        `xl/worksheets/more${i}.xml`,
        new Uint8Array(1_000_000),
      ]),
    );
    const refusal = await readXlsx(workbook({ S: oneRow }, more)).catch((error: unknown) => error);
    expect(refusal).toMatchObject(refusing(/larger than 33554432 bytes/));
  });

  it("whose file was altered is damaged", async () => {
    const file = Buffer.from(zipSync(parts({ S: oneRow }), { level: 0 }));
    file.write("z", file.indexOf("<t>a</t>") + 3);
    expect(await readXlsx(file).catch((error: unknown) => error)).toMatchObject(refusing(/damaged/));
  });
});

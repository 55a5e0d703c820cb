import { Zip, ZipPassThrough } from "fflate";
import readXlsxFile from "read-excel-file/universal";
import { fileUnreadable, Refusal } from "../domain/refusals.ts";
import { harmlessXml, hazardMarks } from "./sheet-xml.ts";
import {
  type Cell,
  isBlank,
  mostColumns,
  mostRows,
  mostRowsAboveList,
  type Table,
  type TableRow,
  tooManyRows,
  undefused,
} from "./table.ts";
import { unpack, zipEntries } from "./zip.ts";

/** 32 MiB: a list of 10,000 rows takes some 10. */
const mostUnpacked = 32 * 1024 * 1024;

/** Cells that the reader builds tables of, from all sheets together: 2 million take some 80 MB. */
const mostCells = 2_000_000;

/**
 * Characters that the cells hold together. A text that a workbook has once may stand in every cell, and each is looked at.
 */
const mostText = mostUnpacked;

/** Of a workbook's files only what says what stands in its cells: no links, pictures, connections or custom parts. */
const needed =
  /^(?:\[Content_Types\]\.xml|xl\/(?:workbook\.xml|_rels\/workbook\.xml\.rels|sharedStrings\.xml|styles\.xml|worksheets\/[^/]+\.xml))$/i;

/**
 * The list of contacts in a workbook: its only sheet with anything in it; of several the first that is named after
 * contacts, or else the first.
 * @throws Refusal `file-unreadable`
 */
export const readXlsx = async (bytes: Buffer): Promise<Table> => {
  const sheets = await sheetsOf(harmless(bytes));
  refuseTooMuchText(sheets);
  const filled = sheets.map(({ sheet, data }) => ({ sheet, rows: rowsOf(data) })).filter(({ rows }) => rows.length > 0);
  const found = filled.find(({ sheet }) => /contact/i.test(sheet)) ?? filled[0];
  if (!found) throw fileUnreadable("The workbook is empty.");
  if (found.rows.length > mostRows + mostRowsAboveList) throw tooManyRows();
  return found;
};

/**
 * The workbook without what could do harm: what is read is just what was looked at. Which of its files is a sheet, the
 * workbook itself says, so every one is looked at as if it were.
 */
const harmless = (bytes: Buffer): Uint8Array<ArrayBuffer> => {
  const entries = zipEntries(bytes);
  const macros = () => fileUnreadable("The workbook has macros. Save it as .xlsx without them.");
  if (entries.some(({ name }) => /vbaProject\.bin$|(?:^|\/)macrosheets\//i.test(name))) throw macros();
  const files = unpack(
    entries.filter(({ name }) => needed.test(name)),
    mostUnpacked,
  );
  const kept = new Map<string, Uint8Array>();
  let reached = 0;
  for (const [name, content] of files) {
    const xml = content.toString("utf8");
    if (/macroEnabled|\.macrosheet\+xml/i.test(name === "[Content_Types].xml" ? xml : "")) throw macros();
    if (xml.includes("<!DOCTYPE")) throw fileUnreadable("A part of the workbook has a document type.");
    const harmlessFile = harmlessXml(xml);
    reached += harmlessFile.cells;
    if (reached > mostCells) {
      throw fileUnreadable(`The sheets reach over more than ${mostCells} cells. Delete what is empty or not needed.`);
    }
    kept.set(name, Buffer.from(harmlessFile.xml, "utf8"));
  }
  return archiveOf(kept);
};

/** With the files as they are: what is unpacked again at once need not be packed. */
const archiveOf = (files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> => {
  const parts: Uint8Array[] = [];
  const archive = new Zip((_, part) => parts.push(part));
  for (const [name, content] of files) {
    const file = new ZipPassThrough(name);
    archive.add(file);
    file.push(content, true);
  }
  archive.end();
  return Uint8Array.from(Buffer.concat(parts));
};

type Sheets = Awaited<ReturnType<typeof readXlsxFile>>;

/** The library's messages may quote the file. */
const sheetsOf = async (workbook: Uint8Array<ArrayBuffer>): Promise<Sheets> => {
  try {
    return await readXlsxFile(workbook.buffer, { trim: false });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw fileUnreadable("The file is no workbook that can be read. Save it again as .xlsx, or as CSV.");
  }
};

const refuseTooMuchText = (sheets: Sheets): void => {
  let characters = 0;
  for (const cell of sheets.flatMap(({ data }) => data).flat()) {
    if (typeof cell === "string") characters += cell.length;
  }
  if (characters > mostText) throw fileUnreadable(`The cells hold more than ${mostText} characters.`);
};

const rowsOf = (data: Sheets[number]["data"]): TableRow[] =>
  data
    .map((row, index) => ({ line: index + 1, cells: (row as unknown[]).slice(0, mostColumns).map(cellOf) }))
    .filter(({ cells }) => !cells.every(isBlank));

const cellOf = (value: unknown): Cell => {
  if (value === hazardMarks.formula) return { hazard: "formula" };
  if (value === hazardMarks.error) return { hazard: "error" };
  if (value === null || value === undefined || typeof value === "number") return value ?? null;
  if (value instanceof Date) return Number.isNaN(value.valueOf()) ? { hazard: "error" } : value;
  return undefused(String(value));
};

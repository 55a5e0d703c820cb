import { CsvError, parse } from "csv-parse/sync";
import { fileUnreadable } from "../domain/refusals.ts";
import {
  isBlank,
  mostColumns,
  mostRows,
  mostRowsAboveList,
  type Table,
  type TableRow,
  tooManyRows,
  undefused,
} from "./table.ts";

/** Bytes of one record: an open quotation mark must not make one cell of the whole file. */
const largestRecord = 200_000;

/**
 * RFC 4180, as spreadsheet programs write it: commas, semicolons (where the comma is the decimal sign) or tabs, line
 * breaks within quotation marks, CRLF or LF, rows that are shorter or longer than the first.
 * @throws Refusal `file-unreadable`
 */
export const readCsv = (bytes: Buffer): Table => {
  // One kind of line end, so that the parser's count of lines is an editor's, within quotation marks too.
  const text = decoded(bytes).replace(/\r\n?/g, "\n");
  if (text.includes("\0")) throw fileUnreadable("The file has NUL characters. Save it as CSV in UTF-8.");
  const rows: TableRow[] = [];
  let linesBefore = 0;
  try {
    parse(text, {
      delimiter: separatorOf(text),
      record_delimiter: "\n",
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: largestRecord,
      on_record: (record: string[], { lines }) => {
        const cells = record.map(undefused);
        const line = firstLine(record, lines);
        linesBefore = lines;
        if (cells.length > mostColumns) throw fileUnreadable(`Line ${line} has more than ${mostColumns} columns.`);
        if (cells.every(isBlank)) return null;
        if (rows.length >= mostRows + mostRowsAboveList) throw tooManyRows();
        rows.push({ line, cells });
        return null;
      },
    });
  } catch (error) {
    throw error instanceof CsvError ? fileUnreadable(reasonOf(error, linesBefore + 1)) : error;
  }
  return { sheet: null, rows };
};

/** The parser counts the lines up to a record's end. */
const firstLine = (record: readonly string[], lastLine: number): number =>
  lastLine - record.reduce((breaks, cell) => breaks + cell.split("\n").length - 1, 0);

/** The parser's own messages quote the file. */
const reasonOf = ({ code }: CsvError, line: number): string => {
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return `A quotation mark is opened in line ${line} or below, and never closed.`;
    case "INVALID_OPENING_QUOTE":
    case "CSV_INVALID_CLOSING_QUOTE":
    case "CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE":
      return `A quotation mark stands where none may, in line ${line} or below. Within a quoted cell it is doubled.`;
    case "CSV_MAX_RECORD_SIZE":
      return `The row in line ${line} is too long. Perhaps a quotation mark is never closed.`;
    default:
      return `The file is no CSV from line ${line} on.`;
  }
};

/**
 * UTF-8, or UTF-16 where a byte-order mark says so (Excel's "Unicode text"). What isn't well-formed UTF-8 is Windows-1252,
 * which Excel in Britain writes as "CSV": text in it that has a character outside ASCII is practically never UTF-8.
 */
const decoded = (bytes: Buffer): string => {
  const mark = bytes.subarray(0, 2).toString("hex");
  const encoding = mark === "fffe" ? "utf-16le" : mark === "feff" ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    if (encoding !== "utf-8") throw fileUnreadable("The file begins as UTF-16 and is not. Save it as CSV in UTF-8.");
    return new TextDecoder("windows-1252").decode(bytes);
  }
};

/** The separator that stands most often in one of the first lines, outside quotation marks. */
const separatorOf = (text: string): string => {
  const lines = text.slice(0, largestRecord).split("\n", mostRowsAboveList);
  const bare = lines.map((line) => line.replace(/"[^"]*"/g, ""));
  const most = (separator: string) => Math.max(...bare.map((line) => line.split(separator).length));
  return [",", ";", "\t"].reduce((best, each) => (most(each) > most(best) ? each : best));
};

import { fileUnreadable } from "../domain/refusals.ts";

/** A cell that can't be taken at its word: the result of a formula, which nobody here recalculates, or Excel's error. */
export type Hazard = { hazard: "formula" | "error" };

/** What a cell holds; a date is midnight in UTC of the day that the sheet shows. */
export type Cell = string | number | Date | Hazard | null;

/** `line` is where a spreadsheet program or an editor shows the row, from 1. */
export type TableRow = { line: number; cells: Cell[] };

/** The rows that hold anything. `sheet` is the sheet they are from, where the file has sheets. */
export type Table = { sheet: string | null; rows: TableRow[] };

export const csvMedia = "text/csv";
export const xlsxMedia = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/** Rows below the headings. */
export const mostRows = 10_000;
/** Headings stand within the first rows: a title and some notes may be above them. */
export const mostRowsAboveList = 20;
/** As far as Excel 2003 went (column IV): a list of contacts has some ten. */
export const mostColumns = 256;

export const tooManyRows = () => fileUnreadable(`The file has more than ${mostRows} rows.`);

/**
 * A cell's text: an apostrophe before what a spreadsheet program would take for a formula is how such a cell is defused
 * when it is written (OWASP, CSV Injection), so it is taken off again.
 */
export const undefused = (text: string): string => (/^'[=+\-@\t\r＝＋－＠]/.test(text) ? text.slice(1) : text);

export const isBlank = (cell: Cell): boolean => cell === null || (typeof cell === "string" && cell.trim() === "");

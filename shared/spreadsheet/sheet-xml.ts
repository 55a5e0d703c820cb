import { fileUnreadable } from "../domain/refusals.ts";
import { mostColumns, mostRows, mostRowsAboveList } from "./table.ts";

/** Text in a cell's place, of which {@link file://./xlsx.ts} makes a hazard again. From Unicode's private use area. */
export const hazardMarks = { formula: "\uE0F0formula", error: "\uE0F0error" } as const;

/**
 * Every piece of well-formed XML that a workbook may have. A document type, which could define entities, is none. Names and
 * attributes are as many as Excel writes and more: without a bound the reader takes minutes over long names, and the
 * pattern itself runs out of stack over many attributes.
 */
const piece =
  /([^<]+)|<\?[^?]*(?:\?(?!>)[^?]*)*\?>|<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<(\/?)(?:[\w.-]{1,100}:)?([\w.-]{1,100})((?:\s+[\w.:-]{1,200}\s*=\s*(?:"[^"<]*"|'[^'<]*')){0,100})\s*(\/?)>/y;

/** Rows that a sheet may reach down to, with blank ones in between. */
const lowestRow = 2 * mostRows + mostRowsAboveList;

/** Characters of a tag, a comment or an instruction: over longer ones the reader takes time by the square of their length. */
const longestTag = 16_384;

/** Elements within one another: a workbook has some ten. */
const deepest = 100;

const notWhatItSeems = () => fileUnreadable("A sheet of the workbook is not well-formed.");
const tooFarOut = () =>
  fileUnreadable(
    `A sheet has cells below row ${lowestRow} or beyond column ${mostColumns}. Delete what is empty there.`,
  );

/** An attribute that is there twice, under a namespace too, is one that two programs may read differently. */
const attribute = (attributes: string, name: string): string | undefined => {
  const pattern = /(?:[\w.-]+:)?([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
  const values: (string | undefined)[] = [];
  for (const [, found, quoted, apostrophed] of attributes.matchAll(pattern)) {
    if (found === name) values.push(quoted ?? apostrophed);
  }
  if (values.length > 1) throw notWhatItSeems();
  return values[0];
};

/** Such as 3 and 28 for AB3. */
const placeOf = (address: string): { row: number; column: number } => {
  const [, letters = "", digits = ""] = /^([A-Z]{1,3})([1-9][0-9]{0,6})$/.exec(address) ?? [];
  if (letters === "") throw notWhatItSeems();
  let column = 0;
  for (const letter of letters) column = 26 * column + letter.charCodeAt(0) - 64;
  return { row: Number(digits), column };
};

/** `xml` without what could do harm, and of how many cells a reader builds a table of it, blank ones included. */
export type HarmlessXml = { xml: string; cells: number };

/**
 * A workbook's XML with each cell that has a formula or an error replaced by a text that says so: its value is whatever the
 * program that wrote the file last made of it. And it makes sure of what a reader would otherwise believe: rows and cells
 * that stand far out make it build a table as large as that.
 * @throws Refusal `file-unreadable`
 */
export const harmlessXml = (xml: string): HarmlessXml => {
  const kept: string[] = [];
  let keptUpTo = 0;
  let depth = 0;
  let rows = 0;
  let columns = 0;
  let cell: { start: number; address: string; hazard?: keyof typeof hazardMarks } | undefined;
  piece.lastIndex = 0;
  for (let at = 0; at < xml.length; at = piece.lastIndex) {
    const match = piece.exec(xml);
    if (!match) throw notWhatItSeems();
    const [whole, text, closing, name, attributes = "", empty] = match;
    if (text === undefined && whole.length > longestTag) throw notWhatItSeems();
    if (name !== undefined && !empty) depth += closing ? -1 : 1;
    if (depth > deepest) throw notWhatItSeems();
    if (name === "row" && !closing) {
      const row = attribute(attributes, "r");
      if (row !== undefined && !/^[1-9][0-9]{0,6}$/.test(row)) throw notWhatItSeems();
      rows = Math.max(rows + 1, Number(row ?? 1));
      if (rows > lowestRow) throw tooFarOut();
    }
    if (name === "c" && !closing) {
      const address = attribute(attributes, "r");
      if (address === undefined) throw notWhatItSeems();
      const { row, column } = placeOf(address);
      if (row > lowestRow || column > mostColumns) throw tooFarOut();
      rows = Math.max(rows, row);
      columns = Math.max(columns, column);
      if (!empty)
        cell = { start: at, address, ...(attribute(attributes, "t") === "e" && { hazard: "error" as const }) };
    }
    if (name === "f" && !closing && cell) cell.hazard = "formula";
    if (name === "c" && closing && cell) {
      if (cell.hazard) {
        const mark = hazardMarks[cell.hazard];
        kept.push(xml.slice(keptUpTo, cell.start), `<c r="${cell.address}" t="inlineStr"><is><t>${mark}</t></is></c>`);
        keptUpTo = piece.lastIndex;
      }
      cell = undefined;
    }
  }
  kept.push(xml.slice(keptUpTo));
  return { xml: kept.join(""), cells: rows * columns };
};

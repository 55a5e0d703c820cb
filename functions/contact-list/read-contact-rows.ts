import type * as z from "zod";
import { calendarDate, contactId, email, instant, singleLine } from "../../shared/contract/primitives.ts";
import { publicTelephone } from "../../shared/contract/telephone.ts";
import type { AuthorityMatch } from "../../shared/domain/authority-names.ts";
import {
  type ColumnName,
  calledOf,
  columnNames,
  columnOf,
  required,
  roleOf,
  saysWhose,
} from "../../shared/domain/contact-list-columns.ts";
import type { ImportRow, When } from "../../shared/domain/contact-list-import.ts";
import { fileUnreadable } from "../../shared/domain/refusals.ts";
import {
  type Cell,
  isBlank,
  mostRows,
  mostRowsAboveList,
  type Table,
  tooManyRows,
} from "../../shared/spreadsheet/table.ts";

/** Why a row can't be taken. `column` is one that we know, or empty for the row as a whole; nothing is ever quoted. */
export type RefusedRow = { line: number; column: string; reason: string };

export type ContactRows = {
  rows: ImportRow[];
  refused: RefusedRow[];
  /** Codes of the authorities that any row names, and of those with a row that is refused. */
  named: Set<string>;
  incomplete: Set<string>;
  columnsIgnored: string[];
};

/**
 * The rows of a contact list under its headings, whatever their order.
 * @throws Refusal `file-unreadable` where a column that is needed is missing, or there twice
 */
export const readContactRows = (table: Table, matchAuthority: (text: string) => AuthorityMatch): ContactRows => {
  const { headings, below } = headed(table);
  const columns = columnsOf(headings);
  if (below.length === 0) throw fileUnreadable("The file has no rows below its headings.");
  if (below.length > mostRows) throw tooManyRows();
  const matched = remembering(matchAuthority);
  const rows: ImportRow[] = [];
  const refused: RefusedRow[] = [];
  const named = new Set<string>();
  const incomplete = new Set<string>();
  for (const { line, cells } of below) {
    const reader = rowReader(line, (name) => cells[columns.at.get(name) ?? Number.NaN] ?? null, columns.at);
    const { authority, row } = reader.read(matched);
    refused.push(...reader.refused);
    if (authority) named.add(authority);
    if (row) rows.push(row);
    else if (authority) incomplete.add(authority);
  }
  return { rows, refused, named, incomplete, columnsIgnored: columns.ignored };
};

type Columns = { at: Map<ColumnName, number>; ignored: string[] };

/** The headings are the first row with three or more that are known; without any, the first row of all is taken for them. */
const headed = ({ rows }: Table) => {
  const known = (cells: readonly Cell[]) => cells.filter((cell) => typeof cell === "string" && columnOf(cell)).length;
  const found = rows.slice(0, mostRowsAboveList).findIndex(({ cells }) => known(cells) >= 3);
  const at = Math.max(found, 0);
  return { headings: rows[at]?.cells ?? [], below: rows.slice(at + 1) };
};

/** Of a heading that is ignored, as much as tells which one it is. */
const longestHeading = 60;

const columnsOf = (headings: readonly Cell[]): Columns => {
  const at = new Map<ColumnName, number>();
  const ignored: string[] = [];
  for (const [index, cell] of headings.entries()) {
    if (isBlank(cell)) continue;
    const name = typeof cell === "string" ? columnOf(cell) : undefined;
    if (!name) ignored.push(typeof cell === "string" ? cell.trim().slice(0, longestHeading) : "");
    else if (at.has(name)) throw fileUnreadable(`The file has two columns for: ${calledOf(name)}. Keep one of them.`);
    else at.set(name, index);
  }
  const missing = required.filter((name) => !at.has(name)).map(calledOf);
  if (!saysWhose.some((name) => at.has(name))) missing.unshift(saysWhose.map(calledOf).join(" or "));
  if (missing.length > 0) throw fileUnreadable(`The file has no column headed: ${missing.join("; ")}.`);
  return { at, ignored };
};

/** An authority stands in some rows, and is looked for once. */
const remembering = (match: (text: string) => AuthorityMatch): ((text: string) => AuthorityMatch) => {
  const known = new Map<string, AuthorityMatch>();
  return (text) => {
    const found = known.get(text) ?? match(text);
    known.set(text, found);
    return found;
  };
};

/** Excel's serial numbers of 1954-10-03 to 2119-01-11: a day in a cell that isn't formatted as one. */
const looksLikeSerial = (value: number): boolean => value >= 20_000 && value <= 80_000;
/** Day 0 of Excel's calendar, with its 29 February 1900 that never was: right from March 1900 on. */
const serialZero = Date.UTC(1899, 11, 30);
const dayInMs = 86_400_000;

/** What a spreadsheet program could take for a formula, also in the full-width forms that some fold into ASCII. */
const likeFormula = /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;

const longestAuthorityName = 200;

const rowReader = (line: number, cellOf: (name: ColumnName) => Cell, at: Columns["at"]) => {
  const refused: RefusedRow[] = [];
  const refuse = (name: ColumnName, reason: string): undefined => {
    refused.push({ line, column: calledOf(name), reason });
  };

  /** The text of a cell, without white space around it; `null` where it is blank. */
  const text = (name: ColumnName): string | null | undefined => {
    const cell = cellOf(name);
    if (isBlank(cell) || cell === null) return null;
    if (typeof cell === "string") return cell.trim();
    if (typeof cell === "number") return refuse(name, "is a number: format the column as text");
    if (cell instanceof Date) return refuse(name, "is a date: format the column as text");
    return refuse(name, hazardReason[cell.hazard]);
  };

  const parsed = <Schema extends z.ZodType>(name: ColumnName, schema: Schema): z.output<Schema> | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (value === null) return refuse(name, "is missing");
    if (name !== "telephone" && likeFormula.test(value)) return refuse(name, "begins as a formula does");
    const result = schema.safeParse(value);
    return result.success ? result.data : refuse(name, reasonOf(result.error));
  };

  const authority = (match: (text: string) => AuthorityMatch): string | undefined => {
    const found = new Set<string>();
    for (const name of saysWhose) {
      const cell = cellOf(name);
      const value = typeof cell === "number" ? String(cell) : text(name);
      if (value === undefined) return undefined;
      if (value === null) continue;
      const result = value.length > longestAuthorityName ? ({ fault: "unknown" } as const) : match(value);
      if (!("found" in result)) return refuse(name, reasonOfNoAuthority(result));
      found.add(result.found);
    }
    const [code, ...others] = found;
    const [first = "authorityCode"] = saysWhose.filter((name) => at.has(name));
    if (code === undefined) return refuse(first, "is missing");
    if (others.length > 0) return refuse(first, `is not that of the same authority: ${[...found].join(", ")}`);
    return code;
  };

  const role = (): ImportRow["role"] | undefined => {
    const value = parsed("role", singleLine(100));
    return value === undefined ? undefined : (roleOf(value) ?? refuse("role", "is none of lead, deputy and inbox"));
  };

  const telephone = (): string | undefined => {
    const cell = cellOf("telephone");
    if (typeof cell === "number") {
      const digits = telephoneOfNumber(cell);
      if (digits) return digits;
      return refuse("telephone", "has become a number: format the column as text and enter it again");
    }
    if (typeof cell === "string" && /^\s*\d(?:\.\d+)?E\+?\d+\s*$/i.test(cell)) {
      return refuse("telephone", "has become a number in scientific notation: enter it again as text");
    }
    return parsed("telephone", publicTelephone);
  };

  const when = (name: "effectiveFrom" | "effectiveTo"): When | null | undefined => {
    const cell = cellOf(name);
    if (isBlank(cell)) return null;
    if (cell instanceof Date) return day(name, cell.toISOString().slice(0, 10));
    if (typeof cell === "number") {
      if (!looksLikeSerial(cell)) return refuse(name, "is no date");
      return day(name, new Date(serialZero + Math.floor(cell) * dayInMs).toISOString().slice(0, 10));
    }
    const value = text(name);
    if (typeof value !== "string") return value;
    if (instant.safeParse(value).success) return { instant: value };
    const [, dd = "", mm = "", yyyy = ""] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(value) ?? [];
    return day(name, yyyy ? `${yyyy}-${mm.padStart(2, "0")}-${dd.padStart(2, "0")}` : value);
  };

  const day = (name: ColumnName, date: string): When | undefined =>
    calendarDate.safeParse(date).success ? { date } : refuse(name, "is no date: write it as dd/mm/yyyy or yyyy-mm-dd");

  const id = (): string | null | undefined => (isBlank(cellOf("contactId")) ? null : parsed("contactId", contactId));

  return {
    refused,
    /** Every fault of the row is told, not only the first. */
    read: (match: (text: string) => AuthorityMatch): { authority: string | undefined; row: ImportRow | undefined } => {
      const code = authority(match);
      const row = {
        line,
        authority: code,
        contactId: id(),
        name: parsed("name", singleLine(200)),
        role: role(),
        email: parsed("email", email),
        telephone: telephone(),
        effectiveFrom: when("effectiveFrom"),
        effectiveTo: at.has("effectiveTo") ? when("effectiveTo") : undefined,
      };
      return { authority: code, row: refused.length > 0 ? undefined : (row as ImportRow) };
    },
  };
};

const hazardReason = {
  formula: "is the result of a formula: paste the value alone",
  error: "has an error of the spreadsheet program",
} as const;

/** The first of what a schema finds; the schemas of the contract never quote what was sent. */
const reasonOf = ({ issues: [issue] }: z.ZodError): string => {
  if (issue?.code === "too_big") return `has more than ${issue.maximum} characters`;
  if (issue?.code === "invalid_format" && issue.format === "email") return "is no email address";
  return issue?.message ?? "can't be taken";
};

const reasonOfNoAuthority = (match: Exclude<AuthorityMatch, { found: string }>): string => {
  switch (match.fault) {
    case "unknown":
      return "is no local authority that is known: give its DfE number";
    case "ambiguous":
      return `could be more than one local authority (${match.codes.join(", ")}): give its DfE number`;
    case "ended": {
      const successors = match.successors.length > 0 ? `: its successors are ${match.successors.join(", ")}` : "";
      return `is an authority that has ended (${match.code})${successors}`;
    }
  }
};

/**
 * A telephone number of which a spreadsheet program made a number, where it is certain which: British, without its 0 or
 * with its 44 in front. Others may have lost more than a zero.
 */
const telephoneOfNumber = (value: number): string | undefined => {
  const digits = Number.isSafeInteger(value) ? String(value) : "";
  const text = /^[1-9]\d{9}$/.test(digits) ? `0${digits}` : /^44[1-9]\d{9}$/.test(digits) ? `+${digits}` : "";
  const { success, data } = publicTelephone.safeParse(text);
  return success ? data : undefined;
};

/** Names of columns for what a plan finds wrong, by member. */
export const columnOfMember = (member: keyof ImportRow | null): string => {
  const name = columnNames.find((each) => each === member);
  return name ? calledOf(name) : "";
};

import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import type { nations } from "../shared/contract/directory.ts";
import type { Contact } from "../shared/domain/contacts.ts";
import type { Actor } from "../shared/domain/event-chain.ts";
import { type AuthorityFacts, addAuthority, countChange, readSnapshot } from "../shared/store/directory.ts";
import { commit, type Dynamo } from "../shared/store/dynamo.ts";

export type Facts = Omit<AuthorityFacts, "version">;

/**
 * England's 153 authorities with their neighbours, those that went before them, and those of the other nations, which are
 * there to be contacted only: public facts, whose sources are in `infra/local/data/SOURCES.md`.
 */
export const knownAuthorities = async (): Promise<Facts[]> => {
  const [current, superseded, devolved, pairs, crossBorder] = await Promise.all([
    rows("authorities.csv"),
    rows("authorities-superseded.csv"),
    rows("devolved.csv"),
    rows("neighbours.csv"),
    rows("neighbours-cross-border.csv"),
  ]);
  const codeOf = new Map([
    ...current.map((row): [string, string] => [row.gssCode ?? "", row.dfeCode ?? ""]),
    ...devolved.map((row): [string, string] => [row.gssCode ?? "", row.dfeCode || (row.gssCode ?? "")]),
  ]);
  const borders = [
    ...pairs.map(({ gssA = "", gssB = "" }) => [gssA, gssB] as const),
    ...crossBorder.map(({ gssEngland = "", gssOther = "" }) => [gssEngland, gssOther] as const),
  ];
  const neighboursOf = (gssCode: string): string[] =>
    borders
      .flatMap(([one, other]) => (one === gssCode ? [other] : other === gssCode ? [one] : []))
      .map((each) => codeOf.get(each) ?? "")
      .sort();
  const successorsOf = ({ successorDfeCodes = "" }: Row): string[] => successorDfeCodes.split(";").filter(Boolean);
  const england = current.map((row): Facts => {
    const { dfeCode: code = "", gssCode = "" } = row;
    const former = superseded.filter((each) => successorsOf(each).includes(code));
    return {
      code,
      gssCode,
      formerGssCodes: former.map((each) => each.gssCode ?? "").sort(),
      name: row.name ?? "",
      councilName: row.councilName ?? "",
      nation: "England",
      type: row.type ?? "",
      region: row.region ?? "",
      neighbours: neighboursOf(gssCode),
      predecessors: former.map(({ dfeCode = "" }) => dfeCode).filter((each) => each !== "" && each !== code),
      successors: [],
      effectiveFrom: row.gssCodeSince ?? "",
      effectiveTo: null,
    };
  });
  return [
    ...england,
    ...superseded.filter(endedWithItsNumber).map((row) => ended(row, successorsOf(row), england)),
    ...devolved.map((row) => outsideEngland(row, neighboursOf(row.gssCode ?? ""))),
  ];
};

/** It had a DfE number of its own that nobody bears today. */
const endedWithItsNumber = ({ dfeCode = "", successorDfeCodes = "" }: Row): boolean =>
  dfeCode !== "" && !successorDfeCodes.split(";").includes(dfeCode);

const ended = (row: Row, successors: string[], england: readonly Facts[]): Facts => ({
  code: row.dfeCode ?? "",
  gssCode: row.gssCode ?? "",
  formerGssCodes: [],
  name: row.name ?? "",
  councilName: `${row.name} Council`,
  nation: "England",
  type: (row.gssCode ?? "").startsWith("E10") ? "County" : "Unitary authority",
  region: england.find(({ code }) => successors.includes(code))?.region ?? "",
  neighbours: [],
  predecessors: [],
  successors,
  // The day from which GSS codes are in use: what the other authorities' dates go back to as well.
  effectiveFrom: "2009-01-01",
  effectiveTo: row.ended ?? "",
});

/** Since when the nations have had their present authorities. */
const since: Record<string, string> = {
  Wales: "1996-04-01",
  Scotland: "1996-04-01",
  "Northern Ireland": "2015-04-01",
};

const outsideEngland = (row: Row, neighbours: string[]): Facts => {
  const { nation = "", gssCode = "" } = row;
  return {
    code: row.dfeCode || gssCode,
    gssCode,
    formerGssCodes: [],
    name: row.name ?? "",
    councilName: row.councilName ?? "",
    nation: nation as (typeof nations)[number],
    type: nation === "Northern Ireland" ? "Education authority" : "Council area",
    region: nation,
    neighbours,
    predecessors: [],
    successors: [],
    effectiveFrom: since[nation] ?? "",
    effectiveTo: null,
  };
};

type Row = Record<string, string>;

const rows = async (name: string): Promise<Row[]> =>
  parse<Row>(await readFile(new URL(`local/data/${name}`, import.meta.url)), {
    columns: true,
    skip_empty_lines: true,
  });

/** As many authorities as fit a transaction with the links of their chains and the count of the list's changes. */
const mostAtOnce = 49;

/**
 * Adds those that are not in the list yet; those that are stay as they are. Run again after an interruption it goes on.
 * @param contactsOf the contacts that each begins with
 * @returns the codes of those that it added
 */
export const addMissing = async (
  { dynamo, tables }: { dynamo: Dynamo; tables: { directory: string; changes: string } },
  authorities: readonly Facts[],
  contactsOf: (facts: Facts) => Record<string, Contact>,
  { at, actor }: { at: string; actor: Actor },
): Promise<string[]> => {
  const { authorities: present } = await readSnapshot(dynamo, tables.directory);
  const known = new Set(present.map(({ code }) => code));
  const missing = authorities.filter(({ code }) => !known.has(code));
  for (let index = 0; index < missing.length; index += mostAtOnce) {
    const some = missing.slice(index, index + mostAtOnce);
    const writes = some.flatMap((facts) => {
      const after = { ...facts, contacts: contactsOf(facts) };
      return addAuthority(tables, after, { type: "authority.added", at, actor, before: null, after }).writes;
    });
    const codes = some.map(({ code }) => code);
    const { committed } = await commit(dynamo, [...writes, countChange(tables.directory, codes)]);
    if (!committed) throw new Error("The list was changed meanwhile: run it again.");
  }
  return missing.map(({ code }) => code);
};

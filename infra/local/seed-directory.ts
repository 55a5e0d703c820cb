import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import type * as z from "zod";
import { authority } from "../../shared/contract/contact-list.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { type Authority, authorityItem, readAuthorities } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { putAll } from "./put-all.ts";

type Row = Record<string, string>;

const rows = async (name: string): Promise<Row[]> =>
  parse<Row>(await readFile(new URL(`data/${name}`, import.meta.url)), { columns: true, skip_empty_lines: true });

/** The 153 authorities of England with their neighbours and two synthetic contacts each; those already there stay. */
export const seedDirectory = async (now: string): Promise<string[]> => {
  const dynamo = dynamoClient();
  const { directory } = tableNames("directory");
  const present = new Set((await readAuthorities(dynamo, directory)).map(({ code }) => String(code)));
  const authorities = await authoritiesOfEngland(now);
  await putAll(directory, authorities.filter(({ code }) => !present.has(code)).map(authorityItem));
  return authorities.map(({ code }) => code);
};

const authoritiesOfEngland = async (now: string): Promise<Authority[]> => {
  const [current, superseded, pairs] = await Promise.all([
    rows("authorities.csv"),
    rows("authorities-superseded.csv"),
    rows("neighbours.csv"),
  ]);
  const codeOf = new Map(current.map((row) => [row.gssCode ?? "", row.dfeCode ?? ""]));
  return current.map((row, index) => {
    const code = row.dfeCode ?? "";
    const former = superseded.filter((each) => (each.successorDfeCodes ?? "").split(";").includes(code));
    const neighbours = pairs.flatMap(({ gssA = "", gssB = "" }) => {
      if (gssA === row.gssCode) return [codeOf.get(gssB) ?? ""];
      return gssB === row.gssCode ? [codeOf.get(gssA) ?? ""] : [];
    });
    const facts = authority.parse({
      code,
      gssCode: row.gssCode,
      formerGssCodes: former.map((each) => each.gssCode).sort(),
      name: row.name,
      councilName: row.councilName,
      type: row.type,
      region: row.region,
      neighbours: neighbours.sort(),
      effectiveFrom: row.gssCodeSince,
      effectiveTo: null,
    } satisfies Record<keyof z.input<typeof authority>, unknown>);
    return { ...facts, contacts: syntheticContacts(facts, index, now) };
  });
};

/**
 * Nobody real: the domains are reserved for examples (RFC 2606) and the numbers are from the range that Ofcom keeps for
 * drama (01632 960000 to 960999).
 */
const syntheticContacts = (
  { code, name }: { code: string; name: string },
  index: number,
  now: string,
): Record<string, Contact> => {
  const contact = (role: "lead" | "inbox", title: string, offset: number): Contact => ({
    contactId: `${code}-${role}`,
    authority: code,
    name: `${title}, ${name}`,
    role,
    email: `cme-${role}@la-${code}.example.org`,
    telephone: `01632 960${String(2 * index + offset).padStart(3, "0")}`,
    effectiveFrom: "2025-09-01T00:00:00.000Z",
    effectiveTo: null,
    verifiedAt: now,
    verifiedBy: "dfe",
    version: 1,
  });
  const lead = contact("lead", "CME lead officer", 0);
  const inbox = contact("inbox", "CME team inbox", 1);
  return { [lead.contactId]: lead, [inbox.contactId]: inbox };
};

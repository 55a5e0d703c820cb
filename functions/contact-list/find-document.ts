import type { Format } from "../../shared/domain/publication.ts";
import { type Dynamo, dynamoClient } from "../../shared/store/dynamo.ts";
import { type Document, readDocument } from "../../shared/store/publications.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const documentDependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("publications") });
export type DocumentDependencies = { dynamo: Dynamo; tables: { publications: string } };

/** Milliseconds for which this instance takes what it read for the newest. */
const freshFor = 60_000;

/** Documents that this instance keeps, the longest unused first: each is a megabyte or so. */
const most = 8;
const kept = new Map<string, { reading: Promise<Document | undefined>; until: number }>();

/** One document, from what this instance keeps or in one call, however many ask for it at once. */
export const findDocument = async (
  which: number | "newest",
  format: Format,
  { dynamo, tables }: DocumentDependencies,
): Promise<Document | undefined> => {
  const name = `${which} ${format}`;
  const present = kept.get(name);
  if (present && Date.now() < present.until) {
    keep(name, present.reading, present.until);
    return present.reading;
  }
  const reading = readDocument(dynamo, tables.publications, which, format);
  keep(name, reading, Date.now() + freshFor);
  const forget = () => kept.get(name)?.reading === reading && kept.delete(name);
  reading.then((document) => document ?? forget(), forget);
  return reading;
};

/** What this instance has published itself is the newest that it knows. */
export const rememberNewest = (documents: readonly Document[]): void => {
  for (const document of documents) {
    keep(`newest ${document.format}`, Promise.resolve(document), Date.now() + freshFor);
  }
};

const keep = (name: string, reading: Promise<Document | undefined>, until: number): void => {
  kept.delete(name);
  kept.set(name, { reading, until });
  const [longestUnused] = kept.keys();
  if (kept.size > most && longestUnused !== undefined) kept.delete(longestUnused);
};

import { gunzipSync, gzipSync } from "node:zlib";
import * as z from "zod";
import { type Publication, publication } from "../contract/publications.ts";
import { digestOfText } from "../domain/canonical.ts";
import { type Format, formats } from "../domain/publication.ts";
import { busy } from "../domain/refusals.ts";
import { attempts, type Dynamo, type Item, type Place, queried, type Write } from "./dynamo.ts";
import { readPage } from "./page.ts";

/** A publication's document in one format: the very text that was signed. */
export type Document = { number: number; format: Format; text: string } & Publication[Format];

/** The newest publication, and what tells whether the list says anything else by now. */
export type Newest = z.output<typeof newestItem>;

const newestItem = z.object({
  ...publication.shape,
  /** Digest of what the list says: the same while nothing in it has changed. */
  content: z.string(),
  parts: z.object({ json: z.int(), csv: z.int() }),
});

const partItem = z.object({
  number: z.int(),
  /** How many parts the document has. */
  of: z.int(),
  ...publication.shape.json.shape,
  bytes: z.instanceof(Uint8Array),
});

/** Bytes of a document that one item holds, under DynamoDB's 400 KB with the rest of it. */
const largestPart = 380_000;

/** The partition in which the publications are listed; the sort keys have ten digits, so that they sort as numbers. */
const listed = "listed";

export const newestPlace = (table: string): Place => ({ table, key: { publication: "newest", part: "head" } });

export const newestFrom = (item: Item | undefined): Newest | undefined => item && newestItem.parse(item);

/**
 * What to write of a publication: its documents under its number, once and for ever, and again as the newest, and its
 * place in the list. Fails when another has been published since `before` was read: its name among the writes is `newest`.
 */
export const putPublication = (
  table: string,
  before: Newest | undefined,
  facts: Publication & { content: string },
  texts: Record<Format, string>,
): Write[] => {
  const bytes = { json: inParts(texts.json), csv: inParts(texts.csv) };
  const newest = { ...facts, parts: { json: bytes.json.length, csv: bytes.csv.length } } satisfies Newest;
  const { content: _, ...shown } = facts;
  const { number } = facts;
  return [
    {
      name: "newest",
      item: {
        Put: {
          TableName: table,
          Item: { ...newestPlace(table).key, ...newest },
          ConditionExpression: before ? "#number = :before" : "attribute_not_exists(publication)",
          ...(before && {
            ExpressionAttributeNames: { "#number": "number" },
            ExpressionAttributeValues: { ":before": before.number },
          }),
        },
      },
    },
    putOnce(table, { publication: listed, part: String(number).padStart(10, "0"), ...shown }),
    ...formats.flatMap((format) => {
      const parts = bytes[format].map((each, index) => ({
        part: partName(format, index),
        number,
        of: bytes[format].length,
        ...facts[format],
        bytes: each,
      }));
      const leftOver = Math.max(0, (before?.parts[format] ?? 0) - parts.length);
      return [
        ...parts.map((part) => putOnce(table, { publication: String(number), ...part })),
        ...parts.map((part) => put(table, { publication: "newest", ...part })),
        ...Array.from({ length: leftOver }, (_each, index) => remove(table, partName(format, parts.length + index))),
      ];
    }),
  ];
};

const inParts = (text: string): Buffer[] => {
  const bytes = gzipSync(text, { level: 9 });
  const count = Math.ceil(bytes.length / largestPart);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * largestPart, (index + 1) * largestPart));
};

const partName = (format: Format, index: number): string => `${format}#${String(index).padStart(2, "0")}`;

const put = (TableName: string, item: Item): Write => ({
  name: `${item.publication} ${item.part}`,
  item: { Put: { TableName, Item: item } },
});

const putOnce = (TableName: string, item: Item): Write => ({
  name: `${item.publication} ${item.part}`,
  item: { Put: { TableName, Item: item, ConditionExpression: "attribute_not_exists(publication)" } },
});

const remove = (TableName: string, part: string): Write => ({
  name: `newest ${part}`,
  item: { Delete: { TableName, Key: { publication: "newest", part } } },
});

/**
 * One publication's document, in one call for up to a megabyte of it. A query may meet a publication that is being
 * written, and see parts of the newest and of the one before: then it is asked again.
 * @throws Refusal `busy`; TypeError where the document is not the one that was signed
 */
export const readDocument = async (
  dynamo: Dynamo,
  table: string,
  which: number | "newest",
  format: Format,
): Promise<Document | undefined> => {
  for await (const _ of attempts()) {
    const parts = await readParts(dynamo, table, String(which), format);
    const [first] = parts;
    if (!first) return undefined;
    const { number, of, digest, signature } = first;
    if (parts.length !== of || parts.some((each) => each.number !== number)) continue;
    const text = gunzipSync(Buffer.concat(parts.map(({ bytes }) => bytes))).toString();
    if (digestOfText(text) !== digest) throw new TypeError("A publication is not the one that was signed");
    return { number, format, text, digest, signature };
  }
  throw busy();
};

const readParts = async (dynamo: Dynamo, table: string, which: string, format: Format) => {
  const parts: z.output<typeof partItem>[] = [];
  const query = {
    TableName: table,
    KeyConditionExpression: "publication = :which AND begins_with(#part, :format)",
    ExpressionAttributeNames: { "#part": "part" },
    ExpressionAttributeValues: { ":which": which, ":format": `${format}#` },
    ConsistentRead: true,
  };
  for await (const item of queried(dynamo, query)) parts.push(partItem.parse(item));
  return parts;
};

/** The publications, newest first. */
export const readPublications = (
  dynamo: Dynamo,
  table: string,
  page: { limit: number; cursor: string | undefined },
): Promise<{ items: Publication[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      KeyConditionExpression: "publication = :listed",
      ExpressionAttributeValues: { ":listed": listed },
      ScanIndexForward: false,
      ConsistentRead: true,
    },
    { list: ["publications"], ...page },
    (item) => publication.strip().parse(item),
  );

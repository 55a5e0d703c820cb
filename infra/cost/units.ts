import { isDeepStrictEqual } from "node:util";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { TableDefinition } from "../../shared/store/tables.ts";

/** An item as it goes over the wire: an attribute's bytes are base64 there. */
export type Image = Record<string, WireValue>;
type WireValue = Omit<AttributeValue, "B"> & { B?: string };

/**
 * Bytes of an item by DynamoDB's rules (developer guide, "Item sizes and formats"): names and texts in UTF-8, a number
 * half a byte a digit and one more, a list or map three bytes and one for each member.
 */
export const sizeOf = (image: Image): number =>
  Object.entries(image).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOfValue(value), 0);

const sizeOfValue = (value: WireValue): number => {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.replace(/[-.]/g, "").length / 2) + 1;
  if (value.B !== undefined) return Buffer.from(value.B, "base64").length;
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + sizeOf(value.M as Image);
  if (value.L !== undefined) return value.L.reduce((sum, each) => sum + 1 + sizeOfValue(each as WireValue), 3);
  if (value.SS !== undefined) return value.SS.reduce((sum, each) => sum + Buffer.byteLength(each), 0);
  return 1;
};

/** A write as it was made to one item; `after` is absent where it was deleted, and the same where it was only checked. */
export type ItemWrite = { before?: Image | undefined; after?: Image | undefined; transactional: boolean };

/** What a write costs one partition of a table, or of one of its indexes. */
export type PartitionWrite = {
  index: string | undefined;
  partition: string;
  units: number;
  /** Items, or entries of the index, that the partition has more, or fewer. */
  more: -1 | 0 | 1;
};

const unitBytes = 1024;

const unitsFor = (...images: (Image | undefined)[]): number =>
  Math.max(1, ...images.map((image) => (image ? Math.ceil(sizeOf(image) / unitBytes) : 1)));

/**
 * Write units by partition key: the table's by the larger of the item before and after, double in a transaction; an
 * index's once for each entry that is put, changed or taken out, and nothing where the entry stays as it is. What an index
 * takes is not doubled: it follows after the transaction.
 */
export const partitionWrites = (table: TableDefinition, write: ItemWrite): PartitionWrite[] => {
  const { before, after, transactional } = write;
  const item = after ?? before;
  if (!item) return [];
  const own: PartitionWrite = {
    index: undefined,
    partition: text(item[table.partitionKey.name]),
    units: unitsFor(before, after) * (transactional ? 2 : 1),
    more: more(before, after),
  };
  if (isDeepStrictEqual(before, after)) return [own];
  const ofIndexes = Object.entries(table.indexes ?? {}).flatMap(([index, { partitionKey, sortKey }]) => {
    const names = [partitionKey.name, sortKey.name];
    const [left, right] = [before, after].map((image) =>
      image && names.every((name) => name in image) ? image : undefined,
    );
    const moved = left && right && names.some((name) => text(left[name]) !== text(right[name]));
    const changes: [Image | undefined, Image | undefined][] = moved
      ? [
          [left, undefined],
          [undefined, right],
        ]
      : [[left, right]];
    return changes.flatMap(([old, fresh]) => {
      const entry = fresh ?? old;
      if (!entry) return [];
      const partition = text(entry[partitionKey.name]);
      return [{ index, partition, units: unitsFor(old, fresh), more: more(old, fresh) }];
    });
  });
  return [own, ...ofIndexes];
};

const more = (before: Image | undefined, after: Image | undefined): -1 | 0 | 1 =>
  before ? (after ? 0 : -1) : after ? 1 : 0;

const text = (value: WireValue | undefined): string => value?.S ?? value?.N ?? "";

/** What DynamoDB adds to each item, and to each entry of an index, when it counts what is stored. */
const overhead = 100;

/** Bytes that an item takes up with its entries in the table's indexes. */
export const storedBytes = (table: TableDefinition, image: Image): number => {
  const entries = Object.values(table.indexes ?? {}).filter(
    ({ partitionKey, sortKey }) => partitionKey.name in image && sortKey.name in image,
  );
  return (1 + entries.length) * (sizeOf(image) + overhead);
};

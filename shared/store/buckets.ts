import { createHash } from "node:crypto";

/** Enough partitions that a scheduled look through all of them is cheap and none of them is hot. */
const count = 8;

/** The partition of a sparse index in which a thing waits: spread evenly, the same each time. */
export const bucketOf = (index: string, id: string): string =>
  `${index}#${createHash("sha256").update(id).digest().readUInt8() % count}`;

export const bucketsOf = (index: string): string[] => Array.from({ length: count }, (_, at) => `${index}#${at}`);

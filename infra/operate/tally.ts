import { createHash } from "node:crypto";

/**
 * What a set has been seen to hold, without keeping it: how many members, and the exclusive or of their digests, so that two
 * sets read in any order can be compared in memory that does not grow with them.
 */
export type Tally = {
  add(set: string, member: string): void;
  count(set: string): number;
  sets(): Iterable<string>;
  /** The sets that differ between this tally and the other. */
  differingFrom(other: Tally): string[];
  digest(set: string): bigint;
};

export const newTally = (): Tally => {
  const seen = new Map<string, { count: number; digest: bigint }>();
  const tally: Tally = {
    add: (set, member) => {
      const { count, digest } = seen.get(set) ?? { count: 0, digest: 0n };
      seen.set(set, { count: count + 1, digest: digest ^ digestOf(member) });
    },
    count: (set) => seen.get(set)?.count ?? 0,
    digest: (set) => seen.get(set)?.digest ?? 0n,
    sets: () => seen.keys(),
    differingFrom: (other) =>
      [...new Set([...tally.sets(), ...other.sets()])]
        .filter((set) => tally.count(set) !== other.count(set) || tally.digest(set) !== other.digest(set))
        .sort(),
  };
  return tally;
};

const digestOf = (member: string): bigint => createHash("sha256").update(member).digest().readBigUInt64BE();

/** One of 4,096 sets, so that where two large sets differ, only that part has to be looked at by name. */
export const partOf = (member: string): string => createHash("sha256").update(member).digest("hex").slice(0, 3);

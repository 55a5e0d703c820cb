import { bucketOf, bucketsOf } from "../../shared/store/buckets.ts";
import { type TableDefinition, tables } from "../../shared/store/tables.ts";
import type { RecordedWrite } from "../cost/recorder.ts";
import { type PartitionWrite, partitionWrites } from "../cost/units.ts";
import { randomFrom } from "./random.ts";

/** What is written for one referral to one partition of a table or index (`cme-referrals/inbox`). */
export type KeyedWrite = PartitionWrite & { target: string };

/** The writes of one recorded life: the keys are those that the exchange itself built. */
export const keyedWrites = (writes: readonly RecordedWrite[]): KeyedWrite[] => {
  const definitions = new Map<string, TableDefinition>(Object.values(tables).map((table) => [table.name, table]));
  return writes.flatMap((write) => {
    const definition = definitions.get(write.table);
    if (!definition) throw new TypeError(`No table ${write.table}`);
    return partitionWrites(definition, write).map((each) => ({
      ...each,
      target: each.index ? `${write.table}/${each.index}` : write.table,
    }));
  });
};

export type Parties = { sender: string; recipient: string };

/** How one partition key of the recorded life varies from referral to referral. */
type Varying =
  | { by: "party"; party: keyof Parties; rest: string }
  | { by: "bucket"; index: string }
  /** One and the same for all referrals. */
  | { by: "nothing" }
  /** An id: each referral writes to partitions of its own. */
  | { by: "id" };

const unique = /[0-9a-f]{8}-[0-9a-f]{4}-|^[\w-]{20,}$|sha-256:/;

export const varying = (partition: string, parties: Parties): Varying => {
  for (const party of ["sender", "recipient"] as const) {
    const code = parties[party];
    if (partition === code || partition.startsWith(`${code}#`)) {
      return { by: "party", party, rest: partition.slice(code.length) };
    }
  }
  const [index = ""] = partition.split("#");
  if (bucketsOf(index).includes(partition)) return { by: "bucket", index };
  return unique.test(partition) ? { by: "id" } : { by: "nothing" };
};

/**
 * Shares of the authorities in the referrals, the largest first: of England's 153 the largest has some three in a
 * hundred, as Kent and Birmingham have of England's children.
 */
export const sharesOf = (authorities: number): number[] => {
  const weights = Array.from({ length: authorities }, (_, at) => 1 / (at + 13));
  const sum = weights.reduce((all, each) => all + each, 0);
  return weights.map((weight) => weight / sum);
};

export type Tally = { units: number; items: number };
export type Simulated = {
  referrals: number;
  /** By table or index, and there by partition key. Partitions of a single referral's own are counted as one, `(id)`. */
  partitions: Map<string, Map<string, Tally>>;
};

/**
 * Plays the recorded life for so many referrals between authorities drawn by their shares.
 * @param drawn.sender where all come from one
 */
export const simulate = (
  writes: readonly KeyedWrite[],
  recorded: Parties,
  drawn: { referrals: number; authorities: number; seed: number; sender?: string },
): Simulated => {
  const random = randomFrom(drawn.seed);
  const draw = drawing(sharesOf(drawn.authorities), random);
  const kinds = writes.map((write) => ({ ...write, varies: varying(write.partition, recorded) }));
  const partitions: Simulated["partitions"] = new Map();
  for (let referral = 0; referral < drawn.referrals; referral += 1) {
    const sender = drawn.sender ?? draw();
    let recipient = draw();
    while (recipient === sender) recipient = draw();
    const parties = { sender, recipient };
    // What is bucketed by one id goes to one bucket in all its writes.
    const ids = new Map<string, string>();
    for (const { target, partition, units, more, varies } of kinds) {
      const key = keyOf(varies, partition, parties, () => {
        const id = ids.get(partition) ?? `${drawn.seed}-${referral}-${random()}`;
        ids.set(partition, id);
        return id;
      });
      const keys = partitions.get(target) ?? new Map<string, Tally>();
      partitions.set(target, keys);
      const tally = keys.get(key) ?? { units: 0, items: 0 };
      keys.set(key, { units: tally.units + units, items: tally.items + more });
    }
  }
  return { referrals: drawn.referrals, partitions };
};

const keyOf = (varies: Varying, partition: string, parties: Parties, id: () => string): string => {
  if (varies.by === "party") return `${parties[varies.party]}${varies.rest}`;
  if (varies.by === "bucket") return bucketOf(varies.index, id());
  return varies.by === "id" ? ownPartitions : partition;
};

export const ownPartitions = "(id)";

const drawing = (shares: readonly number[], random: () => number) => (): string => {
  let left = random();
  const at = shares.findIndex((share) => {
    left -= share;
    return left < 0;
  });
  return String(at === -1 ? shares.length - 1 : at).padStart(4, "0");
};

export type Hottest = { target: string; partition: string; unitsAReferral: number; itemsAReferral: number };

/** The partition of each table and index that takes most, by referral anywhere in the country. */
export const hottestOf = ({ referrals, partitions }: Simulated): Hottest[] =>
  [...partitions].flatMap(([target, keys]) => {
    const shared = [...keys].filter(([partition]) => partition !== ownPartitions);
    const [hottest] = shared.toSorted(([, one], [, other]) => other.units - one.units);
    if (!hottest) return [];
    const [partition, { units }] = hottest;
    const items = Math.max(...shared.map(([, tally]) => tally.items));
    return [{ target, partition, unitsAReferral: units / referrals, itemsAReferral: items / referrals }];
  });

import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import * as z from "zod";

const stored = z.object({ streamArn: z.string(), shards: z.record(z.string(), z.string()) });

export type Checkpoint = {
  /** The sequence number of the last record of the shard that has been handled. */
  of(shardId: string): string | undefined;
  /** The file is replaced as a whole, so that whoever is killed leaves the old one or the new one. */
  save(shardId: string, sequenceNumber: string): Promise<void>;
};

/** What a file says that can't be read or is about another stream (the table was made anew) is nothing: begin at the beginning. */
export const openCheckpoint = async (file: string, streamArn: string): Promise<Checkpoint> => {
  const positions = new Map(Object.entries(await positionsIn(file, streamArn)));
  return {
    of: (shardId) => positions.get(shardId),
    save: async (shardId, sequenceNumber) => {
      const shards = Object.fromEntries(new Map(positions).set(shardId, sequenceNumber));
      const written = `${file}.${randomUUID()}`;
      await writeFile(written, JSON.stringify({ streamArn, shards }), { flush: true });
      await rename(written, file);
      positions.set(shardId, sequenceNumber);
    },
  };
};

const positionsIn = async (file: string, streamArn: string): Promise<Record<string, string>> => {
  try {
    const checkpoint = stored.parse(JSON.parse(await readFile(file, "utf8")));
    return checkpoint.streamArn === streamArn ? checkpoint.shards : {};
  } catch {
    return {};
  }
};

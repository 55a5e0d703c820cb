import { advanceEntry, type Entry } from "../../shared/domain/entry.ts";
import type { Fact } from "../../shared/domain/referral.ts";
import type { Dynamo, Write } from "../../shared/store/dynamo.ts";
import { fingerprintWrites } from "../../shared/store/fingerprints.ts";
import { deleteEnvelope, readParts, type Subject } from "../../shared/store/records.ts";
import { entryStepWrites } from "./act-on-entry.ts";

/**
 * Erases what is kept of a retained child: the record and every note go with their data keys, which exist nowhere else, so
 * that no copy of the ciphertext can be opened again. The entry and its trail stay and say when and why.
 */
export const erasureOf = async (
  {
    dynamo,
    tables,
  }: {
    dynamo: Dynamo;
    tables: { entries: string; records: string; caseEvents: string; outbox: string; fingerprints: string };
  },
  entry: Entry,
  fact: Fact,
): Promise<{ after: Entry; writes: Write[] }> => {
  const retained = entry.retained && { ...entry.retained, erasedAt: fact.at };
  const step = advanceEntry(entry, "entry.erased", fact, { retained, fingerprints: [] });
  const kept: Subject = { kind: "entry", id: entry.entryId };
  const parts = await readParts(dynamo, tables.records, kept);
  return {
    after: step.after,
    writes: [
      ...entryStepWrites(tables, step),
      ...fingerprintWrites(tables.fingerprints, entry, step.after),
      ...parts.map((part) => deleteEnvelope(tables.records, kept, part)),
    ],
  };
};

import type { KMSClient } from "@aws-sdk/client-kms";
import type { Entry } from "../../shared/domain/entry.ts";
import { openRecord } from "../../shared/keys/open-record.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { entryContext, envelopeFrom, notePart, recordPlace } from "../../shared/store/records.ts";

type Reading = { dynamo: Dynamo; kms: KMSClient; recordKey: string; tables: { records: string } };

/**
 * The notes of an entry's steps by the numbers of their events; none once they are erased.
 * @throws Refusal `record-unreadable`
 */
export const notesOf = async (
  entry: Entry,
  requestId: string,
  { dynamo, tables, kms, recordKey }: Reading,
): Promise<Map<number, string>> => {
  const { entryId } = entry;
  const noted = entry.steps.filter(({ hasNote }) => hasNote).map(({ sequence }) => sequence);
  const parts = noted.map(notePart);
  const items = await readAll(
    dynamo,
    parts.map((part) => recordPlace(tables.records, { kind: "entry", id: entryId }, part)),
  );
  const notes = new Map<number, string>();
  for (const [index, sequence] of noted.entries()) {
    const envelope = envelopeFrom(items[index]);
    if (envelope === undefined) continue;
    const context = entryContext(entry, notePart(sequence));
    notes.set(sequence, await openRecord({ kms, recordKey }, context, envelope, { requestId, entryId }));
  }
  return notes;
};

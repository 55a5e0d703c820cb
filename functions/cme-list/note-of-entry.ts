import type { KMSClient } from "@aws-sdk/client-kms";
import type { Entry } from "../../shared/domain/entry.ts";
import { seal } from "../../shared/keys/envelope.ts";
import type { Write } from "../../shared/store/dynamo.ts";
import { entryContext, notePart, putEnvelope } from "../../shared/store/records.ts";

/** What an officer wrote with an action on an entry, sealed like the record and kept with the event that tells of it. */
export const noteWrites = async (
  { kms, recordKey, tables }: { kms: KMSClient; recordKey: string; tables: { records: string } },
  entry: Entry,
  sequence: number,
  note: string | undefined,
): Promise<Write[]> => {
  if (note === undefined) return [];
  const part = notePart(sequence);
  const envelope = await seal(kms, recordKey, entryContext(entry, part), note);
  return [putEnvelope(tables.records, { kind: "entry", id: entry.entryId }, part, envelope)];
};

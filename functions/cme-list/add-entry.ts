import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import { recordWarnings } from "../../shared/contract/child-record.ts";
import { addEntry as route } from "../../shared/contract/cme-list.ts";
import { entryOf } from "../../shared/contract/present.ts";
import { schoolAgeFaults } from "../../shared/contract/school-age-faults.ts";
import { canonicalJson } from "../../shared/domain/canonical.ts";
import { newEntry } from "../../shared/domain/entry.ts";
import { validationFailed } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { putNewEntry } from "../../shared/store/entries.ts";
import { entryContext, putEnvelope } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "entries", "records"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});

const addEntry: Operation<typeof route, ReturnType<typeof dependencies>> = (
  call,
  { dynamo, tables, kms, recordKey },
) => {
  const { child } = call.body;
  return commitOnce(dynamo, tables, call, [], async (_none, now) => {
    const faults = schoolAgeFaults(child.identity.dateOfBirth, now);
    if (faults.length > 0) throw validationFailed(faults);
    const entry = newEntry({ entryId: uuidV7(), authority: call.caller.authority, openedAt: now });
    const envelope = await seal(kms, recordKey, entryContext(entry), canonicalJson(child));
    return {
      writes: [
        putNewEntry(tables.entries, entry),
        putEnvelope(tables.records, { kind: "entry", id: entry.entryId }, "record", envelope),
      ],
      reply: reply(
        route,
        201,
        { ...entryOf(entry), warnings: recordWarnings(child) },
        { location: `/v1/cme-list/${entry.entryId}` },
      ),
    };
  });
};

export const handler = serve(route, dependencies, addEntry);

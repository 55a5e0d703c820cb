import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import { recordWarnings } from "../../shared/contract/child-record.ts";
import { addEntry as route } from "../../shared/contract/cme-list.ts";
import { entryOf } from "../../shared/contract/present.ts";
import { schoolAgeFaults } from "../../shared/contract/school-age-faults.ts";
import { canonicalJson } from "../../shared/domain/canonical.ts";
import { advanceEntry, newEntry } from "../../shared/domain/entry.ts";
import { figuresOf } from "../../shared/domain/figures.ts";
import { fingerprintInputs } from "../../shared/domain/fingerprint-input.ts";
import { validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { fingerprints } from "../../shared/keys/fingerprints.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { authorityFrom, authorityPlace, existsOn } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { putNewEntry } from "../../shared/store/entries.ts";
import { findableWrites } from "../../shared/store/fingerprints.ts";
import { entryContext, putEnvelope } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { eventWrites } from "./act-on-entry.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "directory", "entries", "records", "caseEvents", "outbox", "fingerprints"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
  fingerprintKey: environment("FINGERPRINT_KEY").FINGERPRINT_KEY,
});

const addEntry: Operation<typeof route, ReturnType<typeof dependencies>> = (
  call,
  { dynamo, tables, kms, recordKey, fingerprintKey },
) => {
  const { child } = call.body;
  const places = [authorityPlace(tables.directory, call.caller.authority)];
  return commitOnce(dynamo, tables, call, places, async ([authorityItem], now) => {
    const authority = authorityFrom(authorityItem);
    const faults = [
      // One that has ended, or has not begun, has no list on which a child could be found.
      ...(authority && existsOn(authority, dateInEngland(now))
        ? []
        : [{ pointer: "", detail: "comes from an authority that is not in effect" }]),
      ...schoolAgeFaults(child.identity.dateOfBirth, now),
    ];
    if (faults.length > 0) throw validationFailed(faults);
    const facts = { entryId: uuidV7(), authority: call.caller.authority };
    const [envelope, knownBy] = await Promise.all([
      seal(kms, recordKey, entryContext({ ...facts, sealedFor: null }, "record"), canonicalJson(child)),
      fingerprints(kms, fingerprintKey, fingerprintInputs(child.identity)),
    ]);
    const entry = newEntry({ ...facts, openedAt: now, figures: figuresOf(child), fingerprints: knownBy });
    const step = advanceEntry(entry, "entry.added", { at: now, actor: actorOf(call.caller) });
    return {
      writes: [
        putNewEntry(tables.entries, step.after),
        ...findableWrites(tables.fingerprints, undefined, step.after, now),
        ...eventWrites(tables, step),
        putEnvelope(tables.records, { kind: "entry", id: entry.entryId }, "record", envelope),
      ],
      reply: reply(
        route,
        201,
        { ...entryOf(step.after), warnings: recordWarnings(child) },
        { location: `/v1/cme-list/${entry.entryId}` },
      ),
    };
  });
};

export const handler = serve(route, dependencies, addEntry);

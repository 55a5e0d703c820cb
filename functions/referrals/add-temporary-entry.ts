import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import { entryOf } from "../../shared/contract/present.ts";
import { addTemporaryEntry as route } from "../../shared/contract/referrals.ts";
import { recordVersion } from "../../shared/domain/correspondence.ts";
import { advanceEntry, newEntry } from "../../shared/domain/entry.ts";
import { mayRead, mayTakeOn, type Referral, takenOn } from "../../shared/domain/referral.ts";
import { alreadyThere, notFound, notYourRole, stateDoesNotAllow } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { putNewEntry } from "../../shared/store/entries.ts";
import { findableWrites } from "../../shared/store/fingerprints.ts";
import { entryContext, putEnvelope, recordPlace, versionPart } from "../../shared/store/records.ts";
import { referralFrom, referralPlace, replaceReferral } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";
import { eventWrites } from "../cme-list/act-on-entry.ts";
import { openChecked } from "./disclose-record.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames(
    "answers",
    "proofs",
    "referrals",
    "entries",
    "events",
    "caseEvents",
    "outbox",
    "records",
    "fingerprints",
  ),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});

/**
 * Guidance, "Children in temporary accommodation": where the pupil's name is deleted from the admission register, it is the
 * temporary authority's responsibility to investigate. Its entry is its own, with the record as it stands: it outlasts the
 * referral and goes its own way off the list, and the entries of the two parties stay as they are (R2).
 */
const addTemporaryEntry: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) => {
  const { dynamo, tables, kms, recordKey } = deps;
  const { caller, params } = call;
  return commitOnce(dynamo, tables, call, [referralPlace(tables.referrals, params.id)], async ([item], now) => {
    const referral = permitted(call, referralFrom(item));
    const version = recordVersion(referral);
    const subject = { kind: "referral", id: referral.referralId } as const;
    const [recordItem] = await readAll(dynamo, [recordPlace(tables.records, subject, versionPart(version))]);
    const record = await openChecked(call, deps, referral, version, recordItem);
    const { origin, figures, fingerprints, referralId } = referral;
    if (origin === null) throw new TypeError("A register transfer has no temporary authority");
    const facts = { entryId: uuidV7(), authority: caller.authority, openedAt: now };
    const entry = newEntry({ ...facts, origin, figures, fingerprints });
    const envelope = await seal(kms, recordKey, entryContext(entry, "record"), record);
    const actor = actorOf(caller);
    const added = advanceEntry(entry, "entry.added", { at: now, actor, details: { referralId } });
    const { before, after, event } = takenOn(referral, entry.entryId, { at: now, actor });
    return {
      writes: [
        putNewEntry(tables.entries, added.after),
        ...findableWrites(tables.fingerprints, undefined, added.after, now),
        ...eventWrites(tables, added),
        putEnvelope(tables.records, { kind: "entry", id: entry.entryId }, "record", envelope),
        replaceReferral(tables.referrals, before, after),
        ...eventAndOutboxRow(tables, event, after),
      ],
      reply: reply(route, 201, entryOf(added.after), { location: `/v1/cme-list/${entry.entryId}` }),
    };
  });
};

/** @throws Refusal `not-found`, `not-your-role`, `already-there`, `state-does-not-allow` */
const permitted = ({ caller }: Call<typeof route>, referral: Referral | undefined): Referral => {
  if (!referral || !mayRead(referral, caller.authority)) throw notFound();
  if (referral.temporaryAuthority !== caller.authority) throw notYourRole("temporary authority");
  if (referral.temporaryEntryId !== null)
    throw alreadyThere("an entry on your CME list that was made of this referral");
  if (!mayTakeOn(referral.state)) throw stateDoesNotAllow(referral.state, referral.version);
  return referral;
};

export const handler = serve(route, dependencies, addTemporaryEntry);

import type { KMSClient } from "@aws-sdk/client-kms";
import type { ListedChild } from "../../shared/contract/child-record.ts";
import { recordVersion } from "../../shared/domain/correspondence.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import { openRecord } from "../../shared/keys/open-record.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { entryContext, envelopeFrom, recordPlace, referralContext, versionPart } from "../../shared/store/records.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";

type Reading = {
  dynamo: Dynamo;
  kms: KMSClient;
  recordKey: string;
  tables: { records: string; referrals: string };
};

/**
 * What an authority has of a child on its list, as canonical JSON: the record of the newest referral by which it referred the
 * child and did not withdraw, since that was said after all else and may have been corrected since; or the record that it
 * keeps itself; or that of the referral by which the child came. What is retained is its own.
 * @returns with `own`, whether it is the entry's own record; `undefined` where it has been erased
 * @throws Refusal `record-unreadable` when it was altered or moved: nothing is disclosed, the operator is alerted
 */
export const recordOfEntry = async (
  { dynamo, kms, recordKey, tables }: Reading,
  entry: Entry,
  requestId: string,
): Promise<{ text: string; own: boolean } | undefined> => {
  const ids = [...new Set([entry.referralId, entry.openedByReferralId])].filter((id) => id !== null);
  const [own, ...items] = await readAll(dynamo, [
    recordPlace(tables.records, { kind: "entry", id: entry.entryId }, "record"),
    ...ids.map((id) => referralPlace(tables.referrals, id)),
    ...ids.map((id) => recordPlace(tables.records, { kind: "referral", id }, "record")),
  ]);
  const told = ids.flatMap((_, index) => {
    const referral = referralFrom(items[index]);
    return referral ? [{ referral, first: items[ids.length + index] }] : [];
  });
  const referred = told.find(
    ({ referral }) => referral.senderEntryId === entry.entryId && referral.state !== "withdrawn",
  );
  const ownEnvelope = entry.retained === null && referred ? undefined : envelopeFrom(own);
  const opening = { requestId, entryId: entry.entryId };
  if (ownEnvelope) {
    const text = await openRecord({ kms, recordKey }, entryContext(entry, "record"), ownEnvelope, opening);
    return { text, own: true };
  }
  const source = referred ?? told.find(({ referral }) => referral.referralId === entry.openedByReferralId) ?? told[0];
  if (!source) return undefined;
  const { referral, first } = source;
  const part = versionPart(recordVersion(referral));
  const [newest] =
    part === "record"
      ? [first]
      : await readAll(dynamo, [recordPlace(tables.records, { kind: "referral", id: referral.referralId }, part)]);
  const envelope = envelopeFrom(newest);
  if (!envelope) return undefined;
  const text = await openRecord({ kms, recordKey }, referralContext(referral, part), envelope, opening);
  return { text, own: false };
};

/** The record that {@link recordOfEntry} answers is canonical JSON of a child as it was once accepted. */
export const childIn = ({ text }: { text: string }): ListedChild => JSON.parse(text) as ListedChild;

import type { KMSClient } from "@aws-sdk/client-kms";
import type { ListedChild } from "../../shared/contract/child-record.ts";
import { recordVersion } from "../../shared/domain/correspondence.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import { recordUnreadable } from "../../shared/domain/refusals.ts";
import { EnvelopeRefused, open } from "../../shared/keys/envelope.ts";
import { log } from "../../shared/observability/log.ts";
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
 * What an authority has of a child on its list, as canonical JSON: the record that it keeps itself, or that of the
 * referral by which the child came, or else of the newest by which it was referred, as it was last corrected.
 * @returns with `own`, whether it is the entry's own record; `undefined` where it has been erased
 * @throws Refusal `record-unreadable` when it was altered or moved: nothing is disclosed, the operator is alerted
 */
export const recordOfEntry = async (
  { dynamo, kms, recordKey, tables }: Reading,
  entry: Entry,
  requestId: string,
): Promise<{ text: string; own: boolean } | undefined> => {
  const cameBy = entry.openedByReferralId ?? entry.referralId;
  const [own, referralItem, referred] = await readAll(dynamo, [
    recordPlace(tables.records, { kind: "entry", id: entry.entryId }, "record"),
    ...(cameBy
      ? [
          referralPlace(tables.referrals, cameBy),
          recordPlace(tables.records, { kind: "referral", id: cameBy }, "record"),
        ]
      : []),
  ]);
  const referral = referralFrom(referralItem);
  try {
    const ownEnvelope = envelopeFrom(own);
    if (ownEnvelope) {
      return { text: await open(kms, recordKey, entryContext(entry, "record"), ownEnvelope), own: true };
    }
    if (!referral) return undefined;
    const part = versionPart(recordVersion(referral));
    const [newest] =
      part === "record"
        ? [referred]
        : await readAll(dynamo, [recordPlace(tables.records, { kind: "referral", id: referral.referralId }, part)]);
    const envelope = envelopeFrom(newest);
    if (!envelope) return undefined;
    return { text: await open(kms, recordKey, referralContext(referral, part), envelope), own: false };
  } catch (error) {
    if (!(error instanceof EnvelopeRefused)) throw error;
    log("record-unreadable", { requestId, entryId: entry.entryId, because: error.because, alarm: true });
    throw recordUnreadable();
  }
};

/** The record that {@link recordOfEntry} answers is canonical JSON of a child as it was once accepted. */
export const childIn = ({ text }: { text: string }): ListedChild => JSON.parse(text) as ListedChild;

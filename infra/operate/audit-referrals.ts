import type { Entry } from "../../shared/domain/entry.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { versionPart } from "../../shared/store/records.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tables } from "../../shared/store/tables.ts";
import { readTrail } from "../../shared/store/trail.ts";
import {
  type Audit,
  type Counts,
  inTurns,
  type Look,
  lostAmong,
  parsed,
  parsedFrom,
  report,
  standing,
  unreadable,
} from "./auditing.ts";
import { faultsOfEvidence } from "./judge-evidence.ts";
import { type Case, faultsOfReferral, recordVersions } from "./judge-referral.ts";
import { rowsOf } from "./outbox-row.ts";
import { eachPage, presentAmong } from "./read.ts";

/** Each referral with everything that must agree with it. */
export const auditReferrals = (audit: Audit, counts: Counts, note: (referralId: string) => void): Promise<void> =>
  eachPage(audit.dynamo, audit.names.referrals, { ...audit, only: ["referralId"] }, async (items) => {
    const ids = items.map(({ referralId }) => String(referralId));
    for (const id of ids) note(id);
    counts.referrals += ids.length;
    await inTurns(
      ids,
      (some) => sidesOf(audit, some),
      async (sides) => {
        const look = await lookAt(audit, sides);
        counts.events += look.events;
        if (sides.referral !== unreadable) {
          counts.receipts += sides.referral?.receipt ? 1 : 0;
          counts.certificates += sides.referral?.certificate ? 1 : 0;
        }
        const again = async () => lookAt(audit, await sideOf(audit, sides.referralId));
        report(audit, await standing(look, again));
      },
    );
  });

/** The referral and its two entries as they stand. */
type Sides = {
  referralId: string;
  referral: Referral | undefined | typeof unreadable;
  senderEntry: Entry | undefined | typeof unreadable;
  recipientEntry: Entry | undefined | typeof unreadable;
  hasVersion: Case["hasVersion"];
  /** Each change of one of them changes its version. */
  versions: string;
};

const sidesOf = async ({ dynamo, names }: Audit, ids: readonly string[]): Promise<Sides[]> => {
  const placeOf = (id: unknown) => entryPlace(names.entries, String(id));
  const items = await readAll(
    dynamo,
    ids.map((id) => referralPlace(names.referrals, id)),
  );
  const entryIds = items.flatMap((item) => [item?.senderEntryId, item?.recipientEntryId]).filter((id) => !!id);
  const found = await readAll(dynamo, entryIds.map(placeOf));
  const entries = new Map(entryIds.map((id, index) => [id, found[index]]));
  const referrals = items.map((item) => parsed(() => referralFrom(item)));
  const versions = referrals.flatMap((referral) =>
    referral && referral !== unreadable
      ? recordVersions(referral).map((version) => versionKey(referral.referralId, version))
      : [],
  );
  const isThere = await presentAmong(dynamo, names.records, versions);
  return ids.map((referralId, index) => {
    const item = items[index];
    const sender = entries.get(item?.senderEntryId);
    const recipient = entries.get(item?.recipientEntryId);
    return {
      referralId,
      referral: referrals[index],
      senderEntry: parsed(() => entryFrom(sender)),
      recipientEntry: parsed(() => entryFrom(recipient)),
      hasVersion: (version) => isThere(versionKey(referralId, version)),
      versions: [item, sender, recipient].map((each) => each?.version).join(),
    };
  });
};

const sideOf = async (audit: Audit, referralId: string): Promise<Sides> => {
  const [sides] = await sidesOf(audit, [referralId]);
  if (!sides) throw new TypeError("What was asked for one is not answered for one");
  return sides;
};

const lookAt = async (audit: Audit, sides: Sides): Promise<Look & { events: number }> => {
  const { referralId, referral, senderEntry, recipientEntry, hasVersion, versions } = sides;
  const moved = async () => (await sideOf(audit, referralId)).versions !== versions;
  if (referral === undefined) return { faults: [{ code: "referral-missing", referralId }], moved, events: 0 };
  const [events, rows] = await Promise.all([
    parsedFrom(readTrail(audit.dynamo, audit.names.events, referralId)),
    rowsOf(audit, referralId),
  ]);
  if (
    referral === unreadable ||
    senderEntry === unreadable ||
    recipientEntry === unreadable ||
    events === unreadable ||
    rows === unreadable
  ) {
    return { faults: [{ code: "item-unreadable", referralId }], moved, events: 0 };
  }
  const faults = [
    ...faultsOfReferral({ referral, events, rows, senderEntry, recipientEntry, hasVersion }, audit.clock()),
    ...(await faultsOfEvidence(referral, events, audit.keys)),
  ];
  return { faults, moved, events: events.length };
};

const versionKey = (referralId: string, version: number) => ({
  subject: `referral#${referralId}`,
  part: versionPart(version),
});

/** Events whose referral is gone. */
export const auditOrphans = (audit: Audit): Promise<void> =>
  eachPage(audit.dynamo, audit.names.events, { ...audit, only: ["referralId"] }, async (items) => {
    const things = items.map(({ referralId }) => ({ table: "referrals" as const, id: String(referralId) }));
    report(audit, await lostAmong(audit, things, { table: tables.events.name }));
  });

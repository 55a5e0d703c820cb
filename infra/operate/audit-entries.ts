import { type Entry, isOnList } from "../../shared/domain/entry.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { type Enquiry, enquiryOfAnyKindFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tables } from "../../shared/store/tables.ts";
import {
  type Audit,
  type Counts,
  inTurns,
  type Look,
  lostAmong,
  parsed,
  report,
  standing,
  unreadable,
  whatItIs,
} from "./auditing.ts";
import { enquiriesNamedBy, faultsOfEntry, namedBy } from "./judge-entry.ts";
import { keptOf } from "./kept.ts";
import { eachPage, presentAmong } from "./read.ts";

/** Each entry with the referrals and enquiries that it names, its trail and its texts. */
export const auditEntries = (audit: Audit, counts: Counts): Promise<void> =>
  eachPage(audit.dynamo, audit.names.entries, { ...audit, only: ["entryId"] }, async (items) => {
    counts.entries += items.length;
    await inTurns(
      items.map(({ entryId }) => String(entryId)),
      (some) => connectionsOf(audit, some),
      async (connections) => {
        const { entryId, entry } = connections;
        counts.openEntries += entry && entry !== unreadable && isOnList(entry) ? 1 : 0;
        const again = async () => lookAt(audit, await connectionOf(audit, entryId));
        report(audit, await standing(await lookAt(audit, connections), again));
      },
    );
  });

/** An entry with the referrals and enquiries that it names, as far as they are there. */
type Connections = {
  entryId: string;
  entry: Entry | undefined | typeof unreadable;
  referrals: ReadonlyMap<string, Referral>;
  enquiries: ReadonlyMap<string, Enquiry>;
  findableBy: ReadonlySet<string>;
};

const connectionsOf = async ({ dynamo, names }: Audit, ids: readonly string[]): Promise<Connections[]> => {
  const items = await readAll(
    dynamo,
    ids.map((id) => entryPlace(names.entries, id)),
  );
  const entries = items.map((item) => parsed(() => entryFrom(item)));
  const known = entries.flatMap((entry) => (entry && entry !== unreadable ? [entry] : []));
  const referrals = new Map<string, Referral>();
  const named = new Set(known.flatMap(namedBy));
  for (const item of await readAll(
    dynamo,
    [...named].map((id) => referralPlace(names.referrals, id)),
  )) {
    const referral = parsed(() => referralFrom(item));
    if (referral && referral !== unreadable) referrals.set(referral.referralId, referral);
  }
  const enquiries = new Map<string, Enquiry>();
  for (const item of await readAll(
    dynamo,
    known.flatMap(enquiriesNamedBy).map((id) => enquiryPlace(names.enquiries, id)),
  )) {
    const enquiry = parsed(() => enquiryOfAnyKindFrom(item));
    if (enquiry && enquiry !== unreadable) enquiries.set(enquiry.enquiryId, enquiry);
  }
  const rows = known.flatMap(({ entryId, fingerprints }) =>
    fingerprints.map((fingerprint) => ({ fingerprint, entryId })),
  );
  const isInIndex = await presentAmong(dynamo, names.fingerprints, rows);
  return ids.map((entryId, index) => ({
    entryId,
    entry: entries[index],
    referrals,
    enquiries,
    findableBy: new Set(
      rows.filter((row) => row.entryId === entryId && isInIndex(row)).map(({ fingerprint }) => fingerprint),
    ),
  }));
};

const connectionOf = async (audit: Audit, entryId: string): Promise<Connections> => {
  const [connections] = await connectionsOf(audit, [entryId]);
  if (!connections) throw new TypeError("What was asked for one is not answered for one");
  return connections;
};

const lookAt = async (audit: Audit, { entryId, entry, ...beside }: Connections): Promise<Look> => {
  const moved = async () => {
    const { entry: now } = await connectionOf(audit, entryId);
    return now === unreadable || entry === unreadable || now?.version !== entry?.version;
  };
  if (!entry) return { faults: [{ code: "entry-missing", entryId }], moved };
  const kept = entry === unreadable ? unreadable : await keptOf(audit, "entry", entryId);
  if (entry === unreadable || kept === unreadable) return { faults: [{ code: "item-unreadable", entryId }], moved };
  return { faults: faultsOfEntry({ entry, ...beside, ...kept }, audit.clock()), moved };
};

/** A record whose referral is gone is still a child's: the trail says between whom it was. */
export const auditRecords = (audit: Audit, counts: Counts): Promise<void> =>
  eachPage(audit.dynamo, audit.names.records, { ...audit, only: ["subject"] }, async (items) => {
    counts.records += items.length;
    const things = items.flatMap(({ subject }) => whatItIs(String(subject)) ?? []);
    report(audit, await lostAmong(audit, things, { table: tables.records.name }));
  });

import * as z from "zod";
import { type Entry, isOnList } from "../../shared/domain/entry.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tables } from "../../shared/store/tables.ts";
import {
  type Audit,
  type Counts,
  inTurns,
  type Look,
  lostEntries,
  lostReferrals,
  parsed,
  report,
  standing,
  unreadable,
} from "./auditing.ts";
import type { Fault } from "./fault.ts";
import { faultsOfEntry, namedBy } from "./judge-entry.ts";
import { eachPage, presentAmong, readMany } from "./read.ts";

/** Each entry with the referrals that it names. */
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
        report(audit, await standing(lookAt(audit, connections), again));
      },
    );
  });

/** An entry with the referrals that it names, as far as they are there. */
type Connections = {
  entryId: string;
  entry: Entry | undefined | typeof unreadable;
  referrals: ReadonlyMap<string, Referral>;
  hasRecord: boolean;
};

const connectionsOf = async ({ dynamo, names }: Audit, ids: readonly string[]): Promise<Connections[]> => {
  const items = await readMany(
    dynamo,
    ids.map((id) => entryPlace(names.entries, id)),
  );
  const entries = items.map((item) => parsed(() => entryFrom(item)));
  const named = new Set(entries.flatMap((entry) => (entry && entry !== unreadable ? namedBy(entry) : [])));
  const found = await readMany(
    dynamo,
    [...named].map((id) => referralPlace(names.referrals, id)),
  );
  const referrals = new Map<string, Referral>();
  for (const item of found) {
    const referral = parsed(() => referralFrom(item));
    if (referral && referral !== unreadable) referrals.set(referral.referralId, referral);
  }
  const hasRecord = await presentAmong(dynamo, names.records, ids.map(recordKey));
  return ids.map((entryId, index) => ({
    entryId,
    entry: entries[index],
    referrals,
    hasRecord: hasRecord(recordKey(entryId)),
  }));
};

const connectionOf = async (audit: Audit, entryId: string): Promise<Connections> => {
  const [connections] = await connectionsOf(audit, [entryId]);
  if (!connections) throw new TypeError("What was asked for one is not answered for one");
  return connections;
};

const recordKey = (entryId: string) => ({ subject: `entry#${entryId}`, part: "record" });

const lookAt = (audit: Audit, { entryId, entry, referrals, hasRecord }: Connections): Look => {
  const moved = async () => {
    const { entry: now } = await connectionOf(audit, entryId);
    return now === unreadable || entry === unreadable || now?.version !== entry?.version;
  };
  if (!entry) return { faults: [{ code: "entry-missing", entryId }], moved };
  if (entry === unreadable) return { faults: [{ code: "item-unreadable", entryId }], moved };
  return { faults: faultsOfEntry(entry, referrals, hasRecord), moved };
};

const subject = z.templateLiteral([z.enum(["referral", "entry"]), "#", z.string()]);

/** A record whose referral is gone is still a child's: the trail says between whom it was. */
export const auditRecords = (audit: Audit, counts: Counts): Promise<void> =>
  eachPage(audit.dynamo, audit.names.records, { ...audit, only: ["subject"] }, async (items) => {
    counts.records += items.length;
    const subjects = items.flatMap((item) => {
      const named = subject.safeParse(item.subject);
      return named.success ? [named.data.split("#") as ["referral" | "entry", string]] : [];
    });
    const idsOf = (kind: string) => subjects.filter(([each]) => each === kind).map(([, id]) => id);
    report(audit, [
      ...(await lostReferrals(audit, idsOf("referral"))).map(
        (referralId): Fault => ({ code: "referral-missing", referralId, table: tables.records.name }),
      ),
      ...(await lostEntries(audit, idsOf("entry"))).map(
        (entryId): Fault => ({ code: "entry-missing", entryId, table: tables.records.name }),
      ),
    ]);
  });

import * as z from "zod";
import type { Entry } from "../../shared/domain/entry.ts";
import type { ReferralEvent } from "../../shared/domain/event-chain.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tables } from "../../shared/store/tables.ts";
import { readEvents } from "../../shared/store/trail.ts";
import {
  type Audit,
  type Counts,
  inTurns,
  type Look,
  lostReferrals,
  parsed,
  report,
  standing,
  unreadable,
} from "./auditing.ts";
import { faultsOfEvidence } from "./judge-evidence.ts";
import { faultsOfReferral, type Row } from "./judge-referral.ts";
import { storedRow } from "./outbox-row.ts";
import { eachPage, partition, presentAmong, readMany } from "./read.ts";

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
  hasRecord: boolean;
  /** Each change of one of them changes its version. */
  versions: string;
};

const sidesOf = async ({ dynamo, names }: Audit, ids: readonly string[]): Promise<Sides[]> => {
  const placeOf = (id: unknown) => entryPlace(names.entries, String(id));
  const items = await readMany(
    dynamo,
    ids.map((id) => referralPlace(names.referrals, id)),
  );
  const entryIds = items.flatMap((item) => [item?.senderEntryId, item?.recipientEntryId]).filter((id) => !!id);
  const found = await readMany(dynamo, entryIds.map(placeOf));
  const entries = new Map(entryIds.map((id, index) => [id, found[index]]));
  const hasRecord = await presentAmong(dynamo, names.records, ids.map(recordKey));
  return ids.map((referralId, index) => {
    const item = items[index];
    const sender = entries.get(item?.senderEntryId);
    const recipient = entries.get(item?.recipientEntryId);
    return {
      referralId,
      referral: parsed(() => referralFrom(item)),
      senderEntry: parsed(() => entryFrom(sender)),
      recipientEntry: parsed(() => entryFrom(recipient)),
      hasRecord: hasRecord(recordKey(referralId)),
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
  const { referralId, referral, senderEntry, recipientEntry, hasRecord, versions } = sides;
  const moved = async () => (await sideOf(audit, referralId)).versions !== versions;
  if (referral === undefined) return { faults: [{ code: "referral-missing", referralId }], moved, events: 0 };
  const [events, rows] = await Promise.all([trailOf(audit, referralId), rowsOf(audit, referralId)]);
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
    ...faultsOfReferral({ referral, events, rows, senderEntry, recipientEntry, hasRecord }, audit.clock()),
    ...(await faultsOfEvidence(referral, events, audit.keys)),
  ];
  return { faults, moved, events: events.length };
};

const recordKey = (referralId: string) => ({ subject: `referral#${referralId}`, part: "record" });

const trailOf = async ({ dynamo, names }: Audit, referralId: string): Promise<ReferralEvent[] | typeof unreadable> => {
  const events: ReferralEvent[] = [];
  let cursor: string | undefined;
  try {
    do {
      const page = await readEvents(dynamo, names.events, referralId, { limit: 1000, cursor });
      events.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor);
    return events;
  } catch (error) {
    if (error instanceof z.ZodError) return unreadable;
    throw error;
  }
};

const rowsOf = async ({ dynamo, names }: Audit, referralId: string): Promise<Row[] | typeof unreadable> => {
  const rows: Row[] = [];
  for await (const item of partition(dynamo, names.outbox, tables.outbox.partitionKey.name, referralId)) {
    const row = parsed(() => storedRow.parse(item));
    if (row === unreadable) return unreadable;
    rows.push({ ...row, waiting: row.unsent !== undefined });
  }
  return rows;
};

/** Events whose referral is gone. */
export const auditOrphans = (audit: Audit): Promise<void> =>
  eachPage(audit.dynamo, audit.names.events, { ...audit, only: ["referralId"] }, async (items) => {
    const lost = await lostReferrals(
      audit,
      items.map(({ referralId }) => String(referralId)),
    );
    report(
      audit,
      lost.map((referralId) => ({ code: "referral-missing", referralId, table: tables.events.name })),
    );
  });

import { type Closure, close, type Entry, isOnList, release } from "../../shared/domain/entry.ts";
import { isOpen } from "../../shared/domain/lifecycle.ts";
import { advance, type Fact, type Referral } from "../../shared/domain/referral.ts";
import { type Dynamo, type Item, readAll, type Write } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace, replaceEntry } from "../../shared/store/entries.ts";
import { fingerprintWrites } from "../../shared/store/fingerprints.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { closeEnquiriesOf } from "../enquiries/close-enquiries.ts";
import type { EnquiryTables } from "../enquiries/enquiry-writes.ts";
import { type ActionDependencies, stepWrites } from "./act-on-referral.ts";

type Reading = { dynamo: Dynamo; tables: ActionDependencies["tables"] };

/** The entries of a referral's two sides, as they stand. */
export const entriesOf = async (
  { dynamo, tables }: Reading,
  referral: Referral,
): Promise<{ senderEntry: Entry; recipientEntry: Entry | undefined }> => {
  if (referral.senderEntryId === null) throw new TypeError("A register transfer is of no list");
  const ids = [referral.senderEntryId, referral.recipientEntryId].filter((id) => id !== null);
  const [senderEntry, recipientEntry] = (
    await readAll(
      dynamo,
      ids.map((id) => entryPlace(tables.entries, id)),
    )
  ).map((item: Item | undefined) => entryFrom(item));
  if (!senderEntry) throw new TypeError("A referral without its sender's entry");
  return { senderEntry, recipientEntry };
};

/** The referral is over without a receipt: its sender may refer the child again, where it is of a list. */
export const releaseWrites = async (reading: Reading, referral: Referral): Promise<Write[]> => {
  if (referral.kind === "register-transfer") return [];
  const { senderEntry } = await entriesOf(reading, referral);
  return entryWrites(reading.tables, senderEntry, release(senderEntry, referral.referralId));
};

export const entryWrites = (tables: { entries: string }, before: Entry, after: Entry): Write[] =>
  after === before ? [] : [replaceEntry(tables.entries, before, after)];

/**
 * Takes an entry off its authority's list, with what follows for the other referrals that hang on it: the one by which
 * the child was referred on is withdrawn if nobody has received it, and the one by which the child came is concluded. Nobody
 * is asked about the child any more.
 * @param under the referral whose own action closes the entry, if one does: that action looks after it
 * @param changes what else the closing changes about the entry
 */
export const closeEntry = async (
  { dynamo, tables }: Reading & { tables: EnquiryTables & { fingerprints: string } },
  entry: Entry,
  closure: Closure,
  under: Referral | undefined,
  fact: Fact,
  changes: Partial<Entry> = {},
): Promise<{ closed: Entry; writes: Write[] }> => {
  if (!isOnList(entry)) return { closed: entry, writes: [] };
  const [referredOn, cameBy] = await othersOf({ dynamo, tables }, entry, under);
  const closed = { ...close(referredOn ? release(entry, referredOn.referralId) : entry, closure), ...changes };
  const writes = [
    ...entryWrites(tables, entry, closed),
    ...fingerprintWrites(tables.fingerprints, entry, closed),
    ...(await closeEnquiriesOf({ dynamo, tables }, entry, "entry-closed", fact)),
  ];
  const details = { outcome: closure.as };
  if (referredOn?.state === "awaiting-receipt") {
    writes.push(...stepWrites(tables, advance(referredOn, "withdraw", { ...fact, details })));
  }
  if (cameBy && isOpen(cameBy.state)) {
    const step = advance(cameBy, "conclude-by-closure", { ...fact, details }, { concludedAt: fact.at });
    const { senderEntry } = await entriesOf({ dynamo, tables }, cameBy);
    writes.push(
      ...stepWrites(tables, step),
      ...entryWrites(tables, senderEntry, release(senderEntry, cameBy.referralId)),
    );
  }
  return { closed: { ...closed, version: entry.version + 1 }, writes };
};

const othersOf = async ({ dynamo, tables }: Reading, entry: Entry, under: Referral | undefined) => {
  const ids = [entry.openReferralId, entry.openedByReferralId].map((id) => (id === under?.referralId ? null : id));
  const found = await readAll(
    dynamo,
    ids.filter((id) => id !== null).map((id) => referralPlace(tables.referrals, id)),
  );
  return ids.map((id) => (id === null ? undefined : referralFrom(found.find((item) => item?.referralId === id))));
};

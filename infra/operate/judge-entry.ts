import { type Entry, isOnList } from "../../shared/domain/entry.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import type { Fault } from "./fault.ts";

/** The referrals that an entry names. */
export const namedBy = ({ referralId, openReferralId, openedByReferralId, closure }: Entry): string[] => [
  ...new Set(
    [
      referralId,
      openReferralId,
      openedByReferralId,
      closure && "referralId" in closure ? closure.referralId : null,
    ].filter((id) => id !== null),
  ),
];

/**
 * What does not hold about an entry, whether or not a referral knows of it. How its referrals leave it is judged with them.
 * @param referrals those that it names, by id
 * @param hasRecord a child who was never referred has its record with the entry, the others with their referrals
 */
export const faultsOfEntry = (entry: Entry, referrals: ReadonlyMap<string, Referral>, hasRecord: boolean): Fault[] => {
  const { entryId, openReferralId, openedByReferralId, closure } = entry;
  const sends = (id: string) => referrals.get(id)?.senderEntryId === entryId;
  const receives = (id: string) => referrals.get(id)?.recipientEntryId === entryId;
  const isHere = (id: string | null): id is string => id !== null && referrals.has(id);
  const differs = (referralId: string, detail: string): Fault => ({
    code: "entry-differs",
    referralId,
    entryId,
    detail,
  });
  const faults: Fault[] = namedBy(entry)
    .filter((id) => !referrals.has(id))
    .map((referralId) => ({ code: "referral-missing", referralId, entryId }));
  for (const id of namedBy(entry).filter(isHere)) {
    if (!sends(id) && !receives(id)) faults.push(differs(id, "names a referral that is of other entries"));
  }
  if (isHere(openReferralId) && !sends(openReferralId)) {
    faults.push(differs(openReferralId, "is not the entry from which that referral refers"));
  }
  if (isHere(openedByReferralId) && !receives(openedByReferralId)) {
    faults.push(differs(openedByReferralId, "is not the entry that that referral opened"));
  }
  if (closure?.as === "transferred" && isHere(closure.referralId) && !sends(closure.referralId)) {
    faults.push({ code: "r1-removed-without-receipt", referralId: closure.referralId, entryId });
  }
  if (isOnList(entry) !== (closure === null)) {
    faults.push({ code: "entry-differs", entryId, detail: "its status and its closure contradict each other" });
  }
  const isErased = typeof entry.retained?.erasedAt === "string";
  if (entry.referralId === null && !hasRecord && !isErased) faults.push({ code: "record-missing", entryId });
  return faults;
};

/** How a child's entry came off an authority's CME list, with what that way asks for. */
export type Closure =
  | { as: "transferred"; at: string; referralId: string }
  | { as: "on-school-register"; at: string; schoolUrn: string; startDate: string }
  | { as: "suitable-education-otherwise"; at: string }
  /** (ours) The recipient looked and the child is not in its area: the child stays on, or returns to, the sender's list. */
  | { as: "not-located"; at: string; referralId: string };

export type EntryStatus = "suspected" | "confirmed" | "closed";

/** One child on one authority's CME list. Who the child is stands only in the encrypted record. */
export type Entry = {
  entryId: string;
  authority: string;
  status: EntryStatus;
  openedAt: string;
  openedBy: string;
  /** The newest referral that concerns this entry. */
  referralId: string | null;
  /** The referral whose receipt opened this entry, if one did. */
  openedByReferralId: string | null;
  /** The referral, still open, by which this authority refers the child: at most one. */
  openReferralId: string | null;
  closure: Closure | null;
  version: number;
};

export const isOnList = (entry: Pick<Entry, "status">): boolean => entry.status !== "closed";

/** A child who is suspected to be missing education, newly on an authority's list. */
export const newEntry = (facts: Pick<Entry, "entryId" | "authority" | "openedAt"> & Partial<Entry>): Entry => ({
  status: "suspected",
  openedBy: facts.authority,
  referralId: null,
  openedByReferralId: null,
  openReferralId: null,
  closure: null,
  version: 1,
  ...facts,
});

/** Changes of an entry; the store counts the version. */
export const refer = (entry: Entry, referralId: string): Entry => ({
  ...entry,
  referralId,
  openReferralId: referralId,
});

/** The referral is over, so the child may be referred again. */
export const release = (entry: Entry, referralId: string): Entry =>
  entry.openReferralId === referralId ? { ...entry, openReferralId: null } : entry;

export const confirm = (entry: Entry): Entry => ({ ...entry, status: "confirmed" });

export const close = (entry: Entry, closure: Closure): Entry => ({ ...entry, status: "closed", closure });

/** The sender had removed the child under this referral, and the recipient found no child: it is back on the list (R2). */
export const reopenIfRemovedUnder = (entry: Entry, referralId: string): Entry =>
  wasRemovedUnder(entry, referralId) ? { ...entry, status: "suspected", closure: null } : entry;

export const wasRemovedUnder = ({ closure }: Pick<Entry, "closure">, referralId: string): boolean =>
  closure?.as === "transferred" && closure.referralId === referralId;

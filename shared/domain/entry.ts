import { type CaseEvent, type CaseEventType, type CaseFact, nextCaseEvent } from "./case-events.ts";
import type { EnquiryStepCode, enquiryOutcomeCodes } from "./enquiry-steps.ts";
import { type ChainHead, emptyChain } from "./event-chain.ts";
import type { Figures } from "./figures.ts";

/** How a child's entry came off an authority's CME list, with what that way asks for. */
export type Closure =
  | { as: "transferred"; at: string; referralId: string }
  | { as: "on-school-register"; at: string; schoolUrn: string; startDate: string }
  | { as: "suitable-education-otherwise"; at: string }
  | { as: "above-leaving-age"; at: string }
  | { as: "deceased"; at: string }
  /** Every step of the guidance's list of reasonable enquiries was done or is not applicable; a record is retained. */
  | { as: "enquiries-exhausted"; at: string }
  /** (ours) The recipient looked and the child is not in its area: the child stays on, or returns to, the sender's list. */
  | { as: "not-located"; at: string; referralId: string };

export type EntryStatus = "suspected" | "confirmed" | "closed";

/** A step of the guidance's list of reasonable enquiries, as it was recorded; its note is among the records. */
export type RecordedStep = {
  step: EnquiryStepCode;
  /** On which it was taken, or on which it was decided that it doesn't apply. */
  date: string;
  outcome: (typeof enquiryOutcomeCodes)[number];
  recordedAt: string;
  /** Of the event that tells of it: the note bears its number. */
  sequence: number;
  hasNote: boolean;
};

/** One child on one authority's CME list. Who the child is stands only in the encrypted record. */
export type Entry = {
  entryId: string;
  authority: string;
  status: EntryStatus;
  openedAt: string;
  openedBy: string;
  /** The entry from which the child was handed on until it came to this one, by whatever referrals; its own id, if none. */
  origin: string;
  /** The newest referral that concerns this entry. */
  referralId: string | null;
  /** The referral whose receipt opened this entry, if one did. */
  openedByReferralId: string | null;
  /** The referral, still open, by which this authority refers the child: at most one. */
  openReferralId: string | null;
  closure: Closure | null;
  /** Other authorities that are being asked: at most five for a child (R7, see shared/domain/room-to-ask.ts). */
  enquiries: { enquiryId: string; asked: string }[];
  /** The question to the exchange itself that is open about the child: at most one. */
  matchEnquiry: { enquiryId: string; lapsesAt: string } | null;
  /** In the order in which they were recorded: of each step, the newest counts. */
  steps: RecordedStep[];
  figures: Figures;
  /** By what the child can be matched without saying who it is; see shared/keys/fingerprints.ts. */
  fingerprints: string[];
  /**
   * After the enquiries were exhausted: the child's details are kept until it is located or attains school leaving age
   * (guidance, "Working with other local authorities"), and erased then.
   */
  retained: { until: string; erasedAt: string | null } | null;
  /** Where the entry's own trail stands; what referrals do to it is in theirs. */
  head: ChainHead;
  /** The authority for which its texts are sealed, where a reorganisation has passed it on since. */
  sealedFor: string | null;
  /** The reorganisation by which it came to its authority, if one did. */
  passedBy: string | null;
  version: number;
};

export const isOnList = (entry: Pick<Entry, "status">): boolean => entry.status !== "closed";

/** A child who is suspected to be missing education, newly on an authority's list. */
export const newEntry = (
  facts: Pick<Entry, "entryId" | "authority" | "openedAt" | "figures"> & Partial<Entry>,
): Entry => ({
  status: "suspected",
  openedBy: facts.authority,
  origin: facts.entryId,
  referralId: null,
  openedByReferralId: null,
  openReferralId: null,
  closure: null,
  enquiries: [],
  matchEnquiry: null,
  steps: [],
  fingerprints: [],
  retained: null,
  head: emptyChain,
  sealedFor: null,
  passedBy: null,
  version: 1,
  ...facts,
});

/** Changes of an entry; the store counts the version. Who is asked about the child is asked no more. */
export const refer = (entry: Entry, referralId: string): Entry => ({
  ...entry,
  enquiries: [],
  matchEnquiry: null,
  referralId,
  openReferralId: referralId,
});

/** That authority is asked about the child, until it is asked no more. */
export const withEnquiry = (entry: Entry, enquiry: Entry["enquiries"][number]): Entry => ({
  ...entry,
  enquiries: [...entry.enquiries, enquiry],
});
export const withoutEnquiry = (entry: Entry, enquiryId: string): Entry => ({
  ...entry,
  enquiries: entry.enquiries.filter((each) => each.enquiryId !== enquiryId),
});

/** Twice what one record can give: a child is known by what was recorded of it first, and by what has been learnt since. */
const mostFingerprints = 24;

/** The entry of a child of whom a newer record tells: what is in that is kept before what was known. */
export const withFingerprints = (entry: Entry, newer: readonly string[]): Entry => ({
  ...entry,
  fingerprints: [...new Set([...newer, ...entry.fingerprints])].slice(0, mostFingerprints),
});

/** Another authority is asked in the place of one that has ended. */
export const withEnquiryTo = (entry: Entry, enquiryId: string, asked: string): Entry => ({
  ...entry,
  enquiries: entry.enquiries.map((each) => (each.enquiryId === enquiryId ? { enquiryId, asked } : each)),
});

/** The referral is over, so the child may be referred again. */
export const release = (entry: Entry, referralId: string): Entry =>
  entry.openReferralId === referralId ? { ...entry, openReferralId: null } : entry;

export const confirm = (entry: Entry): Entry => ({ ...entry, status: "confirmed" });

export const close = (entry: Entry, closure: Closure): Entry => ({
  ...entry,
  status: "closed",
  closure,
  enquiries: [],
  matchEnquiry: null,
});

/** The sender had removed the child under this referral, and the recipient found no child: it is back on the list (R2). */
export const reopenIfRemovedUnder = (entry: Entry, referralId: string): Entry =>
  wasRemovedUnder(entry, referralId) ? { ...entry, status: "suspected", closure: null } : entry;

export const wasRemovedUnder = ({ closure }: Pick<Entry, "closure">, referralId: string): boolean =>
  closure?.as === "transferred" && closure.referralId === referralId;

/** A step of an entry's own life: the entry as it was, as it is after (the store counts the version), and its event. */
export type EntryStep = { before: Entry; after: Entry; event: CaseEvent };

/** The entry after something that its authority did with it, with its event tied to the entry's trail. */
export const advanceEntry = (
  before: Entry,
  type: Extract<CaseEventType, `entry.${string}`>,
  { at, actor, details = {} }: CaseFact,
  changes: Partial<Entry> = {},
): EntryStep => {
  const { event, head } = nextCaseEvent(before.head, { subject: `entry#${before.entryId}`, type, at, actor, details });
  return { before, event, after: { ...before, ...changes, head } };
};

/** As many steps as are kept of one entry: their notes, the record and the event of their erasure fit one transaction. */
export const mostSteps = 60;

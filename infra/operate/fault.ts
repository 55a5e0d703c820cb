/**
 * Everything that an audit can find, each with what it means and how it is mended. What was restored to an earlier moment
 * than the rest is "behind", so the codes name the table that is behind where one can tell. The rules R1 to R4 and R7
 * are those of the README and of shared/domain. `mend` points to a section of infra/operations.md.
 */
export const faultCodes = {
  "r1-removed-without-receipt": {
    says: "R1: the sender's entry is closed as transferred, and its referral's state does not permit that",
    mend: "Reopening an entry",
  },
  "r2-on-no-list": {
    says: "R2: the child of this referral is on no authority's list",
    mend: "Reopening an entry",
  },
  "r7-too-many-asked": {
    says: "R7: more than five authorities are being asked about one child",
    mend: "Too many are asked",
  },
  "trail-broken": {
    says: "R4: the hash chain does not hold from this event on: it was changed, or one before it is gone",
    mend: "A trail that does not hold",
  },
  "trail-unlawful": {
    says: "R3: the trail tells of something that the lifecycle does not permit from the state before",
    mend: "A trail that does not hold",
  },
  "events-behind": {
    says: "R3: a referral, entry, enquiry or notice knows of events that are not in its trail",
    mend: "Tables of different moments",
  },
  "referral-behind": {
    says: "R3: the trail has events after the last that the referral knows of",
    mend: "Tables of different moments",
  },
  "case-behind": {
    says: "R3: the trail has events after the last that the entry, enquiry or notice knows of",
    mend: "Tables of different moments",
  },
  "head-differs": {
    says: "R4: the last event is not the one that the referral, entry, enquiry or notice knows of",
    mend: "A trail that does not hold",
  },
  "referral-differs": {
    says: "R3: the referral says something else than its trail",
    mend: "Tables of different moments",
  },
  "referral-missing": {
    says: "R3: something is here that belongs to a referral which is not",
    mend: "Tables of different moments",
  },
  "outbox-missing": {
    says: "R3: an event has no outbox row: nobody is told of it",
    mend: "Tables of different moments",
  },
  "outbox-differs": {
    says: "R3: an outbox row tells of something else than the event",
    mend: "Tables of different moments",
  },
  "outbox-without-event": {
    says: "R3: an outbox row tells of an event that is not in the trail",
    mend: "Tables of different moments",
  },
  "outbox-stuck": {
    says: "an event has waited too long to be told of, and the reconciler did not get it away",
    mend: "What was not told",
  },
  "delivery-missing": {
    says: "a webhook call or an email that was to be made is not there",
    mend: "What was not told",
  },
  "feed-gap": {
    says: "an authority's feed has a gap: its system is never shown what comes after it",
    mend: "What was not told",
  },
  "feed-missing": {
    says: "an event that was told of is not in the feed of an authority that it concerns",
    mend: "What was not told",
  },
  "feed-without-event": {
    says: "a feed tells of an event for which there is no outbox row",
    mend: "What was not told",
  },
  "entry-missing": {
    says: "R2: an entry that a referral or something else names is not there",
    mend: "Tables of different moments",
  },
  "entry-differs": {
    says: "R3: an entry is not as its referral, its trail or its enquiries leave it",
    mend: "Tables of different moments",
  },
  "enquiry-missing": {
    says: "R3: something is here that belongs to an enquiry which is not",
    mend: "Tables of different moments",
  },
  "enquiry-differs": {
    says: "R3: an enquiry says something else than its trail or the entry that it is about",
    mend: "Tables of different moments",
  },
  "notice-missing": {
    says: "R3: something is here that belongs to a notice which is not",
    mend: "Tables of different moments",
  },
  "notice-differs": {
    says: "R3: a notice says something else than its trail",
    mend: "Tables of different moments",
  },
  "fingerprints-differ": {
    says: "a child can't be matched by what its entry has, or is matched by what it has not",
    mend: "Tables of different moments",
  },
  "evidence-missing": {
    says: "R4: a receipt or certificate that was issued is not there",
    mend: "Evidence that does not verify",
  },
  "evidence-refused": {
    says: "R4: a receipt or certificate does not verify against the key set",
    mend: "Evidence that does not verify",
  },
  "evidence-differs": {
    says: "R4: a receipt or certificate speaks of something else than the referral and its event",
    mend: "Evidence that does not verify",
  },
  "record-missing": {
    says: "the encrypted record of a child, or a note, is not there",
    mend: "A record that is gone",
  },
  "record-kept": {
    says: "the encrypted record of a child, or a note, is there though it is no longer to be kept",
    mend: "A record that is still there",
  },
  "answer-missing": {
    says: "R3: no answer is recorded for this submission: repeated with its key, it would refer the child twice",
    mend: "Answers of another moment",
  },
  "answer-without-deed": {
    says: "R3: somebody was told that this was made, and it is not there",
    mend: "Answers of another moment",
  },
  "item-unreadable": {
    says: "an item is not as the exchange writes it",
    mend: "A trail that does not hold",
  },
} as const satisfies Record<string, { says: string; mend: string }>;

export type FaultCode = keyof typeof faultCodes;

/** One fault, by ids alone: what is printed may be mailed, and says nothing about a child (R6). */
export type Fault = {
  code: FaultCode;
  referralId?: string;
  sequence?: number;
  entryId?: string;
  enquiryId?: string;
  noticeId?: string;
  authority?: string;
  table?: string;
  /** Which of several things it is, in words of ours. */
  detail?: string;
};

export const tell = (fault: Fault): string => {
  const { code, referralId, sequence, entryId, enquiryId, noticeId, authority, table, detail } = fault;
  return [
    code,
    ...(referralId === undefined ? [] : [`referral ${referralId}`]),
    ...(enquiryId === undefined ? [] : [`enquiry ${enquiryId}`]),
    ...(noticeId === undefined ? [] : [`notice ${noticeId}`]),
    ...(sequence === undefined ? [] : [`event ${sequence}`]),
    ...(entryId === undefined ? [] : [`entry ${entryId}`]),
    ...(authority === undefined ? [] : [`authority ${authority}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
    ...(detail === undefined ? [] : [detail]),
  ].join(" · ");
};

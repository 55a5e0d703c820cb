import { isGoingOn, mostOpenEnquiries } from "../../shared/domain/enquiry.ts";
import { type Entry, isOnList } from "../../shared/domain/entry.ts";
import { isMatchable, isRetained } from "../../shared/domain/match-enquiry.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import type { Enquiry } from "../../shared/store/enquiries.ts";
import { notePart } from "../../shared/store/records.ts";
import type { Fault } from "./fault.ts";
import { caseTrailFaults, type Found, found, type Kept, keptTexts, missingTexts, outboxFaults } from "./judge-trail.ts";

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

/** The enquiries that an entry names. */
export const enquiriesNamedBy = ({ enquiries, matchEnquiry }: Entry): string[] =>
  [...enquiries, ...(matchEnquiry ? [matchEnquiry] : [])].map(({ enquiryId }) => enquiryId);

/** An entry with everything that must agree with it, besides what its referrals leave it like: that is judged with them. */
export type EntryCase = Kept & {
  entry: Entry;
  /** Those that it names, by id. */
  referrals: ReadonlyMap<string, Referral>;
  enquiries: ReadonlyMap<string, Enquiry>;
  /** Those of its fingerprints by which the index finds it. */
  findableBy: ReadonlySet<string>;
};

/** What does not hold about an entry; empty when all does. */
export const faultsOfEntry = (each: EntryCase, now: string): Fault[] => {
  const { entry, referrals, events, rows } = each;
  const named = ([code, rest]: Found): Fault => ({ code, entryId: entry.entryId, ...rest });
  return [
    ...referralFaults(entry, referrals),
    ...[
      ...caseTrailFaults(entry, events, { told: factsOf(each), differs: "entry-differs" }),
      ...outboxFaults(events, rows, now),
      ...textFaults(each),
      ...enquiryFaults(each),
      ...matchFaults(each),
      ...fingerprintFaults(each),
    ].map(named),
  ];
};

const referralFaults = (entry: Entry, referrals: ReadonlyMap<string, Referral>): Fault[] => {
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
  return faults;
};

/** What the trail says of the things that stand on the entry too: most of its life is in the trails of its referrals. */
const factsOf = ({ entry: { authority }, events }: EntryCase): Partial<Entry> => {
  const passed = events.findLast(({ type }) => type === "entry.reassigned")?.details;
  return { authority: passed?.to ?? authority, passedBy: passed?.reorganisation ?? null };
};

/** A child who was never referred has its record with the entry, and so has one that is retained. */
const textFaults = ({ entry, events, parts }: EntryCase): Found[] => {
  const { referralId, retained, steps } = entry;
  const erasedAt = events.find(({ type }) => type === "entry.erased")?.at ?? null;
  if ((retained?.erasedAt ?? null) !== erasedAt) return [found("entry-differs", { detail: "erasedAt" })];
  if (erasedAt !== null) return keptTexts([], parts);
  const isOwn = referralId === null || isRetained(entry);
  const notes = steps.filter(({ hasNote }) => hasNote).map(({ sequence }) => notePart(sequence));
  return missingTexts([...(isOwn ? ["record"] : []), ...notes], parts);
};

/** Whoever it says is being asked is, and they are no more than five (R7). That nobody else is, is judged with the enquiries. */
const enquiryFaults = ({ entry, enquiries }: EntryCase): Found[] => {
  const asked = new Set(entry.enquiries.map((each) => each.asked));
  return [
    ...(asked.size > mostOpenEnquiries ? [found("r7-too-many-asked", { detail: `${asked.size} authorities` })] : []),
    ...entry.enquiries.flatMap((each): Found[] => {
      const { enquiryId } = each;
      const enquiry = enquiries.get(enquiryId);
      if (!enquiry) return [found("enquiry-missing", { enquiryId })];
      const isIt = enquiry.kind === "targeted" && enquiry.entryId === entry.entryId && enquiry.asked === each.asked;
      if (!isIt) return [found("entry-differs", { enquiryId, detail: "names an enquiry that is another" })];
      if (isGoingOn(enquiry.state)) return [];
      return [found("entry-differs", { enquiryId, detail: "names an enquiry as open that is over" })];
    }),
  ];
};

/** A match enquiry whose time is over stays named until another is asked. */
const matchFaults = ({ entry: { entryId, matchEnquiry }, enquiries }: EntryCase): Found[] => {
  if (!matchEnquiry) return [];
  const { enquiryId, lapsesAt } = matchEnquiry;
  const match = enquiries.get(enquiryId);
  if (!match) return [found("enquiry-missing", { enquiryId })];
  const isIt = match.kind === "match" && match.asked === null && match.entryIds.includes(entryId);
  if (!isIt || match.lapsesAt !== lapsesAt) {
    return [found("entry-differs", { enquiryId, detail: "names an enquiry that is another" })];
  }
  return match.state === "closed"
    ? [found("entry-differs", { enquiryId, detail: "names an enquiry as open that is over" })]
    : [];
};

/** That nothing else finds it is judged with the index. */
const fingerprintFaults = ({ entry, findableBy }: EntryCase): Found[] => {
  const lacking = isMatchable(entry) ? entry.fingerprints.filter((each) => !findableBy.has(each)) : [];
  return lacking.length === 0 ? [] : [found("fingerprints-differ", { detail: `${lacking.length} not in the index` })];
};

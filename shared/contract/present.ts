import type * as z from "zod";
import { isOverdue } from "../domain/answering-in-time.ts";
import { recordVersion } from "../domain/correspondence.ts";
import type { TargetedEnquiry } from "../domain/enquiry.ts";
import type { Entry } from "../domain/entry.ts";
import type { MatchEnquiry } from "../domain/match-enquiry.ts";
import type { Referral } from "../domain/referral.ts";
import type { entry as entrySchema } from "./cme-list.ts";
import type { enquirySummary } from "./enquiries.ts";
import type { summary } from "./referrals.ts";

/** A referral as its parties see it. */
export const summaryOf = (referral: Referral, now: string): z.input<typeof summary> => ({
  id: referral.referralId,
  kind: referral.kind,
  sender: referral.sender,
  recipient: referral.recipient,
  temporaryAuthority: referral.temporaryAuthority,
  state: referral.state,
  urgency: referral.urgency,
  sentBy: referral.sentBy,
  submittedAt: referral.submittedAt,
  receiptDueAt: referral.receiptDueAt,
  overdue: referral.state === "awaiting-receipt" && isOverdue(referral.receiptDueAt, now),
  receivedAt: referral.receivedAt,
  receivedBy: referral.receivedBy,
  finding: referral.finding,
  concludedAt: referral.concludedAt,
  followsReferralId: referral.followsReferralId,
  commonTransferFile: referral.commonTransferFile,
  payloadDigest: referral.payloadDigest,
  recordVersion: recordVersion(referral),
  version: referral.version,
});

/** An entry as its authority sees it. */
export const entryOf = (entry: Entry): z.input<typeof entrySchema> => ({
  entryId: entry.entryId,
  status: entry.status,
  openedAt: entry.openedAt,
  openedBy: entry.openedBy,
  referralId: entry.referralId,
  closure: entry.closure,
  retained: entry.retained,
  version: entry.version,
});

/** A match enquiry as the authority of that side sees it. */
export const matchEnquiryOf = ({
  enquiryId,
  parentId: _,
  head: __,
  ...enquiry
}: MatchEnquiry): z.input<typeof enquirySummary> => ({ id: enquiryId, ...enquiry });

export const enquiryOfAnyKindOf = (
  enquiry: TargetedEnquiry | MatchEnquiry,
  authority: string,
): z.input<typeof enquirySummary> =>
  enquiry.kind === "match" ? matchEnquiryOf(enquiry) : enquiryOf(enquiry, authority);

/** A targeted enquiry as one of its two sides sees it: which entry it is of is the asker's own business. */
export const enquiryOf = (enquiry: TargetedEnquiry, authority: string): z.input<typeof enquirySummary> => ({
  id: enquiry.enquiryId,
  kind: enquiry.kind,
  asker: enquiry.asker,
  asked: enquiry.asked,
  entryId: enquiry.asker === authority ? enquiry.entryId : null,
  reason: enquiry.reason,
  openedBy: enquiry.openedBy,
  openedAt: enquiry.openedAt,
  state: enquiry.state,
  lapsesAt: enquiry.lapsesAt,
  answer: enquiry.answer,
  closedFor: enquiry.closedFor,
  endedAt: enquiry.endedAt,
  referralId: enquiry.referralId,
  erasedAt: enquiry.erasedAt,
  version: enquiry.version,
});

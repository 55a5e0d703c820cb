import type * as z from "zod";
import { isOverdue } from "../domain/answering-in-time.ts";
import type { Entry } from "../domain/entry.ts";
import type { Referral } from "../domain/referral.ts";
import type { entry as entrySchema } from "./cme-list.ts";
import type { summary } from "./referrals.ts";

/** A referral as its parties see it. */
export const summaryOf = (referral: Referral, now: string): z.input<typeof summary> => ({
  id: referral.referralId,
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
  payloadDigest: referral.payloadDigest,
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
  version: entry.version,
});

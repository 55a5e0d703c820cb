import { auditAnswers } from "./audit-answers.ts";
import { auditEnquiries, auditFingerprints, auditNotices, auditOrphanedEvents } from "./audit-cases.ts";
import { auditEntries, auditRecords } from "./audit-entries.ts";
import { auditOrphans, auditReferrals } from "./audit-referrals.ts";
import { auditTelling } from "./audit-telling.ts";
import type { Audit, Counts } from "./auditing.ts";
import { newTally, partOf } from "./tally.ts";

/**
 * Checks that everything the exchange has written agrees with everything else. It only reads, keeps a page of each
 * segment in memory, and may run while the exchange does: what looks wrong is looked at again until nothing has moved
 * meanwhile.
 */
export const runAudit = async (audit: Audit): Promise<Counts> => {
  const counts: Counts = {
    referrals: 0,
    events: 0,
    receipts: 0,
    certificates: 0,
    entries: 0,
    openEntries: 0,
    enquiries: 0,
    notices: 0,
    caseEvents: 0,
    outboxRows: 0,
    waiting: 0,
    feedItems: 0,
    records: 0,
    answers: 0,
  };
  const submissions = newTally();
  await auditReferrals(audit, counts, (referralId) => submissions.add(partOf(referralId), referralId));
  await auditOrphans(audit);
  await auditTelling(audit, counts);
  await auditEntries(audit, counts);
  await auditEnquiries(audit, counts);
  await auditNotices(audit, counts);
  await auditOrphanedEvents(audit, counts);
  await auditFingerprints(audit);
  await auditRecords(audit, counts);
  await auditAnswers(audit, counts, submissions);
  return counts;
};

import { v7 as uuidV7 } from "uuid";
import { recordWarnings } from "../../shared/contract/child-record.ts";
import { schoolAgeFaults } from "../../shared/contract/school-age-faults.ts";
import type { Warning } from "../../shared/contract/warning.ts";
import { receiptDueAt } from "../../shared/domain/answering-in-time.ts";
import { canonicalJson, digestOfText } from "../../shared/domain/canonical.ts";
import { figuresOf } from "../../shared/domain/figures.ts";
import { type Referral, submitted } from "../../shared/domain/referral.ts";
import type { Caller } from "../../shared/http/call.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { authorityFrom, authorityPlace, contactUnchanged } from "../../shared/store/directory.ts";
import type { Item, Place, Write } from "../../shared/store/dynamo.ts";
import { putEnvelope, referralContext } from "../../shared/store/records.ts";
import { putNewReferral } from "../../shared/store/referrals.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";
import { acceptableSending, isUnreachable, recipientUnreachable, type TransferRequest } from "./acceptable-referral.ts";
import type { PlanDependencies } from "./plan-referral.ts";

/** What {@link planRegisterTransfer} needs to have been read. */
export const placesOfTransfer = (
  tables: PlanDependencies["tables"],
  { caller, body }: { caller: Caller; body: { recipient: string } },
): Place[] => [caller.authority, body.recipient].map((code) => authorityPlace(tables.directory, code));

/**
 * A child on the register of children not in school moves. It is not missing education, so it comes onto nobody's CME list
 * and can't be found by a match: there is no gate, and the receipt is the end.
 * @throws Refusal `validation-failed`
 */
export const planRegisterTransfer = async (
  request: TransferRequest,
  deps: PlanDependencies,
  items: readonly (Item | undefined)[],
  now: string,
): Promise<{ referral: Referral; warnings: Warning[]; writes: Write[] }> => {
  const { caller, body } = request;
  const { tables, kms, recordKey } = deps;
  const [sender, recipient] = items.map(authorityFrom);
  const faults = schoolAgeFaults(body.child.identity.dateOfBirth, now);
  const contact = await acceptableSending(request, { sender, recipient, faults }, now, deps);
  const urgency = isUrgent(request) ? "urgent" : (body.urgency ?? "standard");
  const record = canonicalJson(body.child);
  const { referral, event } = submitted(
    {
      referralId: uuidV7(),
      kind: "register-transfer",
      sender: caller.authority,
      recipient: body.recipient,
      temporaryAuthority: null,
      urgency,
      sentBy: contact.contactId,
      submittedAt: now,
      receiptDueAt: receiptDueAt(now, urgency),
      followsReferralId: null,
      payloadDigest: digestOfText(record),
      senderEntryId: null,
      origin: null,
      figures: figuresOf(body.child),
      fingerprints: [],
    },
    caller.clientId,
  );
  const envelope = await seal(kms, recordKey, referralContext(referral, "record"), record);
  return {
    referral,
    warnings: [
      ...(isUnreachable(recipient, now) ? [recipientUnreachable] : []),
      ...recordWarnings({ identity: { ...body.child.identity, sex: body.child.identity.sex ?? "U" } }),
    ],
    writes: [
      contactUnchanged(tables.directory, contact),
      putNewReferral(tables.referrals, referral),
      ...eventAndOutboxRow(tables, event, referral),
      putEnvelope(tables.records, { kind: "referral", id: referral.referralId }, "record", envelope),
    ],
  };
};

/** As with any referral, a child of whom children's social care has a concern is answered for sooner. */
const isUrgent = ({ body: { child } }: TransferRequest): boolean =>
  child.childProtection?.section47Enquiry === true || child.childProtection?.childProtectionPlan === true;

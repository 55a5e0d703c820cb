import type { KMSClient } from "@aws-sdk/client-kms";
import { v7 as uuidV7 } from "uuid";
import { recordWarnings } from "../../shared/contract/child-record.ts";
import { temporaryAuthorityWarnings } from "../../shared/contract/temporary-authority-warnings.ts";
import type { Warning } from "../../shared/contract/warning.ts";
import { receiptDueAt, type Urgency } from "../../shared/domain/answering-in-time.ts";
import { canonicalJson, digestOfText } from "../../shared/domain/canonical.ts";
import { type Entry, isOnList, newEntry, refer, withFingerprints } from "../../shared/domain/entry.ts";
import { figuresOf } from "../../shared/domain/figures.ts";
import { fingerprintInputs } from "../../shared/domain/fingerprint-input.ts";
import { type Referral, submitted } from "../../shared/domain/referral.ts";
import { validationFailed } from "../../shared/domain/refusals.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { fingerprints } from "../../shared/keys/fingerprints.ts";
import { type Authority, authorityFrom, authorityPlace, contactUnchanged } from "../../shared/store/directory.ts";
import { type Dynamo, type Item, type Place, readAll, type Write } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace, putNewEntry, replaceEntry } from "../../shared/store/entries.ts";
import { findableWrites } from "../../shared/store/fingerprints.ts";
import { putEnvelope, referralContext } from "../../shared/store/records.ts";
import { putNewReferral, referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";
import { closeEnquiriesOf } from "../enquiries/close-enquiries.ts";
import {
  acceptable,
  type Found,
  isUnreachable,
  type ReferralRequest,
  recipientUnreachable,
  referableEntry,
  successorCodes,
} from "./acceptable-referral.ts";

export type PlanDependencies = {
  dynamo: Dynamo;
  kms: KMSClient;
  recordKey: string;
  fingerprintKey: string;
  tables: Record<
    | "directory"
    | "referrals"
    | "entries"
    | "events"
    | "outbox"
    | "records"
    | "enquiries"
    | "caseEvents"
    | "fingerprints",
    string
  >;
};

/** What {@link planReferral} needs to have been read. */
export const placesOfReferral = (tables: PlanDependencies["tables"], { caller, body }: ReferralRequest): Place[] => [
  authorityPlace(tables.directory, caller.authority),
  authorityPlace(tables.directory, body.recipient),
  ...(body.temporaryAuthority ? [authorityPlace(tables.directory, body.temporaryAuthority)] : []),
  ...(body.followsReferralId ? [referralPlace(tables.referrals, body.followsReferralId)] : []),
  ...(body.entryId ? [entryPlace(tables.entries, body.entryId)] : []),
];

/**
 * A new referral and everything that is written with it: the same story whether it is submitted or an enquiry becomes one.
 * @param items what stands at the places of {@link placesOfReferral}
 * @param byEnquiry the enquiry that becomes the referral: it looks after itself, the child's others are closed
 * @throws Refusal `validation-failed`, `entry-closed`, `entry-already-referred`
 */
export const planReferral = async (
  request: ReferralRequest,
  deps: PlanDependencies,
  [sender, recipient, ...others]: readonly (Item | undefined)[],
  now: string,
  byEnquiry?: string,
): Promise<{ referral: Referral; warnings: Warning[]; writes: Write[] }> => {
  const { caller, body } = request;
  const { tables, kms, recordKey, fingerprintKey } = deps;
  const temporary = body.temporaryAuthority ? others.shift() : undefined;
  const followed = body.followsReferralId ? others.shift() : undefined;
  const addressed = { recipient: authorityFrom(recipient), temporary: authorityFrom(temporary) };
  const found: Found = {
    sender: authorityFrom(sender),
    ...addressed,
    successors: await successorsOf(addressed, now, deps),
    followed: referralFrom(followed),
    entry: entryFrom(others.shift()),
  };
  const contact = acceptable(request, found, now);
  const entry = await entryOnList(request, deps, found);
  const senderEntryId = entry?.entryId ?? uuidV7();
  const urgency = urgencyOf(request);
  const record = canonicalJson(body.child);
  const parties = { referralId: uuidV7(), sender: caller.authority, recipient: body.recipient };
  const [envelope, knownBy] = await Promise.all([
    seal(kms, recordKey, referralContext({ ...parties, sealedFor: null }, "record"), record),
    fingerprints(kms, fingerprintKey, fingerprintInputs(body.child.identity)),
  ]);
  const { referral, event } = submitted(
    {
      ...parties,
      kind: "missing-education",
      temporaryAuthority: body.temporaryAuthority ?? null,
      urgency,
      sentBy: body.sentBy,
      submittedAt: now,
      receiptDueAt: receiptDueAt(now, urgency),
      followsReferralId: body.followsReferralId ?? null,
      payloadDigest: digestOfText(record),
      senderEntryId,
      origin: entry?.origin ?? senderEntryId,
      figures: figuresOf(body.child),
      fingerprints: knownBy,
    },
    caller.clientId,
  );
  const writes = [
    contactUnchanged(tables.directory, contact),
    putNewReferral(tables.referrals, referral),
    ...eventAndOutboxRow(tables, event, referral),
    putEnvelope(tables.records, { kind: "referral", id: referral.referralId }, "record", envelope),
    ...entryWrites(tables, entry, senderEntryId, referral),
    ...(entry ? await closeEnquiriesOf(deps, entry, "entry-referred", { at: now, actor: event.actor }, byEnquiry) : []),
  ];
  return { referral, warnings: warningsOf(request, found, now), writes };
};

/** The child's open entry on the sender's list, if it has one: the one named, or the one that the followed referral opened. */
const entryOnList = async (
  { caller, body }: ReferralRequest,
  { dynamo, tables }: PlanDependencies,
  { entry, followed }: Found,
): Promise<Entry | undefined> => {
  const opened = followed?.recipientEntryId;
  if (!opened || opened === body.entryId) {
    return body.entryId ? referableEntry(entry, caller.authority, "/entryId") : undefined;
  }
  const [item] = await readAll(dynamo, [entryPlace(tables.entries, opened)]);
  const held = entryFrom(item);
  if (held && isOnList(held)) {
    if (body.entryId)
      throw validationFailed([{ pointer: "/entryId", detail: "is not the entry of the child it follows" }]);
    return referableEntry(held, caller.authority, "/followsReferralId");
  }
  return body.entryId ? referableEntry(entry, caller.authority, "/entryId") : undefined;
};

/** The child on the sender's list: an entry that is new, or the one that it has, which the referral's record may add to. */
const entryWrites = (
  tables: PlanDependencies["tables"],
  entry: Entry | undefined,
  entryId: string,
  { sender, submittedAt, referralId, figures, fingerprints }: Referral,
): Write[] => {
  const before = entry ?? newEntry({ entryId, authority: sender, openedAt: submittedAt, figures, fingerprints });
  const after = withFingerprints(refer(before, referralId), fingerprints);
  return [
    entry ? replaceEntry(tables.entries, entry, after) : putNewEntry(tables.entries, after),
    ...findableWrites(tables.fingerprints, entry, after, submittedAt),
  ];
};

/** Any safeguarding concern makes a referral urgent. */
const urgencyOf = ({ body }: ReferralRequest): Urgency =>
  body.child.safeguarding.concern ? "urgent" : (body.urgency ?? "standard");

const successorsOf = async (
  { recipient, temporary }: Pick<Found, "recipient" | "temporary">,
  now: string,
  { dynamo, tables }: PlanDependencies,
): Promise<Authority[]> => {
  const codes = successorCodes([recipient, temporary], now);
  const items = await readAll(
    dynamo,
    codes.map((code) => authorityPlace(tables.directory, code)),
  );
  return items.flatMap((item) => authorityFrom(item) ?? []);
};

const warningsOf = ({ body }: ReferralRequest, { recipient }: Found, now: string): Warning[] => [
  ...(isUnreachable(recipient, now) ? [recipientUnreachable] : []),
  ...recordWarnings(body.child),
  ...temporaryAuthorityWarnings(body.child, body.temporaryAuthority),
  ...(body.child.safeguarding.concern && body.urgency === "standard"
    ? [
        {
          code: "urgency-raised" as const,
          pointer: "/urgency",
          detail: "was raised to urgent, because there is a safeguarding concern",
        },
      ]
    : []),
];

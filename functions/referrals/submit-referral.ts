import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import { recordWarnings } from "../../shared/contract/child-record.ts";
import { summaryOf } from "../../shared/contract/present.ts";
import { submitReferral as route } from "../../shared/contract/referrals.ts";
import type { Warning } from "../../shared/contract/warning.ts";
import { receiptDueAt, type Urgency } from "../../shared/domain/answering-in-time.ts";
import { canonicalJson, digestOfText } from "../../shared/domain/canonical.ts";
import { type Entry, isOnList, newEntry, refer } from "../../shared/domain/entry.ts";
import { submitted } from "../../shared/domain/referral.ts";
import { validationFailed } from "../../shared/domain/refusals.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { authorityFrom, authorityPlace, contactUnchanged } from "../../shared/store/directory.ts";
import { dynamoClient, readAll, type Write } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace, putNewEntry, replaceEntry } from "../../shared/store/entries.ts";
import { putEnvelope, referralContext } from "../../shared/store/records.ts";
import { putNewReferral, referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";
import { acceptable, type Found, referableEntry } from "./acceptable-referral.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "directory", "referrals", "entries", "events", "outbox", "records"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
type Dependencies = ReturnType<typeof dependencies>;

/**
 * Guidance, "Working with other local authorities": where there is evidence that a child has moved, the named person in
 * the new authority is contacted by a secure method. The child stays on the sender's list.
 */
const submitReferral: Operation<typeof route, Dependencies> = (call, deps) => {
  const { caller, body } = call;
  const { dynamo, tables, kms, recordKey } = deps;
  const places = [
    authorityPlace(tables.directory, caller.authority),
    authorityPlace(tables.directory, body.recipient),
    ...(body.temporaryAuthority ? [authorityPlace(tables.directory, body.temporaryAuthority)] : []),
    ...(body.followsReferralId ? [referralPlace(tables.referrals, body.followsReferralId)] : []),
    ...(body.entryId ? [entryPlace(tables.entries, body.entryId)] : []),
  ];
  return commitOnce(dynamo, tables, call, places, async ([sender, recipient, ...others], now) => {
    const temporary = body.temporaryAuthority ? others.shift() : undefined;
    const followed = body.followsReferralId ? others.shift() : undefined;
    const found: Found = {
      sender: authorityFrom(sender),
      recipient: authorityFrom(recipient),
      temporary: authorityFrom(temporary),
      followed: referralFrom(followed),
      entry: entryFrom(others.shift()),
    };
    const contact = acceptable(call, found, now);
    const entry = await entryOnList(call, deps, found);
    const urgency = urgencyOf(call);
    const record = canonicalJson(body.child);
    const { referral, event } = submitted(
      {
        referralId: uuidV7(),
        sender: caller.authority,
        recipient: body.recipient,
        temporaryAuthority: body.temporaryAuthority ?? null,
        urgency,
        sentBy: body.sentBy,
        submittedAt: now,
        receiptDueAt: receiptDueAt(now, urgency),
        followsReferralId: body.followsReferralId ?? null,
        payloadDigest: digestOfText(record),
        senderEntryId: entry?.entryId ?? uuidV7(),
      },
      caller.clientId,
    );
    const envelope = await seal(kms, recordKey, referralContext(referral, "record"), record);
    return {
      writes: [
        contactUnchanged(tables.directory, contact),
        putNewReferral(tables.referrals, referral),
        ...eventAndOutboxRow(tables, event, referral),
        putEnvelope(tables.records, { kind: "referral", id: referral.referralId }, "record", envelope),
        entryWrite(tables, entry, referral),
      ],
      reply: reply(
        route,
        201,
        { ...summaryOf(referral, now), warnings: warningsOf(call) },
        { location: `/v1/referrals/${referral.referralId}` },
      ),
    };
  });
};

/** The child's open entry on the sender's list, if it has one: the one named, or the one that the followed referral opened. */
const entryOnList = async (
  { caller, body }: Call<typeof route>,
  { dynamo, tables }: Dependencies,
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

const entryWrite = (
  tables: Dependencies["tables"],
  entry: Entry | undefined,
  {
    senderEntryId,
    sender,
    submittedAt,
    referralId,
  }: { senderEntryId: string; sender: string; submittedAt: string; referralId: string },
): Write =>
  entry
    ? replaceEntry(tables.entries, entry, refer(entry, referralId))
    : putNewEntry(
        tables.entries,
        refer(newEntry({ entryId: senderEntryId, authority: sender, openedAt: submittedAt }), referralId),
      );

/** Any safeguarding concern makes a referral urgent. */
const urgencyOf = ({ body }: Call<typeof route>): Urgency =>
  body.child.safeguarding.concern ? "urgent" : (body.urgency ?? "standard");

const warningsOf = ({ body }: Call<typeof route>): Warning[] => [
  ...recordWarnings(body.child),
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

export const handler = serve(route, dependencies, submitReferral);

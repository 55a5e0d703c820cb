import { v7 as uuidV7 } from "uuid";
import { summaryOf } from "../../shared/contract/present.ts";
import { confirmReceipt as route } from "../../shared/contract/referrals.ts";
import { type Entry, newEntry } from "../../shared/domain/entry.ts";
import { advance, type Referral } from "../../shared/domain/referral.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { measure, secondsBetween } from "../../shared/observability/metrics.ts";
import { contactUnchanged } from "../../shared/store/directory.ts";
import type { Write } from "../../shared/store/dynamo.ts";
import { putNewEntry } from "../../shared/store/entries.ts";
import { findableWrites } from "../../shared/store/fingerprints.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { actOnReferral, factOf, namedContact, noteWrites, stepWrites } from "./act-on-referral.ts";
import { evidenceDependencies, issueEvidence } from "./issue-evidence.ts";

const dependencies = () => {
  const given = evidenceDependencies();
  return { ...given, tables: { ...given.tables, ...tableNames("fingerprints") } };
};

/**
 * Guidance, "Working with other local authorities": until the receiving authority confirms receipt, the child stays on
 * the previous authority's list. Only a named contact's word is a receipt.
 */
const confirmReceipt: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  actOnReferral(call, deps, "confirm-receipt", async (situation) => {
    const { referral, now } = situation;
    const contact = namedContact(situation, call.body.confirmedBy, "/confirmedBy");
    const opened = entryOpenedBy(referral, now);
    const step = advance(
      referral,
      "confirm-receipt",
      factOf(call, situation, contact, { payloadDigest: referral.payloadDigest }),
      { receivedAt: now, receivedBy: contact.contactId, recipientEntryId: opened?.entryId ?? null },
    );
    const receipt = await issueEvidence(deps, "receipt", step, contact);
    const received = { ...step, after: { ...step.after, receipt } };
    return {
      writes: [
        contactUnchanged(deps.tables.directory, contact),
        ...stepWrites(deps.tables, received),
        ...(opened ? entryWrites(deps.tables, opened, now) : []),
        ...(await noteWrites(deps, received, call.body.note)),
      ],
      reply: reply(route, 201, { receipt, referral: summaryOf(received.after, now) }),
      afterwards: () =>
        measure("TimeToReceipt", secondsBetween(referral.submittedAt, now), { urgency: referral.urgency }),
    };
  });

/** The child's entry on the recipient's list; none of a child who is on the register of children not in school. */
const entryOpenedBy = (referral: Referral, openedAt: string): Entry | undefined => {
  const { referralId, recipient: authority, origin, figures, fingerprints } = referral;
  if (origin === null) return undefined;
  const came = { referralId, openedByReferralId: referralId, origin };
  return newEntry({ entryId: uuidV7(), authority, openedAt, ...came, figures, fingerprints });
};

const entryWrites = (tables: { entries: string; fingerprints: string }, opened: Entry, at: string): Write[] => [
  putNewEntry(tables.entries, opened),
  ...findableWrites(tables.fingerprints, undefined, opened, at),
];

export const handler = serve(route, dependencies, confirmReceipt);

import { v7 as uuidV7 } from "uuid";
import { summaryOf } from "../../shared/contract/present.ts";
import { confirmReceipt as route } from "../../shared/contract/referrals.ts";
import { newEntry } from "../../shared/domain/entry.ts";
import { advance } from "../../shared/domain/referral.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { contactUnchanged } from "../../shared/store/directory.ts";
import { putNewEntry } from "../../shared/store/entries.ts";
import { actOnReferral, factOf, namedContact, noteWrites, stepWrites } from "./act-on-referral.ts";
import { type EvidenceDependencies, evidenceDependencies, issueEvidence } from "./issue-evidence.ts";

/**
 * Guidance, "Working with other local authorities": until the receiving authority confirms receipt, the child stays on
 * the previous authority's list. Only a named contact's word is a receipt.
 */
const confirmReceipt: Operation<typeof route, EvidenceDependencies> = (call, deps) =>
  actOnReferral(call, deps, "confirm-receipt", async (situation) => {
    const { referral, now } = situation;
    const contact = namedContact(situation, call.body.confirmedBy, "/confirmedBy");
    const opened = newEntry({
      entryId: uuidV7(),
      authority: referral.recipient,
      openedAt: now,
      referralId: referral.referralId,
      openedByReferralId: referral.referralId,
    });
    const step = advance(
      referral,
      "confirm-receipt",
      factOf(call, situation, contact, { payloadDigest: referral.payloadDigest }),
      { receivedAt: now, receivedBy: contact.contactId, recipientEntryId: opened.entryId },
    );
    const receipt = await issueEvidence(deps, "receipt", step, contact);
    const received = { ...step, after: { ...step.after, receipt } };
    return {
      writes: [
        contactUnchanged(deps.tables.directory, contact),
        ...stepWrites(deps.tables, received),
        putNewEntry(deps.tables.entries, opened),
        ...(await noteWrites(deps, received, call.body.note)),
      ],
      reply: reply(route, 201, { receipt, referral: summaryOf(received.after, now) }),
    };
  });

export const handler = serve(route, evidenceDependencies, confirmReceipt);

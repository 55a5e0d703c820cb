import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import { summaryOf } from "../../shared/contract/present.ts";
import { confirmReceipt as route } from "../../shared/contract/referrals.ts";
import { newEntry } from "../../shared/domain/entry.ts";
import { advance } from "../../shared/domain/referral.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { claimsOf, evidenceTypes } from "../../shared/keys/evidence.ts";
import { keyRing } from "../../shared/keys/key-set.ts";
import { putNewEntry } from "../../shared/store/entries.ts";
import {
  actionDependencies,
  actOnReferral,
  contactCheck,
  factOf,
  namedContact,
  noteWrites,
  stepWrites,
} from "./act-on-referral.ts";

const dependencies = () => {
  const given = actionDependencies();
  return {
    ...given,
    issuer: accessSettings().issuer,
    signer: keyRing(given.kms, environment("EVIDENCE_KEYS").EVIDENCE_KEYS).current,
  };
};

/**
 * Guidance, "Working with other local authorities": until the receiving authority confirms receipt, the child stays on
 * the previous authority's list. Only a named contact's word is a receipt.
 */
const confirmReceipt: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  actOnReferral(call, deps, "confirm-receipt", async ({ referral, authority }) => {
    const contact = namedContact(authority, call.body.confirmedBy, "/confirmedBy", call.now);
    const opened = newEntry({
      entryId: uuidV7(),
      authority: referral.recipient,
      openedAt: call.now,
      referralId: referral.referralId,
      openedByReferralId: referral.referralId,
    });
    const step = advance(
      referral,
      "confirm-receipt",
      factOf(call, contact, { payloadDigest: referral.payloadDigest }),
      { receivedAt: call.now, receivedBy: contact.contactId, recipientEntryId: opened.entryId },
    );
    const claims = claimsOf("receipt", { issuer: deps.issuer, id: uuidV7(), referral, event: step.event, by: contact });
    const receipt = await deps.signer.sign(evidenceTypes.receipt, claims);
    const received = { ...step, after: { ...step.after, receipt } };
    return {
      writes: [
        contactCheck(deps.tables, contact, call.now),
        ...stepWrites(deps.tables, received),
        putNewEntry(deps.tables.entries, opened),
        ...(await noteWrites(deps, received, call.body.note)),
      ],
      reply: reply(route, 201, { receipt, referral: summaryOf(received.after, call.now) }),
    };
  });

export const handler = serve(route, dependencies, confirmReceipt);

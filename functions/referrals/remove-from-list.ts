import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import { entryOf } from "../../shared/contract/present.ts";
import { removeFromList as route } from "../../shared/contract/referrals.ts";
import { isOnList } from "../../shared/domain/entry.ts";
import { advance } from "../../shared/domain/referral.ts";
import { removalNotPermitted } from "../../shared/domain/refusals.ts";
import { reasonsAgainstRemoval } from "../../shared/domain/removal-gate.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { claimsOf, evidenceTypes } from "../../shared/keys/evidence.ts";
import { keyRing } from "../../shared/keys/key-set.ts";
import {
  actionDependencies,
  actOnReferral,
  closeEntry,
  contactCheck,
  entriesOf,
  factOf,
  namedContact,
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

/** The gate (R1): the sender's entry closes as transferred only while the receipt stands at the moment of commit. */
const removeFromList: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  actOnReferral(call, deps, "remove", async ({ referral, authority }) => {
    const { senderEntry } = await entriesOf(deps, referral);
    const reasons = reasonsAgainstRemoval(referral, isOnList(senderEntry));
    if (reasons.length > 0) throw removalNotPermitted(referral.state, reasons);
    const contact = namedContact(authority, call.body.removedBy, "/removedBy", call.now);
    const fact = factOf(call, contact);
    const step = advance(referral, "remove", fact, { removedAt: call.now });
    const claims = claimsOf("removal", { issuer: deps.issuer, id: uuidV7(), referral, event: step.event, by: contact });
    const certificate = await deps.signer.sign(evidenceTypes.removal, claims);
    const closure = { as: "transferred", at: call.now, referralId: referral.referralId } as const;
    const { closed, writes } = await closeEntry(deps, senderEntry, closure, referral, fact);
    return {
      writes: [
        contactCheck(deps.tables, contact, call.now),
        ...stepWrites(deps.tables, { ...step, after: { ...step.after, certificate } }),
        ...writes,
      ],
      reply: reply(route, 201, { certificate, entry: entryOf(closed) }),
    };
  });

export const handler = serve(route, dependencies, removeFromList);

import { entryOf } from "../../shared/contract/present.ts";
import { removeFromList as route } from "../../shared/contract/referrals.ts";
import { advance } from "../../shared/domain/referral.ts";
import { removalNotPermitted } from "../../shared/domain/refusals.ts";
import { reasonsAgainstRemoval } from "../../shared/domain/removal-gate.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { contactUnchanged } from "../../shared/store/directory.ts";
import { actOnReferral, factOf, namedContact, stepWrites, withEnquiries } from "./act-on-referral.ts";
import { closeEntry, entriesOf } from "./entries-of-referral.ts";
import { evidenceDependencies, issueEvidence } from "./issue-evidence.ts";

const dependencies = () => withEnquiries(evidenceDependencies());

/** The gate (R1): the sender's entry closes as transferred only while the receipt stands at the moment of commit. */
const removeFromList: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  actOnReferral(call, deps, "remove", async (situation) => {
    const { referral, now } = situation;
    const { senderEntry } = await entriesOf(deps, referral);
    const reasons = reasonsAgainstRemoval(referral, senderEntry);
    if (reasons.length > 0) throw removalNotPermitted(referral.state, reasons);
    const contact = namedContact(situation, call.body.removedBy, "/removedBy");
    const fact = factOf(call, situation, contact);
    const step = advance(referral, "remove", fact, { removedAt: now });
    const certificate = await issueEvidence(deps, "removal", step, contact);
    const closure = { as: "transferred", at: now, referralId: referral.referralId } as const;
    const { closed, writes } = await closeEntry(deps, senderEntry, closure, referral, fact);
    return {
      writes: [
        contactUnchanged(deps.tables.directory, contact),
        ...stepWrites(deps.tables, { ...step, after: { ...step.after, certificate } }),
        ...writes,
      ],
      reply: reply(route, 201, { certificate, entry: entryOf(closed) }),
    };
  });

export const handler = serve(route, dependencies, removeFromList);

import { summaryOf } from "../../shared/contract/present.ts";
import { recordFinding as route } from "../../shared/contract/referrals.ts";
import { confirm, release, reopenIfRemovedUnder } from "../../shared/domain/entry.ts";
import { advance, type Fact, type Referral } from "../../shared/domain/referral.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { contactUnchanged } from "../../shared/store/directory.ts";
import type { Write } from "../../shared/store/dynamo.ts";
import { findableWrites } from "../../shared/store/fingerprints.ts";
import {
  actOnReferral,
  type ClosingDependencies,
  closingDependencies,
  factOf,
  namedContact,
  noteWrites,
  stepWrites,
} from "./act-on-referral.ts";
import { closeEntry, entriesOf, entryWrites } from "./entries-of-referral.ts";

const recordFinding: Operation<typeof route, ClosingDependencies> = (call, deps) => {
  const { finding, foundBy, note } = call.body;
  const action = finding === "located" ? "find-located" : "find-not-located";
  return actOnReferral(call, deps, action, async (situation) => {
    const { referral, now } = situation;
    const contact = namedContact(situation, foundBy, "/foundBy");
    const fact = factOf(call, situation, contact);
    const step = advance(referral, action, fact, { finding });
    const entries = finding === "located" ? confirmed(deps, referral) : notLocated(deps, referral, fact);
    return {
      writes: [
        contactUnchanged(deps.tables.directory, contact),
        ...stepWrites(deps.tables, step),
        ...(await entries),
        ...(await noteWrites(deps, step, note)),
      ],
      reply: reply(route, 201, summaryOf(step.after, now)),
    };
  });
};

const confirmed = async (deps: ClosingDependencies, referral: Referral): Promise<Write[]> => {
  const { recipientEntry } = await entriesOf(deps, referral);
  return recipientEntry ? entryWrites(deps.tables, recipientEntry, confirm(recipientEntry)) : [];
};

/** The recipient's entry closes; if the sender had removed the child, its entry is open again in the same moment (R2). */
const notLocated = async (deps: ClosingDependencies, referral: Referral, fact: Fact): Promise<Write[]> => {
  const { referralId } = referral;
  const { senderEntry, recipientEntry } = await entriesOf(deps, referral);
  const back = reopenIfRemovedUnder(release(senderEntry, referralId), referralId);
  const closure = { as: "not-located", at: fact.at, referralId } as const;
  return [
    ...entryWrites(deps.tables, senderEntry, back),
    ...findableWrites(deps.tables.fingerprints, senderEntry, back, fact.at),
    ...(recipientEntry ? (await closeEntry(deps, recipientEntry, closure, referral, fact)).writes : []),
  ];
};

export const handler = serve(route, closingDependencies, recordFinding);

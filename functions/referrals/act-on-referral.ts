import type { KMSClient } from "@aws-sdk/client-kms";
import { environment } from "../../shared/aws/environment.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { type Action, appliesTo, decide, lifecycle } from "../../shared/domain/lifecycle.ts";
import { type Fact, partyOf, type Referral, type Step } from "../../shared/domain/referral.ts";
import {
  notFound,
  notOfThisKind,
  notYourRole,
  removalNotPermitted,
  stateDoesNotAllow,
  validationFailed,
} from "../../shared/domain/refusals.ts";
import { reasonsAgainstRemovalFrom } from "../../shared/domain/removal-gate.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Caller, Intent, Proof, Reply } from "../../shared/http/call.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { type Attempt, commitOnce } from "../../shared/store/commit-once.ts";
import { type Authority, authorityFrom, authorityPlace, contactsInEffect } from "../../shared/store/directory.ts";
import { dynamoClient, type Write } from "../../shared/store/dynamo.ts";
import { notePart, putEnvelope, referralContext } from "../../shared/store/records.ts";
import { referralFrom, referralPlace, replaceReferral } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";

/** What every action on a referral needs. */
export type ActionDependencies = ReturnType<typeof actionDependencies>;

export const actionDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "directory", "referrals", "entries", "events", "outbox", "records"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});

/** What an action needs that may take an entry off a list, with the enquiries about the child. */
export const closingDependencies = () => withEnquiries(actionDependencies());
export type ClosingDependencies = ReturnType<typeof closingDependencies>;

export const withEnquiries = <Given extends { tables: object }>(given: Given) => ({
  ...given,
  tables: { ...(given.tables as Given["tables"]), ...tableNames("enquiries", "caseEvents", "fingerprints") },
});

type ActionCall = { caller: Caller; intent: Intent; proof: Proof; params: { id: string } };

/** What an action finds when it is about to be planned: it is permitted from here. */
export type Situation = {
  referral: Referral;
  /** The caller's own. */
  authority: Authority;
  now: string;
};

/**
 * The story that every action on a referral tells: load, give a recorded answer again, see whether the caller is a party
 * and whether role and state permit the action, plan what is to be written, and commit it all at once.
 * @param plan what to write and to answer; called again with what is there then, if anything changed meanwhile
 */
export const actOnReferral = (
  call: ActionCall,
  { dynamo, tables }: Pick<ActionDependencies, "dynamo" | "tables">,
  choose: Action,
  plan: (situation: Situation) => Promise<Attempt>,
): Promise<Reply> =>
  commitOnce(
    dynamo,
    tables,
    call,
    [referralPlace(tables.referrals, call.params.id), authorityPlace(tables.directory, call.caller.authority)],
    async ([referralItem, authorityItem], now) => {
      const referral = referralFrom(referralItem);
      const authority = authorityFrom(authorityItem);
      if (!referral || !authority || !partyOf(referral, call.caller.authority)) throw notFound();
      permit(choose, referral, call.caller);
      return plan({ referral, authority, now });
    },
  );

/** @throws Refusal `not-your-role`; `not-of-this-kind`; the present state with `state-does-not-allow`, or why the gate is shut */
const permit = (action: Action, referral: Referral, caller: Caller): void => {
  const decision = decide(action, partyOf(referral, caller.authority, lifecycle[action].by), referral.state);
  if (!decision.permitted && decision.because === "role") throw notYourRole(lifecycle[action].by);
  if (!appliesTo(referral.kind, action)) throw notOfThisKind();
  if (decision.permitted) return;
  if (action === "remove") throw removalNotPermitted(referral.state, reasonsAgainstRemovalFrom(referral.state));
  throw stateDoesNotAllow(referral.state, referral.version);
};

/**
 * The caller's named contact on whose word this is done.
 * @throws Refusal `validation-failed` unless it is a contact of the caller's authority in effect
 */
export const namedContact = ({ authority, now }: Situation, contactId: string, pointer: string): Contact => {
  const contact = contactsInEffect(authority, now).find((each) => each.contactId === contactId);
  if (!contact) throw validationFailed([{ pointer, detail: "is not a named contact of your authority in effect" }]);
  return contact;
};

export const factOf = (
  { caller }: ActionCall,
  { now }: Situation,
  contact?: Contact,
  details: Record<string, string> = {},
): Fact => ({
  at: now,
  actor: actorOf(caller, contact),
  details,
});

/** A step's writes: the referral as it is after, its audit event and its outbox row. */
export const stepWrites = (tables: ActionDependencies["tables"], step: Step): Write[] => [
  replaceReferral(tables.referrals, step.before, step.after, step.action),
  ...eventAndOutboxRow(tables, step.event, step.after),
];

/** What an officer wrote with an action, sealed like the record and kept with the action's event. */
export const noteWrites = async (
  { kms, recordKey, tables }: { kms: KMSClient; recordKey: string; tables: { records: string } },
  step: Step,
  note: string | undefined,
): Promise<Write[]> => {
  if (note === undefined) return [];
  const part = notePart(step.event.sequence);
  const envelope = await seal(kms, recordKey, referralContext(step.after, part), note);
  return [putEnvelope(tables.records, { kind: "referral", id: step.after.referralId }, part, envelope)];
};

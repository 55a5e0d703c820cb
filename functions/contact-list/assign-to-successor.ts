import { assignToSuccessor as route } from "../../shared/contract/reorganisations.ts";
import { rolesOf } from "../../shared/domain/referral.ts";
import {
  notFound,
  notOfTheReorganisation,
  type Refusal,
  stateDoesNotAllow,
  validationFailed,
} from "../../shared/domain/refusals.ts";
import { isToCome, type Reorganisation, unitOf } from "../../shared/domain/reorganisation.ts";
import { startOfDay } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { dynamoClient, type Item, type Write } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import {
  putAssignment,
  reorganisationFrom,
  reorganisationPlace,
  reorganisationUnchanged,
} from "../../shared/store/reorganisations.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { type Subject, whatCame } from "./find-what-came.ts";
import { alongWrites } from "./pass-along.ts";
import { passingWrites } from "./pass-on.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames(
    "answers",
    "proofs",
    "reorganisations",
    "referrals",
    "entries",
    "events",
    "caseEvents",
    "outbox",
    "enquiries",
    "notices",
  ),
});
type Dependencies = ReturnType<typeof dependencies>;
type AssignCall = Call<typeof route>;

/** Before the day it is noted where a referral or an entry will go; from then on it goes there at once. */
const assignToSuccessor: Operation<typeof route, Dependencies> = (call, deps) => {
  const { dynamo, tables } = deps;
  const { referralId, entryId, successor } = call.body;
  const places = [
    reorganisationPlace(tables.reorganisations, call.params.id),
    ...(referralId ? [referralPlace(tables.referrals, referralId)] : []),
    ...(entryId ? [entryPlace(tables.entries, entryId)] : []),
  ];
  return commitOnce(dynamo, tables, call, places, async ([item, subjectItem], now) => {
    const reorganisation = reorganisationFrom(item);
    if (!reorganisation) throw notFound();
    permit(call, reorganisation, now);
    const subject = subjectOf(call, subjectItem);
    const toCome = isToCome(reorganisation, now);
    return {
      writes: toCome
        ? noted(call, reorganisation, subject, deps)
        : await passedOn(call, reorganisation, subject, now, deps),
      reply: reply(route, 201, {
        reorganisationId: reorganisation.reorganisationId,
        referralId: referralId ?? null,
        entryId: entryId ?? null,
        successor,
        effectiveFrom: toCome ? startOfDay(reorganisation.effectiveOn) : now,
      }),
    };
  });
};

/** @throws Refusal `not-your-role`, `state-does-not-allow`, `validation-failed` */
const permit = ({ caller: { authority }, body }: AssignCall, reorganisation: Reorganisation, now: string): void => {
  const { predecessor, successors, state, version } = reorganisation;
  const toCome = isToCome(reorganisation, now);
  const its = toCome ? authority === predecessor : successors.includes(authority);
  if (authority !== predecessor && !successors.includes(authority)) throw notOfTheReorganisation();
  if (state === "cancelled" || !its) throw stateDoesNotAllow(state, version, "reorganisation");
  const fault = (detail: string): Refusal => validationFailed([{ pointer: "/successor", detail }]);
  if (!successors.includes(body.successor)) throw fault("is not one of the successors of this reorganisation");
  if (body.successor === authority) throw fault("is your own authority");
};

/** @throws Refusal `validation-failed`, the same whether there is none or it is another's */
const subjectOf = ({ caller: { authority }, body }: AssignCall, item: Item | undefined): Subject => {
  if (body.referralId) {
    const referral = referralFrom(item);
    if (referral && rolesOf(referral, authority).length > 0) return { referral };
    throw validationFailed([{ pointer: "/referralId", detail: "does not lead to a referral of your authority" }]);
  }
  const entry = entryFrom(item);
  if (entry?.authority === authority) return { entry };
  throw validationFailed([{ pointer: "/entryId", detail: "does not lead to an entry on your CME list" }]);
};

/** Fails when the day has come since: then nothing is noted any more. */
const noted = (
  { caller, body }: AssignCall,
  reorganisation: Reorganisation,
  subject: Subject,
  { tables }: Dependencies,
): Write[] => {
  const units =
    "entry" in subject
      ? [`entry#${subject.entry.entryId}` as const]
      : rolesOf(subject.referral, caller.authority).map((role) => unitOf(subject.referral, role));
  return [
    reorganisationUnchanged(tables.reorganisations, reorganisation),
    ...units.map((unit) => putAssignment(tables.reorganisations, reorganisation, unit, body.successor)),
  ];
};

/** @throws Refusal `validation-failed` when it is the successor's own, and came to it by no reorganisation or another one */
const passedOn = async (
  { caller, body }: AssignCall,
  { reorganisationId }: Reorganisation,
  subject: Subject,
  now: string,
  deps: Dependencies,
): Promise<Write[]> => {
  const pointer = "entry" in subject ? "/entryId" : "/referralId";
  const unit = await whatCame(subject, caller.authority, reorganisationId, deps);
  if (unit === "nothing") {
    throw validationFailed([{ pointer, detail: "did not come to your authority by this reorganisation" }]);
  }
  if (unit === "too-much") {
    throw validationFailed([
      { pointer, detail: "has more referrals, enquiries and notices than can be passed on at once; tell the DfE" },
    ]);
  }
  // (ours) The clock that the reorganisation restarted goes on: sorting among successors makes no child wait longer.
  const passing = { to: body.successor, reorganisationId, answerCountedAnew: false };
  const fact = { at: now, actor: actorOf(caller) };
  return [...passingWrites(deps.tables, unit, passing, fact), ...alongWrites(deps.tables, unit, passing, fact)];
};

export const handler = serve(route, dependencies, assignToSuccessor);

import { environment } from "../../shared/aws/environment.ts";
import { closeEntry as route } from "../../shared/contract/cme-list.ts";
import { entryOf } from "../../shared/contract/present.ts";
import { missingSteps } from "../../shared/domain/enquiry-steps.ts";
import { advanceEntry, type Closure, type Entry, isOnList } from "../../shared/domain/entry.ts";
import { closureNotPermitted, entryClosed } from "../../shared/domain/refusals.ts";
import { reasonsAgainstClosure } from "../../shared/domain/ways-off.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { dynamoClient, type Write } from "../../shared/store/dynamo.ts";
import { entryContext, replaceEnvelope } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { closeEntry as takeOff } from "../referrals/entries-of-referral.ts";
import { actOnEntry, eventWrites } from "./act-on-entry.ts";
import { noteWrites } from "./note-of-entry.ts";
import { checkNotice } from "./notice-of-closure.ts";
import { recordsOf } from "./present-steps.ts";
import { recordOfEntry } from "./record-of-entry.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames(
    "answers",
    "proofs",
    "directory",
    "referrals",
    "entries",
    "events",
    "caseEvents",
    "outbox",
    "records",
    "enquiries",
    "fingerprints",
    "notices",
  ),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
type Dependencies = ReturnType<typeof dependencies>;

/** The ways off a list that need no other authority (domain page, "Coming off a list"). */
const closeEntry: Operation<typeof route, Dependencies> = (call, deps) =>
  actOnEntry(call, deps, async (entry, now) => {
    if (!isOnList(entry)) throw entryClosed();
    const reasons = reasonsAgainstClosure(call.body, entry, missingSteps(recordsOf(entry)), now);
    if (reasons.length > 0) throw closureNotPermitted(reasons);
    const closure = closureOf(call.body, now);
    const noticeId = await checkedNotice(call.body, entry, deps);
    const details = { outcome: closure.as, ...(noticeId && { noticeId }) };
    const fact = { at: now, actor: actorOf(call.caller), details };
    const retained = closure.as === "enquiries-exhausted" ? { until: entry.figures.leavesOn, erasedAt: null } : null;
    const step = advanceEntry(entry, "entry.closed", fact, { retained });
    const { closed, writes } = await takeOff(deps, entry, closure, undefined, fact, {
      retained,
      head: step.after.head,
    });
    return {
      writes: [
        ...writes,
        ...eventWrites(deps.tables, step),
        ...(await noteWrites(deps, entry, step.event.sequence, noteIn(call.body))),
        ...(retained ? await ownRecordWrites(entry, call.requestId, deps) : []),
      ],
      reply: reply(route, 201, entryOf(closed)),
    };
  });

type Body = Call<typeof route>["body"];

const closureOf = (body: Body, at: string): Closure =>
  body.as === "on-school-register"
    ? { as: body.as, at, schoolUrn: body.schoolUrn, startDate: body.startDate }
    : { as: body.as, at };

/** @throws Refusal `validation-failed` unless the notice that is named says the same */
const checkedNotice = async (body: Body, entry: Entry, deps: Dependencies): Promise<string | undefined> => {
  if (body.as !== "on-school-register" || body.noticeId === undefined) return undefined;
  await checkNotice(deps, entry, { ...body, noticeId: body.noticeId });
  return body.noticeId;
};

const noteIn = (body: Body): string | undefined =>
  "provision" in body ? body.provision : "note" in body ? body.note : undefined;

/**
 * The newest that is known of the child may stand in a referral's record, which is the other party's too. What is retained
 * is the authority's own, so that it can be erased without taking anything from anybody else.
 */
const ownRecordWrites = async (entry: Entry, requestId: string, deps: Dependencies): Promise<Write[]> => {
  const record = await recordOfEntry(deps, entry, requestId);
  if (!record || record.own) return [];
  const envelope = await seal(deps.kms, deps.recordKey, entryContext(entry, "record"), record.text);
  return [replaceEnvelope(deps.tables.records, { kind: "entry", id: entry.entryId }, "record", envelope)];
};

export const handler = serve(route, dependencies, closeEntry);

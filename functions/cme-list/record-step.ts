import { environment } from "../../shared/aws/environment.ts";
import { recordStep as route } from "../../shared/contract/cme-list.ts";
import { advanceEntry, isOnList, mostSteps, type RecordedStep } from "../../shared/domain/entry.ts";
import { entryClosed, validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { actOnEntry, entryStepWrites } from "./act-on-entry.ts";
import { noteWrites } from "./note-of-entry.ts";
import { stepOf } from "./present-steps.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "entries", "records", "caseEvents", "outbox"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
/** Guidance, "Making reasonable enquiries": what was done, or why it does not apply. */
const recordStep: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  actOnEntry(call, deps, async (entry, now) => {
    if (!isOnList(entry)) throw entryClosed();
    const { step, date, outcome, note } = call.body;
    if (date > dateInEngland(now)) throw validationFailed([{ pointer: "/date", detail: "is in the future" }]);
    if (entry.steps.length >= mostSteps) {
      throw validationFailed([
        { pointer: "", detail: `is one step more than the ${mostSteps} that are kept of an entry` },
      ]);
    }
    if (outcome === "not-applicable" && note === undefined) {
      throw validationFailed([{ pointer: "/note", detail: "must say why the step is not applicable" }]);
    }
    const sequence = entry.head.sequence + 1;
    const recorded: RecordedStep = { step, date, outcome, recordedAt: now, sequence, hasNote: note !== undefined };
    const fact = { at: now, actor: actorOf(call.caller), details: { step, date, outcome } };
    const taken = advanceEntry(entry, "entry.step-recorded", fact, { steps: [...entry.steps, recorded] });
    return {
      writes: [...entryStepWrites(deps.tables, taken), ...(await noteWrites(deps, entry, sequence, note))],
      reply: reply(route, 201, stepOf(recorded)),
    };
  });

export const handler = serve(route, dependencies, recordStep);

import { recordSteps as route } from "../../shared/contract/cme-list.ts";
import { advanceEntry, type Entry, isOnList, mostSteps } from "../../shared/domain/entry.ts";
import { type BodyFault, validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { entryStepWrites } from "./act-on-entry.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "entries", "caseEvents", "outbox"),
});

const recordSteps: Operation<typeof route, ReturnType<typeof dependencies>> = (call, { dynamo, tables }) => {
  const { items } = call.body;
  const places = items.map(({ entryId }) => entryPlace(tables.entries, entryId));
  return commitOnce(dynamo, tables, call, places, async (found, now) => {
    const entries = openEntries(call, found.map(entryFrom), now);
    const writes = entries.flatMap((entry, index) => {
      const item = items[index];
      if (!item) return [];
      const { step, date, outcome } = item;
      const sequence = entry.head.sequence + 1;
      const recorded = { step, date, outcome, recordedAt: now, sequence, hasNote: false };
      const fact = { at: now, actor: actorOf(call.caller), details: { step, date, outcome } };
      const taken = advanceEntry(entry, "entry.step-recorded", fact, { steps: [...entry.steps, recorded] });
      return entryStepWrites(tables, taken);
    });
    return { writes, reply: reply(route, 201, { recorded: items.length }) };
  });
};

/**
 * The entries that are named, each once, open and the caller's.
 * @throws Refusal `validation-failed` with every item that is wrong
 */
const openEntries = (
  { body, caller }: Call<typeof route>,
  found: readonly (Entry | undefined)[],
  now: string,
): Entry[] => {
  const faults: BodyFault[] = [];
  const entries: Entry[] = [];
  for (const [index, { entryId, date }] of body.items.entries()) {
    const entry = found[index];
    const fault = (member: string, detail: string) => faults.push({ pointer: `/items/${index}/${member}`, detail });
    if (date > dateInEngland(now)) fault("date", "is in the future");
    if (body.items.findIndex((each) => each.entryId === entryId) < index) fault("entryId", "is named more than once");
    else if (entry?.authority !== caller.authority) fault("entryId", "does not lead to an entry on your CME list");
    else if (!isOnList(entry)) fault("entryId", "is closed");
    else if (entry.steps.length >= mostSteps) fault("entryId", `has the ${mostSteps} steps that are kept of an entry`);
    else entries.push(entry);
  }
  if (faults.length > 0) throw validationFailed(faults);
  return entries;
};

export const handler = serve(route, dependencies, recordSteps);

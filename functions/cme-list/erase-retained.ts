import type { Entry } from "../../shared/domain/entry.ts";
import { exchangeItself } from "../../shared/domain/event-chain.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { retainedBefore } from "../../shared/store/entries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { erasureOf } from "./erasure.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("entries", "records", "caseEvents", "outbox", "fingerprints"),
});
type Dependencies = ReturnType<typeof dependencies>;

const erase = async (entry: Entry, deps: Dependencies): Promise<void> => {
  const fact = { at: new Date().toISOString(), actor: exchangeItself, details: { because: "leaving-age" } };
  await commit(deps.dynamo, (await erasureOf(deps, entry, fact)).writes);
};

/**
 * Guidance, "Working with other local authorities": a record is kept until the child attains school leaving age. Each is
 * erased once: a second run finds it erased, and a run that was missed is made up for by the next.
 */
export const handler = runScheduled(dependencies, async (deps) => {
  const today = dateInEngland(new Date().toISOString());
  for (const entry of await retainedBefore(deps.dynamo, deps.tables.entries, today)) {
    try {
      await erase(entry, deps);
    } catch (error) {
      log("erasure-failed", { entryId: entry.entryId, errorName: nameOf(error), alarm: true });
    }
  }
});

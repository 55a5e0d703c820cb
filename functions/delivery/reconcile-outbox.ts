import { log } from "../../shared/observability/log.ts";
import { measure, secondsBetween } from "../../shared/observability/metrics.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { unsentBefore } from "../../shared/store/outbox.ts";
import { tell, tellDependencies } from "./tell.ts";

/** Milliseconds after which an event that was not told of is taken to be stuck. */
const patience = 5 * 60_000;

/**
 * The safety net under the stream: rows that never left are told of after all, and the operator hears of it. One that
 * fails does not hold up the others.
 */
export const handler = runScheduled(tellDependencies, async (deps) => {
  const moment = new Date(Date.now() - patience).toISOString();
  for (const row of await unsentBefore(deps.dynamo, deps.tables.outbox, moment)) {
    const { subject, sequence, at } = row;
    const told = await tell(row, deps).then(
      () => true,
      () => false,
    );
    log("outbox-reconciled", { subject, sequence, told, alarm: true });
    measure("OutboxRowAge", secondsBetween(at, new Date().toISOString()), {});
  }
});

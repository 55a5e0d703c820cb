import { type Referral, raiseOverdue } from "../../shared/domain/referral.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { measure } from "../../shared/observability/metrics.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { replaceReferral, rungsDue } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("referrals", "events", "outbox") });
type Dependencies = ReturnType<typeof dependencies>;

const raise = async (referral: Referral, { dynamo, tables }: Dependencies): Promise<void> => {
  // Later than the reading, so never before an event that the trail has already.
  const step = raiseOverdue(referral, new Date().toISOString());
  const { committed } = await commit(dynamo, [
    replaceReferral(tables.referrals, step.before, step.after),
    ...eventAndOutboxRow(tables, step.event, step.after),
  ]);
  if (!committed) return;
  log("rung-raised", { referralId: referral.referralId, rung: step.after.rungsRaised });
  measure("OverdueRungs", 1, { rung: String(step.after.rungsRaised) });
};

/**
 * Raises each rung of the ladder of silence once: a second run finds the referral changed, and a run that was missed is
 * made up for by the next, rung by rung. One that fails does not hold up the others. Nobody's silence ever opens the gate.
 */
export const handler = runScheduled(dependencies, async (deps) => {
  for (const referral of await rungsDue(deps.dynamo, deps.tables.referrals, new Date().toISOString())) {
    try {
      await raise(referral, deps);
    } catch (error) {
      log("rung-failed", { referralId: referral.referralId, errorName: nameOf(error), alarm: true });
    }
  }
});

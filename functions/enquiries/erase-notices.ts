import { type Notice, timeOver } from "../../shared/domain/notice.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { noticesDue } from "../../shared/store/notices.ts";
import { deleteEnvelope } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { noticeStepWrites } from "./notice-writes.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("notices", "caseEvents", "outbox", "records"),
});
type Dependencies = ReturnType<typeof dependencies>;

/** The record goes with its data key, which is nowhere else; the notice and its trail stay and say when. */
const erase = async (notice: Notice, { dynamo, tables }: Dependencies): Promise<void> => {
  const step = timeOver(notice, new Date().toISOString());
  await commit(dynamo, [
    ...noticeStepWrites(tables, step),
    deleteEnvelope(tables.records, { kind: "notice", id: notice.noticeId }, "record"),
  ]);
};

/** A second run finds the notice changed; one that fails does not hold up the others and is made up for by the next run. */
export const handler = runScheduled(dependencies, async (deps) => {
  for (const notice of await noticesDue(deps.dynamo, deps.tables.notices, new Date().toISOString())) {
    try {
      await erase(notice, deps);
    } catch (error) {
      log("erasure-failed", { noticeId: notice.noticeId, errorName: nameOf(error), alarm: true });
    }
  }
});

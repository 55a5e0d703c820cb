import { type TargetedEnquiry, timeOver } from "../../shared/domain/enquiry.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { attempts, commit, dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { enquiriesDue, enquiryFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { freedSlot } from "./act-on-enquiry.ts";
import { enquiryStepWrites } from "./enquiry-writes.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("enquiries", "entries", "caseEvents", "outbox", "records"),
});
type Dependencies = ReturnType<typeof dependencies>;

/** An answer or another enquiry of the same child at this very moment comes first: then it is looked at anew. */
const lapse = async ({ enquiryId }: TargetedEnquiry, deps: Dependencies): Promise<void> => {
  const { dynamo, tables } = deps;
  for await (const _ of attempts()) {
    const [item] = await readAll(dynamo, [enquiryPlace(tables.enquiries, enquiryId)]);
    const enquiry = enquiryFrom(item);
    const now = new Date().toISOString();
    if (!enquiry || enquiry.erasedAt !== null || enquiry.lapsesAt > now) return;
    const step = timeOver(enquiry, now);
    const { committed } = await commit(dynamo, [
      ...enquiryStepWrites(tables, step),
      ...(await freedSlot(deps, enquiry)),
    ]);
    if (committed) return;
  }
};

/**
 * Ends the enquiries whose time is over, each in one transaction with the erasure of what it kept of a child. A second run
 * finds nothing to do, a run that was cut off or missed is made up for by the next, and one that fails holds up no other.
 */
export const handler = runScheduled(dependencies, async (deps) => {
  for (const enquiry of await enquiriesDue(deps.dynamo, deps.tables.enquiries, new Date().toISOString())) {
    try {
      await lapse(enquiry, deps);
    } catch (error) {
      log("lapse-failed", { enquiryId: enquiry.enquiryId, errorName: nameOf(error), alarm: true });
    }
  }
});

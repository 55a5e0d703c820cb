import { busy } from "../../shared/domain/refusals.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { attempts, commit, readAll } from "../../shared/store/dynamo.ts";
import { newestPlace } from "../../shared/store/publications.ts";
import { nextPublication, publishingDependencies } from "./next-publication.ts";

/**
 * Publishes the list without anybody asking, where it says anything else than the newest publication; whoever edits or
 * publishes at the same time comes first.
 */
export const handler = runScheduled(publishingDependencies, async (deps) => {
  const { dynamo, tables } = deps;
  for await (const _ of attempts()) {
    const [newest] = await readAll(dynamo, [newestPlace(tables.publications)]);
    const { isNew, writes, afterwards } = await nextPublication(newest, deps);
    if (!isNew) return;
    const { committed } = await commit(dynamo, writes);
    if (committed) return afterwards();
  }
  throw busy();
});

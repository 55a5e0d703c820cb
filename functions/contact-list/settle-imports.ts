import { log } from "../../shared/observability/log.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { concludeImport, importDependencies, importUnderWayNow, isLeftBehind } from "./carry-out-import.ts";

/** The net under imports: whatever ended one half-way, it is put in place or taken back. */
export const handler = runScheduled(importDependencies, async (deps) => {
  const { underWay } = await importUnderWayNow(deps);
  if (!underWay || !isLeftBehind(underWay, new Date().toISOString())) return;
  await concludeImport(deps, underWay.importId);
  log("import-concluded", { importId: underWay.importId, state: underWay.state });
});

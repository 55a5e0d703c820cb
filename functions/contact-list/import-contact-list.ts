import { v7 as uuidV7 } from "uuid";
import {
  mostListed,
  mostRefusedListed,
  importContactList as route,
} from "../../shared/contract/contact-list-imports.ts";
import type { AuthorityPlan } from "../../shared/domain/contact-list-import.ts";
import { importUnderWay, rowsRefused } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Caller } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { readTable } from "../../shared/spreadsheet/read-table.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { countChange } from "../../shared/store/directory.ts";
import { attempts, dynamoClient } from "../../shared/store/dynamo.ts";
import { type Import, startImport, turnImport } from "../../shared/store/imports.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { concludeImport, importUnderWayNow, isLeftBehind, stageImport } from "./carry-out-import.ts";
import { presentContact } from "./find-authority.ts";
import { countsOf, type Outcome, planContactList, unchangedOf } from "./plan-contact-list.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "directory", "changes", "imports"),
});
type Dependencies = ReturnType<typeof dependencies>;

/**
 * Plans what the file makes of the list and stages it where nobody sees it; then it takes effect in one transaction, with
 * the answer. Whatever was changed between reading and staging makes the staging fail, and everything is planned anew.
 */
const importContactList: Operation<typeof route, Dependencies> = async (call, deps) => {
  const { dynamo, tables } = deps;
  const table = await readTable(call.upload);
  const plan = () => planContactList(dynamo, tables.directory, table, call.caller.authority);
  if (call.query.dryRun === "true") return reply(route, 200, { sheet: table.sheet, ...shown(await plan()) });
  let staged: string | undefined;
  try {
    return await commitOnce(dynamo, tables, call, [], async () => {
      for await (const _ of attempts()) {
        if (staged) await concludeImport(deps, staged);
        const { head, underWay } = await importUnderWayNow(deps);
        if (underWay && !isLeftBehind(underWay, new Date().toISOString())) throw importUnderWay();
        if (underWay) {
          await concludeImport(deps, underWay.importId);
          continue;
        }
        const outcome = await plan();
        refuseRows(outcome);
        const value = newImport(outcome, call.caller);
        const answer = reply(route, 201, done(value, outcome));
        if (value.state === "settled") return { writes: startImport(tables.imports, value, head), reply: answer };
        staged = value.importId;
        if (await stageImport(deps, value, head, outcome.changing)) {
          const committed = turnImport(tables.imports, value, "staging", "committed");
          return { writes: [committed, countChange(tables.directory)], reply: answer };
        }
      }
      throw importUnderWay();
    });
  } finally {
    if (staged) await conclude(deps, staged, call.requestId);
  }
};

/** What was answered stands: what can't be put in place or taken back here, the schedule will. */
const conclude = async (deps: Dependencies, importId: string, requestId: string): Promise<void> => {
  try {
    await concludeImport(deps, importId);
  } catch (error) {
    log("import-left", { requestId, importId, errorName: nameOf(error) });
  }
};

const refuseRows = ({ refused }: Outcome): void => {
  const more = Math.max(0, refused.length - mostRefusedListed);
  if (refused.length > 0) throw rowsRefused(refused.slice(0, mostRefusedListed), more);
};

/** Where nothing is to be changed there is nothing to stage. */
const newImport = ({ changing, now }: Outcome, caller: Caller): Import => ({
  importId: uuidV7(),
  state: changing.length > 0 ? "staging" : "settled",
  startedAt: now,
  actor: actorOf(caller),
  codes: changing.map(({ code }) => code),
  version: 1,
});

const done = ({ importId }: Import, outcome: Outcome) => ({
  importId,
  ...countsOf(outcome),
  unchanged: unchangedOf(outcome),
  authoritiesNotInFile: outcome.authoritiesNotInFile,
});

const shown = (outcome: Outcome) => {
  const { plans, refused, authoritiesNotInFile, columnsIgnored } = outcome;
  return {
    added: plans.flatMap(({ added }) => added.map(presentContact)).slice(0, mostListed),
    changed: plans.flatMap(({ changed }) => changed.map(beforeAndAfter)).slice(0, mostListed),
    retired: plans.flatMap(({ retired }) => retired.map(beforeAndAfter)).slice(0, mostListed),
    refused: refused.slice(0, mostListed),
    unchanged: unchangedOf(outcome),
    counts: { ...countsOf(outcome), refused: refused.length },
    authoritiesNotInFile,
    columnsIgnored,
  };
};

const beforeAndAfter = ({ before, after }: AuthorityPlan["changed"][number]) => ({
  before: presentContact(before),
  after: presentContact(after),
});

export const handler = serve(route, dependencies, importContactList);

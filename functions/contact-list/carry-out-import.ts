import type { AuthorityPlan } from "../../shared/domain/contact-list-import.ts";
import { type Authority, authorityFrom, authorityPlace } from "../../shared/store/directory.ts";
import { attempts, commit, dynamoClient, readAll, type Write } from "../../shared/store/dynamo.ts";
import {
  clearUnderWay,
  type Import,
  importFrom,
  importPlace,
  settleContacts,
  stageContacts,
  startImport,
  stillStaging,
  turnImport,
  type UnderWay,
  underWayFrom,
  underWayPlace,
  unstageContacts,
} from "../../shared/store/imports.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const importDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("directory", "changes", "imports"),
});
export type ImportDependencies = ReturnType<typeof importDependencies>;

/** DynamoDB's limit is 100 items and 4 MB: an authority with the most contacts, as long as may be, has some 80 KB. */
const mostWrites = 98;
const mostBytes = 2_500_000;

/** Transactions of what belongs together, within DynamoDB's limits. */
const transactions = (groups: readonly Write[][]): Write[][] => {
  const batches: { writes: Write[]; bytes: number }[] = [];
  for (const group of groups) {
    const bytes = JSON.stringify(group).length;
    const last = batches.at(-1);
    if (last && last.writes.length + group.length <= mostWrites && last.bytes + bytes <= mostBytes) {
      last.writes.push(...group);
      last.bytes += bytes;
    } else batches.push({ writes: [...group], bytes });
  }
  return batches.map(({ writes }) => writes);
};

/** A request is over after 28 seconds (infra/functions.ts): what is still staging later was left behind. */
const longestStagingMs = 60_000;

export const isLeftBehind = ({ state, startedAt }: Import, now: string): boolean =>
  state !== "staging" || Date.parse(startedAt) + longestStagingMs < Date.parse(now);

/** The import under way, if there is one, and what the next must find unchanged to begin. */
export const importUnderWayNow = async ({
  dynamo,
  tables,
}: ImportDependencies): Promise<{ head: UnderWay; underWay: Import | undefined }> => {
  const head = underWayFrom((await readAll(dynamo, [underWayPlace(tables.imports)]))[0]);
  const underWay = head.underWay === null ? undefined : await readImport({ dynamo, tables }, head.underWay);
  return { head, underWay };
};

const readImport = async ({ dynamo, tables }: ImportDependencies, importId: string): Promise<Import | undefined> =>
  importFrom((await readAll(dynamo, [importPlace(tables.imports, importId)]))[0]);

/**
 * Stages the plans beside what is in force, where nobody sees them.
 * @returns whether everything is still as it was when it was planned; if not, what was staged is to be concluded
 */
export const stageImport = async (
  { dynamo, tables }: ImportDependencies,
  value: Import,
  before: UnderWay,
  plans: readonly (AuthorityPlan & { version: number })[],
): Promise<boolean> => {
  const started = await commit(dynamo, startImport(tables.imports, value, before));
  if (!started.committed) return false;
  const staging = plans.map((plan) => [stageContacts(tables.directory, value, plan, plan.contacts)]);
  for (const writes of transactions(staging)) {
    const { committed } = await commit(dynamo, [stillStaging(tables.imports, value), ...writes]);
    if (!committed) return false;
  }
  return true;
};

/**
 * Brings an import to its end from wherever it was left: one that has committed is put in place, one that has not is
 * taken back. Whoever is at the same import meanwhile does the same, so it may be called by any number at once.
 */
export const concludeImport = async (deps: ImportDependencies, importId: string): Promise<void> => {
  const { dynamo, tables } = deps;
  for await (const _ of attempts()) {
    const value = await readImport(deps, importId);
    if (!value || value.state === "settled") return;
    if (value.state === "staging") {
      await commit(dynamo, [turnImport(tables.imports, value, "staging", "abandoned")]);
      continue;
    }
    const staged = await stagedBy(deps, value);
    const groups = staged.map((authority) =>
      value.state === "committed"
        ? settleContacts(tables, value, authority)
        : [unstageContacts(tables.directory, value, authority)],
    );
    for (const writes of transactions(groups)) await commit(dynamo, writes);
    if ((await stagedBy(deps, value)).length > 0) continue;
    const settled = value.state === "committed" ? [turnImport(tables.imports, value, "committed", "settled")] : [];
    await commit(dynamo, [...settled, clearUnderWay(tables.imports, value)]);
    return;
  }
};

const stagedBy = async ({ dynamo, tables }: ImportDependencies, { importId, codes }: Import): Promise<Authority[]> => {
  const items = await readAll(
    dynamo,
    codes.map((code) => authorityPlace(tables.directory, code)),
  );
  return items.flatMap((item) => authorityFrom(item) ?? []).filter((each) => each.staged?.importId === importId);
};

import { v7 as uuidV7 } from "uuid";
import { authorityMatcher } from "../../shared/domain/authority-names.ts";
import { type AuthorityPlan, changesAnything, planImport } from "../../shared/domain/contact-list-import.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import type { Table } from "../../shared/spreadsheet/table.ts";
import { existsOn, readSnapshot } from "../../shared/store/directory.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { emailDomainsFrom, emailDomainsPlace } from "../../shared/store/email-domains.ts";
import { columnOfMember, type RefusedRow, readContactRows } from "./read-contact-rows.ts";

export type Outcome = {
  /** When it was planned: the moment of every change that it makes. */
  now: string;
  plans: AuthorityPlan[];
  /** Those that change anything, each with the version of the authority that it rests on. */
  changing: (AuthorityPlan & { version: number })[];
  refused: RefusedRow[];
  columnsIgnored: string[];
  authoritiesNotInFile: string[];
};

/**
 * What a file makes of the list as it is. An authority with a refused row is not planned: without the row, the file does not
 * say who its contacts are.
 * @param by who imports
 * @throws Refusal `file-unreadable`; `busy` while another import is being put in place
 */
export const planContactList = async (
  dynamo: Dynamo,
  directory: string,
  table: Table,
  by: string,
): Promise<Outcome> => {
  const [domainsItem] = await readAll(dynamo, [emailDomainsPlace(directory)]);
  const { domains: officialDomains } = emailDomainsFrom(domainsItem);
  const { authorities } = await readSnapshot(dynamo, directory);
  // Later than the reading, so that nothing is before a change that an authority's chain has already.
  const now = new Date().toISOString();
  const today = dateInEngland(now);
  const { rows, refused, named, incomplete, columnsIgnored } = readContactRows(
    table,
    authorityMatcher(authorities, today),
  );
  const complete = rows.filter(({ authority }) => !incomplete.has(authority));
  const plans = planImport(authorities, complete, { officialDomains, now, by, newId: uuidV7 });
  const faults = plans.flatMap((plan) => plan.faults);
  const versions = new Map(authorities.map(({ code, version }) => [code, version]));
  return {
    now,
    plans,
    changing: plans.filter(changesAnything).map((plan) => ({ ...plan, version: versions.get(plan.code) ?? 0 })),
    refused: [
      ...refused,
      ...faults.map(({ line, member, reason }) => ({ line, column: columnOfMember(member), reason })),
    ].sort((one, other) => one.line - other.line),
    columnsIgnored,
    authoritiesNotInFile: authorities
      .filter((each) => !named.has(each.code) && existsOn(each, today))
      .map(({ code }) => code),
  };
};

const total = (plans: readonly AuthorityPlan[], count: (plan: AuthorityPlan) => number): number =>
  plans.reduce((sum, plan) => sum + count(plan), 0);

export const countsOf = ({ plans }: Outcome) => ({
  added: total(plans, ({ added }) => added.length),
  changed: total(plans, ({ changed }) => changed.length),
  retired: total(plans, ({ retired }) => retired.length),
});

export const unchangedOf = ({ plans }: Outcome): number => total(plans, ({ unchanged }) => unchanged);

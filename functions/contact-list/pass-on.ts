import type { Entry } from "../../shared/domain/entry.ts";
import { type Fact, type Passing, type Referral, roles } from "../../shared/domain/referral.ts";
import {
  entryIdIn,
  type PassingReferral,
  passEntry,
  passReferral,
  type Reorganisation,
  rolesByEntry,
  successorFor,
  unitsOfEntry,
} from "../../shared/domain/reorganisation.ts";
import { attempts, commit, type Dynamo, readAll, type Write } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { referralFrom, referralPlace, replaceReferral } from "../../shared/store/referrals.ts";
import { readAssignments } from "../../shared/store/reorganisations.ts";
import { eventAndOutboxRow } from "../../shared/store/trail.ts";
import { entryStepWrites } from "../cme-list/act-on-entry.ts";

export type PassOnTables = Record<
  "reorganisations" | "referrals" | "entries" | "events" | "caseEvents" | "outbox",
  string
>;
export type PassOnDependencies = { dynamo: Dynamo; tables: PassOnTables };

/** What passes as one: see the unit of an assignment in shared/domain/reorganisation.ts. */
export type Unit = { entries: readonly Entry[]; referrals: readonly PassingReferral[] };

/** Everything that passes, for one transaction: each referral with its events and outbox rows, and the entries. */
export const passingWrites = (
  tables: Omit<PassOnTables, "reorganisations">,
  { entries, referrals }: Unit,
  passing: Omit<Passing, "role">,
  fact: Omit<Fact, "details">,
): Write[] => [
  ...referrals.flatMap((each) => {
    const { before, after, events } = passReferral(each, passing, fact);
    return [
      replaceReferral(tables.referrals, before, after),
      ...events.flatMap((event) => eventAndOutboxRow(tables, event, after)),
    ];
  }),
  ...entries.flatMap((entry) => entryStepWrites(tables, passEntry(entry, passing, fact))),
];

/** The referrals that an entry names, as far as they and their roles are the authority's: the open one is among them. */
export const referralsNamedBy = async (
  { dynamo, tables }: { dynamo: Dynamo; tables: Pick<PassOnTables, "referrals"> },
  { entryId, authority, openReferralId, openedByReferralId, referralId }: Entry,
  besides: readonly string[] = [],
): Promise<PassingReferral[]> => {
  const named = [openReferralId, openedByReferralId, referralId].filter((id) => id !== null);
  const items = await readAll(
    dynamo,
    [...new Set([...named, ...besides])].map((id) => referralPlace(tables.referrals, id)),
  );
  return items.flatMap((item) => {
    const referral = referralFrom(item);
    const passing = referral ? rolesByEntry(referral, authority, entryId) : [];
    return referral && passing.length > 0 ? [{ referral, roles: passing }] : [];
  });
};

/** @param at later than the reading, so that no event comes before one that the trail has already */
const byReorganisation = ({ reorganisationId }: Reorganisation, to: string) => ({
  to,
  reorganisationId,
  answerCountedAnew: true,
});

/**
 * Passes an entry on with the referrals that it names, unless it is no longer the predecessor's. Whatever else happens to
 * them at this moment, such as a receipt, comes first or finds them passed: then it is tried again.
 * @returns whether it was there to pass
 */
export const passEntryOn = async (
  reorganisation: Reorganisation,
  entryId: string,
  { dynamo, tables }: PassOnDependencies,
  actor: Fact["actor"],
): Promise<boolean> => {
  for await (const _ of attempts()) {
    const [item] = await readAll(dynamo, [entryPlace(tables.entries, entryId)]);
    const entry = entryFrom(item);
    if (entry?.authority !== reorganisation.predecessor) return false;
    const units = unitsOfEntry(entry);
    const [referrals, assigned] = await Promise.all([
      referralsNamedBy({ dynamo, tables }, entry),
      readAssignments(dynamo, tables.reorganisations, reorganisation, units),
    ]);
    const passing = byReorganisation(reorganisation, successorFor(reorganisation, units, assigned));
    const fact = { at: new Date().toISOString(), actor };
    const { committed } = await commit(dynamo, passingWrites(tables, { entries: [entry], referrals }, passing, fact));
    if (committed) return true;
  }
  return false;
};

/**
 * Passes on whatever roles the predecessor still has on a referral: with its entry where there is one, or to where that has
 * gone.
 * @returns whether there were any
 */
export const passReferralOn = async (
  reorganisation: Reorganisation,
  referralId: string,
  deps: PassOnDependencies,
  actor: Fact["actor"],
): Promise<boolean> => {
  const { dynamo, tables } = deps;
  let passed = false;
  for await (const _ of attempts()) {
    const [item] = await readAll(dynamo, [referralPlace(tables.referrals, referralId)]);
    const referral = referralFrom(item);
    const role = referral && roles.find((each) => referral[each] === reorganisation.predecessor);
    if (!role) return passed;
    const entryId = entryIdIn(referral, role);
    if (entryId !== null && (await passEntryOn(reorganisation, entryId, deps, actor))) {
      passed = true;
      continue;
    }
    const to = await destinationOf(referral, entryId, reorganisation, deps);
    const fact = { at: new Date().toISOString(), actor };
    const unit = { entries: [], referrals: [{ referral, roles: [role] }] };
    const { committed } = await commit(dynamo, passingWrites(tables, unit, byReorganisation(reorganisation, to), fact));
    passed ||= committed;
  }
  return passed;
};

const destinationOf = async (
  { referralId }: Referral,
  entryId: string | null,
  reorganisation: Reorganisation,
  { dynamo, tables }: PassOnDependencies,
): Promise<string> => {
  if (entryId !== null) {
    const [item] = await readAll(dynamo, [entryPlace(tables.entries, entryId)]);
    const entry = entryFrom(item);
    if (entry) return entry.authority;
  }
  const units = [`referral#${referralId}` as const];
  return successorFor(
    reorganisation,
    units,
    await readAssignments(dynamo, tables.reorganisations, reorganisation, units),
  );
};

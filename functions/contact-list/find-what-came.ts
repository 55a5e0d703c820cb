import type { Entry } from "../../shared/domain/entry.ts";
import { type Referral, rolesOf } from "../../shared/domain/referral.ts";
import { entryIdIn, type PassingReferral } from "../../shared/domain/reorganisation.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { referralIdsFrom } from "../../shared/store/referrals.ts";
import { type Along, whatGoesAlong } from "./pass-along.ts";
import { type PassOnDependencies, type PassOnTables, referralsNamedBy, type Unit } from "./pass-on.ts";

/** What a successor wants to pass on to a fellow. */
export type Subject = { referral: Referral } | { entry: Entry };

/**
 * As many referrals, enquiries and notices as fit a transaction with their events and outbox rows, and those of two entries,
 * the answer and the proof.
 */
const mostThings = 29;

/**
 * The subject with everything that goes with it, as far as it came to the authority by that reorganisation: so that no
 * child goes from one authority to another without a receipt in any other way.
 */
export const whatCame = async (
  subject: Subject,
  authority: string,
  reorganisationId: string,
  deps: { dynamo: Dynamo; tables: PassOnTables & Record<"enquiries" | "notices", string> },
): Promise<(Unit & Along) | "nothing" | "too-much"> => {
  const entries = await ownEntries(subject, authority, deps);
  const withReferrals = await Promise.all(
    entries.map(async (entry) => ({ entry, referrals: await referralsOf(entry, deps) })),
  );
  const came = withReferrals.filter(({ entry, referrals }) => cameBy(reorganisationId, entry, referrals));
  const alone = "referral" in subject ? withoutEntry(subject.referral, authority, reorganisationId) : [];
  const referrals = united([...came.flatMap((each) => each.referrals), ...alone]);
  if (came.length === 0 && alone.length === 0) return "nothing";
  const along: Along = { enquiries: [], matches: [], notices: [] };
  for (const { entry } of came) {
    const more = await whatGoesAlong(deps, entry, mostThings);
    if (more === "too-much") return "too-much";
    along.enquiries.push(...more.enquiries);
    along.matches.push(...more.matches);
    along.notices.push(...more.notices);
  }
  const things = [referrals, along.enquiries, along.matches, along.notices].flat();
  if (things.length > mostThings) return "too-much";
  return { entries: came.map(({ entry }) => entry), referrals, ...along };
};

const ownEntries = async (
  subject: Subject,
  authority: string,
  { dynamo, tables }: PassOnDependencies,
): Promise<Entry[]> => {
  if ("entry" in subject) return [subject.entry];
  const ids = rolesOf(subject.referral, authority).map((role) => entryIdIn(subject.referral, role));
  const items = await readAll(
    dynamo,
    ids.filter((id) => id !== null).map((id) => entryPlace(tables.entries, id)),
  );
  return items.flatMap((item) => entryFrom(item) ?? []).filter((entry) => entry.authority === authority);
};

/** Those it names, and the older ones that were made from it. */
const referralsOf = async (entry: Entry, { dynamo, tables }: PassOnDependencies): Promise<PassingReferral[]> => {
  const older: string[] = [];
  const ids = referralIdsFrom(dynamo, tables.referrals, entry.authority, entry.entryId);
  for await (const id of ids) older.push(id);
  return referralsNamedBy({ dynamo, tables }, entry, older);
};

/** The entry itself came, or the referral did whose receipt opened it since. */
const cameBy = (reorganisationId: string, entry: Entry, referrals: readonly PassingReferral[]): boolean =>
  entry.passedBy === reorganisationId ||
  referrals.some(
    ({ referral }) =>
      referral.referralId === entry.openedByReferralId && referral.passedBy.recipient === reorganisationId,
  );

const withoutEntry = (referral: Referral, authority: string, reorganisationId: string): PassingReferral[] => {
  const roles = rolesOf(referral, authority).filter(
    (role) => entryIdIn(referral, role) === null && referral.passedBy[role] === reorganisationId,
  );
  return roles.length > 0 ? [{ referral, roles }] : [];
};

/** Each referral once, with all of its roles that pass. */
const united = (passing: readonly PassingReferral[]): PassingReferral[] => {
  const byId = Map.groupBy(passing, ({ referral }) => referral.referralId);
  return [...byId.values()].flatMap((same) => {
    const [first] = same;
    return first ? [{ referral: first.referral, roles: same.flatMap(({ roles }) => roles) }] : [];
  });
};

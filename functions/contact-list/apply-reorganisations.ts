import { exchangeItself } from "../../shared/domain/event-chain.ts";
import { roles } from "../../shared/domain/referral.ts";
import { isQuietEnough, type Reorganisation } from "../../shared/domain/reorganisation.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { deactivateClientsOf } from "../../shared/store/clients.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { enquiryIdsBySide } from "../../shared/store/enquiries.ts";
import { entryIdsOf } from "../../shared/store/entries.ts";
import { noticeIdsBySide } from "../../shared/store/notices.ts";
import { awaitingReceiptBy, referralIdsOf } from "../../shared/store/referrals.ts";
import { reorganisationsDue, replaceReorganisation } from "../../shared/store/reorganisations.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { passEnquiryOn } from "./pass-enquiry-on.ts";
import { passNoticeOn } from "./pass-notice-on.ts";
import { passEntryOn, passReferralOn } from "./pass-on.ts";
import { settleNeighbours } from "./settle-neighbours.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames(
    "reorganisations",
    "referrals",
    "entries",
    "events",
    "caseEvents",
    "outbox",
    "directory",
    "changes",
    "clients",
    "enquiries",
    "notices",
  ),
});
export type ApplyDependencies = ReturnType<typeof dependencies>;

/** Milliseconds that a run gives to passing on: what it does not get to, the next minute's run does. */
const longestRun = 40_000;

const now = (): string => new Date().toISOString();

/**
 * Carries out the reorganisations whose day has come: everything that is the predecessor's, open or closed, passes to its
 * successors, each unit in one transaction. A run that was cut off is gone on with, a repetition finds nothing to do, and
 * what fails does not hold up the rest. It looks until nothing has been found for an hour: see `isQuietEnough`.
 */
export const handler = runScheduled(dependencies, async (deps) => {
  const until = Date.now() + longestRun;
  const due = await reorganisationsDue(deps.dynamo, deps.tables.reorganisations, dateInEngland(now()));
  for (const reorganisation of due) {
    await guarded({ reorganisationId: reorganisation.reorganisationId }, () => apply(reorganisation, due, until, deps));
  }
});

/** What is meant to go on beside it when something fails. @returns whether it went well, and what came of it */
const guarded = async <T>(
  named: { reorganisationId: string; referralId?: string; entryId?: string; enquiryId?: string; noticeId?: string },
  work: () => Promise<T>,
): Promise<T | "failed"> => {
  try {
    return await work();
  } catch (error) {
    log("passing-failed", { ...named, errorName: nameOf(error), alarm: true });
    return "failed";
  }
};

const apply = async (
  registered: Reorganisation,
  due: readonly Reorganisation[],
  until: number,
  deps: ApplyDependencies,
): Promise<void> => {
  let present: Reorganisation | undefined = registered;
  // First of all it can't be cancelled, nor assigned beforehand, any more.
  if (present.state === "registered") present = await advanced(present, { state: "under-way" }, deps);
  if (!present) return;
  const look = await passEverything(present, until, deps);
  if (!present.neighboursSettled) {
    await settleNeighbours(present, deps);
    present = await advanced(present, { neighboursSettled: true }, deps);
  }
  if (present) await conclude(present, look, due, deps);
};

/** Nothing, when another run was first: that one goes on. */
const advanced = async (
  before: Reorganisation,
  changes: Partial<Reorganisation>,
  { dynamo, tables }: ApplyDependencies,
): Promise<Reorganisation | undefined> => {
  const { after, write } = replaceReorganisation(tables.reorganisations, before, changes);
  return (await commit(dynamo, [write])).committed ? after : undefined;
};

type Look = "found-nothing" | "found-something" | "cut-off";

/** What awaits receipt first, then who is on the list, then the rest; enquiries and notices after the entries that they go with. */
const passEverything = async (
  reorganisation: Reorganisation,
  until: number,
  deps: ApplyDependencies,
): Promise<Look> => {
  const { dynamo, tables } = deps;
  const { reorganisationId, predecessor } = reorganisation;
  const entry = (entryId: string) =>
    guarded({ reorganisationId, entryId }, () => passEntryOn(reorganisation, entryId, deps, exchangeItself));
  const referral = (referralId: string) =>
    guarded({ reorganisationId, referralId }, () => passReferralOn(reorganisation, referralId, deps, exchangeItself));
  const enquiry = (enquiryId: string) =>
    guarded({ reorganisationId, enquiryId }, () => passEnquiryOn(reorganisation, enquiryId, deps, exchangeItself));
  const notice = (noticeId: string) =>
    guarded({ reorganisationId, noticeId }, () => passNoticeOn(reorganisation, noticeId, deps, exchangeItself));
  const looks = [
    [awaitingReceiptBy(dynamo, tables.referrals, predecessor), referral],
    [entryIdsOf(dynamo, tables.entries, predecessor, "open"), entry],
    ...roles.map((role) => [referralIdsOf(dynamo, tables.referrals, predecessor, role), referral] as const),
    [entryIdsOf(dynamo, tables.entries, predecessor, "closed"), entry],
    ...(["asked", "asker"] as const).map(
      (side) => [enquiryIdsBySide(dynamo, tables.enquiries, predecessor, side), enquiry] as const,
    ),
    ...(["recipient", "sender"] as const).map(
      (side) => [noticeIdsBySide(dynamo, tables.notices, predecessor, side), notice] as const,
    ),
  ] as const;
  let look: Look = "found-nothing";
  for (const [ids, pass] of looks) {
    for await (const id of ids) {
      if (Date.now() >= until) return "cut-off";
      if ((await pass(id)) !== false) look = "found-something";
    }
  }
  return look;
};

/**
 * Once a look has found nothing, the predecessor's clients are of no use any more. It is completed when that has stayed so,
 * and when no earlier reorganisation is left by which the predecessor itself might get something.
 */
const conclude = async (
  reorganisation: Reorganisation,
  look: Look,
  due: readonly Reorganisation[],
  deps: ApplyDependencies,
): Promise<void> => {
  const { dynamo, tables } = deps;
  const { predecessor, quietSince } = reorganisation;
  if (look !== "found-nothing") {
    if (quietSince !== null) await advanced(reorganisation, { quietSince: null }, deps);
    return;
  }
  if (quietSince === null) {
    await deactivateClientsOf(dynamo, tables, predecessor, { at: now(), actor: exchangeItself });
    await advanced(reorganisation, { quietSince: now() }, deps);
    return;
  }
  const mayGetMore = due.some(({ successors }) => successors.includes(predecessor));
  if (mayGetMore || !isQuietEnough(reorganisation, now())) return;
  await advanced(reorganisation, { state: "completed", completedAt: now() }, deps);
};

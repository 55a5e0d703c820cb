import { v7 as uuidV7 } from "uuid";
import { advanceEntry, type Entry } from "../../shared/domain/entry.ts";
import { exchangeItself } from "../../shared/domain/event-chain.ts";
import {
  holderTold,
  holderToldMore,
  isAskedAbout,
  isMatchable,
  isRetained,
  type MatchEnquiry,
  matchClosed,
  matchLapsed,
} from "../../shared/domain/match-enquiry.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { runScheduled } from "../../shared/queue/consume.ts";
import { attempts, commit, dynamoClient, readAll, type Write } from "../../shared/store/dynamo.ts";
import { enquiryPlace } from "../../shared/store/enquiries.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { entryIdsBy, readWaiting, removeWaiting, type Waiting } from "../../shared/store/fingerprints.ts";
import {
  matchEnquiriesDue,
  matchEnquiryFrom,
  replaceSides,
  sidesFrom,
  sidesPlace,
} from "../../shared/store/match-enquiries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { entryStepWrites } from "../cme-list/act-on-entry.ts";
import { matchStepWrites, newMatchWrites } from "./match-writes.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("fingerprints", "entries", "enquiries", "caseEvents", "outbox"),
});
type Dependencies = ReturnType<typeof dependencies>;

/** Entries that are looked at, and authorities that are told: at most four writes each, in a transaction of a hundred. */
const mostLookedAt = 60;
const mostTold = 24;

/**
 * Compares what waits for it: exactly once, since what it leads to commits together with the end of the waiting. Nobody's
 * data is opened for that. Afterwards match enquiries whose time is over lapse.
 */
export const handler = runScheduled(dependencies, async (deps) => {
  const { dynamo, tables } = deps;
  for (const each of await readWaiting(dynamo, tables.fingerprints)) {
    await unlessItFails(each.subject, () => compare(each, deps));
  }
  for (const { enquiryId } of await matchEnquiriesDue(dynamo, tables.enquiries, new Date().toISOString())) {
    await unlessItFails(`enquiry#${enquiryId}`, () => lapse(enquiryId, deps));
  }
});

/** One that fails does not hold up the others, and is tried again in a minute. */
const unlessItFails = async (subject: string, act: () => Promise<void>): Promise<void> => {
  try {
    await act();
  } catch (error) {
    log("match-failed", { subject, errorName: nameOf(error), alarm: true });
  }
};

const compare = async (waiting: Waiting, deps: Dependencies): Promise<void> => {
  for await (const _ of attempts()) {
    const writes = await writesOf(waiting, deps);
    const outcome = await commit(deps.dynamo, [removeWaiting(deps.tables.fingerprints, waiting), ...writes]);
    if (outcome.committed || outcome.lost.has("waiting")) return;
  }
};

const writesOf = ({ subject }: Waiting, deps: Dependencies): Promise<Write[]> => {
  const id = subject.slice(subject.indexOf("#") + 1);
  return subject.startsWith("entry#") ? tellAboutEntry(id, deps) : tellHolders(id, deps);
};

/**
 * A match enquiry was asked: each other authority with children who match learns who asks, and which of its own they are. Or
 * it was closed: then nobody who was told need answer any more.
 */
const tellHolders = async (enquiryId: string, deps: Dependencies): Promise<Write[]> => {
  const { dynamo, tables } = deps;
  const [item] = await readAll(dynamo, [enquiryPlace(tables.enquiries, enquiryId)]);
  const enquiry = matchEnquiryFrom(item);
  if (enquiry?.state === "closed") return closeSides(enquiry, deps);
  const entry = enquiry?.state === "open" ? await readEntry(enquiry.entryIds[0], deps) : undefined;
  if (!enquiry || !entry) return [];
  const held = Map.groupBy(await matching(entry, deps), ({ authority }) => authority);
  return tell(enquiry, [...held].slice(0, mostTold), deps);
};

/**
 * A child came onto a list, or more is known by which it can be recognised. Who retains a record of the child learns that it
 * matches, and not where: it is the holder's decision to say so, and a match enquiry asks for it. Who has asked already, and
 * whose question is still open, has it put to the newcomer too.
 */
const tellAboutEntry = async (entryId: string, deps: Dependencies): Promise<Write[]> => {
  const { dynamo, tables } = deps;
  const entry = await readEntry(entryId, deps);
  if (!entry) return [];
  const at = new Date().toISOString();
  const others = await matching(entry, deps);
  const keepers = others.filter(isRetained).slice(0, mostTold);
  const asked = others.flatMap((each) => (isAskedAbout(each, at) && each.matchEnquiry ? [each.matchEnquiry] : []));
  const items = await readAll(
    dynamo,
    asked.slice(0, mostTold - keepers.length).map(({ enquiryId }) => enquiryPlace(tables.enquiries, enquiryId)),
  );
  const writes = keepers.flatMap((keeper) =>
    entryStepWrites(tables, advanceEntry(keeper, "entry.matched", { at, actor: exchangeItself })),
  );
  for (const enquiry of items.flatMap((item) => matchEnquiryFrom(item) ?? [])) {
    if (enquiry.state === "open") writes.push(...(await tell(enquiry, [[entry.authority, [entry]]], deps)));
  }
  return writes;
};

type Held = readonly [holder: string, entries: readonly Entry[]];

/** One side for each holder: whoever was told before is told again only of what is new. */
const tell = async (enquiry: MatchEnquiry, held: readonly Held[], deps: Dependencies): Promise<Write[]> => {
  const { tables } = deps;
  const { enquiryId: parentId } = enquiry;
  const { sides, known } = await sidesOf(parentId, deps);
  const at = new Date().toISOString();
  const ofHolder = { ...sides.ofHolder };
  const writes = held.flatMap(([holder, entries]): Write[] => {
    const entryIds = entries.map(({ entryId }) => entryId);
    const side = known.find(({ asked }) => asked === holder);
    if (side) {
      const step = holderToldMore(side, entryIds, at);
      return step ? matchStepWrites(tables, step) : [];
    }
    const enquiryId = uuidV7();
    ofHolder[holder] = enquiryId;
    return newMatchWrites(tables, holderTold(enquiry, { enquiryId, holder, entryIds, at }));
  });
  return writes.length === 0 ? [] : [...writes, replaceSides(tables.enquiries, parentId, sides, ofHolder)];
};

const closeSides = async ({ enquiryId, closedFor }: MatchEnquiry, deps: Dependencies): Promise<Write[]> => {
  const { known } = await sidesOf(enquiryId, deps);
  const fact = { at: new Date().toISOString(), actor: exchangeItself };
  return known
    .filter(({ state }) => state === "open")
    .slice(0, mostTold)
    .flatMap((side) => matchStepWrites(deps.tables, matchClosed(side, closedFor ?? "no-longer-needed", fact)));
};

const sidesOf = async (parentId: string, { dynamo, tables }: Dependencies) => {
  const sides = sidesFrom((await readAll(dynamo, [sidesPlace(tables.enquiries, parentId)]))[0]);
  const items = await readAll(
    dynamo,
    Object.values(sides.ofHolder).map((enquiryId) => enquiryPlace(tables.enquiries, enquiryId)),
  );
  return { sides, known: items.flatMap((item) => matchEnquiryFrom(item) ?? []) };
};

/** An entry that can be matched as it stands now. */
const readEntry = async (entryId = "", { dynamo, tables }: Dependencies): Promise<Entry | undefined> => {
  const entry = entryFrom((await readAll(dynamo, [entryPlace(tables.entries, entryId)]))[0]);
  return entry && isMatchable(entry) ? entry : undefined;
};

/** Other authorities' entries and retained records with a fingerprint in common, the strongest first. */
const matching = async (entry: Entry, { dynamo, tables }: Dependencies): Promise<Entry[]> => {
  const found = await Promise.all(entry.fingerprints.map((each) => entryIdsBy(dynamo, tables.fingerprints, each)));
  const ids = [...new Set(found.flat())].filter((id) => id !== entry.entryId).slice(0, mostLookedAt);
  const items = await readAll(
    dynamo,
    ids.map((id) => entryPlace(tables.entries, id)),
  );
  return items
    .flatMap((item) => entryFrom(item) ?? [])
    .filter((each) => each.authority !== entry.authority && isMatchable(each));
};

/** An answer at this very moment comes first: then there is nothing to lapse. */
const lapse = async (enquiryId: string, { dynamo, tables }: Dependencies): Promise<void> => {
  for await (const _ of attempts()) {
    const [item] = await readAll(dynamo, [enquiryPlace(tables.enquiries, enquiryId)]);
    const enquiry = matchEnquiryFrom(item);
    const now = new Date().toISOString();
    if (enquiry?.state !== "open" || now < enquiry.lapsesAt) return;
    if ((await commit(dynamo, matchStepWrites(tables, matchLapsed(enquiry, now)))).committed) return;
  }
};

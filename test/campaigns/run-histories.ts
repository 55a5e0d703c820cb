import * as fc from "fast-check";
import type { Answer } from "../../infra/local/client.ts";
import {
  checkLists,
  checkStanding,
  checkStrangers,
  checkTrail,
  checkTrails,
  isTrailReader,
  nameNewestEntry,
  nameNewSides,
  readTrail,
} from "./checks.ts";
import { anyChoice, anyHandoff, type Choice, deedFor, farAuthorities, picked, seriesFor } from "./choosing.ts";
import {
  Broken,
  expectRepetition,
  type History,
  newHistory,
  type Reach,
  requestFor,
  type Sent,
  same,
  send,
  settle,
} from "./history.ts";
import type { Deed } from "./model.ts";
import { compare } from "./model-of-enquiries.ts";
import { isRead } from "./requests.ts";
import { entryAt, eventsOf, type Subject, type World } from "./world.ts";

/** City of London, Birmingham, Camden. */
const trio = ["201", "330", "202"] as const;

/** How often everything is looked at from outside too, in steps. */
const listsEvery = 8;

type Telling = { told: string[]; deeds: Figures["deeds"] };

const step = async (history: History, choice: Choice, turn: number, telling: Telling): Promise<void> => {
  const touched = await carryOutChoice(history, choice, telling);
  await checkStanding(history);
  await checkTrails(history, touched);
  const one = touched[turn % Math.max(1, touched.length)];
  if (one !== undefined) await checkStrangers(history, one, turn);
  if (turn % listsEvery === listsEvery - 1) await checkLists(history);
};

const carryOutChoice = async (history: History, choice: Choice, telling: Telling): Promise<Subject[]> => {
  const { world } = history;
  if (choice.what === "compare") return compareAll(history, telling);
  const former = choice.what === "repeat" ? picked(repeatable(history), choice.pick) : undefined;
  if (former?.answer?.status === 201) return repeat(history, former, choice.by === 0, telling);
  if (former) return carryOut(history, former, telling);
  const series = seriesFor(trio, world, choice);
  if (!series) return carryOut(history, requestFor(history, deedFor(trio, world, choice)), telling);
  const touched: Subject[] = [];
  for (let deed = series.next(world); deed !== undefined; deed = series.next(world)) {
    touched.push(...(await carryOut(history, requestFor(history, deed), telling)));
  }
  return touched;
};

const compareAll = async (history: History, { told }: Telling): Promise<Subject[]> => {
  if (!history.reach.compare) return [];
  await history.reach.compare();
  told.push(`  the exchange compares ${[...history.world.waiting]}`);
  const touched = compare(history.world);
  await nameNewSides(history);
  return touched;
};

/** A request, or one that was refused before: a refusal is not remembered, so it is judged anew. */
const carryOut = async (history: History, sent: Sent, { told, deeds }: Telling): Promise<Subject[]> => {
  const answer = await send(history, sent);
  told.push(tell(sent.deed, answer));
  const counted = `${sent.deed.what} ${answer.status}`;
  deeds[counted] = (deeds[counted] ?? 0) + 1;
  if (answer.headers.has("idempotency-replayed")) throw new Broken("a first answer was marked as a repetition");
  const touched = settle(history, sent, answer);
  await nameNewestEntry(history);
  return touched;
};

const repeat = async (
  history: History,
  former: Sent,
  otherwise: boolean,
  { told, deeds }: Telling,
): Promise<Subject[]> => {
  const other = otherwise ? requestFor(history, differently(former.deed)).body : former.body;
  const altered = !same(other, former.body);
  const answer = await send(history, { ...former, body: other });
  told.push(`${tell(former.deed, answer)} (repeated${altered ? " with another body" : ""})`);
  deeds.repeat = (deeds.repeat ?? 0) + 1;
  return expectRepetition(former, answer, altered);
};

const repeatable = ({ sent }: History): Sent[] => sent.filter(({ deed }) => !isRead(deed) && !deed.wrongContact);

const differently = (deed: Deed): Deed => ({ ...deed, variant: deed.variant === 0 ? 1 : 0 });

const everything = (world: World): Subject[] =>
  (
    [
      ["referral", world.referrals],
      ["entry", world.entries],
      ["enquiry", world.enquiries],
      ["match", world.matches],
      ["side", world.sides],
      ["notice", world.notices],
    ] as const
  ).flatMap(([kind, all]) => [...all.keys()].map((place): Subject => `${kind}#${place}`));

const askedAboutEach = (world: World): number[] => {
  const goingOn = world.enquiries.filter(({ state }) => state === "open" || state === "known");
  const byChild = Map.groupBy(goingOn, ({ entry }) => entryAt(world, entry).child);
  return [...byChild.values()].map((each) => new Set(each.map(({ asked }) => asked)).size);
};

/** At the end every list is looked at, and every trail is read by all its parties, who see the same. */
const checkAll = async (history: History): Promise<void> => {
  await checkLists(history);
  const subjects = everything(history.world);
  await checkTrails(history, subjects);
  for (const subject of subjects) {
    const readers = [...trio, ...farAuthorities].filter((each) => isTrailReader(history, subject, each));
    for (const reader of readers) checkTrail(history, subject, await readTrail(history, subject, reader));
  }
};

const tell = ({ what, by, variant, wrongContact, ...object }: Deed, { status }: Answer): string =>
  `  ${by} ${what} ${JSON.stringify(object)}${wrongContact ? " (wrong contact)" : ""}: ${status}`;

/** Plays one history on fresh children. @throws Broken with the history so far */
const play = async (reach: Reach, choices: readonly Choice[], deeds: Figures["deeds"]): Promise<History> => {
  await reach.store.beginDay(trio);
  const history = newHistory(reach, trio);
  const told: string[] = [];
  try {
    for (const [turn, choice] of choices.entries()) await step(history, choice, turn, { told, deeds });
    await checkAll(history);
    // What is still to be compared is not the next history's.
    await compareAll(history, { told, deeds });
    await checkStanding(history);
    return history;
  } catch (error) {
    throw new Broken(`${(error as Error).message}\nafter\n${told.join("\n")}`, { cause: error });
  }
};

/** Plays one history as it is told. @throws Broken */
export const playDeeds = async (reach: Reach, deeds: readonly (Deed | "compare")[]): Promise<void> => {
  const history = newHistory(reach, trio);
  const telling: Telling = { told: [], deeds: {} };
  for (const deed of deeds) {
    const touched =
      deed === "compare"
        ? await compareAll(history, telling)
        : await carryOut(history, requestFor(history, deed), telling);
    await checkStanding(history);
    await checkTrails(history, touched);
  }
  await checkAll(history);
};

export type Figures = {
  histories: number;
  steps: number;
  events: number;
  answers: Record<string, number>;
  /** Authorities that had one child's data through enquiries at the end of a history, whoever asked them. */
  mostAsked: number;
  /** What was done and how it was answered. */
  deeds: Record<string, number>;
};

/**
 * Plays random histories of three authorities against the rules, a step at a time, and checks R1, R2, R3, R5 and R7 after
 * each.
 * @param options.of referrals between two authorities alone, unless everything is wanted
 * @throws Error with the seed and the shortest history found that breaks a rule
 */
export const runHistories = async (
  reach: Reach,
  {
    seed,
    runs,
    maxSteps,
    of = "handoffs",
  }: { seed: number; runs: number; maxSteps: number; of?: "handoffs" | "everything" },
): Promise<Figures> => {
  const figures: Figures = { histories: 0, steps: 0, events: 0, answers: {}, mostAsked: 0, deeds: {} };
  const choice = of === "everything" ? anyChoice : anyHandoff;
  const choices = fc.noBias(fc.array(choice, { minLength: 1, maxLength: maxSteps, size: "max" }));
  const property = fc.asyncProperty(choices, async (chosen) => {
    const { sent, world } = await play(reach, chosen, figures.deeds);
    figures.histories += 1;
    figures.steps += chosen.length;
    for (const subject of everything(world)) figures.events += eventsOf(world, subject).length;
    figures.mostAsked = Math.max(figures.mostAsked, ...askedAboutEach(world));
    for (const { answer } of sent)
      figures.answers[`${answer?.status}`] = (figures.answers[`${answer?.status}`] ?? 0) + 1;
  });
  await fc.assert(property, {
    seed,
    numRuns: runs,
    // Ten seconds a history: enough for all of them, and the end of the search for a shorter one that fails.
    interruptAfterTimeLimit: runs * 10_000,
    markInterruptAsFailure: true,
  });
  const faults = await reach.store.faults();
  if (faults.length > 0) throw new Broken(`seed ${seed}: ${faults.join("; ")}`);
  return figures;
};

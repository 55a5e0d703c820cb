import * as fc from "fast-check";
import type { Answer } from "../../infra/local/client.ts";
import {
  Broken,
  checkLists,
  checkTrail,
  checkTrails,
  expectRepetition,
  type History,
  newHistory,
  type Reach,
  readTrail,
  requestFor,
  type Sent,
  send,
  settle,
} from "./history.ts";
import { type Action, type Deed, entryAt, referralAt, type Submission, verdict, type World } from "./model.ts";

/** City of London, Birmingham, Camden. */
const authorities = ["201", "330", "202"] as const;

/** What is chosen before it is known what there will be to choose from. */
export type Choice = {
  what: "submit" | "refer-on" | Action | "read" | "repeat";
  /** Where a list of possibilities is picked from, counted from the newest. */
  pick: number;
  /** Who, where the rules leave that open. A repetition by the first has another body. */
  by: number;
  variant: 0 | 1;
  /** The status to be aimed at, where there is such a deed: mostly what the rules permit now, often what the state forbids. */
  aim: 201 | 409;
  flaw: "none" | "wrong-contact" | "stranger";
};

const weighted = <T>(...weights: [number, T][]) =>
  fc.oneof(...weights.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

export const anyChoice: fc.Arbitrary<Choice> = fc.record({
  what: weighted<Choice["what"]>(
    [5, "submit"],
    [8, "refer-on"],
    [7, "receive"],
    [6, "remove"],
    [4, "locate"],
    [3, "not-locate"],
    [2, "conclude"],
    [2, "withdraw"],
    [2, "return"],
    [3, "read"],
    [4, "repeat"],
  ),
  pick: fc.nat(11),
  by: fc.nat(2),
  variant: weighted<0 | 1>([3, 0], [1, 1]),
  aim: weighted<Choice["aim"]>([3, 201], [1, 409]),
  flaw: weighted<Choice["flaw"]>([12, "none"], [1, "wrong-contact"], [2, "stranger"]),
});

/** How many of the newest referrals and entries are considered: whatever is older is left alone. */
const considered = 12;
const newestOf = (all: readonly unknown[]): number[] => [...all.keys()].slice(-considered);

const picked = <T>(all: readonly T[], pick: number): T | undefined => all.at(-1 - (pick % all.length));

const at = <T>(all: readonly T[], index: number): T => all[index % all.length] as T;

/** The deed that a choice comes to as things stand. */
export const deedFor = (trio: readonly string[], world: World, choice: Choice): Deed => {
  const sound = soundDeedFor(trio, world, choice);
  const flawed = { ...sound, wrongContact: true };
  const takesContact = sound.what !== "read" && !["withdraw", "return", "conclude"].includes(sound.what);
  return choice.flaw === "wrong-contact" && takesContact && verdict(world, sound).status === 201 ? flawed : sound;
};

const soundDeedFor = (trio: readonly string[], world: World, choice: Choice): Deed => {
  const { what, variant, pick, flaw } = choice;
  if (what === "submit" || what === "repeat") return freshSubmission(trio, choice);
  if (what === "refer-on") return onwardSubmission(trio, world, choice) ?? freshSubmission(trio, choice);
  const onNothing: Deed = { what, by: at(trio, choice.by), variant, wrongContact: false, referral: "nowhere" };
  if (world.referrals.length === 0) return flaw === "stranger" ? onNothing : freshSubmission(trio, choice);
  const deeds = newestOf(world.referrals).map((referral): Deed => {
    const { sender, recipient } = referralAt(world, referral);
    const proper =
      what === "read" ? [sender, recipient] : ["withdraw", "remove"].includes(what) ? [sender] : [recipient];
    const by = choice.flaw === "stranger" ? at(trio, choice.by) : at(proper, choice.by);
    return { what, by, variant, wrongContact: false, referral };
  });
  return picked(preferred(world, choice, deeds), pick) ?? onNothing;
};

/** What a stranger tries is not chosen by its outcome. */
const preferred = (world: World, { aim, flaw }: Choice, deeds: readonly Deed[]): readonly Deed[] => {
  const fitting = deeds.filter((deed) => verdict(world, deed).status === aim);
  return fitting.length > 0 && flaw !== "stranger" ? fitting : deeds;
};

/** Of a child that is new to the exchange. */
const freshSubmission = (trio: readonly string[], choice: Choice): Deed => {
  const by = at(trio, choice.by);
  return choice.flaw === "stranger" ? { ...submission(trio, choice, by), recipient: by } : submission(trio, choice, by);
};

/** Of a child that is on the sender's list: by its entry, or as following the referral that brought it. */
const onwardSubmission = (trio: readonly string[], world: World, choice: Choice): Deed | undefined => {
  const sender = (proper: string) => (choice.flaw === "stranger" ? at(trio, choice.by) : proper);
  const byEntry = newestOf(world.entries).map((entry) =>
    submission(trio, choice, sender(entryAt(world, entry).authority), { entry }),
  );
  const following = newestOf(world.referrals).map((followed) =>
    submission(trio, choice, sender(referralAt(world, followed).recipient), { following: followed }),
  );
  const deeds = preferred(world, choice, choice.pick % 2 === 0 ? byEntry : following);
  return picked(deeds, Math.floor(choice.pick / 2));
};

const submission = (
  trio: readonly string[],
  { pick, variant }: Choice,
  by: string,
  from: Submission["from"] = "nowhere",
): Submission => {
  const recipient = at(
    trio.filter((each) => each !== by),
    pick,
  );
  return { what: "submit", by, recipient, from, variant, wrongContact: false };
};

const step = async (history: History, choice: Choice, told: string[]): Promise<void> => {
  const former = choice.what === "repeat" ? picked(repeatable(history), choice.pick) : undefined;
  const touched =
    former?.answer?.status === 201
      ? await repeat(history, former, choice.by === 0, told)
      : await carryOut(
          history,
          former ?? requestFor(history, deedFor(history.authorities, history.world, choice)),
          told,
        );
  await checkLists(history);
  await checkTrails(history, touched);
};

/** A request, or one that was refused before: a refusal is not remembered, so it is judged anew. */
const carryOut = async (history: History, sent: Sent, told: string[]): Promise<number[]> => {
  const answer = await send(history, sent);
  told.push(tell(sent.deed, answer));
  if (answer.headers.has("idempotency-replayed")) throw new Broken("a first answer was marked as a repetition");
  return settle(history, sent, answer);
};

const repeat = async (history: History, former: Sent, altered: boolean, told: string[]): Promise<number[]> => {
  const { body } = altered ? requestFor(history, otherwise(former.deed)) : former;
  const answer = await send(history, { ...former, body });
  told.push(`${tell(former.deed, answer)} (repeated${altered ? " with another body" : ""})`);
  return expectRepetition(former, answer, altered);
};

const repeatable = ({ sent }: History): Sent[] => sent.filter(({ deed }) => deed.what !== "read" && !deed.wrongContact);

const otherwise = (deed: Deed): Deed => ({ ...deed, variant: deed.variant === 0 ? 1 : 0 });

/** At the end every trail is read by both parties, who see the same. */
const checkAllTrails = async (history: History): Promise<void> => {
  await checkTrails(history, history.world.referrals.keys());
  for (const [place, { recipient }] of history.world.referrals.entries()) {
    checkTrail(history, place, await readTrail(history, place, recipient));
  }
};

const tell = (deed: Deed, { status }: Answer): string => {
  const object = deed.what === "submit" ? [deed.recipient, deed.from] : deed.referral;
  return `  ${deed.by} ${deed.what} ${JSON.stringify(object)}: ${status}`;
};

/** Plays one history on fresh children. @throws Broken with the history so far */
const play = async (reach: Reach, choices: readonly Choice[]): Promise<History> => {
  const history = newHistory(reach, authorities);
  const told: string[] = [];
  try {
    for (const choice of choices) await step(history, choice, told);
    await checkAllTrails(history);
    return history;
  } catch (error) {
    throw new Broken(`${(error as Error).message}\nafter\n${told.join("\n")}`, { cause: error });
  }
};

export type Figures = {
  histories: number;
  steps: number;
  events: number;
  repetitions: number;
  answers: Record<string, number>;
};

/**
 * Plays random histories of three authorities against the rules, a step at a time, and checks R1, R2 and R3 after each.
 * @throws Error with the seed and the shortest history found that breaks a rule
 */
export const runHistories = async (
  reach: Reach,
  { seed, runs, maxSteps }: { seed: number; runs: number; maxSteps: number },
): Promise<Figures> => {
  const figures: Figures = { histories: 0, steps: 0, events: 0, repetitions: 0, answers: {} };
  const choices = fc.noBias(fc.array(anyChoice, { minLength: 1, maxLength: maxSteps, size: "max" }));
  const property = fc.asyncProperty(choices, async (chosen) => {
    const { sent, world } = await play(reach, chosen);
    figures.histories += 1;
    figures.steps += chosen.length;
    figures.repetitions += chosen.length - sent.length;
    figures.events += world.referrals.reduce((sum, { events }) => sum + events.length, 0);
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

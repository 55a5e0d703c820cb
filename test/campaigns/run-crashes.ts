import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as fc from "fast-check";
import type { Answer } from "../../infra/local/client.ts";
import { checkLists, checkTrail, checkTrails, nameNewestEntry, readTrail } from "./checks.ts";
import { anyHandoff, type Choice, deedFor } from "./choosing.ts";
import { Broken, expectRepetition, type History, newHistory, requestFor, type Sent, send, settle } from "./history.ts";
import { type Deed, enact, verdict } from "./model.ts";
import { clientsIn, enginesOf, outlived, spawnExchange, steadyPort } from "./spawned-exchange.ts";
import { openTrailStore, type TrailStore } from "./trail.ts";
import { referralAt, type Subject } from "./world.ts";

export type CrashFigures = {
  kills: number;
  /** Requests that were answered before a kill, all of them with what was asked for. */
  answered: number;
  /** Requests whose answer a kill took: they had committed, or came to nothing until they were repeated. */
  lostAfterCommit: number;
  lostBeforeCommit: number;
  /** Answers that asked to come again. */
  unavailable: number;
  events: number;
  slowestRestart: number;
};

/** A worker: three authorities' officers, one request after the other; `pending` is what it waits for. */
type Worker = {
  history: History;
  choices: readonly Choice[];
  turn: number;
  pending: Sent | undefined;
  touched: Set<Subject>;
};

const workerCount = 6;

const sensibleChoice = anyHandoff.map((choice): Choice => ({ ...choice, aim: 201, flaw: "none" }));

/** The load is what officers do, not what they get wrong: where a choice leads to nothing, another child is referred. */
const sensibleDeed = ({ authorities, world }: History, choice: Choice): Deed => {
  const deed = deedFor(authorities, world, choice);
  return verdict(world, deed).status <= 201 ? deed : deedFor(authorities, world, { ...choice, what: "submit" });
};

/**
 * Puts the exchange under load, kills it at a random moment, starts it again on the same data and port, and looks
 * whether everything it had answered is there, exactly once; again and again. The seed fixes what is asked and after how
 * many answers it is killed; what is under way at that moment is left to chance.
 * @throws Broken
 */
export const runCrashes = async ({ seed, kills }: { seed: number; kills: number }): Promise<CrashFigures> => {
  const dataDir = await mkdtemp(join(tmpdir(), "cme-crash-"));
  const place = { dataDir, port: await steadyPort() };
  const figures: CrashFigures = {
    kills: 0,
    answered: 0,
    lostAfterCommit: 0,
    lostBeforeCommit: 0,
    unavailable: 0,
    events: 0,
    slowestRestart: 0,
  };
  let exchange = await spawnExchange(place);
  try {
    let engines = await enginesOf(dataDir);
    const reach = { client: clientsIn(exchange.clients), store: storeOf(engines) };
    const workers = trios.map((trio, index): Worker => {
      const choices = fc.sample(sensibleChoice, { seed: seed + index, numRuns: 500 });
      return { history: newHistory(reach, trio), choices, turn: 0, pending: undefined, touched: new Set() };
    });
    const moments = fc.sample(fc.tuple(fc.integer({ min: 5, max: 90 }), fc.integer({ min: 0, max: 15 })), {
      seed,
      numRuns: kills,
    });
    for (const [answers, milliseconds] of moments) {
      const load = startLoad(workers, answers, figures);
      await load.underWay;
      await pause(milliseconds);
      await exchange.kill();
      await load.over;
      const former = engines;
      exchange = await spawnExchange(place);
      figures.slowestRestart = Math.max(figures.slowestRestart, Math.round(exchange.readyAfter));
      const orphans = await outlived(dataDir, former);
      if (orphans.length > 0) throw new Broken(`the killed exchange left ${orphans.length} processes`);
      engines = await enginesOf(dataDir);
      reach.store = storeOf(engines);
      await Promise.all(workers.map((worker) => recover(worker, figures)));
      await checkAll(workers, reach.store);
      figures.kills += 1;
    }
    figures.events = workers
      .flatMap(({ history }) => history.world.referrals)
      .reduce((sum, { events }) => sum + events.length, 0);
    return figures;
  } catch (error) {
    throw new Broken(`seed ${seed}, kill ${figures.kills + 1}: ${(error as Error).message}`, { cause: error });
  } finally {
    await exchange.kill();
    await outlived(dataDir, await enginesOf(dataDir));
    await rm(dataDir, { recursive: true, force: true });
  }
};

/** Workers share no authority, so that each one's lists are all its own: boroughs of outer London, 301 to 318. */
const trios = Array.from({ length: workerCount }, (_, worker) =>
  [1, 2, 3].map((member) => String(300 + 3 * worker + member)),
);

const storeOf = (engines: readonly { endpoint: string }[]): TrailStore => {
  const [endpoint, ...others] = new Set(engines.map((engine) => engine.endpoint));
  if (endpoint === undefined || others.length > 0) throw new Broken(`${others.length + 1} engines work on the data`);
  return openTrailStore(endpoint);
};

/** All workers at work until their connection breaks; under way once so many requests have been answered. */
const startLoad = (workers: readonly Worker[], answers: number, figures: CrashFigures) => {
  let answered = 0;
  const underWay = Promise.withResolvers<void>();
  const onAnswer = ({ status }: Answer) => {
    if (status === 503) figures.unavailable += 1;
    else figures.answered += 1;
    answered += 1;
    if (answered === answers) underWay.resolve();
  };
  const over = Promise.all(workers.map((worker) => work(worker, onAnswer)));
  over.catch(underWay.reject);
  return { underWay: underWay.promise, over };
};

const work = async (worker: Worker, onAnswer: (answer: Answer) => void): Promise<void> => {
  const { history, choices, touched } = worker;
  for (;;) {
    const choice = choices[worker.turn % choices.length] as Choice;
    worker.turn += 1;
    worker.pending = requestFor(history, sensibleDeed(history, choice));
    const answer = await answerTo(history, worker.pending, onAnswer).catch(ifConnectionLost);
    if (!answer) return;
    for (const place of settle(history, worker.pending, answer)) touched.add(place);
    worker.pending = undefined;
    const named = await nameNewestEntry(history).then(() => true, ifConnectionLost);
    if (!named) return;
  }
};

/** What fetch throws, before the answer has begun or in the midst of it. */
const ifConnectionLost = (error: unknown): undefined => {
  if (!(error instanceof TypeError)) throw error;
};

/** Asks again under the same key when it is told to, up to a limit. */
const answerTo = async (history: History, sent: Sent, onAnswer: (answer: Answer) => void): Promise<Answer> => {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const answer = await send(history, sent);
    onAnswer(answer);
    if (answer.status !== 503) return answer;
  }
  throw new Broken("a request was put off again and again");
};

/** After the restart: finds out what became of the request whose answer was lost, by repeating it. */
const recover = async (worker: Worker, figures: CrashFigures): Promise<void> => {
  const { history, pending, touched } = worker;
  worker.pending = undefined;
  if (!pending) return;
  if (pending.deed.what === "read") return recoverRead(worker, pending.deed, figures);
  const answer = await answerTo(history, pending, () => {});
  for (const place of settle(history, pending, answer)) touched.add(place);
  if (answer.headers.get("idempotency-replayed") === "true") figures.lostAfterCommit += 1;
  else figures.lostBeforeCommit += 1;
  await nameNewestEntry(history);
  if (answer.status === 201) expectRepetition(pending, await send(history, pending), false);
};

/** A read has no key: it was recorded, or it was not. */
const recoverRead = async ({ history, touched }: Worker, deed: Deed, figures: CrashFigures): Promise<void> => {
  if (deed.what !== "read" || deed.referral === "nowhere") return;
  const { sender, events } = referralAt(history.world, deed.referral);
  const trail = await readTrail(history, `referral#${deed.referral}`, sender);
  if (trail.length === events.length) {
    figures.lostBeforeCommit += 1;
    return;
  }
  figures.lostAfterCommit += 1;
  for (const place of enact(history.world, deed)) touched.add(place);
};

/** Everything that was answered is there, once, and nothing else is. */
const checkAll = async (workers: readonly Worker[], store: TrailStore): Promise<void> => {
  const faults = await store.faults();
  if (faults.length > 0) throw new Broken(faults.join("; "));
  const trails = await store.trails();
  for (const { history, touched } of workers) {
    await checkLists(history);
    await checkTrails(history, touched);
    touched.clear();
    for (const [place, id] of history.ids.referral.entries()) {
      checkTrail(history, `referral#${place}`, trails.get(id) ?? []);
      trails.delete(id);
    }
  }
  if (trails.size > 0) throw new Broken(`${trails.size} referrals that nobody was told of`);
};

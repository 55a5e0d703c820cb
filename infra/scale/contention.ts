import { randomFrom } from "./random.ts";

/** How transactions that meet at one item fare: attempts as `attempts` in shared/store/dynamo.ts makes them. */
export type Contention = { refused: number; meanAttempts: number; meanSeconds: number };

const mostAttempts = 12;
const pauseMs = (attempt: number, random: () => number): number => random() * 10 * 2 ** Math.min(attempt, 5);

/**
 * Transactions that come at random to one item. DynamoDB refuses the one that comes while another is under way
 * (TransactionConflict); whoever is refused so `mostAttempts` times is answered 503.
 * @param load.holdMs how long one attempt takes, and keeps the others off
 */
export const contend = (load: {
  perSecond: number;
  holdMs: number;
  transactions: number;
  seed: number;
}): Contention => {
  const random = randomFrom(load.seed);
  const pending: { at: number; since: number; attempt: number }[] = [];
  let arrival = 0;
  let free = 0;
  let refused = 0;
  let attempts = 0;
  let seconds = 0;
  let arrived = 0;
  while (arrived < load.transactions || pending.length > 0) {
    if (arrived < load.transactions && (pending[0]?.at ?? Number.POSITIVE_INFINITY) >= arrival) {
      insert(pending, { at: arrival, since: arrival, attempt: 0 });
      arrival += (-Math.log(1 - random()) / load.perSecond) * 1000;
      arrived += 1;
      continue;
    }
    const next = pending.shift();
    if (!next) break;
    attempts += 1;
    const end = next.at + load.holdMs;
    if (next.at >= free) {
      free = end;
      seconds += (end - next.since) / 1000;
    } else if (next.attempt + 1 === mostAttempts) refused += 1;
    else insert(pending, { ...next, at: end + pauseMs(next.attempt + 1, random), attempt: next.attempt + 1 });
  }
  const done = load.transactions - refused;
  return {
    refused: refused / load.transactions,
    meanAttempts: attempts / load.transactions,
    meanSeconds: done > 0 ? seconds / done : Number.NaN,
  };
};

/** The most transactions a second of which fewer than one in a thousand is refused. */
export const mostContended = (holdMs: number, seed: number): number => {
  let most = 0;
  for (let perSecond = 5; contend({ perSecond, holdMs, transactions: 10_000, seed }).refused < 0.001; perSecond += 5) {
    most = perSecond;
  }
  return most;
};

const insert = <T extends { at: number }>(sorted: T[], one: T): void => {
  const after = sorted.findLastIndex(({ at }) => at <= one.at);
  sorted.splice(after + 1, 0, one);
};

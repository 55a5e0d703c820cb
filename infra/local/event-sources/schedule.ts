import { randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";
import { nameOf } from "../../../shared/observability/log.ts";
import type { Log } from "./invoke.ts";

export type ScheduleEvent = {
  id: string;
  /** When the run was due, ISO 8601 in UTC. */
  time: string;
};

export type ScheduleOptions = {
  name: string;
  everyMs: number;
  handler: (event: ScheduleEvent, context: Context) => Promise<unknown>;
  now?: () => Date;
  log?: Log;
};

export type Schedule = {
  name: string;
  /** Runs it once more, after a run that is under way. */
  tick(): Promise<void>;
  /** Waits for a run that is under way. */
  close(): Promise<void>;
};

/**
 * A schedule as EventBridge Scheduler keeps one: runs at once and then at every interval, one run at a time (an interval
 * that finds one under way is left out). A failed run is logged; the next comes at its time. It keeps no process alive.
 */
export const startSchedule = (options: ScheduleOptions): Schedule => {
  const { name, everyMs, handler, now = () => new Date(), log = console.error } = options;
  let closed = false;
  let waiting = 0;
  let last = Promise.resolve();

  const run = async (): Promise<void> => {
    if (closed) return;
    try {
      await handler({ id: randomUUID(), time: now().toISOString() }, {} as Context);
    } catch (error) {
      log(`schedule ${name}: ${nameOf(error)}, next run at its time`);
    }
  };

  const tick = (): Promise<void> => {
    waiting += 1;
    last = last.then(run).finally(() => {
      waiting -= 1;
    });
    return last;
  };

  const timer = setInterval(() => {
    if (waiting === 0) void tick();
  }, everyMs).unref();
  void tick();

  return {
    name,
    tick,
    close: async () => {
      closed = true;
      clearInterval(timer);
      await last;
    },
  };
};

import { describe, expect, it, vi } from "vitest";
import { type ScheduleEvent, startSchedule } from "../../infra/local/event-sources/schedule.ts";
import { useOpened } from "../builders/event-source.ts";

const open = useOpened();

describe("schedule", () => {
  const useTimers = () => void vi.useFakeTimers({ now: new Date("2026-03-02T09:00:00.000Z") });

  it("runs at once and then at every interval", async () => {
    useTimers();
    const events: ScheduleEvent[] = [];
    await open(startSchedule({ name: "due", everyMs: 60_000, handler: async (event) => void events.push(event) }));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(events.map(({ time }) => time)).toEqual([
      "2026-03-02T09:00:00.000Z",
      "2026-03-02T09:01:00.000Z",
      "2026-03-02T09:02:00.000Z",
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
  });

  it("leaves an interval out while a run is under way, and ticks after it", async () => {
    useTimers();
    const goOn = Promise.withResolvers<void>();
    const log: string[] = [];
    const schedule = await open(
      startSchedule({
        name: "due",
        everyMs: 1_000,
        handler: async () => {
          log.push("begins");
          await goOn.promise;
          log.push("ends");
        },
      }),
    );
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log).toEqual(["begins"]);
    const ticked = schedule.tick();
    goOn.resolve();
    await ticked;
    expect(log).toEqual(["begins", "ends", "begins", "ends"]);
  });

  it("logs a failed run in one line without its message, and goes on", async () => {
    useTimers();
    const log: string[] = [];
    let runs = 0;
    await open(
      startSchedule({
        name: "due",
        everyMs: 1_000,
        log: (line) => void log.push(line),
        handler: async () => {
          runs += 1;
          if (runs === 1) throw new RangeError("about Ada Example");
        },
      }),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs).toBe(2);
    expect(log).toEqual(["schedule due: RangeError, next run at its time"]);
  });

  it("waits for the run under way when it closes, and runs no more", async () => {
    useTimers();
    const goOn = Promise.withResolvers<void>();
    const log: string[] = [];
    const schedule = startSchedule({
      name: "due",
      everyMs: 1_000,
      handler: async () => {
        await goOn.promise;
        log.push("ran");
      },
    });
    await vi.advanceTimersByTimeAsync(0);
    const ticked = schedule.tick();
    const closing = schedule.close().then(() => log.push("closed"));
    await vi.advanceTimersByTimeAsync(0);
    goOn.resolve();
    await Promise.all([ticked, closing]);
    await vi.advanceTimersByTimeAsync(5_000);
    await schedule.tick();
    expect(log).toEqual(["ran", "closed"]);
  });
});

import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { useExchange } from "../builders/exchange.ts";

/** The clock stands still, so that nothing flows back into a bucket. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-23T09:30:00.000Z") });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});

it("answers 429 with Retry-After to whoever asks too often, and to nobody else", async () => {
  const ask = (authorization: string) => fetch(`${exchange.origin}/nowhere`, { headers: { authorization } });
  const statuses = new Map<number, number>();
  for (let asked = 0; asked < 1_000; asked += 50) {
    for (const { status } of await Promise.all(Array.from({ length: 50 }, () => ask("DPoP one")))) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  expect([...statuses]).toEqual([[404, 1_000]]);

  const refused = await ask("DPoP one");
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(await refused.json()).toMatchObject({ code: "too-many-requests", status: 429 });
  expect((await ask("DPoP another")).status).toBe(404);

  vi.setSystemTime(new Date("2026-11-23T09:30:01.000Z"));
  expect((await ask("DPoP one")).status).toBe(404);
});

import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Client } from "../../infra/local/client.ts";
import { useExchange } from "../builders/exchange.ts";

/** The clock stands still, so that nothing flows back into a bucket. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-11-23T09:30:00.000Z") });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});

const askNowhere = (client: Client) => client.get("/nowhere");

it("answers 429 with Retry-After to whoever asks too often, and to no client whose token was verified", async () => {
  const client = await exchange.client("330");
  expect((await client.get("/v1/cme-list")).status).toBe(200);

  let made = 0;
  const forge = () => {
    made += 1;
    return fetch(`${exchange.origin}/nowhere`, { headers: { authorization: `DPoP made-up-${made}` } });
  };
  const statuses = new Map<number, number>();
  while (made < 2_050) {
    for (const { status } of await Promise.all(Array.from({ length: 50 }, forge))) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  expect(statuses.get(404)).toBeGreaterThan(1_900);
  expect(statuses.get(429)).toBeGreaterThan(0);

  const refused = await forge();
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(await refused.json()).toMatchObject({ code: "too-many-requests", status: 429 });
  expect((await askNowhere(client)).status).toBe(404);

  vi.setSystemTime(new Date("2026-11-23T09:30:01.000Z"));
  expect((await forge()).status).toBe(404);
});

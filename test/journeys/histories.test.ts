import { expect, it } from "vitest";
import { useExchange } from "../builders/exchange.ts";
import { runHistories } from "../campaigns/run-histories.ts";
import { openTrailStore } from "../campaigns/trail.ts";

const exchange = useExchange();

/** A larger sample: `npm run campaign:histories -- --runs 1000`. A failure prints its seed and its shortest history. */
it("keeps the rules through random histories of three authorities", async () => {
  const store = openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? "");
  const figures = await runHistories({ client: exchange.client, store }, { seed: 38_159, runs: 15, maxSteps: 25 });
  expect(figures.histories).toBe(15);
}, 180_000);

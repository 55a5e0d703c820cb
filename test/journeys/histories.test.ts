import { expect, it } from "vitest";
import { handler as compare } from "../../functions/enquiries/find-matches.ts";
import { useExchange } from "../builders/exchange.ts";
import { runHistories } from "../campaigns/run-histories.ts";
import { openTrailStore } from "../campaigns/trail.ts";

const exchange = useExchange();

/** A larger sample: `npm run campaign:histories -- --runs 1000`. A failure prints its seed and its shortest history. */
it("keeps the rules through random histories of three authorities", async () => {
  const reach = {
    client: exchange.client,
    store: openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? ""),
    compare,
  };
  const figures = await runHistories(reach, { seed: 38_159, runs: 10, maxSteps: 40, of: "everything" });
  expect(figures.histories).toBe(10);
}, 180_000);

import { expect, it } from "vitest";
import { runCrashes } from "../campaigns/run-crashes.ts";

/** A larger sample: `npm run campaign:crash -- --kills 20`. */
it("loses nothing that was answered and does nothing twice when it is killed under load", async () => {
  const figures = await runCrashes({ seed: 1, kills: 3 });
  expect(figures.kills).toBe(3);
}, 120_000);

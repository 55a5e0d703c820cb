import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runHistories } from "./run-histories.ts";
import { clientsIn, enginesOf, spawnExchange } from "./spawned-exchange.ts";
import { openTrailStore } from "./trail.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000" },
    "max-steps": { type: "string", default: "25" },
    seed: { type: "string" },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const dataDir = await mkdtemp(join(tmpdir(), "cme-histories-"));
const exchange = await spawnExchange({ dataDir });

console.log(`seed ${seed}`);
try {
  const [engine] = await enginesOf(dataDir);
  const reach = { client: clientsIn(exchange.clients), store: openTrailStore(engine?.endpoint ?? "") };
  console.log(await runHistories(reach, { seed, runs: Number(values.runs), maxSteps: Number(values["max-steps"]) }));
} finally {
  await exchange.stop();
  await rm(dataDir, { recursive: true, force: true });
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startExchange } from "../../infra/local/exchange.ts";
import { runHistories } from "./run-histories.ts";
import { clientsIn } from "./spawned-exchange.ts";
import { openTrailStore } from "./trail.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000" },
    "max-steps": { type: "string", default: "40" },
    seed: { type: "string" },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const dataDir = await mkdtemp(join(tmpdir(), "cme-histories-"));
// Without schedules: when the exchange compares is a step of the history.
const endpoints = { dynamodb: undefined, sqs: undefined, kms: undefined };
const exchange = await startExchange({ port: 0, dataDir, endpoints, telling: false });
const { handler: compare } = await import("../../functions/enquiries/find-matches.ts");

console.log(`seed ${seed}`);
// What the exchange logs is not looked at here.
const { write } = process.stdout;
process.stdout.write = () => true;
try {
  const reach = {
    client: clientsIn(exchange.clients),
    store: openTrailStore(process.env.AWS_ENDPOINT_URL_DYNAMODB ?? ""),
    compare,
  };
  const limits = { seed, runs: Number(values.runs), maxSteps: Number(values["max-steps"]) };
  const figures = await runHistories(reach, { ...limits, of: "everything" });
  process.stdout.write = write;
  console.log(figures);
} finally {
  process.stdout.write = write;
  await exchange.close();
  await rm(dataDir, { recursive: true, force: true });
}

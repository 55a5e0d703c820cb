import { parseArgs } from "node:util";
import { runCrashes } from "./run-crashes.ts";

const { values } = parseArgs({ options: { kills: { type: "string", default: "20" }, seed: { type: "string" } } });
const seed = Number(values.seed ?? Date.now() % 2 ** 31);

console.log(`seed ${seed}`);
console.log(await runCrashes({ seed, kills: Number(values.kills) }));

import { join } from "node:path";
import { bundleFunctions } from "./bundle.ts";
import { operationsWithoutRow } from "./functions.ts";
import { addExchanges, newApp } from "./stacks/exchange.ts";

if (operationsWithoutRow.length > 0) {
  throw new TypeError(`infra/functions.ts has no row for ${operationsWithoutRow.join(", ")}`);
}
const app = newApp();
addExchanges(app, await bundleFunctions(join(app.outdir, "functions")));
app.synth();

import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { KMSClient } from "@aws-sdk/client-kms";
import { sealSetting } from "../shared/keys/sealed-setting.ts";
import { type Stage, stages } from "./config.ts";
import { physicalName } from "./constructs/names.ts";
import { keys } from "./keys.ts";

const usage =
  "Usage: npm run -s seal -- STAGE NOTIFY_API_KEY < file\n" +
  "  Seals a secret, read from the input, for infra/config.ts: only the function that needs it can open it.\n" +
  "  The stage's data stack must be there, and your AWS credentials may use its key.";

const isStage = (name: string): name is Stage => Object.hasOwn(stages, name);

const run = async (): Promise<void> => {
  const [stage = "", name] = parseArgs({ allowPositionals: true }).positionals;
  if (!isStage(stage) || name !== "NOTIFY_API_KEY") throw new Error("Give a stage and the setting's name.");
  const secret = process.stdin.isTTY ? "" : (await text(process.stdin)).trim();
  if (secret === "") throw new Error("There is nothing to seal in the input.");
  const keyId = `alias/${physicalName(stage, keys.secrets.alias)}`;
  const kms = new KMSClient({ region: stages[stage].region });
  process.stdout.write(`${await sealSetting(kms, keyId, name, secret)}\n`);
};

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 1;
}

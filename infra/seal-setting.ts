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

const { positionals } = parseArgs({ allowPositionals: true });
const [stage = "", name] = positionals;
if (!Object.hasOwn(stages, stage) || name !== "NOTIFY_API_KEY" || process.stdin.isTTY) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
const { region } = stages[stage as Stage];
const keyId = `alias/${physicalName(stage as Stage, keys.secrets.alias)}`;
const secret = (await text(process.stdin)).trim();
process.stdout.write(`${await sealSetting(new KMSClient({ region }), keyId, name, secret)}\n`);

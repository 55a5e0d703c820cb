import { parseArgs } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { clientSettings } from "../../shared/aws/client-settings.ts";
import { type TableName, tables } from "../../shared/store/tables.ts";
import { tablesOfOneMoment } from "./auditing.ts";
import { makeAlike } from "./restored.ts";

const usage =
  "Usage: npm run put-back -- --from PATTERN --to PATTERN [--only TABLE …] [--write]\n" +
  "  --from, --to   the restored tables' names and the exchange's, such as production-{name}-restored and production-{name}\n" +
  "  --only         just this table, such as directory; else all that must be of one moment\n" +
  "  --write        puts back what was restored and deletes what came later; else it is only counted\n" +
  "Nobody may use the exchange meanwhile. Run it again after an interruption: it goes on.";

const isTable = (name: string): name is TableName => Object.hasOwn(tables, name);

const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      from: { type: "string" },
      to: { type: "string" },
      only: { type: "string", multiple: true },
      write: { type: "boolean", default: false },
    },
  });
  const { from, to, only = tablesOfOneMoment, write } = values;
  if (!from?.includes("{name}") || !to?.includes("{name}") || from === to) throw new Error("Give --from and --to.");
  const unknown = only.find((name: string) => !isTable(name));
  if (unknown) throw new Error(`There is no table ${unknown}.`);
  const dynamo = DynamoDBDocumentClient.from(
    new DynamoDBClient({ ...clientSettings(), maxAttempts: 10, retryMode: "adaptive" }),
  );
  for (const table of only.filter(isTable)) {
    const { name } = tables[table];
    const names = { from: from.replaceAll("{name}", name), to: to.replaceAll("{name}", name) };
    const { put, deleted, alike } = await makeAlike(dynamo, tables[table], names, { segments: 4, write });
    process.stdout.write(`${names.to}: ${put} put back, ${deleted} deleted, ${alike} as they were\n`);
  }
  process.stdout.write(write ? "DONE\n" : "NOTHING WAS CHANGED: that is what --write would do\n");
};

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 1;
}

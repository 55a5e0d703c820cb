import { parseArgs } from "node:util";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { addMissing, knownAuthorities } from "../authorities.ts";
import { namesBy, tablesOption } from "./reach.ts";

const usage =
  "Usage: npm run load-directory -- [options]\n" +
  `  ${tablesOption}\n` +
  "Adds the authorities of England, those that went before them and those of the other nations, without contacts: the DfE\n" +
  "imports these. Authorities that are there stay as they are, so it may be run again.";

const run = async (): Promise<void> => {
  const { values } = parseArgs({ options: { tables: { type: "string" } } });
  const tables = namesBy(values.tables, "directory", "changes");
  const authorities = await knownAuthorities();
  const added = await addMissing({ dynamo: dynamoClient(), tables }, authorities, () => ({}), {
    at: new Date().toISOString(),
    actor: { authority: "dfe", clientId: "operator", contactId: null },
  });
  process.stdout.write(`${added.length} authorities added, ${authorities.length - added.length} were there\n`);
};

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 1;
}

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { v7 as uuidV7 } from "uuid";
import * as z from "zod";
import { type ClientKey, sentKeys } from "../../shared/contract/client.ts";
import { describeIssues } from "../../shared/contract/describe-issues.ts";
import { dfeScopes } from "../../shared/contract/route.ts";
import type { BodyFault } from "../../shared/domain/refusals.ts";
import { parseJson } from "../../shared/http/json.ts";
import { examineKeys } from "../../shared/keys/client-keys.ts";
import {
  addClient,
  administratorsAfter,
  administratorsFrom,
  administratorsPlace,
  keyClaimPlace,
  keyOwnerFrom,
} from "../../shared/store/clients.ts";
import { commit, dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { namesBy, tablesOption } from "./reach.ts";

const usage =
  "Usage: npm run register-first-client -- JWKS-FILE [options]\n" +
  '  JWKS-FILE          the public keys of the DfE\'s first system, { "keys": [...] }, as POST /v1/clients takes them\n' +
  "  --name NAME        what the system is called (DfE administration)\n" +
  `  ${tablesOption}\n` +
  "Registers a client of the DfE with all its scopes. Only where there is none that may register clients: after that, the\n" +
  "DfE registers clients itself (POST /v1/clients).";

const keySet = z.strictObject({ keys: sentKeys });

/** The faults are told by their pointers: the file may hold a private key, which must not be repeated. */
const readKeys = async (file: string): Promise<{ keys: ClientKey[]; thumbprints: string[] }> => {
  const sent = parseJson(await readFile(file, "utf8"));
  const parsed = keySet.safeParse(sent);
  if (!parsed.success) throw refused(describeIssues(parsed.error, { schema: keySet, sent }));
  const { keys } = parsed.data;
  const { thumbprints, faults } = await examineKeys(keys);
  const all = keys.some(({ use }) => use === "sig") ? faults : [{ pointer: "/keys", detail: "has none that signs" }];
  if (all.length > 0) throw refused(all);
  return { keys, thumbprints };
};

const refused = (faults: readonly BodyFault[]): Error =>
  new Error(faults.map(({ pointer, detail }) => `${pointer || "The file"} ${detail}`).join("\n"));

const run = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { name: { type: "string", default: "DfE administration" }, tables: { type: "string" } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Error("Give one file.");
  const { keys, thumbprints } = await readKeys(file);
  const dynamo = dynamoClient();
  const tables = namesBy(values.tables, "clients", "changes");
  const [item, ...claims] = await readAll(dynamo, [
    administratorsPlace(tables.clients),
    ...thumbprints.map((thumbprint) => keyClaimPlace(tables.clients, thumbprint)),
  ]);
  const administrators = administratorsFrom(item);
  if (administrators.ids.length > 0) {
    throw new Error(`There are clients that may register others: ${administrators.ids.join(", ")}.`);
  }
  const taken = claims.findIndex((claim) => keyOwnerFrom(claim) !== undefined);
  if (taken >= 0) throw refused([{ pointer: `/keys/${taken}`, detail: "is, or was, another client's key" }]);
  const facts = { clientId: `cme-dfe-${uuidV7()}`, authority: "dfe", name: values.name, scopes: [...dfeScopes], keys };
  const { after, writes } = addClient(tables, facts, thumbprints, {
    at: new Date().toISOString(),
    actor: { authority: "dfe", clientId: "operator", contactId: null },
  });
  const { committed } = await commit(dynamo, [...writes, administratorsAfter(tables.clients, administrators, after)]);
  if (!committed) throw new Error("The clients were changed meanwhile: run it again.");
  process.stdout.write(`${after.clientId}\n`);
};

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 1;
}

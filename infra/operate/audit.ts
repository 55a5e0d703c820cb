import { access, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { JSONWebKeySet } from "jose";
import { clientSettings } from "../../shared/aws/client-settings.ts";
import { keyRing } from "../../shared/keys/key-set.ts";
import { tables } from "../../shared/store/tables.ts";
import { claimFolder } from "../local/claim-folder.ts";
import { startDynamodb } from "../local/engines/dynamodb.ts";
import { startLocalKms } from "../local/engines/kms/server.ts";
import { type AuditedTable, auditedTables, type Counts } from "./auditing.ts";
import { type Fault, type FaultCode, faultCodes, tell } from "./fault.ts";
import { quietMoment } from "./quiet-moment.ts";
import { eachPage } from "./read.ts";
import { runAudit } from "./run-audit.ts";

const usage =
  "Usage: npm run audit -- [options]\n" +
  "  --local FOLDER     the data of an exchange on this machine that is stopped, such as .local\n" +
  "  --tables PATTERN   the tables' names, such as {name}-restored; else the variables REFERRALS_TABLE and so on, else {name}\n" +
  "  --keys SOURCE      the published key set, an address or a file; else the KMS keys in EVIDENCE_KEYS\n" +
  "  --segments N       how many parts of a table are read at once (4)\n" +
  "  --most N           how many faults are told of each kind (100); all are counted\n" +
  "  --json             the report as JSON\n" +
  "  --quiet-before T   audits nothing: tells the latest moment before T (RFC 3339) to which tables can be restored\n" +
  "Ends with 0 when everything holds, 1 when something does not, 2 when it could not be audited.";

const region = "eu-west-2";

/** More patience than a function has: nobody waits for an answer. */
const settings = () => ({ ...clientSettings(), maxAttempts: 10, retryMode: "adaptive" });

type Reach = { dynamo: DynamoDBDocumentClient; keys(): Promise<JSONWebKeySet>; close(): Promise<void> };

const reachAws = (source: string | undefined): Reach => ({
  dynamo: DynamoDBDocumentClient.from(new DynamoDBClient(settings())),
  keys: () => (source === undefined ? keysInKms(new KMSClient(settings()), process.env.EVIDENCE_KEYS) : keysAt(source)),
  close: async () => {},
});

/** The engines of an exchange on this machine, for as long as the audit takes. */
const reachLocal = async (folder: string, source: string | undefined): Promise<Reach> => {
  const file = join(folder, "dynamodb.sqlite");
  await access(file).catch(() => {
    throw new Error(`There is no data of an exchange in ${folder}.`);
  });
  const running: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const each of running.splice(0).reverse()) await each.close();
  };
  try {
    running.push(await claimFolder(folder));
    const dynamodb = await startDynamodb(file);
    running.push(dynamodb);
    const kms = await startLocalKms({ stateFile: join(folder, "kms.json"), region });
    running.push(kms);
    const own = { region, credentials: { accessKeyId: "local", secretAccessKey: "local" } };
    return {
      dynamo: DynamoDBDocumentClient.from(new DynamoDBClient({ ...settings(), ...own, endpoint: dynamodb.url })),
      keys: () =>
        source === undefined
          ? keysInKms(new KMSClient({ ...settings(), ...own, endpoint: kms.url }), "alias/cme-evidence")
          : keysAt(source),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const keysInKms = async (kms: KMSClient, ids: string | undefined): Promise<JSONWebKeySet> => {
  if (!ids) throw new Error("Receipts can't be verified without keys: give --keys or set EVIDENCE_KEYS.");
  return { keys: await keyRing(kms, ids).publicJwks() };
};

const keysAt = async (source: string): Promise<JSONWebKeySet> => {
  if (!/^https?:/.test(source)) return JSON.parse(await readFile(source, "utf8"));
  const response = await fetch(source, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`The key set was answered ${response.status}.`);
  return (await response.json()) as JSONWebKeySet;
};

const namesBy = (pattern: string | undefined): Record<AuditedTable, string> => {
  const nameOf = (table: AuditedTable) => {
    const { name, variable } = tables[table];
    return pattern?.replaceAll("{name}", name) ?? process.env[variable] ?? name;
  };
  return Object.fromEntries(auditedTables.map((table) => [table, nameOf(table)])) as Record<AuditedTable, string>;
};

type Found = Partial<Record<FaultCode, { count: number; faults: Fault[] }>>;

const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const counted = (counts: Counts): string =>
  [
    `${counts.referrals} referrals with ${counts.events} events`,
    `${counts.receipts} receipts and ${counts.certificates} certificates`,
    `${counts.entries} entries, ${counts.openEntries} of them on a list`,
    `${counts.enquiries} enquiries and ${counts.notices} notices; ${counts.caseEvents} events of these and of entries`,
    `${counts.records} records and notes, by their keys alone`,
    `${counts.outboxRows} outbox rows, ${counts.waiting} of them not told yet`,
    `${counts.feedItems} feed items`,
    `${counts.answers} recorded answers`,
  ].join("\n");

const report = (at: string, counts: Counts, found: Found): void => {
  write(`Audited at ${at}:\n${counted(counts)}`);
  const codes = Object.entries(found) as [FaultCode, { count: number; faults: Fault[] }][];
  for (const [code, { count, faults }] of codes) {
    const { says, mend } = faultCodes[code];
    write(`\n${code} (${count}): ${says}. To mend it: infra/operations.md, "${mend}"`);
    for (const fault of faults) write(`  ${tell(fault)}`);
    if (count > faults.length) write(`  and ${count - faults.length} more`);
  }
  write(codes.length === 0 ? "\nEVERYTHING HOLDS" : "\nSOMETHING DOES NOT HOLD");
};

const day = 86_400_000;

const tellQuietMoment = async (
  dynamo: DynamoDBDocumentClient,
  eventTables: readonly string[],
  before: string,
): Promise<void> => {
  const since = new Date(Date.parse(before) - day).toISOString();
  const times: string[] = [];
  for (const table of eventTables) {
    await eachPage(dynamo, table, { segments: 4, only: ["at"] }, async (items) => {
      times.push(...items.map(({ at }) => String(at)).filter((at) => at >= since));
    });
  }
  const moment = quietMoment(times, before, since);
  if (!moment) throw new Error("There is no quiet minute in the day before that moment.");
  write(moment);
};

const wholeNumber = (text: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`${text} is not a whole number above zero.`);
  return Number(text);
};

const run = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      local: { type: "string" },
      tables: { type: "string" },
      keys: { type: "string" },
      segments: { type: "string", default: "4" },
      most: { type: "string", default: "100" },
      json: { type: "boolean", default: false },
      "quiet-before": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    write(usage);
    return 0;
  }
  const most = wholeNumber(values.most);
  const segments = wholeNumber(values.segments);
  const names = namesBy(values.tables);
  const reach = values.local ? await reachLocal(resolve(values.local), values.keys) : reachAws(values.keys);
  try {
    const before = values["quiet-before"];
    if (before !== undefined) {
      await tellQuietMoment(reach.dynamo, [names.events, names.caseEvents], new Date(before).toISOString());
      return 0;
    }
    const found: Found = {};
    const onFault = (fault: Fault): void => {
      found[fault.code] ??= { count: 0, faults: [] };
      const kind = found[fault.code];
      if (!kind) return;
      kind.count += 1;
      if (kind.faults.length < most) kind.faults.push(fault);
    };
    const at = new Date().toISOString();
    const clock = () => new Date().toISOString();
    const counts = await runAudit({ dynamo: reach.dynamo, names, keys: await reach.keys(), clock, segments, onFault });
    if (values.json) write(JSON.stringify({ at, counts, faults: found }, null, 2));
    else report(at, counts, found);
    return Object.keys(found).length === 0 ? 0 : 1;
  } finally {
    await reach.close();
  }
};

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(
    `It could not be audited: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`,
  );
  process.exitCode = 2;
}

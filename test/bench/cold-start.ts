import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleFunctions, bundleSettings } from "../../infra/bundle.ts";
import { functions } from "../../infra/functions.ts";

/**
 * What a cold start loads: each function's code in bytes, and the time to import it as a ratio to that of an empty handler
 * with the same SDK clients. Each import is a process of its own; the median of several is taken.
 */
const rounds = Number(process.argv[2] ?? 7);

const empty = `
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
export const handler = async () => [DynamoDBDocumentClient.from(new DynamoDBClient()), new KMSClient(), new SQSClient()];
`;

const importTime = (file: string): number => {
  const measured = `const t = performance.now(); require(${JSON.stringify(file)}); console.log(performance.now() - t)`;
  return Number(execFileSync(process.execPath, ["--eval", measured], { encoding: "utf8" }));
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const folder = await mkdtemp(join(tmpdir(), "cme-cold-start-"));
try {
  const { sizes, folderOf } = await bundleFunctions(folder);
  const baseline = join(folder, "empty.cjs");
  const { metafile } = await build({
    ...bundleSettings,
    stdin: { contents: empty, resolveDir: join(import.meta.dirname, "../..") },
    outfile: baseline,
  });
  const files = [
    ["(empty)", baseline],
    ...functions.map(({ name }) => [name, join(folderOf(name), "index.cjs")]),
  ] as const;
  const times = new Map<string, number[]>(files.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, file] of files) times.get(name)?.push(importTime(file));
  }
  const base = median(times.get("(empty)") ?? []);
  const bytes = Object.values(metafile.outputs)[0]?.bytes ?? 0;
  console.log(`(empty handler with the same clients)  ${bytes} bytes, ${base.toFixed(1)} ms here`);
  for (const [name, size] of [...sizes].toSorted(([, a], [, b]) => b - a)) {
    console.log(
      `${name.padEnd(32)} ${String(size).padStart(8)} bytes  ${(median(times.get(name) ?? []) / base).toFixed(2)} × empty`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/**
 * How much the exchange adds to the AWS calls that it makes: each operation through HTTP, against the very same calls
 * made bare with the SDK, in turn, in one run. Quote the ratios: the times are this machine's.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { v7 as uuidV7 } from "uuid";
import { type Answer, type Client, connect } from "../../infra/local/client.ts";
import { startExchange } from "../../infra/local/exchange.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";

const rounds = Number(process.argv[2] ?? 150);
const warmUp = 30;

type Bare = { send(command: never): Promise<unknown> };
type Recorded = { client: Bare; Command: new (input: never) => unknown; input: unknown; renamed: boolean };

/** While a request runs, keeps the commands that the exchange sends. */
const recording: { calls: Recorded[] } = { calls: [] };

/** @param renamed whether a replay needs new ids: what is written does, and what was sealed would not open. */
const record = (client: Bare, renamed: boolean): void => {
  const send = client.send.bind(client);
  client.send = (command: never) => {
    const { constructor: Command, input } = command as { constructor: Recorded["Command"]; input: unknown };
    recording.calls.push({ client: { send }, Command, input: structuredClone(input), renamed });
    return send(command);
  };
};

/** Ids and digests in recorded inputs, made new for each replay and the same throughout it, so that every condition holds. */
const renamer = () => {
  const names = new Map<string, string>();
  const nameOf = (old: string): string => {
    const name =
      names.get(old) ?? (old.startsWith("sha-256:") ? `sha-256:${(uuidV7() + uuidV7()).slice(0, 43)}` : uuidV7());
    names.set(old, name);
    return name;
  };
  const rename = (value: unknown): unknown => {
    if (typeof value === "string") {
      return value.replaceAll(
        /sha-256:[\w-]{43}|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
        nameOf,
      );
    }
    if (Array.isArray(value)) return value.map(rename);
    if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rename(member)]));
  };
  return rename;
};

const replay = async (calls: readonly Recorded[], rename: (value: unknown) => unknown): Promise<void> => {
  for (const { client, Command, input, renamed } of calls) {
    await client.send(new Command((renamed ? rename(input) : input) as never) as never);
  }
};

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await run();
  return performance.now() - start;
};

const succeed = async (answer: Promise<Answer>): Promise<Answer> => {
  const { status, text, ...rest } = await answer;
  if (status >= 300) throw new Error(`${status} ${text}`);
  return { status, text, ...rest };
};

const quantile = (times: number[], at: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(at * (times.length - 1))] ?? Number.NaN;

const dataDir = await mkdtemp(join(tmpdir(), "cme-bench-"));
const log = process.stdout.write.bind(process.stdout);
process.stdout.write = (() => true) as typeof process.stdout.write;
const exchange = await startExchange({
  port: 0,
  dataDir,
  endpoints: { dynamodb: undefined, sqs: undefined, kms: undefined },
  telling: false,
});
const sender = await connect(exchange.clients, "201");
const recipient = await connect(exchange.clients, "330");
const example = JSON.parse(await readFile(new URL("../data/example-referral.json", import.meta.url), "utf8")) as object;

const newReferral = async (): Promise<string> => {
  const { id } = (await succeed(sender.post("/v1/referrals", example))).json() as { id: string };
  return id;
};
const receipt = (id: string) => ["POST", `/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }] as const;

type Operation = {
  /** What must be there first. */
  given?: (id: string) => Promise<unknown>;
  by: Client;
  request: (id: string) => readonly [method: string, path: string, body?: object];
};

const operations: Record<string, Operation> = {
  submit: { by: sender, request: () => ["POST", "/v1/referrals", example] },
  receipt: { by: recipient, request: receipt },
  removal: {
    given: (id) => succeed(recipient.send(...asRequest(receipt(id)))),
    by: sender,
    request: (id) => ["POST", `/v1/referrals/${id}/removal`, { removedBy: "201-lead" }],
  },
  "child's record": { by: recipient, request: (id) => ["GET", `/v1/referrals/${id}/child`] },
  referral: { by: recipient, request: (id) => ["GET", `/v1/referrals/${id}`] },
  "inbox of 20": { by: recipient, request: () => ["GET", "/v1/referrals?box=inbox&limit=20"] },
};
const asRequest = ([method, path, body]: ReturnType<Operation["request"]>) =>
  [method, path, body === undefined ? {} : { body }] as const;

for (let at = 0; at < 25; at += 1) await newReferral();
await succeed(sender.get("/v1/cme-list"));
record(dynamoClient() as unknown as Bare, true);
record(kmsClient() as unknown as Bare, false);

log(`${rounds} rounds each after ${warmUp} to warm up; medians in milliseconds\n\n`);
log("operation         AWS calls   HTTP   bare   ratio   (10th to 90th percentile of the ratio)\n");
for (const [name, { given, by, request }] of Object.entries(operations)) {
  const http: number[] = [];
  const bare: number[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    recording.calls = [];
    const id = await newReferral();
    await given?.(id);
    const before = recording.calls;
    const send = await by.prepare(...asRequest(request(id)));
    recording.calls = [];
    const throughHttp = await timed(() => succeed(send()));
    const calls = recording.calls;
    const rename = renamer();
    await replay(before, rename);
    const alone = await timed(() => replay(calls, rename));
    if (round < 0) continue;
    http.push(throughHttp);
    bare.push(alone);
    if (round === rounds - 1) {
      const ratios = http.map((time, index) => time / (bare[index] ?? Number.NaN));
      const [low, middle, high] = [0.1, 0.5, 0.9].map((at) => quantile(ratios, at).toFixed(2));
      log(
        `${name.padEnd(17)} ${String(calls.length).padStart(9)} ${quantile(http, 0.5).toFixed(2).padStart(6)} ${quantile(bare, 0.5).toFixed(2).padStart(6)} ${middle?.padStart(7)}   (${low} to ${high})\n`,
      );
    }
  }
}
await exchange.close();
await rm(dataDir, { recursive: true, force: true });
process.stdout.write = log;

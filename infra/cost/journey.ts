import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tables } from "../../shared/store/tables.ts";
import { type Answer, type Client, connect } from "../local/client.ts";
import { startDynamodb } from "../local/engines/dynamodb.ts";
import { startExchange } from "../local/exchange.ts";
import type { Telling } from "../local/telling.ts";
import { type Recorder, type Recording, startRecorder } from "./recorder.ts";

/** What a step of the journey did, besides its calls to AWS. */
export type StepCount = {
  step: string;
  /** What runs it: one API request, the deliveries that follow, what an authority does all day, or a schedule. */
  kind: "request" | "told" | "standing-request" | "schedules";
  requests: number;
  events: number;
  /** Changes of the outbox, each of which its stream tells of. */
  streamed: number;
  webhooks: number;
  emails: number;
  logBytes: number;
  /** That leave for the internet. */
  bytesOut: number;
};

export type Life = Recording & { steps: StepCount[] };

/** The bytes of an answer's status line and headers, which are about the same for all. */
const headerBytes = 700;

/** The parties of the recorded life. */
export const sender = "201";
export const recipient = "330";

/**
 * Plays one referral's whole life on the embedded engines and records what it asks of AWS: both authorities have a
 * webhook and look when they are told, hours apart, so each visit begins with a token of its own. Then what happens
 * all day without any referral: an authority asks for a token and reads its feed on, and the schedules run.
 */
export const recordLife = async (): Promise<Life> => {
  const dataDir = await mkdtemp(join(tmpdir(), "cme-cost-"));
  const engine = await startDynamodb(join(dataDir, "dynamodb.sqlite"));
  const recorder = await startRecorder(engine.url);
  const receiver = await startReceiver();
  const { write } = process.stdout;
  const logged = { bytes: 0 };
  process.stdout.write = ((line: string) => {
    logged.bytes += Buffer.byteLength(line);
    return true;
  }) as typeof write;
  const endpoints = { dynamodb: recorder.url, sqs: undefined, kms: undefined };
  const exchange = await startExchange({ port: 0, dataDir, endpoints, telling: true });
  try {
    recorder.watch(Number(new URL(exchange.origin).port));
    const { telling } = exchange;
    if (!telling) throw new TypeError("Started without streams and queues");
    const steps: StepCount[] = [];
    const emails = () => exchange.mailbox().length;
    const stage = { recorder, telling, logged, webhooks: receiver.count, emails, steps };
    await play(stage, (authority) => connect(exchange.clients, authority), receiver.url);
    return { ...recorder.recording, steps };
  } finally {
    await exchange.close();
    process.stdout.write = write;
    await recorder.close();
    await engine.close();
    await receiver.close();
    await rm(dataDir, { recursive: true, force: true });
  }
};

type Stage = {
  recorder: Recorder;
  telling: Telling;
  logged: { bytes: number };
  webhooks: () => number;
  emails: () => number;
  steps: StepCount[];
};
type Visit = (authority: string) => Promise<Client>;

const play = async (stage: Stage, visit: Visit, webhookUrl: string): Promise<void> => {
  await warm(stage, visit, webhookUrl);
  const example = JSON.parse(
    await readFile(new URL("../local/data/example-referral.json", import.meta.url), "utf8"),
  ) as object;

  const first = await arrive(stage, visit, sender);
  await asked(stage, "contacts", () => first.get(`/v1/authorities/${recipient}/contacts`));
  const referral = await asked(stage, "submit", () => first.post("/v1/referrals", example));
  const path = `/v1/referrals/${(referral.json() as { id: string }).id}`;

  const second = await arrive(stage, visit, recipient);
  await asked(stage, "inbox", () => second.get("/v1/referrals?box=inbox&state=awaiting-receipt"));
  await asked(stage, "child read", () => second.get(`${path}/child`));
  await asked(stage, "receipt", () => second.post(`${path}/receipt`, { confirmedBy: `${recipient}-lead` }));

  const third = await arrive(stage, visit, sender);
  await asked(stage, "gate", () => third.get(`${path}/removal`));
  await asked(stage, "removal", () => third.post(`${path}/removal`, { removedBy: `${sender}-lead` }));

  const fourth = await arrive(stage, visit, recipient);
  await asked(stage, "referral", () => fourth.get(path));
  const finding = { finding: "located", foundBy: `${recipient}-lead` };
  await asked(stage, "finding", () => fourth.post(`${path}/finding`, finding));

  const fifth = await arrive(stage, visit, recipient);
  const conclusion = { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-02" };
  await asked(stage, "conclusion", () => fifth.post(`${path}/conclusion`, conclusion));

  const sixth = await arrive(stage, visit, sender);
  await asked(stage, "referral", () => sixth.get(path));
  const trail = await asked(stage, "trail", () => sixth.get(`${path}/events?limit=100`));
  const told = stage.steps.reduce((sum, { events }) => sum + events, 0);
  if ((trail.json() as { items: unknown[] }).items.length !== told) throw new Error("Not every event was told of");

  const poller = await arrive(stage, visit, sender, "standing token");
  const feed = await poller.get("/v1/events?limit=100");
  const { next } = feed.json() as { next: string };
  await asked(
    stage,
    "standing feed",
    () => poller.get(`/v1/events?after=${encodeURIComponent(next)}`),
    "standing-request",
  );
  await counted(stage, "schedules", "schedules", () => stage.telling.tick());
};

/** Public keys are fetched once by each instance, so before anything is counted; both authorities subscribe. */
const warm = async ({ telling }: Stage, visit: Visit, url: string): Promise<void> => {
  for (const authority of [sender, recipient]) {
    const client = await visit(authority);
    const { status, text } = await client.put("/v1/subscription", { url });
    if (status !== 201) throw new Error(text);
  }
  await fetch(`${new URL((await visit(sender)).file.issuer).origin}/.well-known/jwks.json`);
  await telling.tick();
  await telling.idle();
};

/** An authority's system comes for the first time in hours: its token has expired. */
const arrive = async (stage: Stage, visit: Visit, authority: string, step = "token"): Promise<Client> => {
  const client = await visit(authority);
  const kind = step === "token" ? "request" : "standing-request";
  await counted(stage, step, kind, () => client.prepare("GET", "/healthz", {}), 1_500);
  return client;
};

const asked = async (
  stage: Stage,
  step: string,
  request: () => Promise<Answer>,
  kind: StepCount["kind"] = "request",
): Promise<Answer> => {
  const answer = await counted(stage, step, kind, request);
  if (answer.status >= 300) throw new Error(`${step}: ${answer.status} ${answer.text}`);
  const counts = stage.steps.findLast((each) => each.step === step);
  if (counts) counts.bytesOut += Buffer.byteLength(answer.text) + headerBytes;
  return answer;
};

/** Counts what a step does, and apart from it what follows until everyone is told. */
const counted = async <T>(
  stage: Stage,
  step: string,
  kind: StepCount["kind"],
  run: () => Promise<T>,
  bytesOut = 0,
): Promise<T> => {
  const { recorder, telling, logged, webhooks, emails, steps } = stage;
  const told = `telling of ${step}`;
  const before = {
    bytes: logged.bytes,
    webhooks: webhooks(),
    emails: emails(),
    writes: recorder.recording.writes.length,
  };
  recorder.step({ of: step, after: kind === "schedules" ? step : told });
  const result = await run();
  const own = logged.bytes - before.bytes;
  const asks = kind === "request" || kind === "standing-request";
  const none = { requests: 0, events: 0, streamed: 0, webhooks: 0, emails: 0, logBytes: 0, bytesOut: 0 };
  steps.push({ ...none, step, kind, requests: asks ? 1 : 0, logBytes: own, bytesOut });
  await telling.idle();
  recorder.step(undefined);
  const made = recorder.recording.writes.slice(before.writes);
  const events = made.filter(isNewEvent).length;
  const streamed = made.filter(({ table }) => table === tables.outbox.name).length;
  if (events === 0) return result;
  const sent = { webhooks: webhooks() - before.webhooks, emails: emails() - before.emails };
  const logBytes = logged.bytes - before.bytes - own;
  steps.push({
    ...none,
    step: told,
    kind: "told",
    events,
    streamed,
    ...sent,
    logBytes,
    bytesOut: sent.webhooks * headerBytes,
  });
  return result;
};

const isNewEvent = ({ table, before }: Recording["writes"][number]): boolean =>
  table === tables.events.name && before === undefined;

/** Both authorities' endpoint. */
const startReceiver = async () => {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    count += 1;
    response.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cme`,
    count: () => count,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
};

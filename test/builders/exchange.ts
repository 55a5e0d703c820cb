import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, vi } from "vitest";
import { type Client, connect } from "../../infra/local/client.ts";
import type { Mail } from "../../infra/local/engines/notify.ts";
import { type Exchange, startExchange } from "../../infra/local/exchange.ts";
import type { Telling } from "../../infra/local/telling.ts";
import { oncePerRun } from "./once-per-run.ts";

export type TestExchange = {
  origin: string;
  dataDir: string;
  /** The folder with the clients' key files. */
  clients: string;
  /** Every line that the exchange has logged. */
  logLines: string[];
  /** Every line from which CloudWatch would make a metric. */
  metricLines: string[];
  client(owner: string): Promise<Client>;
  /** Streams, queues and schedules, where it was asked for with them. */
  telling: Telling | undefined;
  mailbox(): Mail[];
};

/**
 * A data folder as a first start leaves it, with the keys of more than 150 clients. It was made at the run's time: under
 * a clock of a test's own, the test's exchange makes all of it itself.
 */
const seededFolder = (): Promise<string> =>
  oncePerRun("seeded", async (folder) => {
    await promisify(execFile)(process.execPath, [fileURLToPath(new URL("seed.ts", import.meta.url)), folder]);
  });

/**
 * A real exchange on the real embedded engines, in this process, for the tests of one file: it starts before them and
 * is gone after them.
 * @param options.telling whether streams, queues and schedules run too
 * @param options.publishing whether the contact list is published on its schedule, with tidings to all
 */
export const useExchange = ({ telling = false, publishing = false } = {}): TestExchange => {
  const clients = new Map<string, Promise<Client>>();
  const running: TestExchange = {
    origin: "",
    dataDir: "",
    clients: "",
    logLines: [],
    metricLines: [],
    telling: undefined,
    mailbox: () => [],
    client: (owner) => {
      const client = clients.get(owner) ?? connect(running.clients, owner);
      clients.set(owner, client);
      return client;
    },
  };
  const { write } = process.stdout;
  let exchange: Exchange | undefined;

  beforeAll(async () => {
    process.stdout.write = ((text: string) => {
      const lines = text.startsWith('{"_aws":') ? running.metricLines : running.logLines;
      return lines.push(text) > 0;
    }) as typeof write;
    running.dataDir = await mkdtemp(join(tmpdir(), "cme-exchange-"));
    if (!vi.isFakeTimers()) await cp(await seededFolder(), running.dataDir, { recursive: true });
    const endpoints = { dynamodb: undefined, sqs: undefined, kms: undefined };
    exchange = await startExchange({ port: 0, dataDir: running.dataDir, endpoints, telling, publishing });
    const { origin, clients: folder, telling: told, mailbox } = exchange;
    Object.assign(running, { origin, clients: folder, telling: told, mailbox });
  });

  afterAll(async () => {
    await exchange?.close();
    process.stdout.write = write;
    await rm(running.dataDir, { recursive: true, force: true });
  });

  return running;
};

import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, vi } from "vitest";
import type { Bundles } from "../../infra/bundle.ts";
import { type FunctionDefinition, functions, variablesOf } from "../../infra/functions.ts";
import { keys } from "../../infra/keys.ts";
import { queues } from "../../shared/queue/queues.ts";
import { tables } from "../../shared/store/tables.ts";
import { bundlesOfRun } from "./bundles.ts";

/** A call to AWS as a function made it: `dynamodb PutItem` with what it sent. */
export type AwsCall = { function: string; service: Service; operation: string; input: Record<string, unknown> };
type Service = "dynamodb" | "kms" | "sqs";

const services = ["dynamodb", "kms", "sqs"] as const;

const everyVariable = new Set<string>([
  ...Object.values(tables).map(({ variable }) => variable),
  ...Object.values(keys).map(({ variable }) => variable),
  ...Object.values(queues).flatMap(({ variable, deadLetterVariable }) => [variable, deadLetterVariable]),
  ...functions.flatMap(variablesOf),
]);

/** What every Lambda function has, whatever it is. */
const ofLambda = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

export type Deployed = {
  /** What every function asked of AWS, in its order. */
  calls: AwsCall[];
  /** The functions that were called. */
  started: ReadonlySet<string>;
  /** The environment variables that each has read. */
  read: ReadonlyMap<string, ReadonlySet<string>>;
  /** What they logged of faults of their own, and which variables they missed. */
  faults: string[];
};

/**
 * Runs every function of the exchange as it is deployed: its bundle, in a thread of its own, with the variables that its row
 * in infra/functions.ts names and no others. Between each of them and the engines stands a proxy that writes down what
 * it asks of AWS. To be called before the exchange is used.
 */
export const useDeployedFunctions = (): Deployed => {
  const calls: AwsCall[] = [];
  const started = new Set<string>();
  const read = new Map<string, Set<string>>();
  const faults: string[] = [];
  const workers = new Map<string, Worker>();
  const proxy = createServer((incoming, response) => {
    forward(incoming, calls)
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body))
      .catch(() => response.destroy());
  });

  let bundles: Bundles;

  const workerOf = (definition: FunctionDefinition): Worker => {
    const { port } = proxy.address() as AddressInfo;
    const env = Object.fromEntries([
      ...[...variablesOf(definition), ...ofLambda].map((name) => [name, process.env[name]]),
      ...services.map((service) => [
        `AWS_ENDPOINT_URL_${service.toUpperCase()}`,
        `http://127.0.0.1:${port}/${definition.name}/${service}`,
      ]),
    ]);
    const file = join(bundles.folderOf(definition.name), "index.cjs");
    const worker = new Worker(runner, { eval: true, workerData: file, env, stdout: true });
    worker.stdout.setEncoding("utf8").on("data", (text: string) => {
      faults.push(...text.split("\n").filter((line) => line.includes('"request-failed"')));
    });
    return worker;
  };

  beforeAll(async () => {
    bundles = await bundlesOfRun();
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    for (const definition of functions) {
      const handler = async (event: unknown): Promise<unknown> => {
        const worker = workers.get(definition.name) ?? workerOf(definition);
        workers.set(definition.name, worker);
        started.add(definition.name);
        const { answer, error, variables } = await invoke(worker, event);
        read.set(definition.name, new Set([...(read.get(definition.name) ?? []), ...variables]));
        faults.push(...notNamed(definition, variables));
        if (error !== undefined) throw new Error(error);
        return answer;
      };
      vi.doMock(new URL(`../../${definition.handler}`, import.meta.url).pathname, () => ({ handler }));
    }
  }, 120_000);

  afterAll(async () => {
    await Promise.all([...workers.values()].map((worker) => worker.terminate()));
    proxy.close();
    proxy.closeAllConnections();
  });

  return { calls, started, read, faults };
};

/** In the thread: notes which variables the function reads, and answers each event. */
const runner = `
const { parentPort, workerData } = require("node:worker_threads");
const read = new Set();
process.env = new Proxy(process.env, {
  get: (env, name) => {
    read.add(name);
    return env[name];
  },
});
const { handler } = require(workerData);
parentPort.on("message", async ({ event, port }) => {
  const handling = async () => ({ answer: await handler(event, {}) });
  const outcome = await handling().catch((error) => ({ error: String(error) }));
  port.postMessage({ ...outcome, variables: [...read].filter((name) => typeof name === "string") });
});`;

type Outcome = { answer?: unknown; error?: string; variables: string[] };

const invoke = async (worker: Worker, event: unknown): Promise<Outcome> => {
  const { port1, port2 } = new MessageChannel();
  const answered = once(port1, "message") as unknown as Promise<[Outcome]>;
  worker.postMessage({ event: structuredClone(event), port: port2 }, [port2]);
  const [outcome] = await answered;
  port1.close();
  return outcome;
};

/** Variables of the exchange that the function has looked for and was not given. */
const notNamed = (definition: FunctionDefinition, variables: readonly string[]): string[] => {
  const given = new Set<string>(variablesOf(definition));
  return variables
    .filter((name) => everyVariable.has(name) && !given.has(name))
    .map((name) => `${definition.name} reads ${name}, which its row does not name`);
};

const forward = async (incoming: IncomingMessage, calls: AwsCall[]) => {
  const [, name = "", service = ""] = (incoming.url ?? "").split("/");
  const sent = await buffer(incoming);
  const operation = String(incoming.headers["x-amz-target"]).split(".").at(-1) ?? "";
  calls.push({ function: name, service: service as Service, operation, input: JSON.parse(sent.toString()) });
  const engine = new URL(String(process.env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`]));
  const outgoing = request(engine, { method: "POST", headers: { ...incoming.headers, host: engine.host } });
  outgoing.end(sent);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: answer.statusCode ?? 500, headers: answer.headers, body: await buffer(answer) };
};

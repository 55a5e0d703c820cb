import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, inject, vi } from "vitest";
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
 * Runs every function of the exchange as it is deployed: its bundle, with globals of its own and the variables that its
 * row in infra/functions.ts names, and no others. Between each of them and the engines stands a proxy that writes down what
 * it asks of AWS. To be called before the exchange is used.
 */
export const useDeployedFunctions = (): Deployed => {
  const calls: AwsCall[] = [];
  const started = new Set<string>();
  const read = new Map<string, Set<string>>();
  const faults: string[] = [];
  const handlers = new Map<string, Handler>();
  const proxy = createServer((incoming, response) => {
    forward(incoming, calls)
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body))
      .catch(() => response.destroy());
  });

  let bundles: Bundles;

  /** The environment of the function: its row's variables and no others. Which of them it looks for is noted. */
  const environmentOf = (definition: FunctionDefinition): NodeJS.ProcessEnv => {
    const { port } = proxy.address() as AddressInfo;
    const given: NodeJS.ProcessEnv = Object.fromEntries([
      ...[...variablesOf(definition), ...ofLambda].map((name) => [name, process.env[name]]),
      ...services.map((service) => [
        `AWS_ENDPOINT_URL_${service.toUpperCase()}`,
        `http://127.0.0.1:${port}/${definition.name}/${service}`,
      ]),
    ]);
    const names = new Set<string>();
    read.set(definition.name, names);
    return new Proxy(given, {
      get: (_given, name) => {
        if (typeof name !== "string") return undefined;
        names.add(name);
        if (everyVariable.has(name) && !(name in given)) {
          faults.push(`${definition.name} reads ${name}, which its row does not name`);
        }
        return given[name];
      },
    });
  };

  const start = (definition: FunctionDefinition): Handler => {
    const env = environmentOf(definition);
    const stdout = {
      write: (text: string) => {
        if (text.includes('"request-failed"')) faults.push(text);
        return true;
      },
    };
    return load(definition, join(bundles.folderOf(definition.name), "index.cjs"), { env, stdout });
  };

  beforeAll(async () => {
    bundles = await bundlesOfRun();
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    for (const definition of functions) {
      const handler = async (event: unknown): Promise<unknown> => {
        started.add(definition.name);
        const running = handlers.get(definition.name) ?? start(definition);
        handlers.set(definition.name, running);
        return running(structuredClone(event), {});
      };
      vi.doMock(new URL(`../../${definition.handler}`, import.meta.url).pathname, () => ({ handler }));
    }
  }, 120_000);

  afterAll(() => {
    proxy.close();
    proxy.closeAllConnections();
  });

  return { calls, started, read, faults };
};

type Handler = (event: unknown, context: object) => Promise<unknown>;

/**
 * Loads a bundle as Node does a CommonJS module, but with a process and globals of its own, which it shares with no other
 * in Lambda either. All in one thread: a thread for each costs several times what the function does in it.
 */
const load = (
  definition: FunctionDefinition,
  file: string,
  own: { env: NodeJS.ProcessEnv; stdout: object },
): Handler => {
  const ownProcess = Object.create(process, { env: { value: own.env }, stdout: { value: own.stdout } });
  const globals = new Map<string | symbol, unknown>([["process", ownProcess]]);
  const ownGlobal = new Proxy(globalThis, {
    get: (all, name) => (globals.has(name) ? globals.get(name) : Reflect.get(all, name)),
    set: (_all, name, value) => {
      globals.set(name, value);
      return true;
    },
  });
  globals.set("globalThis", ownGlobal).set("global", ownGlobal);
  const require = createRequire(file);
  const module = { exports: {} as { handler: Handler } };
  const given = {
    module,
    require: (name: string) => (/^(node:)?process$/.test(name) ? ownProcess : require(name)),
    __dirname: dirname(file),
    process: ownProcess,
    globalThis: ownGlobal,
    global: ownGlobal,
  };
  // As a file: what is only evaluated can't import(), with which the SDK loads node:http.
  const folder = join(inject("runFolder"), "deployed");
  mkdirSync(folder, { recursive: true });
  const wrapped = join(folder, `${definition.name}.cjs`);
  writeFileSync(wrapped, `module.exports = (function (${Object.keys(given)}) {${readFileSync(file, "utf8")}\n});`);
  require(wrapped)(...Object.values(given));
  return module.exports.handler;
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

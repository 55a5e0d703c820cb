import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Client, connect } from "../../infra/local/client.ts";

/** The exchange in a process of its own, started as by hand. */
export type SpawnedExchange = {
  pid: number;
  origin: string;
  /** The folder with the clients' key files. */
  clients: string;
  /** Milliseconds from the command to the ready line. */
  readyAfter: number;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
  /** kill -9 */
  kill(): Promise<void>;
};

export type Start = {
  dataDir: string;
  port?: number;
  env?: Record<string, string>;
  /** The folder of the project, or of a copy of it. */
  tree?: string;
};

const project = fileURLToPath(new URL("../..", import.meta.url));

const run = ({ dataDir, port = 0, env = {}, tree = project }: Start) => {
  // What Node has compiled already it need not compile for each of them.
  const { PATH = "", NODE_COMPILE_CACHE = "" } = process.env;
  const child = spawn(process.execPath, ["infra/local/start.ts"], {
    cwd: tree,
    env: { PATH, NODE_COMPILE_CACHE, PORT: String(port), DATA_DIR: dataDir, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors: string[] = [];
  createInterface(child.stderr).on("line", (line) => errors.push(line));
  return { child, errors, exit: codeAtExit(child) };
};

/** After the last of its output. */
const codeAtExit = async (child: ChildProcess): Promise<number | null> => {
  const [code] = (await once(child, "close")) as [number | null];
  return code;
};

const readyLine = /^The CME Referral Exchange is ready at (http:\S+) \(clients' keys in (.+)\)$/;

/** @throws Error with what it wrote, where it ends instead of getting ready */
export const spawnExchange = async (start: Start): Promise<SpawnedExchange> => {
  const startedAt = performance.now();
  const { child, errors, exit } = run(start);
  const ready = new Promise<RegExpExecArray>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      const match = readyLine.exec(line);
      if (match) resolve(match);
    });
  });
  const failed = exit.then((code) => {
    throw new Error(`the exchange ended with ${code}: ${errors.join("\n")}`);
  });
  const [, origin = "", clients = ""] = await Promise.race([ready, failed]);
  failed.catch(() => {});
  const end = (signal: "SIGTERM" | "SIGKILL") => {
    child.kill(signal);
    return exit;
  };
  return {
    pid: child.pid ?? 0,
    origin,
    clients,
    readyAfter: performance.now() - startedAt,
    stop: () => end("SIGTERM"),
    kill: async () => {
      await end("SIGKILL");
    },
  };
};

/** A start that is expected to fail: its exit code and what it wrote to stderr, line by line. */
export const failToStart = async (start: Start): Promise<{ code: number | null; errors: string[] }> => {
  const { child, errors, exit } = run(start);
  child.stdout.resume();
  return { code: await exit, errors };
};

/** The clients whose keys are in a folder, each connected when it is first asked for. */
export const clientsIn = (folder: string): ((owner: string) => Promise<Client>) => {
  const clients = new Map<string, Promise<Client>>();
  return (owner) => {
    const client = clients.get(owner) ?? connect(folder, owner);
    clients.set(owner, client);
    return client;
  };
};

export type EngineProcess = { pid: number; endpoint: string };

/** The embedded DynamoDB processes at work on a data folder, with the shells that watch over them. */
export const enginesOf = async (dataDir: string): Promise<EngineProcess[]> => {
  const file = join(await realpath(dataDir), "dynamodb.sqlite");
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    processes.map(async (pid): Promise<EngineProcess[]> => {
      const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
      if (!words.includes(file)) return [];
      return [{ pid: Number(pid), endpoint: `http://127.0.0.1:${words[words.indexOf("--port") + 1]}` }];
    }),
  );
  return found.flat();
};

/** Waits until none of these processes works on the data folder any more; answers those that still do after 5 seconds. */
export const outlived = async (dataDir: string, former: readonly EngineProcess[]): Promise<EngineProcess[]> => {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const pids = new Set((await enginesOf(dataDir)).map(({ pid }) => pid));
    const left = former.filter(({ pid }) => pids.has(pid));
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(10);
  }
};

/**
 * A port that is free and that nobody is given by chance: Linux takes the ports it gives from 32768 on, so it is still
 * free when the exchange comes back to it.
 */
export const steadyPort = async (): Promise<number> => {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, "127.0.0.1");
    const free = await Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false),
    ]).catch(() => false);
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
};

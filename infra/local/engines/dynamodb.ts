import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { StartError } from "../start-error.ts";

export type Engine = { url: string; close(): Promise<void> };

/**
 * Keeps the engine only as long as its standard input is open: when our process ends, however it ends, the pipe closes
 * and the engine goes too.
 */
const whileInputIsOpen = '"$@" & engine=$!; cat > /dev/null; kill "$engine"; wait "$engine"';

const tries = 3;

/**
 * DynamoDB on this machine: dynoxide, a program that keeps its tables in one SQLite file.
 * @throws StartError where it isn't installed or doesn't start
 */
export const startDynamodb = async (file: string): Promise<Engine> => {
  const program = enginePath();
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = spawn(
      "sh",
      [
        "-c",
        whileInputIsOpen,
        "sh",
        program,
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        String(port),
        "--db-path",
        file,
      ],
      { stdio: ["pipe", "ignore", "ignore"], detached: true },
    );
    const ended = once(child, "exit");
    const close = async () => {
      child.stdin.end();
      await ended;
    };
    const url = `http://127.0.0.1:${port}`;
    if (await answers(url)) return { url, close };
    await close();
    if (attempt === tries) throw new StartError("The embedded DynamoDB (dynoxide) does not start.");
  }
};

const enginePath = (): string => {
  try {
    return join(dirname(fileURLToPath(import.meta.resolve("@dynoxide/linux-x64/package.json"))), "dynoxide");
  } catch {
    throw new StartError(
      "The embedded DynamoDB (@dynoxide/linux-x64) is not installed on this machine: set AWS_ENDPOINT_URL_DYNAMODB.",
    );
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

/** Up to two seconds; it usually takes 40 ms. */
const answers = async (url: string): Promise<boolean> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    try {
      await fetch(url, { signal: AbortSignal.timeout(1_000) });
      return true;
    } catch {
      await pause(10);
    }
  }
  return false;
};

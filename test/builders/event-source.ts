import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, vi } from "vitest";
import type { Engine } from "../../infra/local/engines/dynamodb.ts";

type Closable = { close(): Promise<void> };

/** An engine for the tests of one file, in a folder that is theirs. */
export const useEngine = (
  start: (folder: string) => Promise<Engine>,
): { readonly url: string; readonly folder: string } => {
  const running = { url: "", folder: "" };
  let engine: Engine;
  beforeAll(async () => {
    Object.assign(process.env, {
      AWS_REGION: "eu-west-2",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
    });
    running.folder = await mkdtemp(join(tmpdir(), "cme-event-sources-"));
    engine = await start(running.folder);
    running.url = engine.url;
  });
  afterAll(async () => {
    await engine.close();
    await rm(running.folder, { recursive: true, force: true });
  });
  return running;
};

/** Whatever a test opens is closed after it, the last first, and the clock goes on. */
export const useOpened = () => {
  const opened: Closable[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
    vi.useRealTimers();
  });
  return async <T extends Closable>(starting: T | Promise<T>): Promise<T> => {
    const started = await starting;
    opened.push(started);
    return started;
  };
};

let names = 0;
export const freshName = (): string => {
  names += 1;
  return `source-${names}`;
};

type Answer = { status: number; body: object };
type Instead = (action: string, input: unknown) => Answer | Promise<Answer> | undefined;

/** The engine with something in between that may answer in its place; `undefined` lets the request through. */
export const between = async (url: string, instead: Instead) => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const action = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const own = await instead(action, JSON.parse(body.toString()));
    if (own) {
      response.writeHead(own.status, { "content-type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify(own.body));
      return;
    }
    const { host: _, connection: __, "content-length": ___, ...headers } = request.headers;
    try {
      const answer = await fetch(url, { method: "POST", headers: headers as Record<string, string>, body });
      response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

export const silent = { log: () => {} };

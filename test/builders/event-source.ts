import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, vi } from "vitest";

type Closable = { close(): Promise<void> };

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

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll } from "vitest";

export type Call = { path: string; headers: Record<string, string>; body: string };

export type Receiver = {
  /** The address of an endpoint of its own for each name. */
  url(name: string): string;
  /** From now on the endpoint answers with that status; with 204 unless told. */
  answer(name: string, status: number): void;
  /** What the endpoint was sent, oldest first. */
  calls(name: string): Call[];
};

/** The webhook endpoints of authorities' systems, for the tests of one file. */
export const useReceiver = (): Receiver => {
  const statuses = new Map<string, number>();
  const received: Call[] = [];
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    received.push({ path, headers: request.headers as Record<string, string>, body: await text(request) });
    response.writeHead(statuses.get(path) ?? 204).end();
  });

  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => {
    server.close();
  });

  return {
    url: (name) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`,
    answer: (name, status) => {
      statuses.set(`/${name}`, status);
    },
    calls: (name) => received.filter(({ path }) => path === `/${name}`),
  };
};

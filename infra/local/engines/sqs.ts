import { Server } from "node:net";
import { startFauxqs } from "fauxqs";
import type { Engine } from "./dynamodb.ts";

/** SQS on this machine: fauxqs, in our process, with its messages in SQLite. On loopback only. */
export const startSqs = async (dataDir: string, region: string): Promise<Engine> => {
  const server = await onLoopback(() => startFauxqs({ port: 0, logger: false, defaultRegion: region, dataDir }));
  return { url: `http://127.0.0.1:${server.port}`, close: () => server.stop() };
};

/** It asks to be reached from everywhere and takes no setting for that: what it opens meanwhile is opened on loopback. */
const onLoopback = async <T>(start: () => Promise<T>): Promise<T> => {
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, options: { host?: string }, ...rest: unknown[]) {
    return Reflect.apply(listen, this, [{ ...options, host: "127.0.0.1" }, ...rest]);
  } as typeof listen;
  try {
    return await start();
  } finally {
    Server.prototype.listen = listen;
  }
};

import { constants } from "node:fs";
import { access, mkdir, realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { StartError } from "./start-error.ts";

/** What the person who starts the exchange may set, all by environment variables. */
export type Settings = {
  /** `PORT`; 0 takes any free one. */
  port: number;
  /** `DATA_DIR`: everything that must survive a restart. */
  dataDir: string;
  /** `AWS_ENDPOINT_URL_…`: where set, that endpoint is used and the embedded engine is not started. */
  endpoints: { dynamodb: string | undefined; sqs: string | undefined; kms: string | undefined };
  /** Do streams, queues and schedules run? Tests that count or pace what happens go without. */
  telling: boolean;
  /** Along with them, is the contact list published on its schedule? Tests that count what is told go without. */
  publishing?: boolean;
};

/** @throws StartError */
export const readSettings = async (env: NodeJS.ProcessEnv): Promise<Settings> => ({
  port: portFrom(env.PORT ?? "3000"),
  dataDir: await writableFolder(resolve(env.DATA_DIR || ".local")),
  endpoints: {
    dynamodb: env.AWS_ENDPOINT_URL_DYNAMODB || undefined,
    sqs: env.AWS_ENDPOINT_URL_SQS || undefined,
    kms: env.AWS_ENDPOINT_URL_KMS || undefined,
  },
  telling: true,
  publishing: true,
});

const portFrom = (text: string): number => {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new StartError("PORT must be a whole number from 0 to 65535.");
  return port;
};

const writableFolder = async (folder: string): Promise<string> => {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK | constants.X_OK);
    return await realpath(folder);
  } catch {
    throw new StartError(`The folder ${folder} can't be written: set DATA_DIR to one that can.`);
  }
};

/** Not mkdir's own `recursive`, which never comes back where the kernel denies that the parent is there (as in /proc). */
const makeFolder = async (folder: string): Promise<void> => {
  const make = () =>
    mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  try {
    await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await make();
  }
};

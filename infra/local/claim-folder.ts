import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { StartError } from "./start-error.ts";

/**
 * The folder is one exchange's at a time: two would overwrite each other's keys. Linux frees the name (an abstract
 * socket) with the process, however that ends; elsewhere nothing guards the folder.
 */
export const claimFolder = async (folder: string): Promise<{ close(): Promise<void> }> => {
  if (process.platform !== "linux") return { close: async () => {} };
  const name = createHash("sha256").update(folder).digest("hex");
  const lock = createServer().listen(`\0cme-referral-exchange-${name}`);
  try {
    await once(lock, "listening");
  } catch {
    throw new StartError(`The folder ${folder} is in use by another exchange: stop it or set DATA_DIR to another.`);
  }
  return {
    close: async () => {
      lock.close();
      await once(lock, "close");
    },
  };
};

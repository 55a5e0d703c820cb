import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { inject } from "vitest";

/**
 * A folder that is made once in a run of the tests, by the file that asks for it first; the others wait for it. Nobody
 * changes anything in it afterwards. Where the making fails, the next file tries it for itself.
 */
export const oncePerRun = async (name: string, make: (folder: string) => Promise<void>): Promise<string> => {
  const folder = join(inject("runFolder"), name);
  const made = `${folder}.made`;
  while (!(await isThere(made))) {
    if (!(await isOurs(folder))) {
      await pause(50);
      continue;
    }
    try {
      await make(folder);
      await writeFile(made, "");
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }
  return folder;
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Whoever makes the folder is the one to fill it. */
const isOurs = async (folder: string): Promise<boolean> => {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
};

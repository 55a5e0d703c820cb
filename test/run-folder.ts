import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    runFolder: string;
  }
}

/** A folder for what the files of one run share. It is emptied before they run again, for the sources may be others then. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), "cme-run-"));
  // Tries again where a process that is ending still writes what it compiled.
  const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 10 });
  project.provide("runFolder", folder);
  // Each file loads the packages in a process of its own: they are compiled for the first.
  process.env.NODE_COMPILE_CACHE = join(folder, "compiled");
  project.onTestsRerun(async () => {
    for (const name of await readdir(folder)) await remove(join(folder, name));
  });
  return () => remove(folder);
};

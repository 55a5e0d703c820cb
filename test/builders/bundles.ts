import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Bundles, bundleFunctions } from "../../infra/bundle.ts";
import { oncePerRun } from "./once-per-run.ts";

/** The functions' bundles of the sources as they are, the same for all tests of a run. */
export const bundlesOfRun = async (): Promise<Bundles> => {
  const about = "about.json";
  const folder = await oncePerRun("bundles", async (folder) => {
    const { sizes, metafile } = await bundleFunctions(folder);
    await writeFile(join(folder, about), JSON.stringify({ sizes: [...sizes], metafile }));
  });
  const { sizes, metafile } = JSON.parse(await readFile(join(folder, about), "utf8"));
  return { folderOf: (name) => join(folder, name), sizes: new Map(sizes), metafile };
};

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bundles, bundleFunctions } from "../../infra/bundle.ts";
import { functions } from "../../infra/functions.ts";
import { errorsByClass } from "../../infra/left-out.ts";

let folder: string;
let bundles: Bundles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cme-bundles-"));
  bundles = await bundleFunctions(folder);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the bundles", () => {
  it("are one for each function", () => {
    expect([...bundles.sizes.keys()].sort()).toEqual(functions.map(({ name }) => name).sort());
  });

  it("weigh at most 400,000 bytes, but for the one that reads spreadsheets: 440,000", () => {
    const limits: Partial<Record<string, number>> = { importContactList: 440_000 };
    expect([...bundles.sizes].filter(([name, bytes]) => bytes > (limits[name] ?? 400_000))).toEqual([]);
  });

  it("keep every class of the SDK's errors that the code tells an error by", async () => {
    const sources = Object.keys(bundles.metafile.inputs).filter((path) => /^(functions|shared)\//.test(path));
    const named = new Set<string>();
    for (const path of sources) {
      const imports = (await readFile(path, "utf8")).match(/import \{[^}]*\} from "@aws-sdk\/client-[\w-]+"/g) ?? [];
      for (const [name] of imports.join().matchAll(/\b\w+Exception\b/g)) named.add(name);
    }
    expect([...named].sort()).toEqual(errorsByClass);
  });

  it("hold the code of their own operation and of no other", async () => {
    expect(await readdir(bundles.folderOf("getHealth"))).toEqual(["index.cjs"]);
    const inputs = Object.values(bundles.metafile.outputs).flatMap(({ entryPoint, inputs }) =>
      entryPoint === "functions/oversight/get-health.ts" ? Object.keys(inputs) : [],
    );
    expect(inputs.filter((path) => path.startsWith("functions/"))).toEqual(["functions/oversight/get-health.ts"]);
    expect(inputs.filter((path) => /\/(client-sqs|credential-provider|libphonenumber-js)/.test(path))).toEqual([]);
  });

  it("carry no test, no local engine and no secret of this machine", async () => {
    const inputs = Object.keys(bundles.metafile.inputs);
    expect(inputs.filter((path) => /^(test|infra\/local)\//.test(path))).toEqual([]);
    const text = await readFile(join(bundles.folderOf("getHealth"), "index.cjs"), "utf8");
    expect(text).not.toContain(tmpdir());
  });
});

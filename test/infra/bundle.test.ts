import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { APIGatewayProxyEvent, Context } from "aws-lambda";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import writeXlsxFile from "write-excel-file/node";
import { type Bundles, bundleSettings } from "../../infra/bundle.ts";
import { functions } from "../../infra/functions.ts";
import { errorsByClass } from "../../infra/left-out.ts";
import type { LambdaHandler } from "../../shared/http/serve.ts";
import type { readTable as ReadTable } from "../../shared/spreadsheet/read-table.ts";
import { bundlesOfRun } from "../builders/bundles.ts";
import { xlsx } from "../builders/contact-file.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

let folder: string;
let bundles: Bundles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cme-bundles-"));
  bundles = await bundlesOfRun();
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A line of the sources, such as shared/http/parse.ts:94. */
const lineAt = async (place = ""): Promise<string | undefined> => {
  const [path = "", line] = place.split(":");
  return (await readFile(join(root, path), "utf8")).split("\n")[Number(line) - 1];
};

describe("the bundles", () => {
  it("are one for each function", () => {
    expect([...bundles.sizes.keys()].sort()).toEqual(functions.map(({ name }) => name).sort());
  });

  it("weigh at most 400,000 bytes", () => {
    expect([...bundles.sizes].filter(([, bytes]) => bytes > 400_000)).toEqual([]);
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

  it("log where an error of ours stands in the sources and what called that, and nothing of what it says", async () => {
    const file = join(bundles.folderOf("getHealth"), "index.cjs");
    const { handler } = createRequire(import.meta.url)(file) as { handler: LambdaHandler };
    const event = {
      requestContext: { requestId: "one" },
      get multiValueQueryStringParameters(): never {
        throw new TypeError("Ada\n    at shared/Lovelace:1");
      },
    };
    const written: string[] = [];
    const output = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
    await handler(event as unknown as APIGatewayProxyEvent, {} as Context).finally(() => output.mockRestore());
    const [, origin = ""] = /"request-failed".*"errorOrigin":"([^"]*)"/.exec(written.join("")) ?? [];
    expect(origin).toMatch(/^index\.cjs:\d+:\d+ index\.cjs:\d+:\d+ index\.cjs:\d+:\d+$/);

    const found = execFileSync(process.execPath, ["infra/operate/origin.ts", "getHealth", origin], { cwd: root });
    const [thrown, caller] = found.toString().split("\n");
    expect(await lineAt(thrown)).toContain("event.multiValueQueryStringParameters");
    expect(await lineAt(caller)).toContain("parseQuery(event");
  });

  it("read workbooks, with one unpacker for what was sent and for the reader", async () => {
    const outfile = join(folder, "read-table.cjs");
    await build({ ...bundleSettings, entryPoints: ["shared/spreadsheet/read-table.ts"], outfile });
    const { readTable } = createRequire(import.meta.url)(outfile) as { readTable: typeof ReadTable };
    const since = { value: new Date("2026-01-01T00:00:00.000Z"), type: Date, format: "dd/mm/yyyy" };
    const bytes = await writeXlsxFile([[{ value: "Siân & co" }, { value: 330 }, since]]).toBuffer();
    expect(await readTable({ media: xlsx, bytes })).toEqual({
      sheet: "Sheet1",
      rows: [{ line: 1, cells: ["Siân & co", 330, new Date("2026-01-01T00:00:00.000Z")] }],
    });
  });

  it("carry no test, no local engine and no secret of this machine", async () => {
    const inputs = Object.keys(bundles.metafile.inputs);
    expect(inputs.filter((path) => /^(test|infra\/local)\//.test(path))).toEqual([]);
    const text = await readFile(join(bundles.folderOf("getHealth"), "index.cjs"), "utf8");
    expect(text).not.toContain(tmpdir());
  });
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { openapiDocument } from "../shared/contract/openapi.ts";
import { functions } from "./functions.ts";
import { leftOut } from "./left-out.ts";
import { pureDeclarations } from "./pure-declarations.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the contract's address is put in when a function starts. */
const placeholder = "https://exchange.invalid";
const documentFile = "openapi.json";

/**
 * The OpenAPI document is made here, as a file beside the function's code, and not at each cold start. So no function
 * needs what makes JSON Schemas of zod's schemas, which is a fifth of zod.
 */
const madeBeforehand: Plugin = {
  name: "made-beforehand",
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]shared[\\/]contract[\\/]openapi\.ts$/ }, () => ({
      resolveDir: root,
      contents: `
        import { readFileSync } from "node:fs";
        const text = () => readFileSync(__dirname + "/${documentFile}", "utf8");
        export const openapiDocument = (origin) => JSON.parse(text().replaceAll("${placeholder}", origin));`,
    }));
  },
};

/** CommonJS starts some 20 ms sooner than ES modules; `module` before `main` lets the tree be shaken. */
export const bundleSettings: BuildOptions & { metafile: true } = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  mainFields: ["module", "main"],
  minify: true,
  legalComments: "none",
  metafile: true,
  logLevel: "error",
  plugins: [madeBeforehand, leftOut, pureDeclarations],
  alias: {
    "@aws-sdk/credential-provider-node": join(root, "infra/lambda/credentials.ts"),
    "@aws-sdk/middleware-endpoint-discovery": join(root, "infra/lambda/endpoint-discovery.ts"),
    "@smithy/core/event-streams": join(root, "infra/lambda/event-streams.ts"),
  },
};

export type Bundles = {
  /** The folder with the function's code and nothing else. */
  folderOf(name: string): string;
  /** Bytes of its code by function. */
  sizes: ReadonlyMap<string, number>;
  metafile: Metafile;
};

/** Bundles every function, in one run. */
export const bundleFunctions = async (folder: string): Promise<Bundles> => {
  const { metafile } = await build({
    ...bundleSettings,
    entryPoints: Object.fromEntries(functions.map(({ name, handler }) => [join(name, "index"), handler])),
    outdir: folder,
    outExtension: { ".js": ".cjs" },
  });
  await writeFile(join(folder, "getOpenapi", documentFile), JSON.stringify(openapiDocument(placeholder)));
  const sizes = new Map(
    Object.values(metafile.outputs).flatMap(({ entryPoint, bytes }): [string, number][] =>
      functions.filter(({ handler }) => handler === entryPoint).map(({ name }) => [name, bytes]),
    ),
  );
  return { folderOf: (name) => join(folder, name), sizes, metafile };
};

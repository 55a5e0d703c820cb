import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/** The SDK's errors that the code tells by their class. Any other is thrown with its own name and the base class. */
export const errorsByClass = ["ConditionalCheckFailedException", "TransactionCanceledException"];

/** Modules of packages, and the file of infra/lambda that stands in for each. */
const standIns = {
  "@smithy/core/dist-es/submodules/config/node-config-provider/fromSharedConfigFiles": "config-files",
  "@smithy/core/dist-es/submodules/config/config-resolver/regionConfig/getInstanceMetadataRegion": "instance-region",
  "@smithy/core/dist-es/submodules/retry/util-retry/AdaptiveRetryStrategy": "adaptive-retries",
  "@smithy/core/dist-es/submodules/checksum/sha256/Sha256Js": "sha256",
  "@smithy/core/dist-es/submodules/protocols/HttpBindingNormalizedSchema": "http-bindings",
  "@smithy/core/dist-es/submodules/serde/date-utils": "dates",
  "@smithy/signature-v4/dist-es/HeaderFormatter": "event-headers",
  "@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions": "partitions",
  "is-unsafe/src/index": "declared-entities",
  "read-excel-file/modules/zip/unzipFromArrayBuffer": "unzip",
};

const lambda = fileURLToPath(new URL("lambda", import.meta.url));
const moduleAt = (path: string) => new RegExp(`[\\\\/]node_modules[\\\\/]${path.replaceAll("/", "[\\\\/]")}\\.js$`);
const source = (path: string) => readFile(path, "utf8");

/**
 * Leaves out of every function what packages bring along for places other than Lambda, for services other than ours and
 * for uses that we have not. test/infra/least-privilege.test.ts runs every function without it.
 */
export const leftOut: Plugin = {
  name: "left-out",
  setup: ({ onLoad, onResolve }) => {
    for (const [path, standIn] of Object.entries(standIns)) {
      onLoad({ filter: moduleAt(path) }, async () => ({
        contents: await source(join(lambda, `${standIn}.ts`)),
        loader: "ts",
        resolveDir: lambda,
      }));
    }
    onResolve({ filter: /^\.\.\/core\/(to-json-schema|json-schema-processors)\.js$/ }, () => ({
      path: join(lambda, "json-schema.ts"),
    }));
    // A bundler keeps a namespace whole where it is exported under a name, and every method of a class. Those that zod's
    // strings have for formats are deprecated: there are functions instead, such as z.email().
    onLoad({ filter: moduleAt("zod/v4/classic/schemas") }, async ({ path }) => ({
      contents: (await source(path))
        .replace('import { util } from "../core/index.js";', 'import * as util from "../core/util.js";')
        .replaceAll("core.util.", "util.")
        .replace(/^ +\w+\(params\) \{\n +return this\.check\(core\._\w+\(Zod\w+, params\)\);\n +\},\n/gm, ""),
    }));
    // The same code as classes and arrow functions, which Node knows.
    onResolve({ filter: /^\.\.\/es6\/parsePhoneNumber\.js$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace("es6", "es6-modern")),
      sideEffects: false,
    }));
    // Of itself a client needs its version alone, which it tells with each call.
    onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[\w-]+[\\/]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await source(path)) as { version: string };
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
    onLoad({ filter: moduleAt("@aws-sdk/client-[\\w-]+/dist-es/schemas/schemas_0") }, async ({ path }) => ({
      contents: (await source(path))
        .replace(/^n0_registry\.registerError\(\w+\$, (\w+)\);$/gm, (registered, name) =>
          errorsByClass.includes(name) ? registered : "",
        )
        // What isn't registered is used nowhere, which a bundler can't know of a list with computed keys.
        .replace(/^(export var \w+\$ = )(\[-3, [^;]*\]);$/gm, "$1/* @__PURE__ */ (() => ($2))();"),
    }));
    onLoad({ filter: moduleAt("@aws-sdk/client-[\\w-]+/dist-es/endpoint/endpointResolver") }, ({ path }) => {
      const [, service] = /client-([\w-]+)/.exec(path) ?? [];
      return {
        resolveDir: lambda,
        contents: `
          import { regionalEndpoint } from "./endpoint.ts";
          export const defaultEndpointResolver = regionalEndpoint("${service}");`,
      };
    });
    // shared/spreadsheet/xlsx.ts asks of no error what it is, and each brings what makes classes in old browsers.
    onLoad({ filter: moduleAt("read-excel-file/modules/(?:zip|xlsx|xlsx/file)/\\w+Error") }, ({ path }) => {
      const [, name] = /(\w+)\.js$/.exec(path) ?? [];
      return { contents: `export default class ${name} extends Error {}` };
    });
    // shared/contract/telephone.ts reads the numbers of one calling code.
    onLoad({ filter: moduleAt("libphonenumber-js/metadata\\.min\\.json") }, async ({ path }) => {
      const { version, country_calling_codes, countries } = JSON.parse(await source(path.replace(/\.js$/, ""))) as {
        version: number;
        country_calling_codes: Record<string, string[]>;
        countries: Record<string, unknown>;
      };
      const british = (country_calling_codes[44] ?? []).map((country) => [country, countries[country]]);
      const kept = { version, country_calling_codes: {}, countries: Object.fromEntries(british) };
      return { contents: `export default ${JSON.stringify(kept)};` };
    });
  },
};

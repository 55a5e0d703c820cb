import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Plugin, transform } from "esbuild";

/** A constant that is no function, as esbuild prints it: one line, or up to the first that closes it at the margin. */
const constant = /^((?:export )?const \w+ = )(?!(?:async )?\(|\w+ =>)(.*|.*[^;\n]\n(?:.*\n)*?\S.*);$/gm;

/**
 * Leaves out of a function each constant of shared/ that it doesn't use, with what that one alone uses: a module of the
 * contract holds the routes of many functions. A bundler keeps `const a = f()` for what `f` might do besides. As no
 * module here does anything when it is imported (`sideEffects` of package.json), every such value is marked as pure.
 */
export const pureDeclarations: Plugin = {
  name: "pure-declarations",
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]shared[\\/]\w+[\\/][\w-]+\.ts$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), {
        loader: "ts",
        target: "node24",
        sourcefile: basename(path),
        sourcemap: "inline",
        sourcesContent: false,
      });
      return {
        contents: code.replace(constant, (statement, declared, value) =>
          value.includes("(") || value.includes("...") ? `${declared}/* @__PURE__ */ (() => (${value}))();` : statement,
        ),
      };
    });
  },
};

import { SourceMap, type SourceMapPayload } from "node:module";
import { build } from "esbuild";
import { bundleSettings } from "../bundle.ts";
import { functions } from "../functions.ts";

const usage =
  'Usage: npm run -s origin -- FUNCTION "index.cjs:LINE:COLUMN …"\n' +
  "  FUNCTION       such as confirmReceipt\n" +
  "  index.cjs:…    the errorOrigin of its log\n" +
  "  Says the files and lines, if what is checked out is what is deployed.";

/** The same sources make the same bundle, so its map need not be kept: it is made when it is wanted. */
const mapOf = async (handler: string): Promise<SourceMap> => {
  const { outputFiles = [] } = await build({
    ...bundleSettings,
    entryPoints: [handler],
    outdir: ".",
    sourcemap: "external",
    sourcesContent: false,
    write: false,
  });
  const map = outputFiles.find(({ path }) => path.endsWith(".map"));
  return new SourceMap(JSON.parse(map?.text ?? "{}") as SourceMapPayload);
};

const [name, ...places] = process.argv.slice(2).flatMap((argument) => argument.split(/\s+/));
const called = functions.find((each) => each.name === name);
const positions = places.map((place) => /^index\.cjs:(\d+):(\d+)$/.exec(place)?.slice(1).map(Number) ?? []);
if (!called || positions.length === 0 || positions.some(({ length }) => length === 0)) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
const map = await mapOf(called.handler);
for (const [line = 0, column = 0] of positions) {
  const origin = map.findOrigin(line, column);
  process.stdout.write("fileName" in origin ? `${origin.fileName}:${origin.lineNumber}\n` : "unknown\n");
}

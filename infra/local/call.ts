import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Answer, connect } from "./client.ts";
import { readSettings } from "./settings.ts";

const usage =
  "Usage: npm run -s call -- AUTHORITY GET|DELETE /v1/…\n" +
  "       npm run -s call -- AUTHORITY POST|PUT /v1/… '{…}' | file.json [--key IDEMPOTENCY-KEY]\n" +
  "       … --show MEMBER   only that member of the answer\n" +
  "  AUTHORITY     a DfE number, such as 201, or dfe: whose client calls\n" +
  "The answer's status goes to the error output, its body to the output.";

const bodyFrom = async (given: string): Promise<string> =>
  given.trimStart().startsWith("{") ? given : readFile(given, "utf8");

const pretty = ({ headers, text }: Answer, member: string | undefined): string => {
  if (!headers.get("content-type")?.includes("json")) return text;
  const body = JSON.parse(text) as Record<string, unknown>;
  const shown = member !== undefined && member in body ? body[member] : body;
  return typeof shown === "string" ? shown : JSON.stringify(shown, null, 2);
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { key: { type: "string" }, show: { type: "string" } },
});
const [authority, method, path, body] = positionals;
const sends = method === "POST" || method === "PUT";
if (!authority || !path?.startsWith("/") || !(sends ? body : method === "GET" || method === "DELETE")) {
  console.error(usage);
  process.exit(2);
}
try {
  const { dataDir } = await readSettings(process.env);
  const client = await connect(join(dataDir, "clients"), authority);
  const answer = await client.send(method ?? "GET", path, {
    ...(body && { body: await bodyFrom(body) }),
    ...(values.key && { key: values.key }),
  });
  console.error(`${answer.status}${answer.headers.has("idempotency-replayed") ? " (replayed)" : ""}`);
  console.log(pretty(answer, values.show));
  process.exitCode = answer.status < 300 ? 0 : 1;
} catch (error) {
  const refused = (error as { cause?: { code?: string } }).cause?.code === "ECONNREFUSED";
  console.error(refused ? "No exchange answers: start one with npm start." : String(error));
  process.exitCode = 1;
}

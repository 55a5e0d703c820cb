import { readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { parseArgs } from "node:util";
import { type Answer, connect } from "./client.ts";
import { readSettings } from "./settings.ts";

const usage =
  "Usage: npm run -s call -- AUTHORITY GET|DELETE /v1/…\n" +
  "       npm run -s call -- AUTHORITY POST|PUT /v1/… '{…}' | FILE [--key IDEMPOTENCY-KEY] [--if-match VERSION]\n" +
  "  FILE          .json, .csv, .xlsx or .xml, sent as what its name says\n" +
  "       … --show MEMBER   only that member of the answer\n" +
  "       … --accept TYPE   the answer in that media type, such as text/csv\n" +
  "       … --all           every page, one after the other, where the Link header leads from one to the next\n" +
  "       … --save FILE     the answer's body as it came, and its signature, if it has one, in FILE.jws\n" +
  "  AUTHORITY     a DfE number, such as 201, or dfe: whose client calls\n" +
  "The answer's status goes to the error output, its body to the output.";

const mediaTypes: Record<string, string> = {
  ".json": "application/json",
  ".csv": "text/csv",
  ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ".xml": "application/xml",
};

/** What was given outright is JSON; a file is what its name says. */
const bodyFrom = async (given: string): Promise<{ body: string | Uint8Array; media: string }> =>
  given.trimStart().startsWith("{")
    ? { body: given, media: "application/json" }
    : { body: await readFile(given), media: mediaTypes[extname(given).toLowerCase()] ?? "application/json" };

const pretty = ({ headers, text }: Answer, member: string | undefined): string => {
  if (!headers.get("content-type")?.includes("json")) return text;
  const body = JSON.parse(text) as Record<string, unknown>;
  const shown = member !== undefined && member in body ? body[member] : body;
  return typeof shown === "string" ? shown : JSON.stringify(shown, null, 2);
};

const print = (text: string): void => {
  if (text !== "") console.log(text.replace(/\r?\n$/, ""));
};

const nextPage = ({ headers }: Answer): string | undefined =>
  /<([^>]+)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];

const save = async (path: string, { bytes, headers }: Answer): Promise<void> => {
  await writeFile(path, bytes);
  const signature = headers.get("x-jws-signature");
  if (signature) await writeFile(`${path}.jws`, signature);
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    key: { type: "string" },
    show: { type: "string" },
    accept: { type: "string" },
    all: { type: "boolean" },
    save: { type: "string" },
    "if-match": { type: "string" },
  },
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
  const sent = body === undefined ? undefined : await bodyFrom(body);
  for (let at: string | undefined = path; at !== undefined; ) {
    const answer = await client.send(method ?? "GET", at, {
      ...(sent && { body: sent.body }),
      ...(values.key && { key: values.key }),
      headers: {
        ...(sent && { "content-type": sent.media }),
        ...(values.accept && { accept: values.accept }),
        ...(values["if-match"] && { "if-match": `"${values["if-match"]}"` }),
      },
    });
    console.error(`${answer.status}${answer.headers.has("idempotency-replayed") ? " (replayed)" : ""}`);
    if (values.save && answer.status < 300) await save(values.save, answer);
    else print(pretty(answer, values.show));
    process.exitCode = answer.status < 300 ? 0 : 1;
    at = values.all ? nextPage(answer) : undefined;
  }
} catch (error) {
  const refused = (error as { cause?: { code?: string } }).cause?.code === "ECONNREFUSED";
  console.error(refused ? "No exchange answers: start one with npm start." : String(error));
  process.exitCode = 1;
}

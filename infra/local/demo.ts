import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Answer, type Client, clientFile, connect } from "./client.ts";
import { readSettings } from "./settings.ts";
import { StartError } from "./start-error.ts";

const say = (text = "") => console.log(text);
let steps = 0;
const step = (text: string) => say(`\n${++steps}. ${text}`);

/** What was asked and what came back, as a person would want to see it. */
const show = (client: Client, request: string, answer: Answer, ...members: string[]): Record<string, unknown> => {
  const body = answer.json() as Record<string, unknown>;
  say(`   ${client.file.authority}: ${request} -> ${answer.status}`);
  for (const member of members) {
    const value = member.split(".").reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], body);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    say(`        ${member}: ${text.length > 100 ? `${text.slice(0, 97)}...` : text}`);
  }
  return body;
};

const example = async (): Promise<object> =>
  JSON.parse(await readFile(new URL("data/example-referral.json", import.meta.url), "utf8"));

const play = async (clients: string, folder: string): Promise<void> => {
  const london = await connect(clients, "201");
  const birmingham = await connect(clients, "330");
  const camden = await connect(clients, "202");
  const dfe = await connect(clients, "dfe");

  step("City of London (201) looks up whom to contact in Birmingham.");
  const contacts = await london.get("/v1/authorities/330/contacts");
  for (const { contactId, name, email } of (contacts.json() as { items: Record<string, string>[] }).items) {
    say(`   ${contactId}: ${name}, ${email}`);
  }

  step("It refers a child of ten who is said to have moved to Bournville.");
  const referral = await london.post("/v1/referrals", await example());
  const { id } = show(london, "POST /v1/referrals", referral, "id", "state", "receiptDueAt", "payloadDigest") as {
    id: string;
  };
  const path = `/v1/referrals/${id}`;

  step("It may not take the child off its list yet: nobody in Birmingham has confirmed receipt.");
  const early = await london.post(`${path}/removal`, { removedBy: "201-lead" });
  const { reasons } = show(london, "POST …/removal", early, "code") as {
    reasons: { text: string; guidance: string }[];
  };
  for (const { text, guidance } of reasons) say(`        ${text}\n        Guidance: “${guidance}”`);

  step("Camden and the DfE can't see the referral.");
  show(camden, "GET …", await camden.get(path), "code");
  show(dfe, "GET …", await dfe.get(path), "code");

  step("Birmingham finds it in its inbox and reads the child's record. Both sides will see that it did.");
  const inbox = await birmingham.get("/v1/referrals?box=inbox&state=awaiting-receipt");
  show(
    birmingham,
    "GET /v1/referrals?box=inbox&state=awaiting-receipt",
    inbox,
    "items.0.sender",
    "items.0.receiptDueAt",
  );
  const record = await birmingham.get(`${path}/child`);
  show(birmingham, "GET …/child", record, "identity.forename", "identity.surname", "evidenceOfMove");

  step("Birmingham's lead confirms receipt. The child joins Birmingham's list, and London's gate opens.");
  const confirmed = await birmingham.post(`${path}/receipt`, { confirmedBy: "330-lead", note: "Known to our EWO." });
  const { receipt } = show(birmingham, "POST …/receipt", confirmed, "receipt", "referral.state") as { receipt: string };

  step("London takes the child off its list and gets a certificate that says why it could.");
  const removed = await london.post(`${path}/removal`, { removedBy: "201-lead" });
  const { certificate } = show(london, "POST …/removal", removed, "certificate", "entry.status", "entry.closure") as {
    certificate: string;
  };

  step("Birmingham locates the child, and the child starts school.");
  const located = await birmingham.post(`${path}/finding`, { finding: "located", foundBy: "330-lead" });
  show(birmingham, "POST …/finding", located, "state");
  const conclusion = { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-02" };
  show(birmingham, "POST …/conclusion", await birmingham.post(`${path}/conclusion`, conclusion), "state");

  step("The trail: a chain of hashes that both authorities hold.");
  const events = await london.get(`${path}/events`);
  for (const { sequence, type, actor, hash } of (events.json() as { items: TrailItem[] }).items) {
    say(
      `   ${sequence} ${type.padEnd(22)} by ${actor.authority} ${(actor.contactId ?? "").padEnd(10)} ${hash.slice(0, 24)}…`,
    );
  }

  step("Receipt and certificate are verified offline, with nothing but the published keys.");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const jwks = await fetch(`${london.file.issuer}/.well-known/jwks.json`);
  const files = {
    "receipt.jws": receipt,
    "certificate.jws": certificate,
    "jwks.json": await jwks.text(),
    "child.json": record.text,
    "events.json": events.text,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  const shown = relative(process.cwd(), folder);
  for (const name of ["receipt.jws", "certificate.jws"]) {
    verify(
      `${shown}/${name}`,
      `${shown}/jwks.json`,
      "--record",
      `${shown}/child.json`,
      "--events",
      `${shown}/events.json`,
    );
  }
};

type TrailItem = {
  sequence: number;
  type: string;
  actor: { authority: string; contactId: string | null };
  hash: string;
};

const verify = (...args: string[]): void => {
  say(`   $ npm run verify -- ${args.join(" ")}`);
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL("verify.ts", import.meta.url)), ...args],
    { encoding: "utf8" },
  );
  say(`${stdout}${stderr}`.trimEnd().replaceAll(/^/gm, "     "));
  if (status !== 0) process.exitCode = 1;
};

/** The exchange that runs with this folder already, or one that is started for the demonstration. */
const reach = async (clients: string): Promise<{ stop(): Promise<void> }> => {
  try {
    const { issuer } = await clientFile(clients, "dfe");
    if ((await fetch(`${issuer}/healthz`)).ok) {
      say(`Using the exchange at ${issuer}.`);
      return { stop: async () => {} };
    }
  } catch {
    say("No exchange is running: starting one for this demonstration.");
  }
  const child = spawn(process.execPath, [fileURLToPath(new URL("start.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  for await (const line of createInterface(child.stdout)) if (line.includes("is ready at")) break;
  child.stdout.resume();
  if (child.exitCode !== null) process.exit(1);
  return {
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
};

try {
  const { dataDir } = await readSettings(process.env);
  const clients = join(dataDir, "clients");
  const { stop } = await reach(clients);
  try {
    await play(clients, join(dataDir, "demo"));
  } finally {
    await stop();
  }
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral } from "../builders/referral.ts";

const exchange = useExchange({ telling: true });

/** Planted wherever a child can be told of, and wherever somebody may put it by mistake. */
const marker = "Quetzalworthy";
const upn = "H801200001001";
/** Shaped like a UPN, but sent as a number. */
const number = 918273645546;

const inBase64 = (text: string): string => Buffer.from(text).toString("base64");

/** What is left of a text in base64 wherever it starts: the characters at its ends depend on its neighbours. */
const insideBase64 = (text: string): string[] =>
  [0, 1, 2].map((offset) =>
    inBase64(" ".repeat(offset) + text)
      .replace(/=+$/, "")
      .slice(Math.ceil((offset * 8) / 6), -1),
  );

/** The ways in which a text might be written down. */
const spellings = (text: string): Buffer[] => [
  Buffer.from(text),
  Buffer.from(text.toLowerCase()),
  Buffer.from(text.toUpperCase()),
  Buffer.from(text, "utf16le"),
  Buffer.from(text, "utf16le").swap16(),
  ...[Buffer.from(text).toString("hex"), Buffer.from(text).toString("hex").toUpperCase()].map((hex) =>
    Buffer.from(hex),
  ),
  ...insideBase64(text).flatMap((each) => [
    Buffer.from(each),
    Buffer.from(each.replaceAll("+", "-").replaceAll("/", "_")),
    ...insideBase64(each).map((twice) => Buffer.from(twice)),
  ]),
];

const tells = (content: Buffer, text: string): boolean => spellings(text).some((each) => content.includes(each));

const files = async (folder: string): Promise<{ name: string; content: Buffer }[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  return Promise.all(names.map(async (name) => ({ name, content: await readFile(name) })));
};

/** What was answered to requests that were refused, and the header lines of all. */
const refusals: string[] = [];
const headers: string[] = [];
const stderr: string[] = [];

const kept = (answer: Answer, expected: number): Answer => {
  expect(answer.status, answer.text).toBe(expected);
  headers.push(JSON.stringify([...answer.headers]));
  if (expected >= 400) refusals.push(answer.text);
  return answer;
};

const child = () => {
  const example = exampleReferral().child;
  return {
    ...example,
    identity: { ...example.identity, surname: marker, aliases: [`${marker} Jones`], upn },
    parents: [{ name: `Ngozi ${marker}`, email: `${marker}@example.org` }],
    circumstances: { narrative: `The ${marker} family has moved.` },
    evidenceOfMove: [{ kind: "other", date: "2026-10-16", source: `${marker}'s aunt`, note: `${marker} has moved.` }],
    siblings: [{ forename: "Tobi", surname: marker }],
  };
};

const referral = () => ({ ...exampleReferral(), child: child() });

/** A child handed over and on, with every free text there is; the record is read in each way. */
const journey = async (sender: Client, recipient: Client): Promise<string[]> => {
  const post = async (client: Client, path: string, body: unknown) => kept(await client.post(path, body), 201);
  const submitted = async (changes: object = {}, client = sender): Promise<string> =>
    ((await post(client, "/v1/referrals", { ...referral(), ...changes })).json() as Summary).id;

  await post(sender, "/v1/cme-list", { child: child() });
  const id = await submitted({ temporaryAuthority: "202" });
  const at = `/v1/referrals/${id}`;
  await post(recipient, `${at}/receipt`, { confirmedBy: "330-lead", note: `${marker} has arrived.` });
  await post(recipient, `${at}/messages`, { kind: "question", text: `Is it ${marker}?`, by: "330-lead" });
  await post(sender, `${at}/child`, { child: { ...child(), siblings: [] }, by: "201-lead" });
  await post(sender, `${at}/removal`, { removedBy: "201-lead" });
  await post(recipient, `${at}/finding`, { finding: "located", foundBy: "330-lead", note: `Saw ${marker}.` });
  await submitted({ recipient: "202", sentBy: "330-lead", followsReferralId: id }, recipient);
  const provision = `${marker} is taught at home.`;
  await post(recipient, `${at}/conclusion`, { outcome: "suitable-education-otherwise", provision });
  const withdrawn = await submitted();
  await post(sender, `/v1/referrals/${withdrawn}/withdrawal`, { reason: `${marker} came back.` });
  const returned = await submitted();
  const note = `We know no ${marker}.`;
  await post(recipient, `/v1/referrals/${returned}/return`, { reason: "wrong-authority", note });

  const { entryId } = (await post(sender, "/v1/cme-list", { child: child() })).json() as { entryId: string };
  const question = { kind: "targeted", entryId, reason: "kin", openedBy: "201-lead", note: `${marker}'s aunt.` };
  const opened = (await post(sender, "/v1/enquiries", { ...question, asked: "330" })).json() as { id: string };
  const asked = `/v1/enquiries/${opened.id}`;
  for (const path of ["child", "notes"]) {
    expect(kept(await recipient.get(`${asked}/${path}`), 200).text).toContain(marker);
  }
  const answer = { answer: "known", answeredBy: "330-lead", note: `${marker} lives here.` };
  await post(recipient, `${asked}/answers`, answer);
  for (const path of [asked, `${asked}/events`, "/v1/enquiries?box=outbox"]) {
    expect(kept(await sender.get(path), 200).text).not.toContain(marker);
  }
  await post(sender, `${asked}/referral`, { sentBy: "201-lead" });

  const read = kept(await recipient.get(`${at}/child`), 200);
  expect(read.text).toContain(marker);
  kept(await recipient.get(`${at}/child`, { headers: { accept: "application/jose" } }), 200);
  for (const path of ["notes", "messages", "child?version=1"]) {
    expect(kept(await sender.get(`${at}/${path}`), 200).text).toContain(marker);
  }
  kept(await sender.get(`${at}/evidence-pack`, { headers: { accept: "application/zip" } }), 200);
  const lists = ["/v1/referrals?box=outbox", at, `${at}/events`, `${at}/receipt`, `${at}/removal`, "/v1/cme-list"];
  lists.push(`${at}/child/versions`);
  for (const path of lists) expect(kept(await sender.get(path), 200).text).not.toContain(marker);
  return [id, withdrawn, returned];
};

/** Everything that can be refused, with the marker in the place where somebody got it wrong. */
const mistakes = async (sender: Client, recipient: Client, [id = ""]: string[]): Promise<void> => {
  const at = `/v1/referrals/${id}`;
  const submission = async (change: object, status: number, given: Record<string, string> = {}) =>
    kept(await sender.post("/v1/referrals", { ...referral(), ...change }, { headers: given }), status);
  const withIdentity = (members: object) => ({ child: { ...child(), identity: { ...child().identity, ...members } } });

  for (const member of [
    "recipient",
    "sentBy",
    "entryId",
    "urgency",
    "followsReferralId",
    "temporaryAuthority",
    "child",
  ]) {
    await submission({ [member]: marker }, 422);
    await submission({ [member]: [marker, { [marker]: number }] }, 422);
  }
  await submission({ [marker]: marker }, 422);
  await submission(withIdentity({ [marker]: marker }), 422);
  await submission(withIdentity({ surname: `${marker}\u0000` }), 422);
  await submission(withIdentity({ surname: marker.repeat(20) }), 422);
  await submission(withIdentity({ upn: marker }), 422);
  await submission(withIdentity({ upn: number }), 422);
  await submission(withIdentity({ dateOfBirth: marker }), 422);
  await submission(withIdentity({ dateOfBirth: "1999-01-01" }), 422);
  await submission(withIdentity({ sex: marker }), 422);
  await submission({ recipient: "201" }, 422);
  await submission({ sentBy: "330-lead" }, 422);
  await submission({ entryId: "019f0000-0000-7000-8000-00000000dead" }, 422);
  await submission({}, 415, { "content-type": `text/${marker}` });
  await submission({}, 400, { "idempotency-key": `${marker} ${marker}` });
  await submission({}, 201, { "idempotency-key": marker });
  await submission({ recipient: "202" }, 422, { "idempotency-key": marker });
  await submission({}, 401, { authorization: `DPoP ${marker}` });
  await submission({}, 401, { authorization: `Bearer ${marker}` });
  await submission({}, 401, { dpop: marker });
  await submission({}, 201, { "x-request-id": marker, "user-agent": marker, accept: marker });
  kept(await sender.post("/v1/referrals", `{"child":{"identity":{"surname":"${marker}"`), 400);
  kept(await sender.post("/v1/referrals", `{"${marker}":1,"${marker}":2}`), 400);
  kept(await sender.post("/v1/referrals", `${JSON.stringify(marker).repeat(20_000)}`), 413);

  kept(await recipient.post(`${at}/receipt`, { confirmedBy: `${marker} ${marker}` }), 422);
  kept(await recipient.post(`${at}/receipt`, { confirmedBy: marker }), 409);
  kept(await recipient.post(`${at}/receipt`, { confirmedBy: "330-lead", note: marker }), 409);
  kept(await recipient.post(`${at}/return`, { reason: marker }), 422);
  kept(await recipient.post(`${at}/return`, { reason: "duplicate", note: marker }), 409);
  kept(await sender.post(`${at}/withdrawal`, { reason: marker }), 409);
  kept(await recipient.post(`${at}/withdrawal`, { reason: marker }), 403);
  kept(await recipient.post(`${at}/conclusion`, { outcome: marker, provision: marker }), 422);
  kept(await sender.post(`${at}/removal`, { removedBy: "201-lead" }), 409);
  kept(await (await exchange.client("203")).post(`${at}/withdrawal`, { reason: marker }), 404);
  const question = { kind: "targeted", entryId: marker, asked: "330", reason: "kin", openedBy: "201-lead" };
  kept(await sender.post("/v1/enquiries", question), 422);
  kept(await sender.post("/v1/enquiries", { ...question, reason: marker, [marker]: marker }), 422);
  kept(await recipient.get(`/v1/enquiries/${marker}/child`), 404);
  kept(await sender.get(`/v1/referrals/${marker}`), 404);
  kept(await sender.get(`/v1/referrals?box=inbox&surname=${marker}`), 422);
  kept(await sender.get(`/v1/referrals?box=${marker}`), 422);
  kept(await sender.get(`/v1/referrals?box=inbox&cursor=${inBase64(marker)}`), 400);
  kept(await sender.get(`/${marker}?${marker}#${marker}`), 404);
};

describe("after a whole journey with every mistake on the way", () => {
  const { write } = process.stderr;

  beforeAll(async () => {
    process.stderr.write = ((text: string) => stderr.push(String(text)) > 0) as typeof write;
    for (const method of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, method).mockImplementation((...texts) => stderr.push(JSON.stringify(texts)));
    }
    const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
    await mistakes(sender, recipient, await journey(sender, recipient));
    await exchange.telling?.idle();
  }, 60_000);

  afterAll(() => {
    vi.restoreAllMocks();
    process.stderr.write = write;
  });

  it("no answer to a refused request repeats what was sent", () => {
    expect(refusals).toHaveLength(53);
    for (const text of [marker, upn, String(number)]) {
      expect(refusals.filter((each) => tells(Buffer.from(each), text))).toEqual([]);
      expect(headers.filter((each) => tells(Buffer.from(each), text))).toEqual([]);
    }
  });

  it("no line of the log tells of the child", () => {
    expect(exchange.logLines.length).toBeGreaterThan(refusals.length);
    const lines = Buffer.from([...exchange.logLines, ...exchange.metricLines].join(""));
    expect(tells(lines, "cme-330")).toBe(true);
    for (const text of [marker, upn, String(number)]) expect(tells(lines, text)).toBe(false);
    expect(stderr).toEqual([]);
  });

  it("no line of the log has a field that the catalogue does not know", () => {
    const names = exchange.logLines.flatMap((line) => Object.keys(JSON.parse(line) as object));
    const known = [
      ...["at", "authority", "channel", "clientId", "code", "deliveryId", "durationMs", "failure", "level"],
      ...["operation", "refusal", "requestId", "status"],
    ];
    expect([...new Set(names)].filter((name) => !known.includes(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(["operation", "refusal", "deliveryId"]));
  });

  it("no metric says anything but what its dimensions allow", () => {
    const said = exchange.metricLines.flatMap((line) => Object.entries(JSON.parse(line) as object));
    expect(said.length).toBeGreaterThan(refusals.length);
    const words = said.filter(([name, value]) => name !== "_aws" && typeof value !== "number");
    const identifiers = ["cme-201", "cme-203", "cme-330", "201", "unverified"];
    const fixed = ["answered", "refused", "standard", "email", "delivered", "dropped"];
    const others = words.filter(([name, word]) => name !== "operation" && ![...identifiers, ...fixed].includes(word));
    expect(others).toEqual([]);
    expect(words.filter(([name, word]) => name === "operation" && !/^[a-z]+([A-Z][a-z]+)*$/.test(word))).toEqual([]);
  });

  it("nothing on the disk tells of the child", async () => {
    const all = await files(exchange.dataDir);
    const names = all.map(({ name }) => name.slice(exchange.dataDir.length + 1));
    expect(names).toEqual(expect.arrayContaining(["dynamodb.sqlite", "kms.json", "clients/201.json", "mailbox.jsonl"]));
    expect(names.some((name) => name.startsWith("sqs/"))).toBe(true);
    const tellers = (text: string) => all.filter(({ content }) => tells(content, text)).map(({ name }) => name);
    expect(tellers("referral.child-read")).not.toEqual([]); // what is no secret is found there
    expect(tellers("referral-awaits")).toContain(join(exchange.dataDir, "mailbox.jsonl"));
    for (const text of [marker, upn, String(number), "Ngozi", "2016-05-17"]) expect(tellers(text)).toEqual([]);
  });

  it("and what was looked for would have been found", () => {
    const hidden = [
      `{"surname":"${marker}"}`,
      inBase64(`{"surname":"${marker}"}`),
      inBase64(` {"surname":"${marker}"}`),
      inBase64(`  {"surname":"${marker}"}`),
      Buffer.from(`{"surname":"${marker}"}`).toString("base64url"),
      inBase64(inBase64(`?{"surname":"${marker}"}`)),
      Buffer.from(`x${marker}`).toString("hex"),
      marker.toUpperCase(),
    ];
    expect(hidden.filter((text) => !tells(Buffer.from(text), marker))).toEqual([]);
    for (const bytes of [Buffer.from(`x${marker}`, "utf16le"), Buffer.from(`x${marker}`, "utf16le").swap16()]) {
      expect(tells(bytes, marker)).toBe(true);
    }
    expect(tells(Buffer.from(inBase64("Quetzalcoatl")), marker)).toBe(false);
  });
});

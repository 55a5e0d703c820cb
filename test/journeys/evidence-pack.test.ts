import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import type { JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as findMatches } from "../../functions/enquiries/find-matches.ts";
import { type Answer, type Client, connect } from "../../infra/local/client.ts";
import { verifyPack } from "../../shared/evidence/verify-pack.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** A Monday. The clock goes forward only when told. */
const monday = "2026-11-23T09:30:00.000Z";
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(monday) });
});
const exchange = useExchange();
afterAll(() => {
  vi.useRealTimers();
});
const itIs = (moment: string) => vi.setSystemTime(new Date(moment));
const of = (code: string): Promise<Client> => connect(exchange.clients, code);

const made = <T = Record<string, string>>(answer: Answer): T => {
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as T;
};
const refused = (answer: Answer): unknown => {
  const { status, code } = answer.json() as Record<string, unknown>;
  return [status, code];
};
const asked = { headers: { accept: "application/zip" } };
const packOf = async (client: Client, path: string): Promise<Buffer> => {
  const answer = await client.get(`${path}/evidence-pack`, asked);
  expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
    200,
    "application/zip",
    "no-store",
  ]);
  return answer.bytes;
};
const published = async (): Promise<JSONWebKeySet> =>
  (await (await fetch(`${exchange.origin}/.well-known/jwks.json`)).json()) as JSONWebKeySet;

const { child } = exampleReferral();
const corrected = { ...child, identity: { ...child.identity, dateOfBirth: "2016-05-18" } };

/** A child who is on London's list, is referred to Birmingham, asked about, corrected, received a day late and removed. */
const handedOver = async (): Promise<{ id: string; entryId: string }> => {
  itIs(monday);
  const london = await of("201");
  const { entryId } = made<{ entryId: string }>(await london.post("/v1/cme-list", { child }));
  const step = { step: "home-visit", date: "2026-11-20", outcome: "no-answer", note: "Nobody at the flat." };
  made(await london.post(`/v1/cme-list/${entryId}/enquiry-steps`, step));
  const { id } = await submit(london, { entryId, temporaryAuthority: "202" });
  const path = `/v1/referrals/${id}`;
  const question = { kind: "question", text: "Is the birthday right?", by: "330-lead" };
  made(await (await of("330")).post(`${path}/messages`, question));
  made(await london.post(`${path}/child`, { child: corrected, by: "201-lead" }));
  itIs("2026-11-26T10:00:00.000Z");
  const receipt = { confirmedBy: "330-lead", note: "We know the aunt." };
  made(await (await of("330")).post(`${path}/receipt`, receipt));
  made(await (await of("201")).post(`${path}/removal`, { removedBy: "201-lead" }));
  return { id, entryId };
};

const jsonIn = (pack: Uint8Array, name: string): { items: unknown[] } & Record<string, unknown> =>
  JSON.parse(strFromU8(unzipSync(pack)[name] ?? strToU8("null")));

describe("the evidence pack of a referral", () => {
  let referral: { id: string; entryId: string };
  let pack: Buffer;
  let keys: JSONWebKeySet;
  beforeAll(async () => {
    referral = await handedOver();
    pack = await packOf(await of("201"), `/v1/referrals/${referral.id}`);
    keys = await published();
  });

  it("holds everything, and verifies with nothing but the published keys", async () => {
    expect(Object.keys(unzipSync(pack))).toEqual([
      "README.txt",
      "referral.json",
      `entry-${referral.entryId}.json`,
      "events.json",
      "receipt.jws",
      "certificate.jws",
      "deadlines.json",
      "steps.json",
      "correspondence.json",
      "notes.json",
      "record-1.json",
      "record-2.json",
      "jwks.json",
      "manifest.json",
      "manifest.jws",
    ]);
    const { claims, ownKeys, findings } = await verifyPack(pack, keys);
    expect(claims).toMatchObject({
      kind: "evidence-pack",
      subject: `referral#${referral.id}`,
      madeFor: "201",
      at: "2026-11-26T10:00:00.000Z",
    });
    expect(ownKeys).toBe(false);
    expect(findings).toEqual([
      "13 files are as they were signed",
      `The trail of referral#${referral.id} holds: 5 events`,
      `The trail of entry#${referral.entryId} holds: 2 events`,
      "The receipt verifies: CME lead officer, Birmingham (330-lead) at 2026-11-26T10:00:00.000Z, event 4 (referral.received), record version 2",
      "The removal certificate verifies: CME lead officer, City of London (201-lead) at 2026-11-26T10:00:00.000Z, event 5 (referral.removed), record version 2",
      "2 versions of the record are those of the trail",
    ]);
  });

  it("tells what was done, in which words, and by when", () => {
    expect(jsonIn(pack, "deadlines.json").items).toEqual([
      {
        what: "receipt-of-referral",
        of: `referral#${referral.id}`,
        by: "330",
        dueAt: "2026-11-26T09:30:00.000Z",
        doneAt: "2026-11-26T10:00:00.000Z",
        doneBy: "referral.received",
        kept: false,
        workingDays: 1,
      },
    ]);
    expect(jsonIn(pack, "steps.json").items).toMatchObject([{ step: "home-visit", note: "Nobody at the flat." }]);
    expect(jsonIn(pack, "correspondence.json").items).toMatchObject([
      { number: 2, kind: "question", authority: "330", text: "Is the birthday right?" },
    ]);
    expect(jsonIn(pack, "notes.json").items).toEqual([{ sequence: 4, note: "We know the aunt." }]);
    expect(jsonIn(pack, "record-1.json")).toEqual(child);
    expect(jsonIn(pack, "record-2.json")).toEqual(corrected);
    expect(strFromU8(unzipSync(pack)["README.txt"] ?? new Uint8Array())).toContain(
      "record-1.json, record-2.json\n    the child's record",
    );
  });

  it("is made for each party with its own entry alone, and is an event that both see", async () => {
    const birmingham = await of("330");
    const theirs = await packOf(birmingham, `/v1/referrals/${referral.id}`);
    const entries = Object.keys(unzipSync(theirs)).filter((name) => name.startsWith("entry-"));
    expect(entries).toHaveLength(1);
    expect(entries).not.toContain(`entry-${referral.entryId}.json`);
    const events = (await birmingham.get(`/v1/referrals/${referral.id}/events?limit=100`)).json() as {
      items: { type: string; actor: { authority: string }; details: unknown }[];
    };
    expect(events.items.slice(5).map(({ type, actor, details }) => [type, actor.authority, details])).toEqual([
      ["referral.child-read", "201", { what: "evidence-pack" }],
      ["referral.child-read", "330", { what: "evidence-pack" }],
    ]);
    expect((await verifyPack(theirs, keys)).findings).toContain(`The trail of referral#${referral.id} holds: 6 events`);
  });

  it("is nobody's but the parties', and is asked for by its media type", async () => {
    const path = `/v1/referrals/${referral.id}/evidence-pack`;
    expect(refused(await (await of("202")).get(path, asked))).toEqual([404, "not-found"]);
    expect(refused(await (await of("352")).get(path, asked))).toEqual([404, "not-found"]);
    expect(refused(await (await of("dfe")).get(path, asked))).toEqual([403, "scope-missing"]);
    for (const accept of ["*/*", "application/json", "text/html, application/zip"]) {
      expect(refused(await (await of("201")).get(path, { headers: { accept } }))).toEqual([406, "not-acceptable"]);
    }
  });

  it.each<[string, string, (files: Record<string, Uint8Array>) => void]>([
    [
      "a changed record",
      "record-2.json was altered.",
      (files) => alter(files, "record-2.json", "2016-05-18", "2016-05-19"),
    ],
    [
      "a changed event",
      "events.json was altered.",
      (files) => alter(files, "events.json", "referral.removed", "referral.located"),
    ],
    ["a file taken out", "deadlines.json is missing.", (files) => delete files["deadlines.json"]],
    [
      "a file put in",
      "more.json is not in the manifest.",
      (files) => {
        files["more.json"] = strToU8("{}");
      },
    ],
    [
      "a changed manifest",
      "manifest.json is not the one that was signed.",
      (files) => alter(files, "manifest.json", '"201"', '"202"'),
    ],
    ["another's signature", "signature verification failed", (files) => alter(files, "manifest.jws", ".", ".e")],
  ])("does not verify with %s", async (_, reason, change) => {
    const files = unzipSync(pack);
    change(files);
    await expect(verifyPack(zipSync(files), keys)).rejects.toThrow(reason);
  });

  it("does not verify by other keys than the exchange's, and says when it was verified by its own", async () => {
    const { keys: all } = keys as { keys: { kid: string }[] };
    const own = jsonIn(pack, "jwks.json").keys as { kid: string }[];
    const others = all.filter(({ kid }) => !own.some((key) => key.kid === kid));
    await expect(verifyPack(pack, { keys: others } as JSONWebKeySet)).rejects.toThrow();
    expect((await verifyPack(pack)).ownKeys).toBe(true);
  });

  it("is verified by npm run verify", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cme-pack-"));
    try {
      const [zip, jwks, bad] = ["pack.zip", "jwks.json", "bad.zip"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      await writeFile(zip, pack);
      await writeFile(jwks, JSON.stringify(keys));
      const files = unzipSync(pack);
      alter(files, "notes.json", "aunt", "uncle");
      await writeFile(bad, zipSync(files));
      expect(verify(zip, jwks)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^VERIFIED: signed by \S+$/m),
      });
      expect(verify(zip)).toMatchObject({ status: 0, stdout: expect.stringContaining("by the keys in the pack") });
      expect(verify(bad, jwks)).toMatchObject({ status: 1, stderr: "NOT VERIFIED: notes.json was altered.\n" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it("holds the common transfer file that came with the referral, in its very bytes", async () => {
  itIs(monday);
  const london = await of("201");
  const { id } = await submit(london);
  const sample = await readFile(new URL("../data/ctf-sample.xml", import.meta.url), "utf8");
  const headers = { "content-type": "application/xml" };
  made(await london.send("POST", `/v1/referrals/${id}/common-transfer-file`, { body: sample, headers }));
  const pack = await packOf(london, `/v1/referrals/${id}`);
  expect(strFromU8(unzipSync(pack)["common-transfer-file.xml"] ?? strToU8(""))).toBe(sample);
  expect((await verifyPack(pack, await published())).findings).toContain("11 files are as they were signed");
});

describe("the evidence pack of an entry", () => {
  it("holds its own record, steps, trails and what its referrals came to, and verifies", async () => {
    const { id, entryId } = await handedOver();
    const london = await of("201");
    const pack = await packOf(london, `/v1/cme-list/${entryId}`);
    expect(Object.keys(unzipSync(pack))).toEqual([
      "README.txt",
      "entry.json",
      "events.json",
      `referral-${id}.json`,
      `receipt-${id}.jws`,
      `certificate-${id}.jws`,
      "deadlines.json",
      "steps.json",
      "notes.json",
      "enquiries.json",
      "record.json",
      "jwks.json",
      "manifest.json",
      "manifest.jws",
    ]);
    const { claims, findings } = await verifyPack(pack, await published());
    expect(claims).toMatchObject({ subject: `entry#${entryId}`, madeFor: "201" });
    expect(findings.slice(0, 3)).toEqual([
      "12 files are as they were signed",
      `The trail of entry#${entryId} holds: 2 events`,
      `The trail of referral#${id} holds: 5 events`,
    ]);
    expect(jsonIn(pack, "record.json")).toEqual(corrected);
    expect(jsonIn(pack, "notes.json").items).toEqual([{ sequence: 2, note: "Nobody at the flat." }]);
    const events = (await london.get(`/v1/cme-list/${entryId}/events`)).json() as {
      items: { type: string; details: unknown }[];
    };
    expect(events.items[2]).toMatchObject({ type: "entry.child-read", details: { what: "evidence-pack" } });
    expect(refused(await (await of("330")).get(`/v1/cme-list/${entryId}/evidence-pack`, asked))).toEqual([
      404,
      "not-found",
    ]);
  });

  it("holds the enquiries that were made about the child", async () => {
    itIs(monday);
    const london = await of("201");
    const { entryId } = made<{ entryId: string }>(await london.post("/v1/cme-list", { child }));
    const enquiry = { kind: "targeted", entryId, asked: "330", reason: "kin", openedBy: "201-lead", note: "An aunt." };
    const { id } = made<{ id: string }>(await london.post("/v1/enquiries", enquiry));
    const match = { kind: "match", entryId, openedBy: "201-lead" };
    made(await london.post("/v1/enquiries", match));
    itIs("2026-11-24T09:30:00.000Z");
    const pack = await packOf(await of("201"), `/v1/cme-list/${entryId}`);
    expect(jsonIn(pack, "enquiries.json").items).toMatchObject([
      { id, kind: "targeted", asked: "330", state: "open" },
      { kind: "match", state: "open" },
    ]);
    expect(jsonIn(pack, "deadlines.json").items).toEqual([
      {
        what: "answer-to-enquiry",
        of: `enquiry#${id}`,
        by: "330",
        dueAt: "2026-12-21T09:30:00.000Z",
        doneAt: null,
        doneBy: null,
        kept: null,
        workingDays: 19,
      },
    ]);
    expect((await verifyPack(pack, await published())).findings).toContain(`The trail of enquiry#${id} holds: 1 event`);
  });

  it("holds what the authority was told because the child matched, and what it answered", async () => {
    itIs(monday);
    const coventry = await of("331");
    const dudley = await of("332");
    const sought = { ...child, identity: { surname: "Ashworth", dateOfBirth: "2014-02-03", sex: "F" } };
    const { entryId } = made<{ entryId: string }>(await coventry.post("/v1/cme-list", { child: sought }));
    const asking = made<{ entryId: string }>(await dudley.post("/v1/cme-list", { child: sought }));
    made(await dudley.post("/v1/enquiries", { kind: "match", entryId: asking.entryId, openedBy: "332-lead" }));
    await findMatches();
    const { items } = (await coventry.get("/v1/enquiries?box=inbox")).json() as { items: { id: string }[] };
    const { id } = items[0] ?? { id: "" };
    made(await coventry.post(`/v1/enquiries/${id}/answers`, { answer: "known", answeredBy: "331-lead" }));
    const pack = await packOf(coventry, `/v1/cme-list/${entryId}`);
    expect(jsonIn(pack, "enquiries.json").items).toMatchObject([
      { id, kind: "match", asker: "332", asked: "331", entryIds: [entryId], state: "known" },
    ]);
    expect((await verifyPack(pack, await published())).findings).toContain(
      `The trail of enquiry#${id} holds: 2 events`,
    );
  });
});

const alter = (files: Record<string, Uint8Array>, name: string, from: string, to: string): void => {
  const text = strFromU8(files[name] ?? new Uint8Array());
  expect(text).toContain(from);
  files[name] = strToU8(text.replace(from, to));
};

const verify = (...args: string[]) => {
  const program = fileURLToPath(new URL("../../infra/local/verify.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
};

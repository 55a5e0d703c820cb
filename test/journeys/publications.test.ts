import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as publishOnSchedule } from "../../functions/contact-list/publish-on-schedule.ts";
import type { Answer, Client } from "../../infra/local/client.ts";
import { verifyPublication } from "../../shared/keys/publication-signature.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { putPublication, readDocument } from "../../shared/store/publications.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { callsDuring } from "../builders/aws-calls.ts";
import { useExchange } from "../builders/exchange.ts";

const exchange = useExchange();

type Signed = { digest: string; signature: string };
type Publication = {
  number: number;
  publishedAt: string;
  json: Signed;
  csv: Signed;
  authorities: number;
  contacts: number;
};
type Contact = { contactId: string; authority: string; name: string };
type List = { number: number; authorities: { code: string }[]; contacts: Contact[] };
type Difference = { of: string; authority: string; contactId: string | null; change: string };
type Page<Item> = { items: Item[]; next: string | null };

const newest = "/v1/contact-list";
const publications = "/v1/contact-list/publications";
const asCsv = { headers: { accept: "text/csv" } };

let dfe: Client;
let reader: Client;
beforeAll(async () => {
  [dfe, reader] = [await exchange.client("dfe"), await exchange.client("201")];
});
afterEach(() => {
  vi.useRealTimers();
});

const publish = (): Promise<Answer> => dfe.post(publications, {});
const published = async (): Promise<Publication> => {
  const answer = await publish();
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Publication;
};
const all = async (): Promise<Publication[]> =>
  ((await reader.get(`${publications}?limit=100`)).json() as Page<Publication>).items;
const keySet = async (): Promise<JSONWebKeySet> =>
  (await (await fetch(`${exchange.origin}/.well-known/jwks.json`)).json()) as JSONWebKeySet;

const addContact = async (code: string, name: string): Promise<Contact> => {
  const facts = { name, role: "deputy", email: `deputy@la-${code}.example.org`, telephone: "020 7946 0000" };
  const answer = await dfe.post(`/v1/authorities/${code}/contacts`, facts);
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Contact;
};

describe("before the first publication", () => {
  it("there is nothing to be read", async () => {
    for (const path of [newest, `${publications}/1`, "/v1/contact-list/changes?since=1"]) {
      const answer = await reader.get(path);
      expect([answer.status, answer.json()]).toEqual([404, expect.objectContaining({ code: "not-found" })]);
    }
    expect((await reader.get(publications)).json()).toEqual({ items: [], next: null });
  });
});

describe("publishing", () => {
  const digest = expect.stringMatching(/^sha-256:[\w-]{43}$/);
  const signature = expect.stringMatching(/^[\w-]+\.\.[\w-]{86}$/);

  it("numbers the list of all four nations as it stands: 153, 22, 32 and 1 authorities with two contacts each", async () => {
    const answer = await publish();
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `${publications}/1`]);
    const first = answer.json() as Publication;
    expect(first).toEqual({
      number: 1,
      publishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      json: { digest, signature },
      csv: { digest, signature },
      authorities: 208,
      contacts: 416,
    });
    expect(await all()).toEqual([first]);
  });

  it("makes no new number while nothing has changed, whoever asks", async () => {
    const [before] = await all();
    const answer = await publish();
    expect([answer.status, answer.headers.get("location")]).toEqual([200, `${publications}/1`]);
    expect(answer.json()).toEqual(before);
    await publishOnSchedule();
    expect(await all()).toEqual([before]);
  });

  it("gives the same answer again under the same key, also when there is a newer one", async () => {
    await addContact("201", "One more");
    const first = await dfe.post(publications, {}, { key: "again" });
    await addContact("201", "And another");
    expect((await published()).number).toBe(3);
    const again = await dfe.post(publications, {}, { key: "again" });
    expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
    expect([again.json(), (again.json() as Publication).number]).toEqual([first.json(), 2]);
  });

  it("is the DfE's alone", async () => {
    expect((await reader.post(publications, {})).status).toBe(403);
  });
});

describe("a publication", () => {
  it("is answered in the very bytes that were signed, and verifies offline", async () => {
    const [latest] = (await all()) as [Publication];
    const keys = await keySet();
    for (const [format, accept, contentType, cty] of [
      ["json", "application/json", "application/json", "json"],
      ["csv", "text/csv", "text/csv; charset=utf-8; header=present", "text/csv"],
    ] as const) {
      const answer = await reader.get(newest, { headers: { accept } });
      const jws = String(answer.headers.get("x-jws-signature"));
      expect(jws).toBe(latest[format].signature);
      expect(answer.headers.get("content-type")).toBe(contentType);
      expect(answer.headers.get("x-publication-number")).toBe(String(latest.number));
      expect(answer.headers.get("etag")).toBe(`"${latest[format].digest.replace("sha-256:", "")}"`);
      expect(answer.headers.get("vary")).toBe("Accept");

      const whole = jws.replace("..", `.${answer.bytes.toString("base64url")}.`);
      const { protectedHeader, payload } = await compactVerify(whole, createLocalJWKSet(keys));
      expect(protectedHeader).toEqual({
        alg: "ES256",
        kid: expect.stringMatching(/^[\w-]{43}$/),
        typ: "cme-contact-list+jws",
        cty,
        iss: exchange.origin,
        iat: Math.floor(Date.parse(latest.publishedAt) / 1000),
        publication: latest.number,
      });
      expect(answer.bytes.equals(payload)).toBe(true);
    }
  });

  it("is of a key of its own, which signs nothing else", async () => {
    const kidOf = (jws: string): unknown =>
      JSON.parse(Buffer.from(jws.split(".")[0] ?? "", "base64url").toString()).kid;
    const [latest] = (await all()) as [Publication];
    const { keys } = await keySet();
    expect(kidOf(latest.json.signature)).toBe(kidOf(latest.csv.signature));
    expect(keys.map(({ kid }) => kid).indexOf(String(kidOf(latest.json.signature)))).toBe(keys.length - 1);
  });

  it("does not verify with another number in it, another signature or other keys", async () => {
    const [latest, former] = (await all()) as [Publication, Publication];
    const keys = await keySet();
    const { bytes } = await reader.get(newest);
    expect(await verifyPublication(latest.json.signature, bytes, keys)).toMatchObject({ number: latest.number });
    await expect(verifyPublication(former.json.signature, bytes, keys)).rejects.toThrow();
    await expect(verifyPublication(latest.csv.signature, bytes, keys)).rejects.toThrow();
    await expect(verifyPublication(latest.json.signature, bytes.subarray(1), keys)).rejects.toThrow();
    await expect(verifyPublication(latest.json.signature, bytes, { keys: keys.keys.slice(0, -1) })).rejects.toThrow();
  });

  it("verifies on the command line", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cme-publication-"));
    try {
      const [latest] = (await all()) as [Publication];
      const [json, csv] = [await reader.get(newest), await reader.get(newest, asCsv)];
      await Promise.all([
        writeFile(join(folder, "list.json"), json.bytes),
        writeFile(join(folder, "list.csv"), csv.bytes),
        writeFile(join(folder, "list.json.jws"), String(json.headers.get("x-jws-signature"))),
        writeFile(join(folder, "list.csv.jws"), String(csv.headers.get("x-jws-signature"))),
        writeFile(join(folder, "jwks.json"), JSON.stringify(await keySet())),
      ]);
      const script = new URL("../../infra/local/verify.ts", import.meta.url).pathname;
      const verify = (signature: string, document: string) =>
        promisify(execFile)(process.execPath, [script, signature, "jwks.json", "--document", document], {
          cwd: folder,
        });
      const at = `${latest.publishedAt.slice(0, 19)}.000Z`;
      for (const [file, format] of [
        ["list.json", "JSON"],
        ["list.csv", "CSV"],
      ] as const) {
        expect((await verify(`${file}.jws`, file)).stdout).toBe(
          `Publication ${latest.number} of the contact list, ${format}, signed at ${at}\nVERIFIED: signed by ${exchange.origin}\n`,
        );
      }
      await expect(verify("list.csv.jws", "list.json")).rejects.toMatchObject({
        code: 1,
        stderr: "NOT VERIFIED: signature verification failed\n",
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("has 304 for who has a copy, of the newest and of any", async () => {
    const [latest] = (await all()) as [Publication];
    for (const [path, cacheControl] of [
      [newest, "private, no-cache"],
      [`${publications}/${latest.number}`, "private, max-age=31536000, immutable"],
    ] as const) {
      const [json, csv] = [await reader.get(path), await reader.get(path, asCsv)];
      const etags = [json, csv].map(({ headers }) => String(headers.get("etag")));
      expect(new Set(etags).size).toBe(2);
      const ask = (accept: string, copies: string) =>
        reader.get(path, { headers: { accept, "if-none-match": copies } });
      for (const [index, accept] of ["application/json", "text/csv"].entries()) {
        const answer = await ask(accept, `"old", W/${etags[index]}`);
        expect([answer.status, answer.text, answer.headers.get("etag")]).toEqual([304, "", etags[index]]);
        expect(answer.headers.get("vary")).toBe("Accept");
        expect(answer.headers.get("cache-control")).toBe(cacheControl);
        expect(answer.headers.get("x-publication-number")).toBe(String(latest.number));
        expect((await ask(accept, String(etags[1 - index]))).status).toBe(200);
      }
      expect(json.headers.get("cache-control")).toBe(cacheControl);
    }
  });

  it("is refused in other media types", async () => {
    for (const path of [newest, `${publications}/1`]) {
      const answer = await reader.get(path, { headers: { accept: "text/html, application/xml;q=0.9" } });
      expect([answer.status, answer.json()]).toEqual([406, expect.objectContaining({ code: "not-acceptable" })]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("has a row of CSV for each contact, also of who has no DfE number", async () => {
    const { text } = await reader.get(`${publications}/1`, asCsv);
    const rows = text.split("\r\n");
    expect(rows).toHaveLength(1 + 416 + 1);
    const ofGlasgow = rows.filter((row) => row.includes("S12000049"));
    expect(ofGlasgow).toHaveLength(2);
    for (const row of ofGlasgow)
      expect(row).toMatch(/^,S12000049,Glasgow City,Glasgow City Council,Scotland,Scotland,/);
  });

  it("stays as it was, whatever is published after it", async () => {
    const [first, ...copies] = [await reader.get(`${publications}/1`), await reader.get(`${publications}/1`, asCsv)];
    await addContact("202", "Somebody new");
    const { number } = await published();
    const table = tableNames("publications").publications;
    const stored = await readDocument(dynamoClient(), table, 1, "json");
    expect([stored?.text, `"${stored?.digest.replace("sha-256:", "")}"`]).toEqual([
      first?.text,
      first?.headers.get("etag"),
    ]);
    expect((await reader.get(`${publications}/1`, asCsv)).bytes.equals(copies[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(number).toBeGreaterThan(1);

    const [latest] = (await all()) as [Publication];
    const facts = { ...latest, number: 1, content: "" };
    const { Item } = await dynamoClient().send(
      new GetCommand({ TableName: table, Key: { publication: "newest", part: "head" } }),
    );
    const before = Item as Parameters<typeof putPublication>[1];
    const outcome = await commit(dynamoClient(), putPublication(table, before, facts, { json: "{}", csv: "" }));
    expect(outcome.committed === false && [...outcome.lost.keys()].sort()).toEqual([
      "1 csv#00",
      "1 json#00",
      "listed 0000000001",
    ]);
  });

  it("has no address but its number's", async () => {
    for (const number of ["0", "01", "-1", "1.0", "newest", "listed", "999999999", "1000000000"]) {
      expect((await reader.get(`${publications}/${number}`)).status, number).toBe(404);
    }
  });

  it("is in the list of them, newest first, a page at a time", async () => {
    const items = await all();
    expect(items.map(({ number }) => number)).toEqual(items.map((_, index) => items.length - index));
    const page = (await reader.get(`${publications}?limit=1`)).json() as Page<Publication>;
    expect(page.items).toEqual(items.slice(0, 1));
    const rest = (await reader.get(`${publications}?limit=100&cursor=${page.next}`)).json() as Page<Publication>;
    expect(rest).toEqual({ items: items.slice(1), next: null });
  });
});

describe("what changed between two publications", () => {
  const changes = async (query: string) => {
    const answer = await reader.get(`/v1/contact-list/changes?${query}`);
    expect(answer.status, answer.text).toBe(200);
    return answer.json() as Page<Difference> & { since: number; to: number };
  };
  const told = ({ items }: Page<Difference>) =>
    items.map(({ of, authority, contactId, change }) => [of, authority, contactId, change]);

  it("is what was added, changed and retired, with how it was before and after", async () => {
    const added = await addContact("331", "Newly appointed");
    await addContact("332", "In between");
    const { number: since } = await published();

    const lead = (await dfe.get("/v1/authorities/330/contacts/330-lead")).json() as Record<string, unknown>;
    const { name, role, email } = lead;
    const changed = await dfe.put(
      "/v1/authorities/330/contacts/330-lead",
      { name, role, email, telephone: "0121 496 0999" },
      { headers: { "if-match": `"${lead.version}"` } },
    );
    expect(changed.status, changed.text).toBe(201);
    await dfe.post(`/v1/authorities/331/contacts/${added.contactId}/retirement`, {});
    const [middle, { contactId }] = [await published(), await addContact("S12000049", "In Glasgow")];
    const { number: to } = await published();

    const between = await changes(`since=${since}`);
    expect([between.since, between.to, between.next]).toEqual([since, to, null]);
    expect(told(between)).toEqual([
      ["contact", "330", "330-lead", "changed"],
      ["contact", "331", added.contactId, "retired"],
      ["contact", "S12000049", contactId, "added"],
    ]);
    const [telephone, retired, appointed] = between.items;
    expect(telephone).toMatchObject({
      before: { telephone: lead.telephone, verifiedAt: lead.verifiedAt },
      after: { telephone: "0121 496 0999", verifiedAt: expect.any(String) },
    });
    expect(retired).toMatchObject({ before: { name: "Newly appointed" }, after: null });
    expect(appointed).toMatchObject({ before: null, after: { name: "In Glasgow", unreachableSince: null } });

    expect(told(await changes(`since=${middle.number}`))).toEqual([["contact", "S12000049", contactId, "added"]]);
    expect(told(await changes(`since=${since}&to=${middle.number}`))).toHaveLength(2);
    expect(await changes(`since=${to}&to=${to}`)).toEqual({ since: to, to, items: [], next: null });
  });

  it("is of the authorities too", async () => {
    const authority = (await dfe.get("/v1/authorities/895")).json() as Record<string, unknown>;
    const { gssCode, name, councilName, type, neighbours } = authority;
    const [{ number: since }] = (await all()) as [Publication];
    const put = await dfe.put(
      "/v1/authorities/895",
      { gssCode, name, councilName, type, neighbours, region: "Elsewhere" },
      { headers: { "if-match": `"${authority.version}"` } },
    );
    expect(put.status, put.text).toBe(201);
    await published();
    const { items } = await changes(`since=${since}`);
    expect(items).toMatchObject([
      {
        of: "authority",
        authority: "895",
        contactId: null,
        change: "changed",
        before: { name, region: "North West" },
        after: { name, region: "Elsewhere" },
      },
    ]);
    expect(Object.keys(Object(Object(items[0]).after))).not.toContain("version");
  });

  it("comes in pages that fit together, also when another is published between them", async () => {
    const [{ number: to }] = (await all()) as [Publication];
    const whole = await changes("since=1&limit=100");
    const pages: Difference[] = [];
    let page = await changes("since=1&limit=2");
    pages.push(...page.items);
    await addContact("203", "Between two pages");
    await published();
    while (page.next !== null) {
      page = await changes(`since=1&limit=2&cursor=${page.next}`);
      expect(page.to).toBe(to);
      pages.push(...page.items);
    }
    expect(pages).toEqual(whole.items);
    expect(pages.length).toBeGreaterThan(4);
    expect((await changes("since=1")).to).toBe(to + 1);
  });

  it.each([
    ["", 422, "/since"],
    ["since=0", 422, "/since"],
    ["since=x", 422, "/since"],
    ["since=900", 422, "/since"],
    ["since=900&to=901", 422, "/since"],
    ["since=1&to=900", 422, "/to"],
    ["since=2&to=1", 422, "/since"],
    ["since=1&from=1", 422, ""],
  ])("is refused for %j", async (query, status, pointer) => {
    const answer = await reader.get(`/v1/contact-list/changes?${query}`);
    expect(answer.status, answer.text).toBe(status);
    expect((answer.json() as { errors: { pointer: string }[] }).errors.map((each) => each.pointer)).toEqual([pointer]);
  });

  it("is refused with a cursor that is of another list", async () => {
    const { next } = await changes("since=1&limit=1");
    for (const query of [`since=2&cursor=${next}`, `since=1&to=2&cursor=${next}`, "since=1&cursor=x"]) {
      const answer = await reader.get(`/v1/contact-list/changes?${query}`);
      expect([answer.status, answer.json()]).toEqual([400, expect.objectContaining({ code: "cursor-invalid" })]);
    }
  });
});

describe("at the same time", () => {
  it("one of many publishers makes the number, and the others are told of it", async () => {
    const [{ number }] = (await all()) as [Publication];
    await addContact("204", "Reason to publish");
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: 4 }, publish)),
      ...Array.from({ length: 2 }, () => publishOnSchedule()),
    ]);
    const items = await all();
    expect(items[0]?.number).toBe(number + 1);
    expect(answers.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1);
    for (const answer of answers) {
      expect([200, 201]).toContain(answer.status);
      expect(answer.json()).toEqual(items[0]);
    }
  });

  it("edits and publications leave no number out, and each publication is the list at one moment", async () => {
    const [{ number: before }] = (await all()) as [Publication];
    const names = Array.from({ length: 8 }, (_, index) => `Editor ${index}`);
    const editing = (async () => {
      for (const name of names) await addContact("205", name);
    })();
    const publishing = (async () => {
      const answers: Answer[] = [];
      for (let round = 0; round < 3; round += 1) answers.push(...(await Promise.all([publish(), publish()])));
      return answers;
    })();
    const [answers] = await Promise.all([publishing, editing]);
    await publish();

    for (const answer of answers) expect([200, 201], answer.text).toContain(answer.status);
    const items = (await all()).filter(({ number }) => number > before).reverse();
    expect(items.map(({ number }) => number)).toEqual(items.map((_, index) => before + 1 + index));
    const made = answers.filter(({ status }) => status === 201).map((answer) => (answer.json() as Publication).number);
    expect(new Set(made).size).toBe(made.length);
    // The editors came one after another, so whoever is in a publication is there with all who came before.
    for (const { number } of items) {
      const { contacts } = (await reader.get(`${publications}/${number}`)).json() as List;
      const editors = contacts.filter(({ name }) => name.startsWith("Editor ")).map(({ name }) => name);
      expect(editors.toSorted()).toEqual(names.slice(0, editors.length).toSorted());
    }
    const { contacts } = (await reader.get(`${publications}/${items.at(-1)?.number}`)).json() as List;
    expect(contacts.filter(({ name }) => name.startsWith("Editor "))).toHaveLength(8);
  });
});

describe("calls to AWS", () => {
  const query = "dynamodb Query";
  let ahead = 0;
  /** As if the instance had not been asked for longer than it keeps what it read. */
  const later = () => {
    vi.useRealTimers();
    ahead += 61_000;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ahead });
  };

  it("publishing: 9, of which 5 read the whole list at one moment", async () => {
    await addContact("206", "Reason to publish");
    expect(await callsDuring(publish, 201)).toEqual([
      "dynamodb BatchGetItem",
      ...Array.from({ length: 5 }, () => "dynamodb BatchGetItem"),
      "kms Sign",
      "kms Sign",
      "dynamodb TransactWriteItems",
    ]);
  });

  it("reading the newest: 1, and none for a minute; 304: none", async () => {
    for (const headers of [{ accept: "application/json" }, { accept: "text/csv" }]) {
      const { headers: known } = await reader.get(newest, { headers });
      later();
      expect(await callsDuring(() => reader.get(newest, { headers }), 200)).toEqual([query]);
      expect(await callsDuring(() => reader.get(newest, { headers }), 200)).toEqual([]);
      const copy = { headers: { ...headers, "if-none-match": String(known.get("etag")) } };
      expect(await callsDuring(() => reader.get(newest, copy), 304)).toEqual([]);
      later();
      expect(await callsDuring(() => reader.get(newest, copy), 304)).toEqual([query]);
      expect(await callsDuring(() => reader.get(newest, copy), 304)).toEqual([]);
    }
  });

  it("reading the newest after another instance has published: a minute later at most", async () => {
    const [{ number }] = (await all()) as [Publication];
    const shown = async () => (await reader.get(newest)).headers.get("x-publication-number");
    later();
    expect(await shown()).toBe(String(number));
    await addContact("207", "Reason to publish");
    vi.resetModules();
    const otherInstance = await import("../../functions/contact-list/publish-on-schedule.ts");
    await otherInstance.handler();
    expect((await all())[0]?.number).toBe(number + 1);
    expect(await shown()).toBe(String(number));
    later();
    expect(await shown()).toBe(String(number + 1));
  });

  it("many who ask at once after that minute: 1", async () => {
    later();
    await reader.get("/v1/authorities/201");
    const many = async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => reader.get(newest)));
      return answers[0] as Answer;
    };
    expect(await callsDuring(many, 200)).toEqual([query]);
  });

  it("reading any: 1, then none; what changed: one for each of the two, then none", async () => {
    later();
    const get = (path: string) => callsDuring(() => reader.get(path), 200);
    expect(await get(`${publications}/2`)).toEqual([query]);
    expect(await get(`${publications}/2`)).toEqual([]);
    expect(await get("/v1/contact-list/changes?since=3&to=4")).toEqual([query, query]);
    expect(await get("/v1/contact-list/changes?since=3&to=4")).toEqual([]);
    expect(await get("/v1/contact-list/changes?since=2&to=4")).toEqual([]);
    expect(await get(publications)).toEqual([query]);
  });
});

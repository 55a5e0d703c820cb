import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScanCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { compactDecrypt, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, type Client, connect } from "../../infra/local/client.ts";
import type { ClientFile } from "../../infra/local/seed-clients.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tables } from "../../shared/store/tables.ts";
import { useExchange } from "../builders/exchange.ts";
import { askForToken, assertionOf, newSigner, type Signer } from "../builders/oauth.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const exchange = useExchange();

let dfe: Client;
let folder: string;
let proofs: Signer;
beforeAll(async () => {
  dfe = await exchange.client("dfe");
  folder = await mkdtemp(join(tmpdir(), "cme-clients-"));
  proofs = await newSigner();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type PrivateKey = ClientFile["key"];
type PublicKey = Record<string, unknown>;

const newKey = async (alg = "ES256"): Promise<PrivateKey> => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomUUID(), alg };
};

/** What the DfE is sent of a key. */
const shown = ({ d: _, p: __, q: ___, dp: ____, dq: _____, qi: ______, ...jwk }: PrivateKey): PublicKey => ({
  ...jwk,
  use: jwk.alg === "ECDH-ES+A256KW" ? "enc" : "sig",
});

type Shown = {
  clientId: string;
  authority: string;
  name: string;
  scopes: string[];
  active: boolean;
  keys: PublicKey[];
  createdAt: string;
  updatedAt: string;
  version: number;
};

const ofAuthority = ["referrals", "cme-list", "contacts:read"];
const ofDfe = ["contacts:read", "contacts:admin", "clients:admin", "oversight"];

const body = (authority: string, keys: readonly PrivateKey[], more: Record<string, unknown> = {}) => ({
  authority,
  name: "Liquidlogic production",
  scopes: authority === "dfe" ? ofDfe : ofAuthority,
  keys: keys.map(shown),
  ...more,
});

const made = (answer: Answer): Shown => {
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Shown;
};

const register = async (authority: string, ...keys: PrivateKey[]): Promise<Shown> =>
  made(await dfe.post("/v1/clients", body(authority, keys)));

/** A PUT of the client as it is but for the changes. */
const put = (by: Client, { clientId, version, name, scopes, active, keys }: Shown, changes: Partial<Shown>) =>
  by.put(
    `/v1/clients/${clientId}`,
    { name, scopes, active, keys, ...changes },
    { headers: { "if-match": `"${version}"` } },
  );

const change = async (before: Shown, changes: Partial<Shown>, by = dfe): Promise<Shown> =>
  made(await put(by, before, changes));

const fileOf = ({ clientId, authority }: Shown, key: PrivateKey, encryptionKey = key): ClientFile => ({
  clientId,
  authority,
  issuer: exchange.origin,
  key,
  encryptionKey,
});

/** The client's system at work. */
const system = async (client: Shown, key: PrivateKey, encryptionKey = key): Promise<Client> => {
  await writeFile(join(folder, `${client.clientId}.json`), JSON.stringify(fileOf(client, key, encryptionKey)));
  return connect(folder, client.clientId);
};

/** What the token endpoint answers to an assertion by this key. */
const tokenBy = async (client: Shown, key: PrivateKey): Promise<string> => {
  const file = fileOf(client, key);
  const privateKey = await importJWK(key, key.alg);
  const assertion = await assertionOf(file, { header: { alg: key.alg }, key: privateKey });
  const answer = await askForToken(file, proofs, { assertion });
  return answer.status === 200 ? String(answer.json().scope) : `${answer.status} ${answer.json().error_description}`;
};
const granted = ofAuthority.join(" ");
const notRegistered = "401 The client assertion's kid is not one of the client's registered keys.";
const notActive = "401 The client assertion's iss is not an active client.";

const refusalOf = (answer: Answer) => {
  const { code, errors } = answer.json() as { code: string; errors?: unknown };
  return { status: answer.status, code, ...(errors !== undefined && { errors }) };
};
const unacceptable = (...errors: { pointer: string; detail: string }[]) => ({
  status: 422,
  code: "validation-failed",
  errors,
});

const now = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("a client", () => {
  it("is registered with an id made for it, is shown, and gets tokens at once", async () => {
    const [signs, opens] = [await newKey(), await newKey("ECDH-ES+A256KW")];
    const answer = await dfe.post("/v1/clients", body("202", [signs, opens]));
    const client = made(answer);
    expect(client).toEqual({
      clientId: expect.stringMatching(/^cme-202-[0-9a-f-]{36}$/),
      authority: "202",
      name: "Liquidlogic production",
      scopes: ["referrals", "cme-list", "contacts:read"],
      active: true,
      keys: [shown(signs), shown(opens)],
      createdAt: now,
      updatedAt: client.createdAt,
      version: 1,
    });
    const path = `/v1/clients/${client.clientId}`;
    expect([answer.headers.get("location"), answer.headers.get("etag")]).toEqual([path, '"1"']);
    const read = await dfe.get(path);
    expect([read.status, read.headers.get("etag"), read.json()]).toEqual([200, '"1"', client]);
    expect(await tokenBy(client, signs)).toBe(granted);
  });

  it.each(["EdDSA", "PS256"])("may sign with %s", async (alg) => {
    const key = await newKey(alg);
    expect(await tokenBy(await register("202", key), key)).toBe(granted);
  });

  it("is registered once under an Idempotency-Key, and the answer is given again", async () => {
    const given = body("203", [await newKey()]);
    const key = randomUUID();
    const first = await dfe.post("/v1/clients", given, { key });
    const again = await dfe.post("/v1/clients", given, { key });
    expect([again.status, again.text, again.headers.get("idempotency-replayed")]).toEqual([201, first.text, "true"]);
    const { items } = (await dfe.get("/v1/clients?authority=203")).json() as { items: Shown[] };
    expect(items.map(({ clientId }) => clientId)).toEqual(["cme-203", made(first).clientId]);
  });

  it("is nothing at an address that is none's, nor at those where its keys are kept", async () => {
    for (const id of ["cme-nobody", "the%20administrators", "key%20NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]) {
      expect((await dfe.get(`/v1/clients/${id}`)).status, id).toBe(404);
      expect((await dfe.get(`/v1/clients/${id}/changes`)).status, id).toBe(404);
    }
    const nobody = { ...(await register("203", await newKey())), clientId: "cme-nobody" };
    expect((await put(dfe, nobody, {})).status).toBe(404);
  });

  it("is listed with the others, by their ids, by whose they are and by whether they are active", async () => {
    const client = await change(await register("204", await newKey()), { active: false });
    const all: Shown[] = [];
    let next: string | null = "";
    while (next !== null) {
      const answer = await dfe.get(`/v1/clients?limit=100${next && `&cursor=${next}`}`);
      const page = answer.json() as { items: Shown[]; next: string | null };
      all.push(...page.items);
      ({ next } = page);
    }
    const ids = all.map(({ clientId }) => clientId);
    expect(ids).toEqual([...ids].sort());
    expect(ids.filter((id) => /^cme-(\d{3}|dfe)$/.test(id))).toHaveLength(154);
    expect(all).toContainEqual(client);
    const listed = async (query: string) =>
      ((await dfe.get(`/v1/clients?authority=204&${query}`)).json() as { items: Shown[] }).items.map(
        ({ clientId }) => clientId,
      );
    expect(await listed("limit=10")).toEqual(["cme-204", client.clientId]);
    expect(await listed("active=true")).toEqual(["cme-204"]);
    expect(await listed("active=false")).toEqual([client.clientId]);
  });

  it("is an authority's in England that has not ended, with an authority's scopes, or the DfE's with the DfE's", async () => {
    const keys = [await newKey()];
    const outsideEngland = "is not the DfE number of a local authority in England, or dfe";
    const ended = "is an authority that has ended: its clients can't be active";
    for (const [code, detail] of [
      ["999", outsideEngland],
      ["660", outsideEngland],
      ["837", ended],
    ] as const) {
      expect(refusalOf(await dfe.post("/v1/clients", body(code, keys))), code).toEqual(
        unacceptable({ pointer: "/authority", detail }),
      );
    }
    const foreign = { scopes: ["referrals", "clients:admin", "oversight"] };
    const ours = "is not one of an authority's: referrals, cme-list, enquiries, contacts:read, contacts:own";
    expect(refusalOf(await dfe.post("/v1/clients", body("202", keys, foreign)))).toEqual(
      unacceptable({ pointer: "/scopes/1", detail: ours }, { pointer: "/scopes/2", detail: ours }),
    );
    expect(refusalOf(await dfe.post("/v1/clients", body("dfe", keys, { scopes: ["referrals"] })))).toEqual(
      unacceptable({
        pointer: "/scopes/0",
        detail: "is not one of the DfE's: contacts:read, contacts:admin, clients:admin, oversight",
      }),
    );
  });

  it("needs a key that signs while it is active", async () => {
    const sealing = await newKey("ECDH-ES+A256KW");
    const fault = {
      pointer: "/keys",
      detail: "must hold a key that signs (use sig): without one the client gets no token",
    };
    expect(refusalOf(await dfe.post("/v1/clients", body("202", [sealing])))).toEqual(unacceptable(fault));
    const client = await register("202", await newKey());
    const keys = [shown(sealing)];
    expect(refusalOf(await put(dfe, client, { keys }))).toEqual(unacceptable(fault));
    expect(await change(client, { keys, active: false })).toMatchObject({ active: false, keys });
  });

  it("is changed by one of two editors; the other reads it again", async () => {
    const client = await register("202", await newKey());
    const answers = await Promise.all([
      put(dfe, client, { name: "Liquidlogic, production" }),
      put(dfe, client, { name: "Liquidlogic (production)" }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 412]);
    const [lost] = answers.filter(({ status }) => status === 412);
    expect(lost?.json()).toMatchObject({ code: "precondition-failed", version: 2 });
    expect((await dfe.get(`/v1/clients/${client.clientId}/changes`)).json()).toMatchObject({ items: { length: 2 } });
  });
});

describe("keys", () => {
  it("are rotated by having two: at no moment does neither work", async () => {
    const [former, next] = [await newKey(), await newKey()];
    const client = await register("205", former);
    expect([await tokenBy(client, former), await tokenBy(client, next)]).toEqual([granted, notRegistered]);

    /** The system asks for tokens all the while that the DfE changes its registration. */
    const asking = async (key: PrivateKey, meanwhile: Promise<Shown>): Promise<[Shown, Set<string>]> => {
      const answers = new Set<string>();
      let ended = false;
      const changed = meanwhile.finally(() => {
        ended = true;
      });
      do answers.add(await tokenBy(client, key));
      while (!ended);
      return [await changed, answers];
    };
    const [both, before] = await asking(former, change(client, { keys: [shown(former), shown(next)] }));
    expect(before).toEqual(new Set([granted]));
    expect([await tokenBy(client, former), await tokenBy(client, next)]).toEqual([granted, granted]);
    const [, after] = await asking(next, change(both, { keys: [shown(next)] }));
    expect(after).toEqual(new Set([granted]));
    expect([await tokenBy(client, former), await tokenBy(client, next)]).toEqual([notRegistered, granted]);
  });

  it("that records are sealed to are rotated likewise: the first is sealed to, and both open", async () => {
    const signs = await newKey();
    const [former, next] = [await newKey("ECDH-ES+A256KW"), await newKey("ECDH-ES+A256KW")];
    let client = await register("330", signs, former);
    const birmingham = await system(client, signs);
    const { id } = await submit(await exchange.client("201"));
    const sealedTo = async (): Promise<string> => {
      const answer = await birmingham.get(`/v1/referrals/${id}/child`, { headers: { accept: "application/jose" } });
      expect(answer.status, answer.text).toBe(200);
      const { kid } = JSON.parse(Buffer.from(answer.text.split(".")[0] ?? "", "base64url").toString()) as JWK;
      const [key, name] = kid === former.kid ? [former, "former"] : [next, "next"];
      const { plaintext } = await compactDecrypt(answer.text, await importJWK(key, key.alg));
      expect(JSON.parse(new TextDecoder().decode(plaintext))).toMatchObject({
        identity: { dateOfBirth: expect.any(String) },
      });
      return name;
    };
    expect(await sealedTo()).toBe("former");
    client = await change(client, { keys: [signs, former, next].map(shown) });
    expect(await sealedTo()).toBe("former");
    client = await change(client, { keys: [signs, next, former].map(shown) });
    expect(await sealedTo()).toBe("next");
    client = await change(client, { keys: [signs, next].map(shown) });
    expect(await sealedTo()).toBe("next");
    await change(client, { keys: [shown(signs)] });
    const none = await birmingham.get(`/v1/referrals/${id}/child`, { headers: { accept: "application/jose" } });
    expect(refusalOf(none)).toEqual({ status: 406, code: "no-encryption-key" });
    const { child } = exampleReferral();
    const { entryId } = (await birmingham.post("/v1/cme-list", { child })).json() as { entryId: string };
    const own = await birmingham.get(`/v1/cme-list/${entryId}/child`, { headers: { accept: "application/jose" } });
    expect(refusalOf(own)).toEqual({ status: 406, code: "no-encryption-key" });
  });

  const taken = (index: number) =>
    unacceptable({ pointer: `/keys/${index}`, detail: "is, or was, another client's key: make a new key pair" });

  it("are one client's, even when it has them no more; it may have them again", async () => {
    const [first, second] = [await newKey(), await newKey()];
    const client = await register("206", first);
    const other = await register("207", await newKey());
    const shared = { keys: [...other.keys, { ...shown(first), kid: "under-another-name" }] };
    expect(refusalOf(await dfe.post("/v1/clients", body("206", [first])))).toEqual(taken(0));
    expect(refusalOf(await put(dfe, other, shared))).toEqual(taken(1));
    const rotated = await change(client, { keys: [shown(second)] });
    expect(refusalOf(await put(dfe, other, shared))).toEqual(taken(1));
    expect(await change(rotated, { keys: [shown(first)] })).toMatchObject({ version: 3, keys: [shown(first)] });
  });

  it("are one client's where two are registered with it at once", async () => {
    const key = await newKey();
    const answers = await Promise.all([
      dfe.post("/v1/clients", body("206", [key])),
      dfe.post("/v1/clients", body("207", [key])),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
  });

  it("are public: a private one is refused, and is nowhere afterwards", async () => {
    const [ec, rsa, sealing] = [await newKey(), await newKey("PS256"), await newKey("ECDH-ES+A256KW")];
    const client = await register("208", await newKey());
    const whole = { name: client.name, scopes: client.scopes };
    const match = { headers: { "if-match": '"1"' } };
    const path = `/v1/clients/${client.clientId}`;
    const answers = [
      await dfe.post("/v1/clients", { ...body("208", []), keys: [{ ...ec, use: "sig" }] }),
      await dfe.post("/v1/clients", { ...body("208", []), keys: [shown(ec), { ...sealing, use: "enc" }] }),
      await dfe.put(path, { ...whole, active: true, keys: [...client.keys, { ...rsa, use: "sig" }] }, match),
      await dfe.put(path, { ...whole, active: true, keys: [{ kty: "oct", k: ec.d, use: "sig", alg: "ES256" }] }, match),
      await dfe.put(path, { ...whole, active: true, keys: client.keys, jwks: { keys: [ec] } }, match),
      await dfe.post("/v1/clients", `{"authority":"208","keys":[${JSON.stringify(ec)},]}`),
    ];
    const detail = "is a secret that must never leave its owner: make a new key pair, and send its public key only";
    const pointersIn = (answer: Answer) =>
      (answer.json() as { errors?: { pointer: string; detail: string }[] }).errors
        ?.filter((error) => error.detail === detail)
        .map(({ pointer }) => pointer);
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422, 400]);
    expect(answers.map(pointersIn)).toEqual([
      ["/keys/0/d"],
      ["/keys/1/d"],
      ["/keys/1/d", "/keys/1/p", "/keys/1/q", "/keys/1/dp", "/keys/1/dq", "/keys/1/qi"],
      ["/keys/0/k"],
      [],
      undefined,
    ]);
    const everything = [...answers.map(({ text }) => text), ...exchange.logLines, ...exchange.metricLines];
    for (const { name } of Object.values(tables)) {
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const page = await dynamoClient().send(new ScanCommand({ TableName: name, ExclusiveStartKey }));
        everything.push(JSON.stringify(page.Items));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey);
    }
    const written = everything.join("\n");
    expect(written).toContain(String(client.keys[0]?.x));
    for (const secret of [ec.d, sealing.d, rsa.d, rsa.p, rsa.q, rsa.dp, rsa.dq, rsa.qi]) {
      expect(secret).toMatch(/^[\w-]{43,}$/);
      expect(written.includes(String(secret))).toBe(false);
    }
  });
});

describe("what a client may do", () => {
  it("changes with its next token", async () => {
    const key = await newKey();
    const client = await register("209", key);
    const camden = await system(client, key);
    expect((await camden.get("/v1/cme-list")).status).toBe(200);
    await change(client, { scopes: ["referrals"] });
    expect(await tokenBy(client, key)).toBe("referrals");
    const asked = await askForToken(fileOf(client, key), proofs, { form: { scope: "cme-list" } });
    expect([asked.status, asked.json().error]).toEqual([400, "invalid_scope"]);
    const next = await system(client, key);
    expect(refusalOf(await next.get("/v1/cme-list"))).toEqual({ status: 403, code: "scope-missing" });
  });

  it("ends when it is deactivated: no token, no child's record by a token that it has; and begins again", async () => {
    const key = await newKey();
    const client = await register("330", key);
    const birmingham = await system(client, key);
    const { id } = await submit(await exchange.client("201"));
    expect((await birmingham.get(`/v1/referrals/${id}/child`)).status).toBe(200);
    const ended = await change(client, { active: false });
    expect(await tokenBy(client, key)).toBe(notActive);
    for (const what of ["child", "notes"]) {
      const answer = await birmingham.get(`/v1/referrals/${id}/${what}`);
      expect(refusalOf(answer), what).toEqual({ status: 401, code: "token-revoked" });
      expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
    }
    await change(ended, { active: true });
    expect(await tokenBy(client, key)).toBe(granted);
    expect((await birmingham.get(`/v1/referrals/${id}/child`)).status).toBe(200);
  });

  it("ends for its own list too: neither a child, nor steps, nor UPNs, nor an evidence pack", async () => {
    const key = await newKey();
    const client = await register("331", key);
    const coventry = await system(client, key);
    const { child } = exampleReferral();
    const { entryId } = (await coventry.post("/v1/cme-list", { child })).json() as { entryId: string };
    const reads = ["child", "enquiry-steps", "evidence-pack"].map((what) => `/v1/cme-list/${entryId}/${what}`);
    const read = async () => {
      const zip = { headers: { accept: "application/zip, */*" } };
      return Promise.all([...reads, "/v1/cme-list/upns"].map((path) => coventry.get(path, zip)));
    };
    expect((await read()).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await change(client, { active: false });
    const revoked = { status: 401, code: "token-revoked" };
    expect((await read()).map(refusalOf)).toEqual([revoked, revoked, revoked, revoked]);
  });

  it("does not begin again when its authority has ended", async () => {
    const client = await change(await register("210", await newKey()), { active: false });
    const setEnd = (effectiveTo: string | null) =>
      dynamoClient().send(
        new UpdateCommand({
          TableName: tables.directory.name,
          Key: { code: "210" },
          UpdateExpression: "SET effectiveTo = :end",
          ExpressionAttributeValues: { ":end": effectiveTo },
        }),
      );
    await setEnd("2026-03-31");
    expect(refusalOf(await put(dfe, client, { active: true }))).toEqual(
      unacceptable({ pointer: "/authority", detail: "is an authority that has ended: its clients can't be active" }),
    );
    const renamed = await change(client, { name: "What was Southwark's" });
    await setEnd(null);
    expect(await change(renamed, { active: true })).toMatchObject({ active: true, version: 4 });
  });
});

describe("the DfE's clients", () => {
  const administrator = async (): Promise<{ client: Shown; at: Client; key: PrivateKey }> => {
    const key = await newKey();
    const client = await register("dfe", key);
    return { client, at: await system(client, key), key };
  };
  const lockedOut = { status: 409, code: "locks-you-out" };
  const revoked = { status: 401, code: "token-revoked" };

  it("don't take their own way in from themselves, but from one another", async () => {
    const { client, at, key } = await administrator();
    const [next, sealing] = [await newKey(), await newKey("ECDH-ES+A256KW")];
    for (const changes of [
      { active: false },
      { scopes: ["oversight"] },
      { keys: [shown(sealing)] },
      { keys: [shown(next)] },
      { keys: [{ ...shown(next), kid: key.kid }] },
    ]) {
      expect(refusalOf(await put(at, client, changes))).toEqual(lockedOut);
    }
    const both = await change(client, { keys: [shown(key), shown(next)] }, at);
    const rotated = await change(both, { keys: [shown(next)], scopes: ["clients:admin"] }, at);
    await change(rotated, { active: false });
    expect(await tokenBy(client, next)).toBe(notActive);
  });

  it("change no client any more by a token that outlives their deactivation, or their scope", async () => {
    for (const changes of [{ active: false }, { scopes: ["oversight"] }]) {
      const { client, at } = await administrator();
      expect((await at.get(`/v1/clients/${client.clientId}`)).status).toBe(200);
      await change(client, changes);
      expect(refusalOf(await at.post("/v1/clients", body("202", [await newKey()])))).toEqual(revoked);
      expect(refusalOf(await put(at, { ...client, version: 2 }, { active: true, scopes: ofDfe }))).toEqual(revoked);
    }
  });

  it("never all vanish: of two that deactivate each other at once, one is left", async () => {
    const [one, other] = [await administrator(), await administrator()];
    await Promise.all([one, other].map(({ at, client }) => at.get(`/v1/clients/${client.clientId}`)));
    const answers = await Promise.all([
      put(one.at, other.client, { active: false }),
      put(other.at, one.client, { active: false }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401]);
    const left = await Promise.all(
      [one, other].map(async ({ client, key }) => (await tokenBy(client, key)) === ofDfe.join(" ")),
    );
    expect(left.sort()).toEqual([false, true]);
  });

  it("are the only ones that see clients", async () => {
    const london = await exchange.client("201");
    for (const path of ["/v1/clients", "/v1/clients/cme-201", "/v1/clients/cme-201/changes"]) {
      expect(refusalOf(await london.get(path)), path).toEqual({ status: 403, code: "scope-missing" });
    }
  });
});

/** RFC 8785 for what a change holds: objects, arrays, strings, whole numbers, true, false and null. */
const canonical = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value).sort(([one], [another]) => (one < another ? -1 : 1));
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`;
};

type Change = { sequence: number; previousHash: string | null; hash: string } & Record<string, unknown>;

const changesOf = async ({ clientId }: Pick<Shown, "clientId">): Promise<Change[]> => {
  const changes: Change[] = [];
  let next: string | null = "";
  while (next !== null) {
    const answer = await dfe.get(`/v1/clients/${clientId}/changes?limit=2${next && `&cursor=${next}`}`);
    expect(answer.status, answer.text).toBe(200);
    const page = answer.json() as { items: Change[]; next: string | null };
    changes.push(...page.items);
    ({ next } = page);
  }
  return changes;
};

describe("the chain of a client's changes", () => {
  it("tells who did what when, and how it was before and after", async () => {
    const [former, next] = [await newKey(), await newKey()];
    const first = await register("211", former);
    const second = await change(first, { keys: [shown(former), shown(next)] });
    const third = await change(second, { name: "Mosaic", scopes: ["referrals"], active: false });
    await put(dfe, second, { name: "too late" });
    const changes = await changesOf(first);
    const link = {
      subject: `client#${first.clientId}`,
      actor: { authority: "dfe", clientId: "cme-dfe", contactId: null },
      hash: expect.stringMatching(/^sha-256:[\w-]{43}$/),
    };
    expect(changes).toEqual([
      {
        ...link,
        sequence: 1,
        type: "client.registered",
        at: first.createdAt,
        before: null,
        after: first,
        previousHash: null,
      },
      {
        ...link,
        sequence: 2,
        type: "client.changed",
        at: second.updatedAt,
        before: first,
        after: second,
        previousHash: changes[0]?.hash,
      },
      {
        ...link,
        sequence: 3,
        type: "client.changed",
        at: third.updatedAt,
        before: second,
        after: third,
        previousHash: changes[1]?.hash,
      },
    ]);
    for (const { hash, ...rest } of changes) {
      expect(`sha-256:${createHash("sha256").update(canonical(rest)).digest("base64url")}`).toBe(hash);
    }
  });

  it("begins for those that the local exchange makes with what it made", async () => {
    const [first, ...more] = await changesOf({ clientId: "cme-330" });
    const { key, encryptionKey } = (await exchange.client("330")).file;
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      type: "client.registered",
      actor: { authority: "dfe", clientId: "seed", contactId: null },
      before: null,
      after: {
        clientId: "cme-330",
        authority: "330",
        name: "Made on this machine for 330",
        scopes: ["referrals", "cme-list", "enquiries", "contacts:read", "contacts:own"],
        active: true,
        keys: [shown(key), shown(encryptionKey)],
        version: 1,
      },
    });
  });
});

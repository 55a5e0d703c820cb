import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BatchWriteCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, connect } from "../../infra/local/client.ts";
import { dynamoClient, type Item } from "../../shared/store/dynamo.ts";
import { type TableDefinition, type TableName, tables } from "../../shared/store/tables.ts";
import { useExchange } from "../builders/exchange.ts";

const exchange = useExchange();

const itemsIn = async (table: TableName): Promise<Item[]> => {
  const items: Item[] = [];
  let ExclusiveStartKey: Item | undefined;
  do {
    const page = await dynamoClient().send(
      new ScanCommand({ TableName: tables[table].name, ConsistentRead: true, ExclusiveStartKey }),
    );
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
};

/** As CloudFormation makes it: what the local exchange put there is gone. */
const empty = async (table: TableName): Promise<void> => {
  const { name, partitionKey, sortKey }: TableDefinition = tables[table];
  const requests = (await itemsIn(table)).map((item) => ({
    DeleteRequest: {
      Key: { [partitionKey.name]: item[partitionKey.name], ...(sortKey && { [sortKey.name]: item[sortKey.name] }) },
    },
  }));
  for (let at = 0; at < requests.length; at += 25) {
    const { UnprocessedItems = {} } = await dynamoClient().send(
      new BatchWriteCommand({ RequestItems: { [name]: requests.slice(at, at + 25) } }),
    );
    expect(UnprocessedItems).toEqual({});
  }
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cme-operator-"));
  for (const table of ["clients", "directory", "changes"] as const) await empty(table);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = async (command: string, ...options: string[]) => {
  const { PATH, AWS_ENDPOINT_URL_DYNAMODB } = process.env;
  const env = { PATH, AWS_ENDPOINT_URL_DYNAMODB, AWS_REGION: "eu-west-2" };
  const credentials = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
  const running = promisify(execFile)(process.execPath, [`infra/operate/${command}.ts`, ...options], {
    env: { ...env, ...credentials },
  });
  const { code, stdout, stderr } = await running.then(
    (ended) => ({ code: 0, ...ended }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  return { code, stdout, firstError: stderr.split("\n")[0], stderr };
};

const newKey = async () => {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: "first", alg: "ES256" };
};
type Key = Awaited<ReturnType<typeof newKey>>;
const shown = ({ d: _, ...jwk }: Key) => ({ ...jwk, use: "sig" });

const written = async (name: string, content: unknown): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(content));
  return path;
};

const system = async (clientId: string, authority: string, key: Key): Promise<Client> => {
  await written(`${clientId}.json`, { clientId, authority, issuer: exchange.origin, key, encryptionKey: key });
  return connect(folder, clientId);
};

describe("a fresh deployment", () => {
  let dfe: Client;

  it("refuses a first client's private key, and keeps nothing of it", async () => {
    const key = await newKey();
    const file = await written("private.json", { keys: [{ ...key, use: "sig" }] });
    const { code, stdout, stderr, firstError } = await run("register-first-client", file);
    expect([code, stdout, firstError]).toEqual([
      1,
      "",
      "/keys/0/d is a secret that must never leave its owner: make a new key pair, and send its public key only",
    ]);
    expect(stderr).not.toContain(String(key.d));
    expect(await itemsIn("clients")).toEqual([]);
  });

  it("refuses what is no key set that signs", async () => {
    const bare = await run("register-first-client", await written("bare.json", []));
    expect([bare.code, bare.firstError]).toEqual([1, "The file must be an object"]);
    const sealing = { ...shown(await newKey()), use: "enc", alg: "ECDH-ES+A256KW" };
    const silent = await run("register-first-client", await written("sealing.json", { keys: [sealing] }));
    expect([silent.code, silent.firstError]).toEqual([1, "/keys has none that signs"]);
    expect(await itemsIn("clients")).toEqual([]);
  });

  it("gets the DfE's first client from the operator", async () => {
    const key = await newKey();
    const file = await written("dfe.json", { keys: [shown(key)] });
    const { code, stdout, stderr } = await run("register-first-client", file, "--name", "DfE back office");
    expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/^cme-dfe-[0-9a-f-]{36}\n$/), ""]);
    const clientId = stdout.trim();
    dfe = await system(clientId, "dfe", key);
    expect((await dfe.get(`/v1/clients/${clientId}`)).json()).toMatchObject({
      authority: "dfe",
      name: "DfE back office",
      scopes: ["contacts:read", "contacts:admin", "clients:admin", "oversight"],
      active: true,
      keys: [shown(key)],
    });
    expect((await dfe.get(`/v1/clients/${clientId}/changes`)).json()).toMatchObject({
      items: [
        {
          sequence: 1,
          type: "client.registered",
          actor: { authority: "dfe", clientId: "operator", contactId: null },
          before: null,
        },
      ],
    });
  });

  it("gets none from the operator after that", async () => {
    const file = await written("second.json", { keys: [shown(await newKey())] });
    const { code, firstError } = await run("register-first-client", file);
    expect([code, firstError]).toEqual([1, `There are clients that may register others: ${dfe.file.clientId}.`]);
    expect((await dfe.get("/v1/clients")).json()).toMatchObject({ items: { length: 1 } });
  });

  it("gets the authorities from the operator, without contacts, once", async () => {
    const first = await run("load-directory");
    expect([first.code, first.stdout, first.stderr]).toEqual([0, "215 authorities added, 0 were there\n", ""]);
    const again = await run("load-directory");
    expect([again.code, again.stdout]).toEqual([0, "0 authorities added, 215 were there\n"]);
    const items = (await itemsIn("directory")).filter(({ listing }) => listing === "authorities");
    const inEffect = items.filter(({ effectiveTo }) => effectiveTo === null);
    expect(inEffect.filter(({ nation }) => nation === "England")).toHaveLength(153);
    expect(items.filter(({ contacts }) => Object.keys(contacts as object).length > 0)).toEqual([]);
    expect((await dfe.get("/v1/authorities/330/contacts")).json()).toEqual({ items: [], next: null });
    expect((await dfe.get("/v1/authorities/330/changes")).json()).toMatchObject({
      items: [{ type: "authority.added", actor: { authority: "dfe", clientId: "operator", contactId: null } }],
    });
  });

  it("is the DfE's from there on: it registers an authority's system, which appoints its contacts", async () => {
    const key = await newKey();
    const scopes = ["referrals", "contacts:read", "contacts:own"];
    const registration = { authority: "330", name: "Birmingham's", scopes, keys: [shown(key)] };
    const answer = await dfe.post("/v1/clients", registration);
    expect(answer.status, answer.text).toBe(201);
    const birmingham = await system((answer.json() as { clientId: string }).clientId, "330", key);
    const lead = { name: "CME lead officer", role: "lead", email: "cme@birmingham.gov.uk", telephone: "01632 960001" };
    const appointed = await birmingham.post("/v1/authorities/330/contacts", lead);
    expect(appointed.status, appointed.text).toBe(201);
  });

  it("needs a pattern with {name} in it for the tables' names", async () => {
    const { code, firstError } = await run("load-directory", "--tables", "production");
    expect([code, firstError]).toEqual([1, "--tables must have {name} in it."]);
  });
});

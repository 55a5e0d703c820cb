import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Client, connect } from "../../infra/local/client.ts";
import { type Engine, startDynamodb } from "../../infra/local/engines/dynamodb.ts";
import { startLocalKms } from "../../infra/local/engines/kms/server.ts";
import { startSqs } from "../../infra/local/engines/sqs.ts";
import { submit } from "../builders/referral.ts";
import {
  enginesOf,
  failToStart,
  outlived,
  type SpawnedExchange,
  type Start,
  spawnExchange,
  steadyPort,
} from "../campaigns/spawned-exchange.ts";
import { openTrailStore } from "../campaigns/trail.ts";

const folders: string[] = [];
const running: SpawnedExchange[] = [];

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "cme-start-"));
  folders.push(folder);
  return folder;
};

const start = async (how: Start): Promise<SpawnedExchange> => {
  const exchange = await spawnExchange(how);
  running.push(exchange);
  return exchange;
};

afterAll(async () => {
  for (const exchange of running) await exchange.kill();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const itemsOf = async (client: Client, path: string): Promise<Record<string, unknown>[]> =>
  ((await client.get(path)).json() as { items: Record<string, unknown>[] }).items;

/** Local addresses of the sockets on which a process listens, as the kernel writes them: hexadecimal, bytes reversed. */
const listeningOn = async (pid: number): Promise<string[]> => {
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
  );
  const sockets = await Promise.all(["tcp", "tcp6"].map((family) => readFile(`/proc/net/${family}`, "utf8")));
  return sockets
    .flatMap((table) => table.split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === "0A" && links.includes(`socket:[${inode}]`))
    .map(([, address = ""]) => address.split(":")[0] ?? "");
};

/** Where the exchange is started for the first time, and then again. */
let place: { dataDir: string; port: number };
let firstOrigin = "";
/** A referral of its first run. */
let referralId = "";

describe("a first start", () => {
  let dataDir = "";
  let exchange: SpawnedExchange;
  let client: Client;

  beforeAll(async () => {
    dataDir = await newFolder();
    place = { dataDir, port: await steadyPort() };
    exchange = await start(place);
    firstOrigin = exchange.origin;
    client = await connect(exchange.clients, "201");
    referralId = (await submit(client)).id;
  });

  it("makes a client for each of 153 authorities and the DfE, in files that only the owner can read", async () => {
    const names = await readdir(exchange.clients);
    expect(names).toHaveLength(154);
    for (const name of names) {
      const path = join(exchange.clients, name);
      expect((await stat(path)).mode & 0o777, name).toBe(0o600);
      const owner = name.slice(0, 3);
      expect(name).toBe(`${owner}.json`);
      const coordinate = expect.stringMatching(/^[\w-]{43}$/);
      const key = { kty: "EC", crv: "P-256", x: coordinate, y: coordinate, d: coordinate, kid: coordinate };
      expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
        clientId: `cme-${owner}`,
        authority: owner,
        issuer: exchange.origin,
        key: { ...key, alg: "ES256" },
        encryptionKey: { ...key, alg: "ECDH-ES+A256KW" },
      });
    }
    expect((await stat(exchange.clients)).mode & 0o777).toBe(0o700);
  });

  it("knows 153 authorities", async () => {
    const first = (await client.get("/v1/authorities?nation=England&limit=100")).json() as {
      items: unknown[];
      next: string;
    };
    const rest = (await client.get(`/v1/authorities?nation=England&limit=100&cursor=${first.next}`)).json();
    expect(first.items).toHaveLength(100);
    expect(rest).toMatchObject({ items: { length: 53 }, next: null });
  });

  it("knows those of the other nations: 22 in Wales, 32 in Scotland, and Northern Ireland's one", async () => {
    const count = async (nation: string) =>
      (await itemsOf(client, `/v1/authorities?limit=100&nation=${encodeURIComponent(nation)}`)).length;
    expect(await count("Wales")).toBe(22);
    expect(await count("Scotland")).toBe(32);
    expect(await itemsOf(client, "/v1/authorities?nation=Northern%20Ireland")).toMatchObject([
      { code: "N92000002", name: "Education Authority" },
    ]);
    expect((await client.get("/v1/authorities/660")).json()).toMatchObject({
      name: "Isle of Anglesey",
      nation: "Wales",
    });
    expect((await client.get("/v1/authorities/S12000036")).json()).toMatchObject({ name: "City of Edinburgh" });
  });

  it("knows what went before: Bournemouth, which ended, and who took over", async () => {
    expect((await client.get("/v1/authorities/837")).json()).toMatchObject({
      name: "Bournemouth",
      effectiveTo: "2019-03-31",
      successors: ["839"],
    });
    expect((await client.get("/v1/authorities/839")).json()).toMatchObject({ predecessors: ["837", "836", "835"] });
    expect(await itemsOf(client, "/v1/authorities?q=837")).toEqual([]);
  });

  it("knows Birmingham and its neighbours: Dudley, Sandwell, Solihull, Walsall, Staffordshire, Warwickshire, Worcestershire", async () => {
    expect((await client.get("/v1/authorities/330")).json()).toEqual({
      code: "330",
      gssCode: "E08000025",
      formerGssCodes: [],
      name: "Birmingham",
      councilName: "Birmingham City Council",
      nation: "England",
      type: "Metropolitan district",
      region: "West Midlands",
      neighbours: ["332", "333", "334", "335", "860", "885", "937"],
      predecessors: [],
      successors: [],
      effectiveFrom: "2009-01-01",
      effectiveTo: null,
      version: 1,
    });
  });

  it("knows the codes that authorities bore before", async () => {
    expect((await client.get("/v1/authorities/929")).json()).toMatchObject({
      name: "Northumberland",
      gssCode: "E06000057",
      formerGssCodes: ["E06000048", "E10000022"],
    });
    expect((await client.get("/v1/authorities/E06000028")).json()).toMatchObject({
      code: "839",
      name: "Bournemouth, Christchurch and Poole",
      gssCode: "E06000058",
    });
    expect(await itemsOf(client, "/v1/authorities?q=E06000028")).toMatchObject([{ code: "839" }]);
  });

  it("gives each authority two contacts", async () => {
    for (const code of ["201", "330", "420", "839"]) {
      expect(await itemsOf(client, `/v1/authorities/${code}/contacts`)).toMatchObject([
        { contactId: `${code}-inbox`, authority: code, role: "inbox", version: 1 },
        { contactId: `${code}-lead`, authority: code, role: "lead", version: 1 },
      ]);
    }
  });

  it("listens on the loopback address only: the gateway, SQS and KMS in one process, DynamoDB in another", async () => {
    const loopback = "0100007F";
    const own = await listeningOn(exchange.pid);
    expect(own.length).toBeGreaterThanOrEqual(3);
    expect(new Set(own)).toEqual(new Set([loopback]));
    const engines = await enginesOf(dataDir);
    const sockets = await Promise.all(engines.map(({ pid }) => listeningOn(pid)));
    expect(sockets.flat()).toEqual([loopback]);
  });

  it("refuses a second exchange on its folder, in one line", async () => {
    const { code, errors } = await failToStart({ dataDir });
    expect(code).toBe(1);
    expect(errors).toEqual([
      `The folder ${dataDir} is in use by another exchange: stop it or set DATA_DIR to another.`,
    ]);
    expect((await client.get("/v1/authorities/330")).status).toBe(200);
  });

  it("ends with 0 on SIGTERM and leaves no process and no port", async () => {
    const engines = await enginesOf(dataDir);
    expect(engines).not.toEqual([]);
    expect(await exchange.stop()).toBe(0);
    expect(await enginesOf(dataDir)).toEqual([]);
    for (const address of [exchange.origin, ...engines.map(({ endpoint }) => endpoint)]) {
      await expect(fetch(address)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    }
  });
});

describe("a later start", () => {
  it("finds everything again after a stop and after kill -9, on another port too", async () => {
    expect(firstOrigin).toBe(`http://127.0.0.1:${place.port}`);
    const id = referralId;

    const second = await start(place);
    expect(second.origin).toBe(firstOrigin);
    const recipient = await connect(second.clients, "330");
    expect(await itemsOf(recipient, "/v1/referrals?box=inbox")).toMatchObject([{ id, state: "awaiting-receipt" }]);
    const receipt = await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    expect(receipt.status).toBe(201);
    const engines = await enginesOf(place.dataDir);
    await second.kill();

    const third = await start({ ...place, port: await steadyPort() });
    expect(await outlived(place.dataDir, engines)).toEqual([]);
    expect(third.origin).not.toBe(second.origin);
    const sender = await connect(third.clients, "201");
    expect(sender.file.issuer).toBe(third.origin);
    expect((await sender.get(`/v1/referrals/${id}`)).json()).toMatchObject({ state: "received" });
    const again = await sender.get(`/v1/referrals/${id}/receipt`);
    expect(again.json()).toMatchObject({ receipt: (receipt.json() as { receipt: string }).receipt });
    expect((await sender.get(`/v1/referrals/${id}/child`)).text).toContain("O’Connor-Okafor");
  });
});

describe("a start that can't be", () => {
  it("says in one line that the port is in use", async () => {
    const occupant = createServer().listen(0, "127.0.0.1");
    await once(occupant, "listening");
    const { port } = occupant.address() as AddressInfo;
    const dataDir = await newFolder();
    const { code, errors } = await failToStart({ dataDir, port });
    occupant.close();
    expect(code).toBe(1);
    expect(errors).toEqual([`Port ${port} is in use: set PORT to another.`]);
    expect(await enginesOf(dataDir)).toEqual([]);
  });

  it.each(["-1", "65536", "http"])("says in one line that %s is no port", async (PORT) => {
    const { code, errors } = await failToStart({ dataDir: await newFolder(), env: { PORT } });
    expect(code).toBe(1);
    expect(errors).toEqual(["PORT must be a whole number from 0 to 65535."]);
  });

  it("says in one line that the folder can't be written", async () => {
    const dataDir = join(await newFolder(), "taken");
    await writeFile(dataDir, "a file");
    const { code, errors } = await failToStart({ dataDir });
    expect(code).toBe(1);
    expect(errors).toEqual([`The folder ${dataDir} can't be written: set DATA_DIR to one that can.`]);
  });

  it.each(["DYNAMODB", "KMS", "SQS"])(
    "says in one line that nothing answers at the endpoint for %s",
    async (service) => {
      const nobody = `http://127.0.0.1:${await steadyPort()}`;
      const dataDir = await newFolder();
      const { code, errors } = await failToStart({ dataDir, env: { [`AWS_ENDPOINT_URL_${service}`]: nobody } });
      expect(code).toBe(1);
      expect(errors).toEqual([expect.stringContaining("ECONNREFUSED")]);
      expect(await enginesOf(dataDir)).toEqual([]);
    },
  );

  it("says in one line that the embedded DynamoDB is not installed", async () => {
    const { code, errors } = await failToStart({ dataDir: await newFolder(), tree: await treeWithout("@dynoxide") });
    expect(code).toBe(1);
    expect(errors).toEqual([
      "The embedded DynamoDB (@dynoxide/linux-x64) is not installed on this machine: set AWS_ENDPOINT_URL_DYNAMODB.",
    ]);
  });
});

/** The project as it is where an optional dependency was not installed. */
const treeWithout = async (missing: string): Promise<string> => {
  const project = fileURLToPath(new URL("../..", import.meta.url));
  const tree = await newFolder();
  for (const part of ["infra", "functions", "shared", "package.json"]) {
    await cp(join(project, part), join(tree, part), { recursive: true });
  }
  await mkdir(join(tree, "node_modules"));
  for (const name of await readdir(join(project, "node_modules"))) {
    if (name !== missing) await symlink(join(project, "node_modules", name), join(tree, "node_modules", name));
  }
  return tree;
};

describe("a start with endpoints of its own", () => {
  const engines: Engine[] = [];

  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close();
  });

  it("uses them and starts no embedded engine", async () => {
    const elsewhere = await newFolder();
    const dynamodb = await startDynamodb(join(elsewhere, "tables.sqlite"));
    const kms = await startLocalKms({ stateFile: join(elsewhere, "keys.json"), region: "eu-west-2" });
    const sqs = await startSqs(join(elsewhere, "messages"), "eu-west-2");
    engines.push(dynamodb, kms, sqs);
    const dataDir = await newFolder();
    const exchange = await start({
      dataDir,
      env: {
        AWS_ENDPOINT_URL_DYNAMODB: dynamodb.url,
        AWS_ENDPOINT_URL_KMS: kms.url,
        AWS_ENDPOINT_URL_SQS: sqs.url,
      },
    });
    const { id } = await submit(await connect(exchange.clients, "201"));

    const files = await readdir(dataDir);
    expect(files).toContain("clients");
    for (const engineData of ["dynamodb.sqlite", "kms.json", "sqs"]) expect(files).not.toContain(engineData);
    expect(await enginesOf(dataDir)).toEqual([]);
    expect([...(await openTrailStore(dynamodb.url).trails()).keys()]).toEqual([id]);
    expect(await readFile(join(elsewhere, "keys.json"), "utf8")).toContain('"alias/cme-records"');
    const queues = new SQSClient({
      endpoint: sqs.url,
      region: "eu-west-2",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    });
    expect((await queues.send(new ListQueuesCommand())).QueueUrls?.length).toBeGreaterThan(0);
    expect(await exchange.stop()).toBe(0);
  });
});

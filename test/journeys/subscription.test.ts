import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import { resolveTarget, systemLookUp, targetRulesFrom } from "../../shared/webhooks/target.ts";
import { useExchange } from "../builders/exchange.ts";
import { type Call, useReceiver } from "../builders/receiver.ts";
import { submit } from "../builders/referral.ts";

/** The clock stands still; only the last tests move it on. Each test has authorities of its own. */
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
const exchange = useExchange({ telling: true });
const receiver = useReceiver();
afterAll(() => {
  vi.useRealTimers();
});

type Subscription = {
  url: string;
  createdAt: string;
  disabledAt: string | null;
  version: number;
  secret: string | null;
};
type Delivery = { deliveryId: string; channel: string; state: string; type: string; data: object; attempts: object[] };

const path = "/v1/subscription";
const now = (): string => new Date().toISOString();

const put = async (client: Client, body: object, key: string = randomUUID()): Promise<Answer> => {
  const answer = await client.put(path, body, { key });
  expect(answer.status, answer.text).toBe(201);
  return answer;
};

const subscribe = async (client: Client, body: object = {}): Promise<Subscription> =>
  (await put(client, { url: receiver.url(client.file.authority), ...body })).json() as Subscription;

/** A first subscription, with the secret that was made for it. */
const newSubscription = async (owner: string): Promise<{ client: Client; secret: string }> => {
  const client = await exchange.client(owner);
  const { secret } = await subscribe(client);
  return { client, secret: String(secret) };
};

const shown = async (client: Client): Promise<unknown> => {
  const answer = await client.get(path);
  expect(answer.status, answer.text).toBe(200);
  return answer.json();
};

/** Asks for a test call and answers it as it arrived. */
const testCall = async (client: Client): Promise<Call> => {
  const answer = await client.post(`${path}/test`, {});
  expect(answer.status, answer.text).toBe(201);
  const { deliveryId } = answer.json() as Delivery;
  await exchange.telling?.idle();
  const calls = receiver.calls(client.file.authority).filter(({ headers }) => headers["webhook-id"] === deliveryId);
  expect(calls).toHaveLength(1);
  return calls[0] as Call;
};

const verifies = ({ body, headers }: Call, secret: string): boolean => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

const webhooksOf = async (client: Client): Promise<Delivery[]> => {
  const { items } = (await client.get("/v1/deliveries?limit=100")).json() as { items: Delivery[] };
  return items.filter(({ channel }) => channel === "webhook");
};

const refusalOf = (answer: Answer) => {
  const { code } = answer.json() as { code: string };
  return { status: answer.status, code };
};
const nothingThere = { status: 404, code: "not-found" };

describe("a subscription", () => {
  it("is made with a secret, which is shown then and never again", async () => {
    const client = await exchange.client("203");
    expect(refusalOf(await client.get(path))).toEqual(nothingThere);
    const url = receiver.url("203");
    const made = await subscribe(client);
    expect(made).toEqual({
      url,
      createdAt: now(),
      disabledAt: null,
      version: 1,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    expect(await shown(client)).toEqual({ url, createdAt: now(), disabledAt: null, version: 1 });
  });

  it("keeps its secret when it is put again", async () => {
    const { client, secret } = await newSubscription("204");
    const url = `${receiver.url("204")}?after=the-move`;
    expect(await subscribe(client, { url })).toEqual({
      url,
      createdAt: now(),
      disabledAt: null,
      version: 2,
      secret: null,
    });
    expect(await subscribe(client, { rotateSecret: false })).toMatchObject({ version: 3, secret: null });
    expect(verifies(await testCall(client), secret)).toBe(true);
  });

  it("gives the same secret again to a repeated request, and keeps it nowhere in the clear", async () => {
    const client = await exchange.client("207");
    const url = receiver.url("207-for-the-search");
    const key = randomUUID();
    const first = await put(client, { url }, key);
    const again = await put(client, { url }, key);
    expect(again.text).toBe(first.text);
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await shown(client)).toMatchObject({ version: 1 });

    const other = await client.put(path, { url, rotateSecret: true }, { key });
    expect(refusalOf(other)).toEqual({ status: 422, code: "idempotency-key-reused" });

    const { secret } = first.json() as { secret: string };
    const bytes = Buffer.from(secret.slice("whsec_".length), "base64");
    const written = await everythingWritten();
    // The search finds what stands in the clear beside it.
    expect(written.includes(url)).toBe(true);
    for (const text of [secret.slice("whsec_".length), bytes, bytes.toString("hex"), bytes.toString("base64url")]) {
      expect(written.includes(text)).toBe(false);
    }
    expect(written.includes("whsec_")).toBe(false);
  });

  it("is no more once it is deleted, and a repeat of that says the same", async () => {
    const { client, secret } = await newSubscription("208");
    const key = randomUUID();
    const first = await client.delete(path, { key });
    expect(first.status, first.text).toBe(200);
    expect(first.json()).toMatchObject({ url: receiver.url("208"), version: 1 });
    expect(first.text).not.toContain("secret");

    expect(refusalOf(await client.get(path))).toEqual(nothingThere);
    expect(refusalOf(await client.post(`${path}/test`, {}))).toEqual(nothingThere);
    expect(refusalOf(await client.delete(path))).toEqual(nothingThere);
    const again = await client.delete(path, { key });
    expect([again.status, again.text, again.headers.get("idempotency-replayed")]).toEqual([200, first.text, "true"]);

    await submit(await exchange.client("201"), { recipient: "208" });
    await exchange.telling?.idle();
    expect(await webhooksOf(client)).toEqual([]);

    const anew = await subscribe(client);
    expect(anew).toMatchObject({ version: 1, secret: expect.stringMatching(/^whsec_/) });
    expect(anew.secret).not.toBe(secret);
    expect(verifies(await testCall(client), secret)).toBe(false);
  });

  it("is its authority's own", async () => {
    const { client } = await newSubscription("209");
    const own = await shown(client);
    const other = await exchange.client("210");
    for (const ask of [other.get(path), other.delete(path), other.post(`${path}/test`, {})]) {
      expect(refusalOf(await ask)).toEqual(nothingThere);
    }
    await subscribe(other);
    expect(await shown(client)).toEqual(own);
    await testCall(client);
    expect(receiver.calls("209")).toHaveLength(1);
    expect(receiver.calls("210")).toEqual([]);
    expect(await webhooksOf(other)).toEqual([]);
  });

  it("is not for the DfE", async () => {
    const dfe = await exchange.client("dfe");
    const url = receiver.url("dfe");
    for (const ask of [dfe.put(path, { url }), dfe.get(path), dfe.delete(path), dfe.post(`${path}/test`, {})]) {
      expect(refusalOf(await ask)).toEqual({ status: 403, code: "scope-missing" });
    }
  });
});

describe("a URL", () => {
  it.each([
    ["http://hooks.example.com/cme", "must be https"],
    ["ftp://hooks.example.com/cme", "must be https"],
    ["hooks.example.com/cme", "is not a well-formed URL"],
    ["https://marie:opensesame@hooks.example.com/cme", "holds credentials"],
    ["http://marie@127.0.0.1/cme", "holds credentials"],
    ["https://hooks.example.com/cme#top", "holds a fragment"],
    ["https://hooks.example.com:8443/cme", "must be at port 443"],
    ["http://10.0.0.1/cme", "must be https"],
    ["https://10.0.0.1/cme", "does not name a host on the public internet"],
    ["http://169.254.169.254/latest/meta-data/", "must be https"],
    ["https://169.254.169.254/latest/meta-data/", "does not name a host on the public internet"],
    ["http://[::1]/cme", "must be https"],
    ["https://[::1]/cme", "does not name a host on the public internet"],
    ["https://[::ffff:169.254.169.254]/cme", "does not name a host on the public internet"],
    ["https://127.0.0.2/cme", "does not name a host on the public internet"],
    ["https://intranet/cme", "does not name a host on the public internet"],
  ])("is refused: %s", async (url, detail) => {
    const client = await exchange.client("211");
    const answer = await client.put(path, { url });
    expect(refusalOf(answer)).toEqual({ status: 422, code: "validation-failed" });
    expect((answer.json() as { errors: unknown }).errors).toEqual([{ pointer: "/url", detail }]);
    for (const part of [url, "example.com", "10.0.0.1", "169.254", "::", "127.0.0", "opensesame"]) {
      expect(answer.text).not.toContain(part);
    }
    expect(refusalOf(await client.get(path))).toEqual(nothingThere);
  });

  it("that is refused leaves the subscription as it was", async () => {
    const { client } = await newSubscription("212");
    const before = await shown(client);
    expect((await client.put(path, { url: "https://10.0.0.1/cme", rotateSecret: true })).status).toBe(422);
    expect(await shown(client)).toEqual(before);
  });

  it.each([
    ["http://127.0.0.1:8080/cme", "url-scheme"],
    ["http://localhost/cme", "url-scheme"],
    ["https://127.0.0.1/cme", "host-not-public"],
    ["https://localhost/cme", "host-not-public"],
    ["https://127.0.0.1:8443/cme", "url-port"],
  ])("on loopback is refused wherever the exchange is deployed: %s", async (url, code) => {
    const deployed = targetRulesFrom("public-https");
    await expect(resolveTarget(url, deployed, systemLookUp)).rejects.toMatchObject({ name: "TargetRefused", code });
    const local = targetRulesFrom("public-https-and-loopback");
    expect(await resolveTarget(url, local, systemLookUp)).toEqual({ address: "127.0.0.1", family: 4 });
  });
});

describe("a test of the endpoint", () => {
  it("delivers an event of its own type without data", async () => {
    const { client, secret } = await newSubscription("213");
    const call = await testCall(client);
    expect(new Webhook(secret).verify(call.body, call.headers)).toEqual({
      type: "subscription.test",
      timestamp: now(),
      data: {},
    });
    expect(verifies({ ...call, body: call.body.replace("test", "text") }, secret)).toBe(false);
    const webhooks = await webhooksOf(client);
    expect(webhooks).toMatchObject([
      {
        deliveryId: call.headers["webhook-id"],
        type: "subscription.test",
        state: "delivered",
        attempts: [{ status: 204, failure: null }],
        nextAttemptAt: null,
      },
    ]);
    expect(webhooks.map(({ data }) => data)).toEqual([{}]);
  });

  it("is one call, however often it is asked for under the same key", async () => {
    const { client } = await newSubscription("301");
    const key = randomUUID();
    const [first, again] = [
      await client.post(`${path}/test`, {}, { key }),
      await client.post(`${path}/test`, {}, { key }),
    ];
    expect([again.text, again.headers.get("idempotency-replayed")]).toEqual([first.text, "true"]);
    await exchange.telling?.idle();
    expect(receiver.calls("301")).toHaveLength(1);
  });

  it("needs a subscription", async () => {
    const client = await exchange.client("302");
    expect(refusalOf(await client.post(`${path}/test`, {}))).toEqual(nothingThere);
    expect(await webhooksOf(client)).toEqual([]);
  });
});

describe("an endpoint that is gone", () => {
  it("ends the subscription until the authority subscribes anew", async () => {
    const sender = await exchange.client("201");
    const { client, secret } = await newSubscription("303");
    const told = async () => {
      await submit(sender, { recipient: "303" });
      await exchange.telling?.idle();
    };
    receiver.answer("303", 410);
    await told();
    expect(await shown(client)).toMatchObject({ disabledAt: now(), version: 2 });
    expect(await webhooksOf(client)).toMatchObject([
      { state: "failed", attempts: [{ status: 410, failure: "gone" }], nextAttemptAt: null },
    ]);
    const word = exchange.mailbox().filter(({ template }) => template === "webhook-failing");
    expect(word.map(({ emailAddress }) => emailAddress).sort()).toEqual([
      "cme-inbox@la-303.example.org",
      "cme-lead@la-303.example.org",
    ]);

    receiver.answer("303", 204);
    await told();
    expect(receiver.calls("303")).toHaveLength(1);
    expect(await webhooksOf(client)).toHaveLength(1);
    // Whoever reads the feed misses nothing meanwhile.
    expect((await client.get("/v1/events")).json()).toMatchObject({ items: { length: 2 } });

    expect(await subscribe(client)).toMatchObject({ disabledAt: null, version: 3, secret: null });
    await told();
    const [, call] = receiver.calls("303");
    expect(call && verifies(call, secret)).toBe(true);
    expect(receiver.calls("303")).toHaveLength(2);
    expect((await webhooksOf(client)).map(({ state }) => state)).toEqual(["delivered", "failed"]);
  });
});

/** These come last: nothing that happens is told of any more where the clock is far ahead of the engine's. */
describe("a rotation", () => {
  it("signs with the former secret and the new one for 24 hours after a rotation, then with the new one only", async () => {
    const { client, secret: former } = await newSubscription("205");
    const { secret } = await subscribe(client, { rotateSecret: true });
    const newOne = String(secret);
    expect(newOne).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newOne).not.toBe(former);

    const signers = async () => {
      const call = await testCall(client);
      return {
        signatures: call.headers["webhook-signature"]?.split(" ").length,
        former: verifies(call, former),
        new: verifies(call, newOne),
      };
    };
    expect(await signers()).toEqual({ signatures: 2, former: true, new: true });
    const rotatedAt = Date.now();
    vi.setSystemTime(rotatedAt + 86_399_999);
    expect(await signers()).toEqual({ signatures: 2, former: true, new: true });
    vi.setSystemTime(rotatedAt + 86_400_000);
    expect(await signers()).toEqual({ signatures: 1, former: false, new: true });
  });

  it("has two secrets at most: a second rotation within the day ends the first one's", async () => {
    const { client, secret: first } = await newSubscription("206");
    const { secret: second } = await subscribe(client, { rotateSecret: true });
    const { secret: third } = await subscribe(client, { rotateSecret: true });
    const call = await testCall(client);
    expect([first, second, third].map((secret) => verifies(call, String(secret)))).toEqual([false, true, true]);
  });
});

/** Every file of the exchange and every line that it logged, in one piece. */
const everythingWritten = async (): Promise<Buffer> => {
  const entries = await readdir(exchange.dataDir, { recursive: true, withFileTypes: true });
  const names = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const contents = await Promise.all(names.map((name) => readFile(name)));
  return Buffer.concat([...contents, Buffer.from(exchange.logLines.join(""))]);
};

import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { routes } from "../../shared/contract/routes.ts";
import { useExchange } from "../builders/exchange.ts";
import { type Answer, send } from "../builders/oauth.ts";
import { submit } from "../builders/referral.ts";

const exchange = useExchange();

type Operation = { operationId?: string; security?: unknown; responses: Record<string, unknown> };
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> };

describe("/openapi.json", () => {
  let document: Document;
  let operations: { route: string; operation: Operation }[];
  beforeAll(async () => {
    document = (await send(`${exchange.origin}/openapi.json`)).json() as Document;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
    );
  });

  it("is OpenAPI 3.1", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  });

  it("has every route and nothing else", () => {
    const described = operations.map(({ route, operation }) => `${route} ${operation.operationId}`);
    const declared = routes.map(({ method, path, operationId }) => `${method} ${path} ${operationId}`);
    expect(described.sort()).toEqual(declared.sort());
  });

  it("names each operation once", () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(names).toHaveLength(new Set(names).size);
    expect(names.filter((name) => !name)).toEqual([]);
  });

  it("asks for a token on all of /v1 and on nothing else", () => {
    const open = operations.filter(({ operation }) => operation.security === undefined).map(({ route }) => route);
    expect(open.sort()).toEqual([
      "GET /.well-known/jwks.json",
      "GET /.well-known/oauth-authorization-server",
      "GET /healthz",
      "GET /openapi.json",
      "POST /oauth2/token",
    ]);
  });

  it("resolves every reference within itself", () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, pointer = ""]) => pointer);
    expect(references.length).toBeGreaterThan(0);
    const missing = references.filter((pointer) => {
      const names = pointer.split("/");
      return (
        names.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document) === undefined
      );
    });
    expect(missing).toEqual([]);
    expect(text.match(/"\$ref":"(?!#\/)/g)).toBeNull();
  });
});

describe("each route", () => {
  it.each(routes.map((route): [string, string] => [route.operationId, route.handler]))(
    "%s is handled by %s, which exports a handler",
    async (_operationId, handler) => {
      const file = new URL(`../../${handler}`, import.meta.url);
      expect(existsSync(file)).toBe(true);
      const module = (await import(file.href)) as { handler?: unknown };
      expect(module.handler).toBeTypeOf("function");
    },
  );

  it("has a handler of its own", () => {
    const handlers = routes.map(({ handler }) => handler);
    expect(handlers).toHaveLength(new Set(handlers).size);
  });

  it("under /v1 forbids caches to keep the answer", () => {
    const kept = routes.filter(({ path, cacheControl }) => path.startsWith("/v1/") && cacheControl !== "no-store");
    expect(kept.map(({ operationId }) => operationId)).toEqual([]);
  });
});

const expectCommonHeaders = ({ headers }: Answer): void => {
  expect(headers).toMatchObject({
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
};

const expectProblem = (answer: Answer, status: number, code: string): void => {
  expect(answer.status).toBe(status);
  expectCommonHeaders(answer);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.headers["cache-control"]).toBe("no-store");
  expect(answer.json()).toMatchObject({
    type: `urn:cme-referral-exchange:problem:${code}`,
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    code,
    instance: answer.headers["x-request-id"],
  });
};

describe("an address that is none is 404", () => {
  it.each(["/", "/v1", "/v1/", "/v1/unknown", "/v1/referrals/", "/v1//referrals", "/healthz/x", "/V1/referrals", "/%"])(
    "%s",
    async (path) => expectProblem(await send(exchange.origin + path), 404, "not-found"),
  );

  it("whatever the method", async () => {
    expectProblem(await send(`${exchange.origin}/v1/unknown`, { method: "POST" }), 404, "not-found");
  });
});

describe("a method that an address does not have is 405", () => {
  it.each([
    ["DELETE", "/v1/referrals", "POST, GET"],
    ["PUT", "/v1/referrals", "POST, GET"],
    ["POST", "/v1/authorities", "GET"],
    ["OPTIONS", "/v1/authorities", "GET"],
    ["GET", "/oauth2/token", "POST"],
    ["GET", "/v1/referrals/0190a0b0-0000-7000-8000-000000000000/return", "POST"],
    ["PATCH", "/v1/referrals/0190a0b0-0000-7000-8000-000000000000/receipt", "POST, GET"],
    ["POST", "/openapi.json", "GET"],
    ["TRACE", "/healthz", "GET"],
  ])("%s %s", async (method, path, allow) => {
    const answer = await send(exchange.origin + path, { method });
    expectProblem(answer, 405, "method-not-allowed");
    expect(answer.headers.allow).toBe(allow);
  });

  it("HEAD, without a body", async () => {
    const answer = await send(`${exchange.origin}/healthz`, { method: "HEAD" });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("GET");
    expect(answer.text).toBe("");
    expectCommonHeaders(answer);
  });
});

describe("every answer carries the security headers and its own request id", () => {
  it.each([
    ["/healthz", 200, "no-store"],
    ["/openapi.json", 200, "public, max-age=300"],
    ["/.well-known/jwks.json", 200, "public, max-age=300"],
    ["/.well-known/oauth-authorization-server", 200, "public, max-age=300"],
    ["/v1/referrals?box=inbox", 401, "no-store"],
  ])("GET %s", async (path, status, cacheControl) => {
    const [first, second] = [await send(exchange.origin + path), await send(exchange.origin + path)];
    expect(first.status).toBe(status);
    expectCommonHeaders(first);
    expect(first.headers["cache-control"]).toBe(cacheControl);
    expect(first.headers["x-request-id"]).not.toBe(second.headers["x-request-id"]);
  });

  it("POST /oauth2/token", async () => {
    const answer = await send(`${exchange.origin}/oauth2/token`, { method: "POST" });
    expect(answer.status).toBe(400);
    expectCommonHeaders(answer);
    expect(answer.headers["cache-control"]).toBe("no-store");
  });
});

describe("no cache keeps what is answered about a referral", () => {
  it("when it is made, read, received, refused, removed", async () => {
    const sender = await exchange.client("201");
    const recipient = await exchange.client("330");
    const { id } = await submit(sender);
    const answers = [
      await sender.get("/v1/referrals?box=outbox"),
      await sender.get(`/v1/referrals/${id}`),
      await sender.get(`/v1/referrals/${id}/child`),
      await sender.get(`/v1/referrals/${id}/notes`),
      await sender.get(`/v1/referrals/${id}/events`),
      await sender.get(`/v1/referrals/${id}/removal`),
      await sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" }),
      await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "nobody" }),
      await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" }),
      await recipient.get(`/v1/referrals/${id}/receipt`),
      await sender.post(`/v1/referrals/${id}/removal`, { removedBy: "201-lead" }),
      await (await exchange.client("202")).get(`/v1/referrals/${id}`),
      await sender.get("/v1/cme-list"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([
      200, 200, 200, 200, 200, 200, 409, 422, 201, 200, 201, 404, 200,
    ]);
    for (const { headers } of answers) {
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
  });
});

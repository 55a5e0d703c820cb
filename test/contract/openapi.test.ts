import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { routes } from "../../shared/contract/routes.ts";
import { useExchange } from "../builders/exchange.ts";
import { type Answer, send } from "../builders/oauth.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

const exchange = useExchange();

type Schema = Record<string, unknown> & { properties?: Record<string, Schema> };
type Parameter = { name: string; in: string; description?: string; required?: boolean; schema: Schema };
type Response = {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema; examples?: Record<string, unknown> }>;
};
type Operation = {
  operationId?: string;
  security?: unknown[];
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, Response>;
};
type Document = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

/** What a `$ref` stands for; `undefined` where it leads nowhere. */
const target = (document: unknown, reference: string): unknown =>
  reference
    .slice("#/".length)
    .split("/")
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);

/** The same with every reference replaced by what it stands for. No schema here refers to itself. */
const withoutReferences = (document: unknown, part: unknown): unknown => {
  if (Array.isArray(part)) return part.map((each) => withoutReferences(document, each));
  if (typeof part !== "object" || part === null) return part;
  if ("$ref" in part) return withoutReferences(document, target(document, String(part.$ref)));
  return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, withoutReferences(document, each)]));
};

/** The object schemas in a schema that let members pass which they don't name. */
const openObjects = (schema: unknown, at: string): string[] => {
  if (typeof schema !== "object" || schema === null) return [];
  const open = "properties" in schema && !("additionalProperties" in schema && schema.additionalProperties === false);
  return [
    ...(open ? [at] : []),
    ...Object.entries(schema).flatMap(([name, each]) => openObjects(each, `${at}/${name}`)),
  ];
};

describe("/openapi.json", () => {
  let published: Document;
  let operations: Map<string, Operation>;
  const operation = (route: string): Operation => {
    const found = operations.get(route);
    if (!found) throw new Error(`${route} is not described`);
    return found;
  };
  const answer = (route: string, status: number | "default"): Response => {
    const found = operation(route).responses[status];
    if (!found) throw new Error(`${route} has no ${status}`);
    return found;
  };
  const parameter = (route: string, name: string): Parameter | undefined =>
    operation(route).parameters.find((each) => each.name === name);
  const routesWhere = (holds: (operation: Operation, route: string) => unknown): string[] =>
    [...operations].filter(([route, each]) => holds(each, route)).map(([route]) => route);

  beforeAll(async () => {
    published = (await send(`${exchange.origin}/openapi.json`)).json() as Document;
    const { paths } = withoutReferences(published, published) as Document;
    operations = new Map(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, each]) => [`${method.toUpperCase()} ${path}`, each] as const),
      ),
    );
  });

  it("is OpenAPI 3.1", () => {
    expect(published.openapi).toMatch(/^3\.1\.\d+$/);
  });

  it("has every route and nothing else", () => {
    const described = [...operations].map(([route, { operationId }]) => `${route} ${operationId}`);
    const declared = routes.map(({ method, path, operationId }) => `${method} ${path} ${operationId}`);
    expect(described.sort()).toEqual(declared.sort());
  });

  it("names each operation once", () => {
    const names = [...operations.values()].map(({ operationId }) => operationId);
    expect(names).toHaveLength(new Set(names).size);
    expect(names.filter((name) => !name)).toEqual([]);
  });

  it("asks for a token on all of /v1 and on nothing else", () => {
    expect(routesWhere(({ security }) => security?.length === 0).sort()).toEqual([
      "GET /.well-known/jwks.json",
      "GET /.well-known/oauth-authorization-server",
      "GET /healthz",
      "GET /openapi.json",
      "POST /oauth2/token",
    ]);
  });

  it("resolves every reference within itself", () => {
    const references = [...JSON.stringify(published).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = ""]) => to);
    expect(references.length).toBeGreaterThan(100);
    expect(references.filter((to) => !to.startsWith("#/") || target(published, to) === undefined)).toEqual([]);
  });

  it("names the schemas that an integrator deals with", () => {
    expect(Object.keys(published.components.schemas)).toEqual(
      expect.arrayContaining([
        ...["ChildRecord", "ListedChild", "Referral", "NewReferral", "SubmittedReferral", "Entry", "Event"],
        ...["Authority", "Contact", "ReceiptAnswer", "RemovalGate", "RemovalAnswer", "Warning", "Problem"],
      ]),
    );
    expect(published.paths["/v1/referrals/{id}"]?.get?.responses[200]?.content).toEqual({
      "application/json": { schema: { $ref: "#/components/schemas/Referral" } },
    });
  });

  it("asks for a proof wherever there is a key to prove, and for an Idempotency-Key on all that acts", () => {
    const isV1 = (route: string) => route.includes(" /v1/");
    const required = (route: string, name: string) => parameter(route, name)?.required === true;
    expect(routesWhere((_, route) => required(route, "DPoP") !== isV1(route))).toEqual(["POST /oauth2/token"]);
    const acts = (route: string) => isV1(route) && !route.startsWith("GET ");
    expect(routesWhere((_, route) => required(route, "Idempotency-Key") !== acts(route))).toEqual([]);
  });

  it("describes every parameter", () => {
    const bare = [...operations].flatMap(([route, { parameters }]) =>
      parameters.filter(({ description }) => !description).map(({ name }) => `${route} ${name}`),
    );
    expect(bare).toEqual([]);
  });

  it("has limit as the number it stands for", () => {
    for (const route of ["GET /v1/referrals", "GET /v1/authorities", "GET /v1/cme-list"]) {
      const { schema, required } = parameter(route, "limit") ?? {};
      expect(required).toBeUndefined();
      expect(schema).toMatchObject({ type: "integer", minimum: 1, maximum: 100, default: 50 });
      expect(schema).not.toHaveProperty("pattern");
    }
  });

  it("warns that a filtered page may be short while there is more", () => {
    expect(answer("GET /v1/referrals", 200).description).toContain("may be short or empty although next is set");
    const { schema } = answer("GET /v1/referrals", 200).content?.["application/json"] ?? {};
    expect(schema?.properties?.next?.description).toContain("a page of a filtered list may be short, or empty");
  });

  it.each([
    ["GET /healthz", "200 422 429 500 503 default"],
    ["GET /openapi.json", "200 422 429 500 503 default"],
    ["POST /oauth2/token", "200 400 401 413 422 429 500 503 default"],
    ["GET /v1/authorities", "200 400 401 403 422 429 500 503 default"],
    ["GET /v1/referrals/{id}", "200 401 403 404 422 429 500 503 default"],
    ["GET /v1/referrals/{id}/child", "200 401 403 404 406 422 429 500 503 default"],
    ["GET /v1/referrals/{id}/events", "200 400 401 403 404 422 429 500 503 default"],
    ["POST /v1/referrals/{id}/messages", "201 400 401 403 404 409 413 415 422 429 500 503 default"],
    ["GET /v1/referrals/{id}/messages", "200 401 403 404 422 429 500 503 default"],
    ["POST /v1/referrals/{id}/child", "201 400 401 403 404 409 413 415 422 429 500 503 default"],
    ["GET /v1/referrals/{id}/child/versions", "200 401 403 404 422 429 500 503 default"],
    ["GET /v1/referrals/{id}/enquiry-steps", "200 401 403 404 422 429 500 503 default"],
    ["GET /v1/referrals/{id}/evidence-pack", "200 401 403 404 406 409 422 429 500 503 default"],
    ["GET /v1/cme-list/{entryId}/evidence-pack", "200 401 403 404 406 409 422 429 500 503 default"],
    ["POST /v1/referrals", "201 400 401 403 409 413 415 422 429 500 503 default"],
    ["POST /v1/referrals/{id}/receipt", "201 400 401 403 404 409 413 415 422 429 500 503 default"],
    ["POST /v1/referrals/{id}/removal", "201 400 401 403 404 409 413 415 422 429 500 503 default"],
    ["POST /v1/cme-list", "201 400 401 403 413 415 422 429 500 503 default"],
  ])("%s answers %s", (route, statuses) => {
    expect(Object.keys(operation(route).responses).join(" ")).toBe(statuses);
  });

  it.each([
    ["GET /v1/referrals", 400, "cursor-invalid"],
    [
      "POST /v1/referrals",
      400,
      "malformed-json duplicate-member nesting-too-deep idempotency-key-missing idempotency-key-malformed",
    ],
    ["GET /v1/referrals/{id}", 403, "scope-missing"],
    ["GET /v1/referrals/{id}/removal", 403, "scope-missing not-your-role"],
    ["GET /v1/referrals/{id}", 404, "not-found"],
    ["GET /v1/referrals/{id}/child", 406, "no-encryption-key"],
    ["POST /v1/referrals", 409, "entry-already-referred entry-closed"],
    ["POST /v1/referrals/{id}/conclusion", 409, "state-does-not-allow not-of-this-kind"],
    ["POST /v1/referrals/{id}/removal", 409, "removal-not-permitted not-of-this-kind"],
    ["GET /v1/referrals", 422, "validation-failed"],
    ["POST /v1/referrals", 422, "validation-failed idempotency-key-reused"],
    ["GET /v1/referrals/{id}/notes", 500, "record-unreadable internal-error"],
    ["GET /v1/referrals/{id}", 500, "internal-error"],
    ["GET /v1/referrals/{id}", 429, "too-many-requests"],
    ["GET /v1/referrals/{id}", 503, "busy dependency-unavailable"],
  ])("%s answers %i with the codes %s", (route, status, codes) => {
    const { description, content } = answer(route, status);
    expect([...description.matchAll(/`([^`]+)`/g)].map(([, code]) => code).join(" ")).toBe(codes);
    expect(Object.keys(content ?? {})).toEqual(["application/problem+json"]);
  });

  it("has the token endpoint's errors in OAuth's form", () => {
    const errors = [400, 401].map((status) => {
      const { content = {} } = answer("POST /oauth2/token", status);
      expect(Object.keys(content)).toEqual(["application/json"]);
      return content["application/json"]?.schema.properties?.error?.enum;
    });
    expect(errors).toEqual([
      ["invalid_request", "unsupported_grant_type", "invalid_scope", "invalid_dpop_proof"],
      ["invalid_client"],
    ]);
  });

  it("says what is in every answer", () => {
    const empty = routesWhere(({ responses }) => Object.values(responses).some(({ content }) => !content));
    expect(empty).toEqual([]);
    for (const at of ["/v1/referrals/{id}", "/v1/enquiries/{id}", "/v1/notices/{id}", "/v1/cme-list/{entryId}"]) {
      const { content } = answer(`GET ${at}/child`, 200);
      expect(Object.keys(content ?? {}), at).toEqual(["application/json", "application/jose"]);
      expect(content?.["application/jose"]?.schema.type, at).toBe("string");
    }
  });

  it("says which answers are files of bytes", () => {
    for (const route of ["GET /v1/referrals/{id}/evidence-pack", "GET /v1/cme-list/{entryId}/evidence-pack"]) {
      expect(answer(route, 200).content).toEqual({
        "application/zip": { schema: { type: "string", format: "binary" } },
      });
    }
  });

  it("names the headers of every answer", () => {
    const withHeader = (name: string): string[] => [
      ...new Set(
        [...operations].flatMap(([route, { responses }]) =>
          Object.entries(responses).flatMap(([status, { headers = {} }]) =>
            name in headers ? [`${route.startsWith("GET ") ? "GET" : "act"} ${status}`] : [],
          ),
        ),
      ),
    ];
    expect(withHeader("Retry-After").sort()).toEqual(["GET 429", "GET 503", "act 429", "act 503"]);
    expect(withHeader("WWW-Authenticate").sort()).toEqual(["GET 401", "GET 403", "act 401", "act 403"]);
    expect(withHeader("Allow").sort()).toEqual(["GET default", "act default"]);
    expect(withHeader("Idempotency-Replayed").filter((each) => !/^act 20[01]$/.test(each))).toEqual([]);
    const without = routesWhere(({ responses }) =>
      Object.values(responses).some(({ headers = {} }) => !("x-request-id" in headers)),
    );
    expect(without).toEqual([]);
    expect(routesWhere(({ responses }) => "Location" in (responses[201]?.headers ?? {})).sort()).toEqual([
      "POST /v1/authorities/{code}/contacts",
      "POST /v1/clients",
      "POST /v1/cme-list",
      "POST /v1/contact-list/publications",
      "POST /v1/enquiries",
      "POST /v1/enquiries/{id}/referral",
      "POST /v1/notices/school-admission",
      "POST /v1/referrals",
      "POST /v1/referrals/{id}/temporary-entry",
      "POST /v1/reorganisations",
    ]);
    expect(answer("POST /oauth2/token", 200).headers).not.toHaveProperty("Idempotency-Replayed");
    expect(answer("POST /v1/referrals/{id}/receipt", 201).headers).toHaveProperty("Idempotency-Replayed");
  });

  it("describes the members that a problem may have of its own", () => {
    const { properties = {} } = published.components.schemas.Problem ?? {};
    const described = Object.entries(properties).filter(([, { description }]) => description);
    expect(described.map(([name]) => name)).toEqual(
      expect.arrayContaining(["errors", "scope", "state", "version", "reasons", "referralId", "allowed", "retryAfter"]),
    );
    const { examples } = answer("POST /v1/referrals/{id}/removal", 409).content?.["application/problem+json"] ?? {};
    expect(examples).toMatchObject({
      "removal-not-permitted": {
        value: { status: 409, state: "awaiting-receipt", reasons: [{ code: "awaiting-receipt" }] },
      },
    });
  });

  it("refuses unknown members wherever the exchange does", () => {
    const inRequests = [...operations].flatMap(([route, { requestBody }]) =>
      openObjects(requestBody?.content["application/json"]?.schema, route),
    );
    // What GOV.UK Notify sends is its own to extend.
    expect(inRequests).toEqual(["POST /notify/delivery-status"]);
    const inAnswers = [...operations].flatMap(([route, { responses }]) =>
      [200, 201].flatMap((status) => openObjects(responses[status]?.content?.["application/json"]?.schema, route)),
    );
    expect(inAnswers.sort()).toEqual([
      "GET /.well-known/jwks.json/properties/keys/items",
      "GET /openapi.json",
      "GET /openapi.json/properties/info",
      "GET /openapi.json/properties/paths",
    ]);
  });

  describe("tells of what the exchange then answers", () => {
    type Sent = { status: number; headers: { get(name: string): string | null } };
    const expectDescribed = (route: string, status: number, { status: got, headers }: Sent): void => {
      expect(got).toBe(status);
      const described = answer(route, status);
      expect(Object.keys(described.content ?? {})).toContain(headers.get("content-type"));
      const telling = ["location", "idempotency-replayed", "retry-after", "www-authenticate", "x-request-id"];
      const names = Object.keys(described.headers ?? {}).map((name) => name.toLowerCase());
      expect(names).toEqual(expect.arrayContaining(telling.filter((name) => headers.get(name) !== null)));
    };

    it("along a handoff", async () => {
      const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
      const request = { ...exampleReferral(), sentBy: "201-lead" };
      const submitted = await sender.post("/v1/referrals", request, { key: "openapi-1" });
      expectDescribed("POST /v1/referrals", 201, submitted);
      expectDescribed("POST /v1/referrals", 201, await sender.post("/v1/referrals", request, { key: "openapi-1" }));
      const { id } = submitted.json() as { id: string };
      const at = `/v1/referrals/${id}`;
      const receipt = { confirmedBy: "330-lead" };
      const toJose = { headers: { accept: "application/jose" } };
      const removal = { removedBy: "201-lead" };
      expectDescribed("GET /v1/referrals/{id}/child", 200, await recipient.get(`${at}/child`));
      expectDescribed("GET /v1/referrals/{id}/child", 200, await recipient.get(`${at}/child`, toJose));
      expectDescribed("POST /v1/referrals/{id}/removal", 409, await sender.post(`${at}/removal`, removal));
      expectDescribed("POST /v1/referrals/{id}/receipt", 403, await sender.post(`${at}/receipt`, receipt));
      expectDescribed("POST /v1/referrals/{id}/receipt", 201, await recipient.post(`${at}/receipt`, receipt));
      expectDescribed("POST /v1/referrals/{id}/receipt", 409, await recipient.post(`${at}/receipt`, receipt));
      expectDescribed("GET /v1/referrals", 400, await sender.get("/v1/referrals?box=inbox&cursor=none"));
      expectDescribed("GET /v1/referrals", 422, await sender.get("/v1/referrals?box=inbox&limit=0"));
    });

    it("where nobody is known", async () => {
      const from = async (path: string, request: Parameters<typeof send>[1] = {}): Promise<Sent> => {
        const { status = 0, headers } = await send(exchange.origin + path, request);
        return { status, headers: { get: (name) => (headers[name] === undefined ? null : String(headers[name])) } };
      };
      const form = { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } };
      const large = { ...form, body: "a".repeat(262_145) };
      const unsigned = { ...form, body: "grant_type=client_credentials" };
      expectDescribed("GET /healthz", 422, await from("/healthz?really=yes"));
      expectDescribed("GET /v1/referrals", 401, await from("/v1/referrals?box=inbox"));
      expectDescribed("POST /oauth2/token", 400, await from("/oauth2/token", form));
      expectDescribed("POST /oauth2/token", 401, await from("/oauth2/token", unsigned));
      expectDescribed("POST /oauth2/token", 413, await from("/oauth2/token", large));
      expectDescribed("POST /oauth2/token", 422, await from("/oauth2/token?scope=all", unsigned));
    });
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

  it("under /v1 forbids caches to keep the answer, but for the published contact list, in private ones", () => {
    const kept = routes.filter(({ path, cacheControl }) => path.startsWith("/v1/") && cacheControl !== "no-store");
    expect(kept.map(({ operationId, cacheControl }) => [operationId, cacheControl])).toEqual([
      ["getContactList", "private, no-cache"],
      ["getPublication", "private, max-age=31536000, immutable"],
    ]);
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

import * as z from "zod";
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from "zod-openapi";
import { answerHeaders } from "./answer-headers.ts";
import { problemAnswers } from "./problem-answers.ts";
import { type Route, scopesOf } from "./route.ts";
import { routes } from "./routes.ts";

/** The contract as OpenAPI 3.1, derived from the routes and their schemas. */
export const openapiDocument = (issuer: string) =>
  createDocument({
    openapi: "3.1.0",
    info: {
      title: "CME Referral Exchange",
      version: "1.0.0",
      description:
        "Hands children missing education from one local authority to another, as the statutory guidance “Children missing education” (September 2025) asks: the child stays on the sender's list until a named contact of the recipient confirms receipt.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: issuer }],
    components: {
      securitySchemes: {
        dpop: {
          type: "http",
          scheme: "DPoP",
          description:
            "Access token of POST /oauth2/token, with a DPoP proof for each request (RFC 9449). Each operation names the scope that the token must have.",
        },
        notify: {
          type: "http",
          scheme: "bearer",
          description: "The token that was entered in GOV.UK Notify's settings.",
        },
      },
    },
    paths: paths(),
  });

const paths = (): ZodOpenApiPathsObject => {
  const all: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    all[route.path] = { ...all[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return all;
};

const operation = (route: Route): ZodOpenApiOperationObject => ({
  operationId: route.operationId,
  summary: route.summary,
  tags: [capability(route)],
  security: security(route),
  requestParams: {
    ...(route.params && { path: route.params }),
    ...(route.query && { query: route.query }),
    header: requestHeaders(route),
  },
  ...(route.body && { requestBody: { required: true, content: { "application/json": { schema: route.body } } } }),
  ...(route.upload && {
    requestBody: {
      required: true,
      content: Object.fromEntries(route.upload.media.map((media) => [media, { schema: file }])),
    },
  }),
  ...(route.access.kind === "client-assertion" && { requestBody: tokenRequest }),
  responses: {
    ...problemAnswers(route),
    ...Object.fromEntries(Object.keys(route.answers).map((status) => [status, answer(route, Number(status))])),
  },
});

const security = ({ access }: Route) => {
  if (access.kind === "notify-callback") return [{ notify: [] }];
  return access.kind === "token" ? scopesOf(access).map((scope) => ({ dpop: [scope] })) : [];
};

/** The folder of the route's function. */
const capability = ({ handler }: Route): string => handler.split("/")[1] ?? "";

const file = z.string().meta({ override: { type: "string", format: "binary" } });

const requestHeaders = ({ access, method, ifMatch, ifNoneMatch }: Route) =>
  z.object({
    ...((access.kind === "token" || access.kind === "client-assertion") && { DPoP: proof }),
    ...(access.kind === "token" && method !== "GET" && { "Idempotency-Key": idempotencyKey }),
    ...(ifMatch && { "If-Match": etag }),
    ...(ifNoneMatch && { "If-None-Match": etags }),
  });

const etag = z
  .string()
  .regex(/^"[1-9][0-9]{0,14}"$/)
  .meta({ param: { id: "IfMatch" }, description: "The ETag of the version that the request is to change" });

const etags = z
  .string()
  .optional()
  .meta({
    param: { id: "IfNoneMatch" },
    description: "The ETags of the copies that the caller has: 304 where one is it",
  });

const proof = z.string().meta({
  param: { id: "Proof" },
  description:
    "Proof of possession, made for this one request (RFC 9449): a JWT of typ dpop+jwt, signed with ES256, PS256 or EdDSA by the key in its jwk, with the claims jti, htm, htu (the public address, without query), iat and, with an access token, ath",
});

const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .meta({
    param: { id: "IdempotencyKey" },
    description:
      "The caller's name for what it wants done. A repeat with the same key and request gets the first answer, with Idempotency-Replayed: true",
  });

const answer = (route: Route, status: number): ZodOpenApiResponseObject => {
  const { description = "", schema, otherMedia = {}, file: media } = route.answers[status] ?? {};
  const all = { ...(schema && { "application/json": schema }), ...otherMedia, ...(media && { [media]: file }) };
  return {
    description,
    headers: answerHeaders(route, status),
    content: Object.fromEntries(Object.entries(all).map(([type, each]) => [type, { schema: each }])),
  };
};

/** RFC 6749 section 3.2 and RFC 7523: further parameters are ignored, and none may be repeated. */
const tokenRequest = {
  required: true,
  content: {
    "application/x-www-form-urlencoded": {
      schema: z
        .object({
          grant_type: z.literal("client_credentials"),
          client_assertion_type: z.literal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
          client_assertion: z.string().meta({
            description:
              "A JWT signed by a registered key of the client (RFC 7523): iss and sub the client id, aud the issuer, exp at most 5 minutes ahead, a new jti each time",
          }),
          client_id: z.string().optional().describe("If given, the client assertion's iss"),
          scope: z.string().optional().describe("Separated by spaces; all that the client is registered for if absent"),
        })
        .meta({ id: "TokenRequest" }),
    },
  },
};

import * as z from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { kindOf } from "../http/problem.ts";
import type { Answer, Route } from "./route.ts";
import { routes } from "./routes.ts";

const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("What is wrong, without repeating what was sent"),
    code: z.enum(Object.keys(kindOf) as [keyof typeof kindOf, ...(keyof typeof kindOf)[]]),
    instance: z.string().describe("The request id, also in x-request-id"),
    errors: z
      .array(z.object({ pointer: z.string().describe("JSON Pointer into the body"), detail: z.string() }))
      .optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457" });

const idempotencyKey = z.string().min(1).max(255).meta({
  description:
    "The caller's name for what it wants done. A repeat with the same key and body gets the first answer, with Idempotency-Replayed: true",
});

/** The contract as OpenAPI 3.1, derived from the routes and their schemas. */
export const openapiDocument = (issuer: string) =>
  createDocument({
    openapi: "3.1.0",
    info: {
      title: "CME Referral Exchange",
      version: "1.0.0",
      description:
        "Hands children missing education from one local authority to another, as the statutory guidance “Children missing education” (September 2025) asks: the child stays on the sender's list until a named contact of the recipient confirms receipt.",
    },
    servers: [{ url: issuer }],
    components: {
      securitySchemes: {
        dpop: {
          type: "http",
          scheme: "DPoP",
          description: "Access token of POST /oauth2/token with a DPoP proof for each request (RFC 9449)",
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
  ...(route.access.kind === "token" && { security: [{ dpop: [route.access.scope] }] }),
  requestParams: {
    ...(route.params && { path: route.params }),
    ...(route.query && { query: route.query }),
    ...(route.access.kind === "token" &&
      route.method === "POST" && { header: z.object({ "Idempotency-Key": idempotencyKey }) }),
  },
  ...(route.body && { requestBody: { required: true, content: { "application/json": { schema: route.body } } } }),
  ...(route.access.kind === "client-assertion" && { requestBody: tokenRequest }),
  responses: {
    ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, response(answer)])),
    default: { description: "A problem", content: { "application/problem+json": { schema: problem } } },
  },
});

const response = ({ description, schema }: Answer) => ({
  description,
  ...(schema && { content: { "application/json": { schema } } }),
});

const tokenRequest = {
  required: true,
  content: {
    "application/x-www-form-urlencoded": {
      schema: z.object({
        grant_type: z.literal("client_credentials"),
        client_assertion_type: z.literal("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        client_assertion: z.string().meta({ description: "RFC 7523: iss and sub the client id, aud the issuer" }),
        client_id: z.string().optional(),
        scope: z.string().optional().meta({ description: "Space-separated; all registered scopes if absent" }),
      }),
    },
  },
};

import * as z from "zod";
import { route } from "./route.ts";

export const healthz = route({
  operationId: "getHealth",
  method: "GET",
  path: "/healthz",
  summary: "Is the exchange able to answer?",
  access: { kind: "public" },
  answers: { 200: { description: "It is", schema: z.strictObject({ status: z.literal("ok") }) } },
  handler: "functions/oversight/get-health.ts",
  cacheControl: "no-store",
});

export const openapi = route({
  operationId: "getOpenapi",
  method: "GET",
  path: "/openapi.json",
  summary: "This contract (OpenAPI 3.1)",
  access: { kind: "public" },
  answers: {
    200: {
      description: "The OpenAPI document",
      schema: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
    },
  },
  handler: "functions/oversight/get-openapi.ts",
  cacheControl: "public, max-age=300",
});

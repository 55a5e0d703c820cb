import type { APIGatewayProxyEvent } from "aws-lambda";
import type * as z from "zod";
import { describeIssues } from "../contract/describe-issues.ts";
import type { Route } from "../contract/route.ts";
import { digestOf, digestOfBytes, digestOfText } from "../domain/canonical.ts";
import {
  bodyTooLarge,
  idempotencyKeyMalformed,
  idempotencyKeyMissing,
  ifMatchMalformed,
  ifMatchMissing,
  malformedJson,
  mediaTypeUnsupported,
  notFound,
  validationFailed,
} from "../domain/refusals.ts";
import type { Caller, Intent, Upload } from "./call.ts";
import { headerValues } from "./headers.ts";
import { parseJson } from "./json.ts";

/** 256 KiB: the largest body, in bytes as received. */
export const largestBody = 262_144;

/** @throws Refusal `body-too-large` */
const bodyBytes = (event: APIGatewayProxyEvent, largest: number): Buffer => {
  const bytes = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
  if (bytes.length > largest) throw bodyTooLarge(largest);
  return bytes;
};

/**
 * The request's body as text.
 * @throws Refusal `body-too-large`; `malformed-json` where the bytes are not UTF-8
 */
export const bodyText = (event: APIGatewayProxyEvent): string => {
  const bytes = bodyBytes(event, largestBody);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformedJson();
  }
};

export const mediaTypeIs = (event: APIGatewayProxyEvent, expected: string): boolean => {
  const values = headerValues(event, "content-type");
  const [type, ...parameters] = (values[0] ?? "")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  return (
    values.length === 1 &&
    type === expected &&
    parameters.every((each) => /^charset="?utf-8"?$/.test(each) || each === "")
  );
};

export const parseBody = (event: APIGatewayProxyEvent, schema: z.ZodType): { raw: unknown; body: unknown } => {
  if (!mediaTypeIs(event, "application/json")) throw mediaTypeUnsupported("application/json in UTF-8");
  const raw = parseJson(bodyText(event));
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw validationFailed(describeIssues(parsed.error, { schema, sent: raw }));
  return { raw, body: parsed.data };
};

/** @throws Refusal `media-type-unsupported`, `body-too-large` */
export const parseUpload = (event: APIGatewayProxyEvent, { media, largest }: NonNullable<Route["upload"]>): Upload => {
  const values = headerValues(event, "content-type");
  const type = (values[0] ?? "").toLowerCase().split(";")[0]?.trim() ?? "";
  if (values.length !== 1 || !media.includes(type)) throw mediaTypeUnsupported(media.join(" or "));
  const bytes = bodyBytes(event, largest);
  return { media: type, bytes, digest: digestOfBytes(bytes) };
};

/**
 * The version that the request means to change: the number in the strong ETag that it read.
 * @throws Refusal `precondition-required`, `if-match-malformed`
 */
export const expectedVersion = (event: APIGatewayProxyEvent): number => {
  const [value, ...more] = headerValues(event, "if-match");
  if (value === undefined) throw ifMatchMissing();
  const [, version] = /^"([1-9][0-9]{0,14})"$/.exec(value.trim()) ?? [];
  if (version === undefined || more.length > 0) throw ifMatchMalformed();
  return Number(version);
};

export const parseParams = (event: APIGatewayProxyEvent, schema: z.ZodObject): unknown => {
  const parsed = schema.safeParse(event.pathParameters ?? {});
  if (!parsed.success) throw notFound();
  return parsed.data;
};

/** @throws Refusal `validation-failed`; a parameter's pointer is its name, as the query is an object of them. */
export const parseQuery = (event: APIGatewayProxyEvent, schema: z.ZodObject): unknown => {
  const values = event.multiValueQueryStringParameters ?? {};
  const given: Record<string, string | undefined> = {};
  for (const name of Object.keys(schema.shape)) {
    const repeated = values[name] ?? [];
    if (repeated.length > 1) throw validationFailed([{ pointer: `/${name}`, detail: "must be given once" }]);
    if (repeated.length === 1) given[name] = repeated[0];
  }
  if (Object.keys(values).some((name) => !Object.hasOwn(schema.shape, name))) {
    const known = Object.keys(schema.shape).join(", ");
    throw validationFailed([{ pointer: "", detail: `has a query parameter other than ${known}` }]);
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw validationFailed(describeIssues(parsed.error, { schema, sent: given }));
  return parsed.data;
};

/**
 * The caller's name for what it wants done (IETF draft "The Idempotency-Key HTTP Header Field"). The name is the client's
 * own: another client's equal key is another intent.
 */
export const idempotencyKey = (event: APIGatewayProxyEvent): string => {
  const [key, ...more] = headerValues(event, "idempotency-key");
  if (key === undefined) throw idempotencyKeyMissing();
  if (more.length > 0 || !/^[\x21-\x7e]{1,255}$/.test(key)) throw idempotencyKeyMalformed();
  return key;
};

/**
 * What is kept of an intent: never the key, and a hash of the request that can't be guessed at without the key, as the
 * body may tell of a child (R6).
 */
export const intentOf = (
  key: string,
  caller: Caller,
  route: Route,
  event: APIGatewayProxyEvent,
  raw: unknown,
): Intent => ({
  id: `${caller.clientId}#${digestOfText(key)}`,
  fingerprint: digestOf([
    key,
    route.operationId,
    event.pathParameters ?? {},
    event.multiValueQueryStringParameters ?? {},
    // To change another version is to want another thing.
    route.ifMatch ? headerValues(event, "if-match") : [],
    raw ?? null,
  ]),
});

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from "aws-lambda";
import { rateLimit } from "../../shared/contract/rate-limits.ts";
import type { Route } from "../../shared/contract/route.ts";
import { routes } from "../../shared/contract/routes.ts";
import {
  bodyTooLarge,
  dependencyUnavailable,
  internalError,
  methodNotAllowed,
  notFound,
  type Refusal,
  tooManyRequests,
} from "../../shared/domain/refusals.ts";
import { securityHeaders } from "../../shared/http/headers.ts";
import { problemOf } from "../../shared/http/problem.ts";
import type { LambdaHandler } from "../../shared/http/serve.ts";
import { callers, rateLimiter } from "./rate-limiter.ts";
import { StartError } from "./start-error.ts";

type Answering = {
  handlers: ReadonlyMap<Route, LambdaHandler> | undefined;
  secondsToWait: ReturnType<typeof rateLimiter>;
  known: ReturnType<typeof callers>;
};

/** What exists on one machine only, by method and path. */
export type LocalPages = Record<`${"GET" | "POST"} /_local/${string}`, () => Promise<unknown>>;

export type Gateway = {
  port: number;
  /** Loads the functions; until then every request is told to come again. */
  open(localPages: LocalPages): Promise<void>;
  close(): Promise<void>;
};

/** As API Gateway: a larger body never reaches a function. */
const largestBody = 10 * 1024 * 1024;

/** Milliseconds that requests under way have to come to an end when the exchange is stopped. */
const longestFarewell = 5_000;

/**
 * API Gateway's REST proxy on this machine: finds the route, builds the event, calls the very handler that Lambda runs,
 * and sends what it answers.
 * @throws StartError where the port is in use
 */
export const startGateway = async (port: number): Promise<Gateway> => {
  const secondsToWait = rateLimiter(rateLimit);
  const known = callers();
  let handlers: ReadonlyMap<Route, LambdaHandler> | undefined;
  let pages: ReadonlyMap<string, () => Promise<unknown>> = new Map();
  const server = createServer((request, response) => {
    const requestId = randomUUID();
    const page = pages.get(`${request.method} ${request.url}`);
    const answering = page
      ? page().then((body) => localAnswer(body, requestId))
      : answer(request, { handlers, secondsToWait, known }, requestId);
    answering
      .catch(() => refuse(internalError(), requestId))
      .then((result) => send(response, result))
      .catch(() => response.destroy());
  });
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `Port ${port} ${code === "EADDRINUSE" ? "is in use" : `can't be opened (${code})`}: set PORT to another.`,
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    open: async (localPages) => {
      pages = new Map(Object.entries(localPages));
      handlers = await loadHandlers();
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      const patience = setTimeout(() => server.closeAllConnections(), longestFarewell);
      await closed;
      clearTimeout(patience);
    },
  };
};

const loadHandlers = async (): Promise<ReadonlyMap<Route, LambdaHandler>> => {
  const loading = routes.map(async (route): Promise<[Route, LambdaHandler]> => {
    const { handler } = (await import(new URL(`../../${route.handler}`, import.meta.url).href)) as {
      handler: LambdaHandler;
    };
    return [route, handler];
  });
  return new Map(await Promise.all(loading));
};

const answer = async (
  request: IncomingMessage,
  { handlers, secondsToWait, known }: Answering,
  requestId: string,
): Promise<APIGatewayProxyResult> => {
  if (!handlers) return refuse(dependencyUnavailable(), requestId);
  const wait = secondsToWait(known.of(request), Date.now());
  if (wait > 0) {
    request.resume();
    return refuse(tooManyRequests(wait), requestId);
  }
  const [path = "/", ...queries] = (request.url ?? "/").split("?");
  const query = queries.join("?");
  const here = routes.flatMap((route) => {
    const parameters = match(route.path, path);
    return parameters ? [{ route, parameters }] : [];
  });
  // As API Gateway: where a path fits two resources, the one that names it outright.
  const found = here
    .filter(({ route }) => route.method === request.method)
    .sort((one, other) => Object.keys(one.parameters).length - Object.keys(other.parameters).length)[0];
  const handler = found && handlers.get(found.route);
  if (!found || !handler) {
    request.resume();
    const refusal = here.length > 0 ? methodNotAllowed(here.map(({ route }) => route.method)) : notFound();
    return refuse(refusal, requestId);
  }
  const body = await readBody(request);
  if (!body) return refuse(bodyTooLarge(largestBody), requestId);
  const result = await handler(eventOf(request, { ...found, path, query, body, requestId }), {} as Context);
  if (found.route.access.kind === "token") known.learn(request, result.statusCode);
  return result;
};

/** The path parameters where the path fits the route's; a `{name}` takes one segment. */
const match = (pattern: string, path: string): Record<string, string> | undefined => {
  const names = pattern.split("/");
  const values = path.split("/");
  if (names.length !== values.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? "";
    if (!name.startsWith("{")) {
      if (name !== value) return undefined;
      continue;
    }
    if (value === "") return undefined;
    try {
      parameters[name.slice(1, -1)] = decodeURIComponent(value);
    } catch {
      return undefined;
    }
  }
  return parameters;
};

/** What is too large is let through to its end and not kept: a caller that is still sending would not hear the answer. */
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= largestBody) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length <= largestBody ? Buffer.concat(chunks) : undefined;
};

type Arrived = {
  route: Route;
  parameters: Record<string, string>;
  path: string;
  query: string;
  body: Buffer;
  requestId: string;
};

const eventOf = (request: IncomingMessage, { route, parameters, path, query, body, requestId }: Arrived) => {
  const raw = request.rawHeaders;
  const headers = raw.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, raw[at + 1] ?? ""]] : []));
  const multiValueHeaders = multiValues(headers);
  const multiValueQuery = multiValues(new URLSearchParams(query));
  const event: APIGatewayProxyEvent = {
    resource: route.path,
    path,
    httpMethod: route.method,
    headers: lastValues(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: query === "" ? null : lastValues(multiValueQuery),
    multiValueQueryStringParameters: query === "" ? null : multiValueQuery,
    pathParameters: Object.keys(parameters).length > 0 ? parameters : null,
    stageVariables: null,
    requestContext: {
      accountId: "000000000000",
      apiId: "local",
      authorizer: null,
      protocol: `HTTP/${request.httpVersion}`,
      httpMethod: route.method,
      identity: { sourceIp: request.socket.remoteAddress, userAgent: null },
      path,
      stage: "local",
      requestId,
      requestTimeEpoch: Date.now(),
      resourceId: route.operationId,
      resourcePath: route.path,
    } as unknown as APIGatewayProxyEvent["requestContext"],
    body: body.length > 0 ? body.toString("base64") : null,
    isBase64Encoded: body.length > 0,
  };
  return event;
};

/** Without a prototype: a caller may name a header or a parameter as it likes. */
const multiValues = (pairs: Iterable<[string, string]>): Record<string, string[]> => {
  const values: Record<string, string[]> = Object.create(null);
  for (const [name, value] of pairs) values[name] = [...(values[name] ?? []), value];
  return values;
};

const lastValues = (multi: Record<string, string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(multi).map(([name, values]) => [name, values.at(-1) ?? ""]));

const localAnswer = (body: unknown, requestId: string): APIGatewayProxyResult => ({
  statusCode: 200,
  headers: {
    ...securityHeaders,
    "cache-control": "no-store",
    "content-type": "application/json",
    "x-request-id": requestId,
  },
  body: JSON.stringify(body, null, 2),
});

const refuse = (refusal: Refusal, requestId: string): APIGatewayProxyResult => {
  const { status, headers, body } = problemOf(refusal, requestId);
  return {
    statusCode: status,
    headers: { ...securityHeaders, "cache-control": "no-store", ...headers, "x-request-id": requestId },
    body: JSON.stringify(body),
  };
};

const send = (
  response: ServerResponse,
  { statusCode, headers, body, isBase64Encoded }: APIGatewayProxyResult,
): void => {
  const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
  // A 304's length would be that of the document (RFC 9110 section 8.6), which isn't sent.
  response.writeHead(statusCode, { ...headers, ...(statusCode !== 304 && { "content-length": bytes.length }) });
  response.end(response.req.method === "HEAD" ? undefined : bytes);
};

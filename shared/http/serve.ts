import middy, { type MiddlewareObj } from "@middy/core";
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from "aws-lambda";
import * as z from "zod";
import { isServiceFailure } from "../aws/client-settings.ts";
import { environment, once } from "../aws/environment.ts";
import { type Route, scopesOf } from "../contract/route.ts";
import { dependencyUnavailable, internalError, Refusal, scopeMissing } from "../domain/refusals.ts";
import { log, nameOf } from "../observability/log.ts";
import { measureDependency, measureRequest } from "../observability/metrics.ts";
import { dynamoClient } from "../store/dynamo.ts";
import { spendAlone } from "../store/proofs.ts";
import { accessSettings, authenticate, rememberProof } from "./authenticate.ts";
import type { Call, Caller, Proof, Reply } from "./call.ts";
import { headerValues, securityHeaders } from "./headers.ts";
import { authenticateNotify } from "./notify-callback.ts";
import { expectedVersion, idempotencyKey, intentOf, parseBody, parseParams, parseQuery, parseUpload } from "./parse.ts";
import { problemOf } from "./problem.ts";

export type LambdaHandler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

/** What an operation does with a request that was authenticated and parsed. */
export type Operation<R extends Route, Dependencies> = (call: Call<R>, dependencies: Dependencies) => Promise<Reply>;

/** An event on its way through the steps, with what they found out. */
type Arrival = APIGatewayProxyEvent & {
  startedAt?: number;
  caller?: Caller;
  proof?: Proof;
  call?: unknown;
  refusal?: Refusal;
};
type Step = MiddlewareObj<Arrival, APIGatewayProxyResult>;

/**
 * The Lambda handler of one operation: authenticate, parse, operate, respond. Whatever is refused on the way is answered
 * as a problem. A proof that came with an access token never serves twice, whether its request came to something or not.
 */
export const serve = <R extends Route, Dependencies>(
  route: R,
  dependencies: () => Dependencies,
  operation: Operation<R, Dependencies>,
): LambdaHandler => {
  const built = once(dependencies);
  return middy<Arrival, APIGatewayProxyResult>()
    .use([respond(route), answerProblems(route), spendProof, authenticateCaller(route), parse(route)])
    .handler(async (event: Arrival) => {
      const { status, headers = {}, text, base64 = false } = await operation(event.call as Call<R>, built());
      return { statusCode: status, headers, body: text, isBase64Encoded: base64 };
    }) as unknown as LambdaHandler;
};

/** The headers that every answer carries, a line in the log, and what is measured of it. */
const respond = (route: Route): Step => {
  const finish: NonNullable<Step["after"]> = ({ event, response }) => {
    if (!response) return;
    const requestId = event.requestContext.requestId;
    response.headers = {
      ...securityHeaders,
      "cache-control": response.statusCode < 300 ? route.cacheControl : "no-store",
      ...response.headers,
      "x-request-id": requestId,
    };
    const facts = {
      operation: route.operationId,
      status: response.statusCode,
      durationMs: Math.round(performance.now() - (event.startedAt ?? 0)),
      clientId: event.caller?.clientId,
      authority: event.caller?.authority,
      refusal: event.refusal?.code,
    };
    log("request-completed", { requestId, ...facts });
    measureRequest(facts);
  };
  return {
    before: ({ event }) => {
      event.startedAt = performance.now();
    },
    after: finish,
    onError: finish,
  };
};

const answerProblems = (route: Route): Step => ({
  onError: (request) => {
    const { event, error } = request;
    const { requestId } = event.requestContext;
    event.refusal = error instanceof Refusal ? error : refusalFor(error, requestId, route);
    const { status, headers, body } = problemOf(event.refusal, requestId);
    request.response = { statusCode: status, headers, body: JSON.stringify(body) };
  },
});

const refusalFor = (error: unknown, requestId: string, { operationId: operation }: Route): Refusal => {
  const errorName = nameOf(error);
  if (isServiceFailure(error)) {
    log("dependency-failed", { requestId, operation, errorName });
    measureDependency(errorName);
    return dependencyUnavailable();
  }
  log("request-failed", { requestId, operation, errorName, errorOrigin: originOf(error) });
  return internalError();
};

/** A line of a stack: a file of ours, or a place in the bundle that it was made into, for infra/operate/origin.ts. */
const place = /^ +at .*\b((?:functions|shared)\/[\w/.-]+:\d+|index\.cjs:\d+:\d+)/gm;

/** Where in our code it was thrown, and what called that. Never the message, which may quote what was sent. */
const originOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  const places = [...(error.stack ?? "").replace(error.message, "").matchAll(place)].map(([, at]) => at);
  return places.slice(0, 3).join(" ") || undefined;
};

const spendUnspent = async (proof: Proof | undefined): Promise<void> => {
  if (!proof || proof.spent) return;
  proof.spent = true;
  await spendAlone(dynamoClient(), environment("PROOFS_TABLE").PROOFS_TABLE, proof);
};

/** Where the operation's own transaction did not spend the proof, it is spent here. */
const spendProof: Step = {
  after: ({ event }) => spendUnspent(event.proof),
  onError: async (request) => {
    try {
      await spendUnspent(request.event.proof);
    } catch (error) {
      // What a service's failure left undecided may have committed, and the proof with it: that is no replay.
      if (!isServiceFailure(request.error)) request.error = error as Error;
    }
  },
};

const authenticateCaller = ({ access }: Route): Step => ({
  before: async ({ event }) => {
    if (access.kind === "notify-callback") authenticateNotify(event);
    if (access.kind !== "token") return;
    const now = new Date().toISOString();
    const { caller, proof } = await authenticate(event, now, accessSettings());
    if (access.proof === "remembered") rememberProof(proof, now);
    Object.assign(event, { caller, proof });
    const scopes = scopesOf(access);
    if (!scopes.some((scope) => caller.scopes.has(scope))) throw scopeMissing(scopes);
  },
});

const noParameters = z.strictObject({});

const parse = (route: Route): Step => ({
  before: ({ event }) => {
    const { caller, proof } = event;
    const key = caller && route.method !== "GET" ? idempotencyKey(event) : undefined;
    const params = route.params && parseParams(event, route.params);
    const query = parseQuery(event, route.query ?? noParameters);
    const { raw, body } = route.body ? parseBody(event, route.body) : {};
    const upload = route.upload && parseUpload(event, route.upload);
    event.call = {
      requestId: event.requestContext.requestId,
      now: new Date().toISOString(),
      accept: headerValues(event, "accept").join(", "),
      params,
      query,
      body,
      upload,
      expectedVersion: route.ifMatch && expectedVersion(event),
      event,
      ...(caller && { caller, proof }),
      ...(caller && key && { intent: intentOf(key, caller, route, event, upload?.digest ?? raw) }),
    };
  },
});

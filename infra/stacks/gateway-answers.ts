import {
  type IResource,
  type Method,
  MockIntegration,
  PassthroughBehavior,
  ResponseType,
  type RestApi,
} from "aws-cdk-lib/aws-apigateway";
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
import { type Problem, problemOf } from "../../shared/http/problem.ts";

/**
 * What callers read where no function answers: problems like the functions' own (RFC 9457), with the same headers. No
 * template names anything that the caller sent.
 */

/** API Gateway's variable for the request's id. */
const requestId = "$context.requestId";

/** API Gateway takes bodies up to this. */
const largestRequest = 10 * 1024 * 1024;

/** One that has no code of ours: the type says no more than the status (RFC 9457 section 4.2.1). */
const plain = (status: number, title: string): Problem => ({
  status,
  headers: { "content-type": "application/problem+json" },
  body: { type: "about:blank", title, status, instance: requestId },
});
const ours = (refusal: Refusal): Problem => problemOf(refusal, requestId);

const answers: readonly [ResponseType, Problem][] = [
  [ResponseType.DEFAULT_4XX, plain(400, "Bad Request")],
  [ResponseType.ACCESS_DENIED, plain(403, "Forbidden")],
  [ResponseType.WAF_FILTERED, plain(403, "Forbidden")],
  // The gateway looks for a signature of AWS's in an Authorization header at an address that it does not know.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, ours(notFound())],
  [ResponseType.INVALID_SIGNATURE, ours(notFound())],
  [ResponseType.RESOURCE_NOT_FOUND, ours(notFound())],
  [ResponseType.REQUEST_TOO_LARGE, ours(bodyTooLarge(largestRequest))],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, plain(415, "Unsupported Media Type")],
  [ResponseType.THROTTLED, ours(tooManyRequests(1))],
  [ResponseType.QUOTA_EXCEEDED, ours(tooManyRequests(1))],
  // The function may have finished all the same: a repeat with the same Idempotency-Key tells.
  [ResponseType.INTEGRATION_TIMEOUT, ours(dependencyUnavailable())],
  [ResponseType.INTEGRATION_FAILURE, ours(dependencyUnavailable())],
  [ResponseType.DEFAULT_5XX, ours(internalError())],
];

const headersOf = ({ headers }: Problem): Record<string, string> => {
  const { "content-type": _ofTemplate, ...others } = headers;
  return { ...securityHeaders, "cache-control": "no-store", ...others };
};

const quoted = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `'${value}'`]));

export const answerLikeFunctions = (api: RestApi): void => {
  for (const [type, problem] of answers) {
    api.addGatewayResponse(type.responseType, {
      type,
      statusCode: String(problem.status),
      responseHeaders: { ...quoted(headersOf(problem)), "x-request-id": "context.requestId" },
      templates: { "application/problem+json": JSON.stringify(problem.body) },
    });
  }
};

/** A method that no function answers, for whatever is sent to it. */
const alwaysRefuse = (resource: IResource, refusal: Refusal): Method => {
  const problem = ours(refusal);
  const status = JSON.stringify({ statusCode: problem.status });
  const parameters = quoted({ ...headersOf(problem), "content-type": "application/problem+json" });
  const inResponse = (name: string) => `method.response.header.${name}`;
  return resource.addMethod(
    "ANY",
    new MockIntegration({
      passthroughBehavior: PassthroughBehavior.WHEN_NO_TEMPLATES,
      requestTemplates: { "application/json": status, "application/x-www-form-urlencoded": status },
      integrationResponses: [
        {
          statusCode: String(problem.status),
          responseParameters: {
            ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [inResponse(name), value])),
            [inResponse("x-request-id")]: "context.requestId",
          },
          responseTemplates: { "application/json": JSON.stringify(problem.body) },
        },
      ],
    }),
    {
      methodResponses: [
        {
          statusCode: String(problem.status),
          responseParameters: Object.fromEntries(
            [...Object.keys(parameters), "x-request-id"].map((name) => [inResponse(name), true]),
          ),
        },
      ],
    },
  );
};

/** 405 at every address for the methods that it has not, and 404 everywhere else. */
export const refuseTheRest = (api: RestApi): Method[] => {
  const paths = [...new Set(routes.map(({ path }) => path))];
  return [
    ...paths.map((path) => {
      const allowed = routes.filter((route) => route.path === path).map(({ method }) => method);
      return alwaysRefuse(api.root.resourceForPath(path), methodNotAllowed(allowed));
    }),
    alwaysRefuse(api.root.addResource("{proxy+}"), notFound()),
  ];
};

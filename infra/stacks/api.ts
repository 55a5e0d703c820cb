import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import {
  AccessLogField,
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  type Method,
  type MethodDeploymentOptions,
  MethodLoggingLevel,
  RestApi,
} from "aws-cdk-lib/aws-apigateway";
import { Alarm, ComparisonOperator, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { Route } from "../../shared/contract/route.ts";
import { routes } from "../../shared/contract/routes.ts";
import type { Bundles } from "../bundle.ts";
import type { Stage, StageConfig, Throttle } from "../config.ts";
import { acknowledge } from "../constructs/acknowledge.ts";
import { Capability } from "../constructs/capability.ts";
import { keptOnceDeployed } from "../constructs/kept.ts";
import { idOf, physicalName } from "../constructs/names.ts";
import type { Resources } from "../constructs/permissions.ts";
import type { ServiceFunction } from "../constructs/service-function.ts";
import { functions } from "../functions.ts";
import type { AsyncStack } from "./async.ts";
import type { DataStack } from "./data.ts";
import { addDomain } from "./domain.ts";
import { answerLikeFunctions, refuseTheRest } from "./gateway-answers.ts";
import { sampleTraces } from "./tracing.ts";
import { protect } from "./web-acl.ts";

export type ApiStackProps = StackProps & {
  stage: Stage;
  config: StageConfig;
  data: DataStack;
  telling: AsyncStack;
  bundles: Bundles;
};

/** The stage's name is in no address: the domain leads straight to it. */
const stageName = "live";

/** Why no method has an authoriser of the gateway's. */
const reasons: Record<Route["access"]["kind"], string> = {
  public: "Public by contract: keys, metadata, health and the contract itself.",
  "notify-callback": "GOV.UK Notify shows a bearer token, whose digest the function knows and the gateway does not.",
  "client-assertion": "The token endpoint: the client is authenticated by its signed assertion (RFC 7523).",
  token:
    "The function verifies the access token and the DPoP proof over method and address, and spends the proof in its own transaction: an authoriser can't (RFC 9449).",
};

/** What authorities' systems call: the REST API with its operations, its address and its firewall. */
export class ApiStack extends Stack {
  readonly restApi: RestApi;
  readonly functions: ReadonlyMap<string, ServiceFunction>;
  readonly webAcl: { metricName: string };

  constructor(scope: Construct, id: string, { stage, config, data, telling, bundles, ...props }: ApiStackProps) {
    super(scope, id, props);
    this.restApi = restApi(this, stage, config, data);
    answerLikeFunctions(this.restApi);
    sampleTraces(this, stage);
    const failing = new Alarm(this, "Failing", {
      alarmName: physicalName(stage, "deployment-fails"),
      alarmDescription:
        "Authorities' systems get 5xx answers. While a new version takes over, CodeDeploy leads them back to the former by itself. What to do: infra/runbook.md#the-api-fails",
      metric: this.restApi.metricServerError({ statistic: "Sum", period: Duration.minutes(1) }),
      threshold: 5,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const resources: Resources = { config, data, queues: telling.queues };
    const capabilities = [...byCapability()].map(
      ([capability, definitions]) =>
        new Capability(this, idOf(capability), { stage, capability, definitions, bundles, resources, failing }),
    );
    this.functions = new Map(capabilities.flatMap((each) => [...each.functions]));
    for (const { name, trigger } of functions) {
      const operation = this.functions.get(name);
      if (operation && trigger.kind === "request") answer(this.restApi, trigger.route, operation);
    }
    for (const method of refuseTheRest(this.restApi)) {
      accept(method, "Answers 404 or 405 from the gateway: no function is behind it.");
    }
    addDomain(this, config, this.restApi);
    this.webAcl = protect(this, { stage, config, apiStage: this.restApi.deploymentStage, key: data.storageKey });
  }
}

const byCapability = () =>
  Map.groupBy(
    functions.filter(({ trigger }) => trigger.kind === "request"),
    ({ handler }) => handler.split("/")[1] ?? "",
  );

const restApi = (stack: Stack, stage: Stage, config: StageConfig, { storageKey }: DataStack): RestApi => {
  const accessLog = new LogGroup(stack, "AccessLog", {
    logGroupName: physicalName(stage, "access"),
    retention: config.logRetentionDays,
    encryptionKey: storageKey,
    removalPolicy: keptOnceDeployed,
  });
  const files = routes.flatMap(({ answers }) => Object.values(answers).flatMap(({ file }) => file ?? []));
  const binary = [...new Set([...routes.flatMap(({ upload }) => upload?.media ?? []), ...files])];
  const api = new RestApi(stack, "Api", {
    restApiName: physicalName(stage, "referral-exchange"),
    description: "The CME Referral Exchange",
    endpointTypes: [EndpointType.REGIONAL],
    // The one address is the domain's: what is behind it, such as mutual TLS, can't be gone around.
    disableExecuteApiEndpoint: true,
    ...(binary.length > 0 && { binaryMediaTypes: binary }),
    cloudWatchRole: true,
    deployOptions: {
      stageName,
      accessLogDestination: new LogGroupLogDestination(accessLog),
      accessLogFormat,
      tracingEnabled: true,
      metricsEnabled: true,
      loggingLevel: MethodLoggingLevel.OFF,
      dataTraceEnabled: false,
      // Of what no operation answers: without a limit of its own it would use up the account's, which all share.
      ...throttled(config.throttling.reading),
      methodOptions: Object.fromEntries(
        routes.map((route) => [`${route.path}/${route.method}`, limits(route, config)]),
      ),
    },
  });
  acknowledge(
    api,
    "AwsSolutions-APIG2",
    "Each function validates its request strictly and answers with pointers to what is wrong; the gateway's validator would answer in its place without them.",
  );
  acknowledge(
    api.deploymentStage,
    "AwsSolutions-APIG6",
    "The gateway's execution log may repeat headers and query strings, which hold tokens and cursors. The access log, the functions' logs and the traces say what happened.",
  );
  const role = api.node.tryFindChild("CloudWatchRole");
  if (role) {
    acknowledge(
      role,
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
      "API Gateway writes all logs of the account under one role and accepts it only with the permissions of this policy.",
    );
  }
  return api;
};

/** Neither the path with its ids nor the query string, no header and no body. */
const accessLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    requestId: AccessLogField.contextRequestId(),
    at: AccessLogField.contextRequestTimeEpoch(),
    method: AccessLogField.contextHttpMethod(),
    route: AccessLogField.contextResourcePath(),
    status: AccessLogField.contextStatus(),
    protocol: AccessLogField.contextProtocol(),
    sourceIp: AccessLogField.contextIdentitySourceIp(),
    responseBytes: AccessLogField.contextResponseLength(),
    milliseconds: AccessLogField.contextResponseLatency(),
    functionMilliseconds: AccessLogField.contextIntegrationLatency(),
    gatewayError: AccessLogField.contextErrorResponseType(),
    firewallStatus: AccessLogField.contextWafStatus(),
    trace: AccessLogField.contextXrayTraceId(),
  }),
);

const limits = ({ method }: Route, { throttling }: StageConfig): MethodDeploymentOptions =>
  throttled(method === "GET" ? throttling.reading : throttling.acting);

const throttled = ({ perSecond, burst }: Throttle): MethodDeploymentOptions => ({
  throttlingRateLimit: perSecond,
  throttlingBurstLimit: burst,
});

const accept = (method: Method, reason: string): void => {
  acknowledge(method, "AwsSolutions-APIG4", reason);
  acknowledge(method, "AwsSolutions-COG4", reason);
};

const answer = (api: RestApi, route: Route, operation: ServiceFunction): void => {
  const method = api.root
    .resourceForPath(route.path)
    .addMethod(route.method, new LambdaIntegration(operation.live, { allowTestInvoke: false }), {
      operationName: route.operationId,
      authorizationType: AuthorizationType.NONE,
    });
  accept(method, reasons[route.access.kind]);
};

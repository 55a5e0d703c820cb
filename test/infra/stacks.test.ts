import { describe, expect, it } from "vitest";
import { numbersAbove } from "../../infra/stacks/web-acl.ts";
import { routes } from "../../shared/contract/routes.ts";
import { type Properties, useCloud } from "../builders/cloud.ts";
import { many } from "../builders/iam.ts";

const cloud = useCloud();
const stages = ["sandbox", "production"] as const;

const properties = (stage: (typeof stages)[number], type: string): Properties[] =>
  cloud.ofType(stage, type).map((each) => each.properties);

describe.each(stages)("the stage %s", (stage) => {
  describe("tables", () => {
    it("are encrypted with the exchange's own key, backed up, kept and not deleted by a slip", () => {
      const tables = cloud.ofType(stage, "AWS::DynamoDB::Table");
      expect(tables.length).toBeGreaterThan(11);
      for (const { properties: table, deletionPolicy, updateReplacePolicy } of tables) {
        expect(table).toMatchObject({
          SSESpecification: {
            SSEEnabled: true,
            SSEType: "KMS",
            KMSMasterKeyId: expect.stringMatching(/^arn:aws:kms:eu-west-2:111122223333:key\/StorageKey/),
          },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
          DeletionProtectionEnabled: true,
          BillingMode: "PAY_PER_REQUEST",
        });
        expect([deletionPolicy, updateReplacePolicy]).toEqual(["Retain", "Retain"]);
      }
    });

    it("stream the keys of what changes, and nothing of what it says", () => {
      const streams = properties(stage, "AWS::DynamoDB::Table").flatMap(({ TableName, StreamSpecification }) =>
        StreamSpecification ? [[TableName, StreamSpecification]] : [],
      );
      expect(streams).toEqual([[`${stage}-cme-outbox`, { StreamViewType: "KEYS_ONLY" }]]);
    });

    it("of chains are written once, whoever asks", () => {
      const refused = properties(stage, "AWS::DynamoDB::Table").flatMap(({ TableName, ResourcePolicy }) => {
        const policy = ResourcePolicy as { PolicyDocument: { Statement: Properties[] } } | undefined;
        return policy ? [{ table: TableName, statements: policy.PolicyDocument.Statement }] : [];
      });
      const writtenOnce = {
        Effect: "Deny",
        Principal: { AWS: "*" },
        Action: [
          "dynamodb:UpdateItem",
          "dynamodb:DeleteItem",
          "dynamodb:BatchWriteItem",
          "dynamodb:PartiQLInsert",
          "dynamodb:PartiQLUpdate",
          "dynamodb:PartiQLDelete",
        ],
        Resource: "*",
        Sid: "LinksAreWrittenOnce",
      };
      expect(refused.sort((a, b) => (String(a.table) < String(b.table) ? -1 : 1))).toEqual([
        { table: `${stage}-cme-case-events`, statements: [writtenOnce] },
        { table: `${stage}-cme-changes`, statements: [writtenOnce] },
        { table: `${stage}-cme-events`, statements: [writtenOnce] },
      ]);
    });
  });

  describe("keys", () => {
    const keys = () => cloud.ofType(stage, "AWS::KMS::Key").filter(({ stack }) => stack === `${stage}-cme-data`);

    it("are these, and are kept", () => {
      const aliases = properties(stage, "AWS::KMS::Alias").map(({ AliasName }) => AliasName);
      expect(aliases.sort()).toEqual(
        ["access-tokens", "evidence", "fingerprints", "publications", "records", "secrets", "storage"].map(
          (name) => `alias/${stage}-cme-${name}`,
        ),
      );
      expect(keys().map(({ deletionPolicy }) => deletionPolicy)).toEqual(Array(7).fill("Retain"));
    });

    it("rotate yearly where they are symmetric", () => {
      const found = keys().map(({ logicalId, properties: key }) => [
        logicalId.slice(0, -8),
        key.KeySpec ?? "SYMMETRIC_DEFAULT",
        key.KeyUsage ?? "ENCRYPT_DECRYPT",
        key.EnableKeyRotation ?? false,
      ]);
      expect(found).toEqual([
        ["StorageKey", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", true],
        ["RecordsKeyFirst", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", true],
        ["SecretsKeyFirst", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", true],
        ["AccessTokensKeyFirst", "ECC_NIST_P256", "SIGN_VERIFY", false],
        ["EvidenceKeyFirst", "ECC_NIST_P256", "SIGN_VERIFY", false],
        ["PublicationsKeyFirst", "ECC_NIST_P256", "SIGN_VERIFY", false],
        ["FingerprintsKeyFirst", "HMAC_256", "GENERATE_VERIFY_MAC", false],
      ]);
    });

    it("are administered by the account, which may take back a deletion but order none", () => {
      for (const { properties: key } of keys()) {
        const { Statement } = key.KeyPolicy as { Statement: Properties[] };
        const [administer] = Statement.filter(({ Sid }) => Sid === "Administer");
        expect(administer).toMatchObject({ Principal: { AWS: "arn:aws:iam::111122223333:root" } });
        expect(administer?.Action).toEqual(expect.arrayContaining(["kms:CancelKeyDeletion", "kms:PutKeyPolicy"]));
        expect(administer?.Action).not.toContain("kms:ScheduleKeyDeletion");
      }
    });

    it("let nobody use them who is not named, nor from outside the account, nor delete them", () => {
      for (const { logicalId, properties: key } of keys()) {
        const { Statement } = key.KeyPolicy as { Statement: Properties[] };
        for (const { Action, Principal, Condition = {}, Effect } of Statement) {
          const actions = many(Action as string | string[]);
          const who = JSON.stringify(Principal);
          expect(Effect).toBe("Allow");
          for (const forbidden of ["*", "Delete", "Disable*", "CreateGrant", "ReplicateKey"]) {
            const allowed = logicalId.startsWith("StorageKey") && forbidden === "CreateGrant";
            const found = actions.filter((action) => action.includes(forbidden) && action !== "kms:DeleteAlias");
            expect(allowed ? [] : found, `${logicalId} ${forbidden}`).toEqual([]);
          }
          const uses = actions.some((action) => /Encrypt|Decrypt|DataKey|Sign|Mac|CreateGrant/.test(action));
          if (!uses) continue;
          const conditions = JSON.stringify(Condition);
          if (who.includes('"*"')) expect(conditions).toContain('"kms:CallerAccount":"111122223333"');
          else if (who.includes(":root")) expect(conditions).toMatch(/aws:PrincipalArn|kms:EncryptionContext:setting/);
          else expect(who).toContain("logs.eu-west-2.amazonaws.com");
        }
      }
    });
  });

  it("queues are encrypted with the exchange's own key, have dead letters and take nothing without TLS", () => {
    const queues = properties(stage, "AWS::SQS::Queue");
    expect(queues.map(({ QueueName }) => QueueName).sort()).toEqual(
      ["emails", "emails-dead", "left-over", "webhooks", "webhooks-dead"].map((name) => `${stage}-cme-${name}`),
    );
    for (const queue of queues) {
      expect(queue.KmsMasterKeyId).toMatch(/key\/StorageKey/);
      expect(queue.MessageRetentionPeriod).toBe(1_209_600);
      const isLast = /-(dead|left-over)$/.test(String(queue.QueueName));
      expect(queue.RedrivePolicy !== undefined).toBe(!isLast);
    }
    const policies = properties(stage, "AWS::SQS::QueuePolicy");
    expect(policies).toHaveLength(5);
    for (const { PolicyDocument } of policies) {
      expect((PolicyDocument as { Statement: Properties[] }).Statement).toMatchObject([
        { Effect: "Deny", Action: "sqs:*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
      ]);
    }
  });

  it("logs are encrypted, kept for their time and outlive the stack, but not a deployment that failed", () => {
    const groups = cloud.ofType(stage, "AWS::Logs::LogGroup");
    const functions = cloud.ofType(stage, "AWS::Lambda::Function");
    expect(groups).toHaveLength(functions.length + 2);
    for (const { properties: group, deletionPolicy, updateReplacePolicy } of groups) {
      expect(group).toMatchObject({
        RetentionInDays: stage === "production" ? 365 : 30,
        KmsKeyId: expect.stringMatching(/key\/StorageKey/),
      });
      expect([deletionPolicy, updateReplacePolicy]).toEqual(["RetainExceptOnCreate", "Retain"]);
    }
  });

  it("nothing is public but the API, and nothing is in a bucket or a network of its own", () => {
    const types = new Set(cloud.resources(stage).map(({ type }) => type));
    for (const type of ["AWS::S3::Bucket", "AWS::Lambda::Url", "AWS::EC2::VPC", "AWS::IAM::User", "AWS::IAM::Policy"]) {
      expect(types.has(type), type).toBe(false);
    }
    for (const { Principal, SourceArn } of properties(stage, "AWS::Lambda::Permission")) {
      expect(Principal).toBe("apigateway.amazonaws.com");
      expect(SourceArn).toMatch(/^arn:aws:execute-api:eu-west-2:111122223333:/);
    }
  });

  describe("the API", () => {
    it("has every operation, answered by its own function", () => {
      const methods = properties(stage, "AWS::ApiGateway::Method").filter(({ HttpMethod }) => HttpMethod !== "ANY");
      const found = methods.map(({ OperationName, HttpMethod, Integration }) => {
        const { Uri } = Integration as { Uri: string };
        return `${HttpMethod} ${OperationName} ${/function:(.*):live/.exec(Uri)?.[1]}`;
      });
      const expected = routes.map(({ method, operationId }) => `${method} ${operationId} ${stage}-cme-${operationId}`);
      expect(found.sort()).toEqual(expected.sort());
    });

    it("throttles each method", () => {
      const [{ MethodSettings } = {}] = properties(stage, "AWS::ApiGateway::Stage");
      const settings = MethodSettings as { HttpMethod: string; ResourcePath: string; [name: string]: unknown }[];
      const limits = (method: string) => {
        if (stage === "sandbox") return method === "GET" ? [100, 200] : [50, 100];
        return method === "GET" ? [1_000, 2_000] : [500, 1_000];
      };
      for (const { method, path } of routes) {
        const resource = `/${path.replaceAll("/", "~1")}`;
        const found = settings.find((each) => each.HttpMethod === method && each.ResourcePath === resource);
        expect([found?.ThrottlingRateLimit, found?.ThrottlingBurstLimit], `${method} ${path}`).toEqual(limits(method));
      }
    });

    it("throttles what leads nowhere as well, which would else use up the account's own limit", () => {
      const [{ MethodSettings } = {}] = properties(stage, "AWS::ApiGateway::Stage");
      const [all] = MethodSettings as Properties[];
      const [ThrottlingRateLimit, ThrottlingBurstLimit] = stage === "production" ? [1_000, 2_000] : [100, 200];
      expect(all).toMatchObject({ HttpMethod: "*", ResourcePath: "/*", ThrottlingRateLimit, ThrottlingBurstLimit });
    });

    it("logs no query string, header or body, and traces", () => {
      const [api = {}] = properties(stage, "AWS::ApiGateway::Stage");
      const { Format } = api.AccessLogSetting as { Format: string };
      expect(JSON.parse(Format)).toEqual({
        requestId: "$context.requestId",
        at: "$context.requestTimeEpoch",
        method: "$context.httpMethod",
        route: "$context.resourcePath",
        status: "$context.status",
        protocol: "$context.protocol",
        sourceIp: "$context.identity.sourceIp",
        responseBytes: "$context.responseLength",
        milliseconds: "$context.responseLatency",
        functionMilliseconds: "$context.integrationLatency",
        gatewayError: "$context.error.responseType",
        firewallStatus: "$context.waf.status",
        trace: "$context.xrayTraceId",
      });
      expect(api.TracingEnabled).toBe(true);
      const [all] = api.MethodSettings as Properties[];
      expect(all).toMatchObject({ DataTraceEnabled: false, LoggingLevel: "OFF", HttpMethod: "*" });
    });

    it("is reached under its own name alone, with TLS 1.2 or later", () => {
      expect(properties(stage, "AWS::ApiGateway::RestApi")).toMatchObject([
        { DisableExecuteApiEndpoint: true, EndpointConfiguration: { Types: ["REGIONAL"] } },
      ]);
      expect(properties(stage, "AWS::ApiGateway::DomainName")).toMatchObject([
        {
          DomainName: stage === "production" ? "cme-exchange.example.org" : "sandbox.cme-exchange.example.org",
          SecurityPolicy: "TLS_1_2",
        },
      ]);
      expect(properties(stage, "AWS::ApiGateway::BasePathMapping")).toHaveLength(1);
    });

    it("takes files and sends evidence packs as bytes, and everything else as text", () => {
      const [{ BinaryMediaTypes = [] } = {}] = properties(stage, "AWS::ApiGateway::RestApi");
      expect(BinaryMediaTypes).toContain("application/zip");
      expect(BinaryMediaTypes).not.toContain("application/json");
    });

    it("answers by itself with problems that repeat nothing of the request", () => {
      const answers = properties(stage, "AWS::ApiGateway::GatewayResponse");
      const statuses = Object.fromEntries(answers.map(({ ResponseType, StatusCode }) => [ResponseType, StatusCode]));
      expect(statuses).toEqual({
        ACCESS_DENIED: "403",
        DEFAULT_4XX: "400",
        DEFAULT_5XX: "500",
        INTEGRATION_FAILURE: "503",
        INTEGRATION_TIMEOUT: "503",
        INVALID_SIGNATURE: "404",
        MISSING_AUTHENTICATION_TOKEN: "404",
        QUOTA_EXCEEDED: "429",
        REQUEST_TOO_LARGE: "413",
        RESOURCE_NOT_FOUND: "404",
        THROTTLED: "429",
        UNSUPPORTED_MEDIA_TYPE: "415",
        WAF_FILTERED: "403",
      });
      for (const { ResponseTemplates, ResponseParameters } of answers) {
        const [[type, text] = []] = Object.entries(ResponseTemplates as Record<string, string>);
        expect(type).toBe("application/problem+json");
        expect(String(text).match(/\$\w+(\.\w+)*/g)).toEqual(["$context.requestId"]);
        expect(ResponseParameters).toMatchObject({
          "gatewayresponse.header.strict-transport-security": "'max-age=63072000; includeSubDomains'",
          "gatewayresponse.header.x-content-type-options": "'nosniff'",
          "gatewayresponse.header.cache-control": "'no-store'",
          "gatewayresponse.header.x-request-id": "context.requestId",
        });
      }
    });

    it("answers 405 with the methods that an address has, and 404 elsewhere", () => {
      const refusals = properties(stage, "AWS::ApiGateway::Method").filter(({ HttpMethod }) => HttpMethod === "ANY");
      const answers = refusals.map(({ Integration }) => {
        const { IntegrationResponses } = Integration as { IntegrationResponses: Properties[] };
        const [{ StatusCode, ResponseParameters } = {}] = IntegrationResponses;
        return `${StatusCode} ${(ResponseParameters as Properties)["method.response.header.allow"] ?? ""}`;
      });
      const paths = new Set(routes.map(({ path }) => path));
      expect(answers.filter((answer) => answer.startsWith("405 '"))).toHaveLength(paths.size);
      expect(answers.filter((answer) => answer === "404 ")).toHaveLength(1);
      expect(answers).toContain("405 'PUT, GET, DELETE'");
    });

    it("stands behind the firewall", () => {
      const [association = {}] = properties(stage, "AWS::WAFv2::WebACLAssociation");
      expect(association.ResourceArn).toMatch(/^arn:aws:apigateway:eu-west-2::\/restapis\/.*\/stages\//);
      const [acl = {}] = properties(stage, "AWS::WAFv2::WebACL");
      const rules = acl.Rules as { Name: string; Statement: Properties; Action?: Properties }[];
      expect(rules.map(({ Name }) => Name).filter((name) => !name.startsWith("upload-too-large"))).toEqual([
        "too-many-requests",
        "too-many-tokens",
        "body-too-large",
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
      ]);
      expect(rules[0]).toMatchObject({
        Statement: { RateBasedStatement: { Limit: 60_000, EvaluationWindowSec: 300, AggregateKeyType: "IP" } },
        Action: { Block: { CustomResponse: { ResponseCode: 429 } } },
      });
      const [logging = {}] = properties(stage, "AWS::WAFv2::LoggingConfiguration");
      expect(logging.RedactedFields).toEqual([
        { SingleHeader: { Name: "authorization" } },
        { SingleHeader: { Name: "dpop" } },
        { QueryString: {} },
      ]);
      expect(JSON.stringify(acl)).not.toContain('"SampledRequestsEnabled":true');
    });

    it("has the firewall log nothing of what a rule found in a body or a query string", () => {
      const [acl = {}] = properties(stage, "AWS::WAFv2::WebACL");
      const { DataProtections } = acl.DataProtectionConfig as { DataProtections: Properties[] };
      expect(DataProtections).toEqual([
        { Action: "SUBSTITUTION", Field: { FieldType: "BODY" } },
        { Action: "SUBSTITUTION", Field: { FieldType: "QUERY_STRING" } },
        { Action: "SUBSTITUTION", Field: { FieldType: "SINGLE_HEADER", FieldKeys: ["authorization", "dpop"] } },
      ]);
    });
  });

  describe("functions", () => {
    it("run on Node 24 and arm64, and answer before the gateway gives up", () => {
      for (const each of properties(stage, "AWS::Lambda::Function")) {
        expect(each).toMatchObject({
          Runtime: "nodejs24.x",
          Architectures: ["arm64"],
          // What runs without a caller is told of by its log and metrics.
          TracingConfig: { Mode: each.MemorySize === 1024 ? "Active" : "PassThrough" },
          Handler: "index.handler",
          LoggingConfig: { LogFormat: "JSON", SystemLogLevel: "WARN" },
        });
        expect(each.Timeout).toBeLessThanOrEqual(each.MemorySize === 1024 ? 28 : 60);
      }
    });

    it("of operations take over by the stage's way, and are taken back when the API fails", () => {
      const groups = properties(stage, "AWS::CodeDeploy::DeploymentGroup");
      expect(groups).toHaveLength(routes.length);
      for (const group of groups) {
        expect(group).toMatchObject(
          stage === "production"
            ? {
                DeploymentConfigName: "CodeDeployDefault.LambdaCanary10Percent5Minutes",
                AutoRollbackConfiguration: {
                  Enabled: true,
                  Events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST", "DEPLOYMENT_STOP_ON_ALARM"],
                },
                AlarmConfiguration: { Enabled: true, Alarms: [{ Name: expect.stringContaining("Failing") }] },
              }
            : // CodeDeploy takes nothing while an alarm of its rings: a mend that can't wait goes without one.
              {
                DeploymentConfigName: "CodeDeployDefault.LambdaAllAtOnce",
                AutoRollbackConfiguration: {
                  Enabled: true,
                  Events: ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"],
                },
              },
        );
        if (stage === "sandbox") expect(group.AlarmConfiguration).toBeUndefined();
      }
    });

    it("keep their earlier versions, but not one of a deployment that was taken back: the next could not make it", () => {
      const versions = cloud.ofType(stage, "AWS::Lambda::Version");
      expect(versions).toHaveLength(cloud.ofType(stage, "AWS::Lambda::Function").length);
      for (const { path, deletionPolicy, updateReplacePolicy } of versions) {
        expect([deletionPolicy, updateReplacePolicy], path).toEqual(["RetainExceptOnCreate", "Retain"]);
      }
    });

    it("that consume hold back from the callers' share", () => {
      const reserved = Object.fromEntries(
        properties(stage, "AWS::Lambda::Function").flatMap(({ FunctionName, ReservedConcurrentExecutions: most }) =>
          most === undefined ? [] : [[String(FunctionName).slice(`${stage}-cme-`.length), most]],
        ),
      );
      expect(reserved).toMatchObject(
        stage === "production"
          ? { "fan-out": 10, "deliver-webhook": 50, "send-email": 10, "raise-overdue": 1 }
          : { "fan-out": 2, "deliver-webhook": 5, "send-email": 2, "raise-overdue": 1 },
      );
    });

    it("are handed the stream and the queues with what fails apart", () => {
      const sources = properties(stage, "AWS::Lambda::EventSourceMapping");
      expect(sources).toHaveLength(3);
      for (const source of sources) expect(source.FunctionResponseTypes).toEqual(["ReportBatchItemFailures"]);
      expect(sources.find(({ StartingPosition }) => StartingPosition)).toMatchObject({
        BisectBatchOnFunctionError: true,
        StartingPosition: "TRIM_HORIZON",
        MaximumRecordAgeInSeconds: 3_600,
        DestinationConfig: { OnFailure: { Destination: `arn:aws:sqs:eu-west-2:111122223333:${stage}-cme-left-over` } },
      });
    });

    it("run on these schedules", () => {
      const schedules = properties(stage, "AWS::Scheduler::Schedule");
      expect(
        Object.fromEntries(schedules.map(({ Name, ScheduleExpression }) => [Name, ScheduleExpression])),
      ).toMatchObject({
        [`${stage}-cme-raise-overdue`]: "rate(1 minute)",
        [`${stage}-cme-reconcile-outbox`]: "rate(5 minutes)",
        [`${stage}-cme-release-due-deliveries`]: "rate(1 minute)",
        [`${stage}-cme-publish-contact-list`]: "cron(0 6 * * ? *)",
      });
      expect(
        schedules.flatMap(({ Name, ScheduleExpressionTimezone: zone }) => (zone === undefined ? [] : [[Name, zone]])),
      ).toEqual([[`${stage}-cme-publish-contact-list`, "Europe/London"]]);
    });
  });

  it("schedules are assumed to be this account's own and nobody else's", () => {
    const roles = properties(stage, "AWS::IAM::Role").filter((role) =>
      JSON.stringify(role.AssumeRolePolicyDocument).includes("scheduler.amazonaws.com"),
    );
    expect(roles).toHaveLength(properties(stage, "AWS::Scheduler::Schedule").length);
    for (const { AssumeRolePolicyDocument } of roles) {
      expect((AssumeRolePolicyDocument as { Statement: Properties[] }).Statement).toEqual([
        {
          Action: "sts:AssumeRole",
          Effect: "Allow",
          Principal: { Service: "scheduler.amazonaws.com" },
          Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
        },
      ]);
    }
  });

  it("every role is a function's, a schedule's, a deployment's or the gateway's, and none has a wildcard in what it may do", () => {
    for (const { path, properties: role } of cloud.ofType(stage, "AWS::IAM::Role")) {
      for (const { PolicyDocument } of (role.Policies ?? []) as { PolicyDocument: { Statement: Properties[] } }[]) {
        for (const { Action, Resource } of PolicyDocument.Statement) {
          const actions = many(Action as string | string[]);
          expect(
            actions.filter((action) => action.includes("*")),
            path,
          ).toEqual([]);
          const everywhere = many(Resource as string | string[]).includes("*");
          if (everywhere) for (const action of actions) expect(withoutResource).toContain(action);
        }
      }
    }
  });

  it("each template stays well under CloudFormation's 500 resources", () => {
    for (const [name, count] of cloud.counts(stage)) expect(count, name).toBeLessThan(400);
  });

  it("each finding of cdk-nag that is accepted says why", () => {
    const accepted = cloud.accepted(stage);
    expect(new Set(accepted.map(({ id }) => id))).toEqual(
      new Set([
        "AwsSolutions-APIG2",
        "AwsSolutions-APIG4",
        "AwsSolutions-APIG6",
        "AwsSolutions-COG4",
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
        "AwsSolutions-IAM5[Resource::*]",
        "AwsSolutions-SQS3",
      ]),
    );
    for (const { path, reason } of accepted) expect(reason.length, path).toBeGreaterThan(40);
  });
});

/** Actions that know no resource: X-Ray's, the listing of streams, and the description of alarms (Service Authorization Reference). */
const withoutResource = [
  "xray:PutTraceSegments",
  "xray:PutTelemetryRecords",
  "dynamodb:ListStreams",
  "cloudwatch:DescribeAlarms",
];

/**
 * What holds data keeps its logical id for ever: under another, CloudFormation would make a new one and leave the old
 * behind. Whoever changes this list moves data by hand.
 */
const stateful = [
  "AccessTokensKeyFirst690A6962",
  "AnswersTable2C1915A4",
  "CaseEventsTable1221350A",
  "ChangesTableB841307D",
  "ClientsTableC30D35A3",
  "CountersTable23DAAD26",
  "DeliveriesTable5841210B",
  "DirectoryTable8D5AD835",
  "EnquiriesTable5D4D6850",
  "EntriesTableB11133D8",
  "EventsTableD24865E5",
  "EvidenceKeyFirst836D3105",
  "FeedTable1849209D",
  "FingerprintsKeyFirst90D6E1F2",
  "FingerprintsTable130808D2",
  "ImportsTable923D75D8",
  "NoticesTable095FDDAC",
  "OutboxTable0731F305",
  "ProofsTable5FEE5C21",
  "PublicationsKeyFirst4CFD5C59",
  "PublicationsTable768CBBBF",
  "RecordsKeyFirstDF7EA91A",
  "RecordsTableF6A7F330",
  "ReferralsTable2A6E2E9C",
  "ReorganisationsTable466CE481",
  "SecretsKeyFirst2AD96717",
  "StorageKeyB6649B55",
  "SubscriptionsTable40965A9D",
];

it("what holds data keeps its logical id", () => {
  const found = cloud
    .ofType("production", "AWS::DynamoDB::Table")
    .concat(cloud.ofType("production", "AWS::KMS::Key").filter(({ stack }) => stack === "production-cme-data"))
    .map(({ logicalId }) => logicalId);
  expect(found.sort()).toEqual(stateful);
  const sandbox = cloud.ofType("sandbox", "AWS::DynamoDB::Table").map(({ logicalId }) => logicalId);
  expect(sandbox.filter((logicalId) => !stateful.includes(logicalId))).toEqual([]);
});

it.each([
  ["262144", false],
  ["262145", true],
  ["262150", true],
  ["262099", false],
  ["263000", true],
  ["99999", false],
  ["300000", true],
  ["1000000", true],
  ["0262145", false],
  ["", false],
])("the firewall takes a body of %s bytes for too long: %s", (length, isTooLong) => {
  expect(new RegExp(numbersAbove(262_144)).test(length)).toBe(isTooLong);
});

import { Duration } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Alias,
  Architecture,
  Code,
  type IFunction,
  type IVersion,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { Bundles } from "../bundle.ts";
import type { Stage } from "../config.ts";
import type { FunctionDefinition } from "../functions.ts";
import { acknowledge } from "./acknowledge.ts";
import { keptOnceDeployed } from "./kept.ts";
import { physicalName } from "./names.ts";
import { environmentFor, type Resources, statementsFor } from "./permissions.ts";

export type ServiceFunctionProps = {
  stage: Stage;
  definition: FunctionDefinition;
  bundles: Bundles;
  resources: Resources;
  /** What the thing that calls it needs of its role, such as to read a queue. */
  triggerStatements?: PolicyStatement[];
  reservedConcurrency?: number;
};

/**
 * One of the exchange's functions with a role, a log group and the alias `live` of its own. Its role allows what its row in
 * infra/functions.ts says, to write its log and to send its traces.
 */
export class ServiceFunction extends Construct {
  readonly function: LambdaFunction;
  /** The version that callers reach. */
  readonly live: Alias & IFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    const { stage, definition, bundles, resources, triggerStatements = [], reservedConcurrency } = props;
    const name = physicalName(stage, definition.name);
    this.logGroup = new LogGroup(this, "Log", {
      logGroupName: `/aws/lambda/${name}`,
      retention: resources.config.logRetentionDays,
      encryptionKey: resources.data.storageKey,
      removalPolicy: keptOnceDeployed,
    });
    const role = new Role(this, "Role", {
      roleName: name,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: {
        allowed: new PolicyDocument({
          minimize: true,
          statements: [
            ...statementsFor(definition, resources),
            ...triggerStatements,
            new PolicyStatement({
              actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
              resources: [this.logGroup.logGroupArn],
            }),
            new PolicyStatement({ actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources: ["*"] }),
          ],
        }),
      },
    });
    acknowledge(role, "AwsSolutions-IAM5[Resource::*]", "X-Ray's two write actions know no resource to name.");
    this.function = new LambdaFunction(this, "Function", {
      functionName: name,
      // Immutable: a construct that uses the function adds nothing to what its row allows.
      role: role.withoutPolicyUpdates(),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundles.folderOf(definition.name)),
      handler: "index.handler",
      memorySize: definition.memoryMiB,
      timeout: Duration.seconds(definition.timeoutSeconds),
      environment: environmentFor(definition, resources),
      tracing: definition.trigger.kind === "request" ? Tracing.ACTIVE : Tracing.PASS_THROUGH,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      systemLogLevelV2: SystemLogLevel.WARN,
      ...(reservedConcurrency !== undefined && { reservedConcurrentExecutions: reservedConcurrency }),
      // Earlier versions stay, so that the alias can be led back to one of them.
      currentVersionOptions: { removalPolicy: keptOnceDeployed },
    });
    this.live = new Alias(this, "Live", {
      aliasName: "live",
      version: this.function.currentVersion as IVersion,
    }) as Alias & IFunction;
  }
}

import { ArnFormat, NestedStack } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import {
  type ILambdaDeploymentConfig,
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
} from "aws-cdk-lib/aws-codedeploy";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Bundles } from "../bundle.ts";
import type { Stage, StageConfig } from "../config.ts";
import type { FunctionDefinition } from "../functions.ts";
import { acknowledge } from "./acknowledge.ts";
import { idOf, physicalName } from "./names.ts";
import type { Resources } from "./permissions.ts";
import { ServiceFunction } from "./service-function.ts";

export type CapabilityProps = {
  stage: Stage;
  capability: string;
  definitions: readonly FunctionDefinition[];
  bundles: Bundles;
  resources: Resources;
  /** While it rings, a new version is taken back. */
  failing: Alarm;
};

const shifts: Record<StageConfig["shift"], ILambdaDeploymentConfig> = {
  "at-once": LambdaDeploymentConfig.ALL_AT_ONCE,
  "a-tenth-first": LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
};

/**
 * The operations of one capability, in a nested stack of their own: CloudFormation takes 500 resources in a stack, and it
 * still deploys and rolls back all of them together.
 */
export class Capability extends NestedStack {
  readonly functions: ReadonlyMap<string, ServiceFunction>;

  constructor(scope: Construct, id: string, props: CapabilityProps) {
    super(scope, id, { description: `The operations of ${props.capability}` });
    const { stage, capability, definitions, resources, failing } = props;
    this.functions = new Map(
      definitions.map((definition) => [
        definition.name,
        new ServiceFunction(this, idOf(definition.name), { ...props, definition }),
      ]),
    );
    const application = new LambdaApplication(this, "Deployments", {
      applicationName: physicalName(stage, capability),
    });
    const role = this.deploymentRole(stage, definitions);
    // At once there is nothing to take back, and CodeDeploy takes no deployment, not even the mend, while an alarm of its rings.
    const takenBack = resources.config.shift === "a-tenth-first";
    for (const [name, { live }] of this.functions) {
      new LambdaDeploymentGroup(this, `${idOf(name)}Deployment`, {
        application,
        alias: live,
        role: role.withoutPolicyUpdates(),
        deploymentConfig: shifts[resources.config.shift],
        ...(takenBack && { alarms: [failing] }),
        autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: takenBack },
      });
    }
  }

  /** What CodeDeploy needs to lead an alias over: AWS's own policy for it allows that for all functions there are. */
  private deploymentRole(stage: Stage, definitions: readonly FunctionDefinition[]): Role {
    const functionArn = (name: string) =>
      this.formatArn({
        service: "lambda",
        resource: "function",
        resourceName: physicalName(stage, name),
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    const role = new Role(this, "DeploymentRole", {
      assumedBy: new ServicePrincipal("codedeploy.amazonaws.com"),
      inlinePolicies: {
        allowed: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
              resources: definitions.flatMap(({ name }) => [functionArn(name), `${functionArn(name)}:live`]),
            }),
            new PolicyStatement({ actions: ["cloudwatch:DescribeAlarms"], resources: ["*"] }),
          ],
        }),
      },
    });
    acknowledge(role, "AwsSolutions-IAM5[Resource::*]", "cloudwatch:DescribeAlarms knows no resource to name.");
    return role;
  }
}

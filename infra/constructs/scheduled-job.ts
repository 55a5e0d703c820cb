import { Duration, Stack } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { EventInvokeConfig } from "aws-cdk-lib/aws-lambda";
import { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { physicalName } from "./names.ts";
import { ServiceFunction, type ServiceFunctionProps } from "./service-function.ts";

export type ScheduledJobProps = ServiceFunctionProps & {
  everyMinutes: number;
  /** Where it runs once a day: the time of day in England. */
  at?: string | undefined;
  deadLetters: IQueue;
};

/** The longest that Lambda lets an event wait for its function. */
const sixHours = 360;

/**
 * A function that runs every so many minutes, one run at a time. A run that fails isn't repeated: the next one, at its
 * time, finds whatever was left.
 */
export class ScheduledJob extends Construct {
  readonly job: ServiceFunction;

  constructor(scope: Construct, id: string, { everyMinutes, at, deadLetters, ...props }: ScheduledJobProps) {
    super(scope, id);
    this.job = new ServiceFunction(this, "Job", { ...props, reservedConcurrency: 1 });
    const longestWait = Duration.minutes(Math.min(everyMinutes, sixHours));
    new EventInvokeConfig(this, "Runs", {
      function: this.job.function,
      qualifier: this.job.live.aliasName,
      retryAttempts: 0,
      maxEventAge: longestWait,
    });
    const role = new Role(this, "Role", {
      // Or a schedule of another account's could have it assumed on its own behalf.
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
      inlinePolicies: {
        allowed: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [this.job.live.functionArn] }),
            new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [deadLetters.queueArn] }),
          ],
        }),
      },
    });
    new CfnSchedule(this, "Schedule", {
      name: physicalName(props.stage, props.definition.name),
      ...(at === undefined ? { scheduleExpression: rate(everyMinutes) } : daily(at)),
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: this.job.live.functionArn,
        roleArn: role.roleArn,
        retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: longestWait.toSeconds() },
        deadLetterConfig: { arn: deadLetters.queueArn },
      },
    });
  }
}

const rate = (minutes: number): string => (minutes === 1 ? "rate(1 minute)" : `rate(${minutes} minutes)`);

const daily = (at: string) => {
  const [hour, minute] = at.split(":").map(Number);
  return { scheduleExpression: `cron(${minute} ${hour} * * ? *)`, scheduleExpressionTimezone: "Europe/London" };
};

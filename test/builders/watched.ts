import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { MockIntegration, RestApi } from "aws-cdk-lib/aws-apigateway";
import { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { inject } from "vitest";
import { observe } from "../../infra/observability.ts";

/** CDK leaves the output folder that an app has of itself behind. */
export const newApp = (): App => new App({ outdir: join(inject("runFolder"), randomUUID()) });

/** What is watched, in a stack of its own: an API, two queues and the functions that an alarm names. */
export const watched = (): Template => {
  const stack = new Stack(newApp(), "Watched", { env: { account: "111122223333", region: "eu-west-2" } });
  const restApi = new RestApi(stack, "Api", { restApiName: "production-cme-api" });
  restApi.root.addMethod("GET", new MockIntegration());
  const schedules = [
    { name: "raise-overdue", everyMinutes: 1 },
    { name: "reconcile-outbox", everyMinutes: 5 },
    { name: "release-due-deliveries", everyMinutes: 1 },
    { name: "apply-reorganisations", everyMinutes: 1 },
  ];
  const names = ["fan-out", ...schedules.map(({ name }) => name)];
  observe(stack, {
    stage: "production",
    restApi,
    webAcl: "production-cme-api",
    functions: new Map(
      names.map((name) => [
        name,
        LambdaFunction.fromFunctionArn(
          stack,
          name,
          `arn:aws:lambda:eu-west-2:111122223333:function:production-cme-${name}`,
        ),
      ]),
    ),
    schedules,
    leftOver: queueNamed(stack, "production-cme-left-over"),
    queues: ["webhooks", "emails"].map((name) => ({
      name,
      queue: queueNamed(stack, `production-cme-${name}`),
      deadLetters: queueNamed(stack, `production-cme-${name}-dead`),
    })),
  });
  return Template.fromStack(stack);
};

const queueNamed = (stack: Stack, name: string) =>
  Queue.fromQueueArn(stack, name, `arn:aws:sqs:eu-west-2:111122223333:${name}`);

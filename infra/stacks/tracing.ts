import type { Stack } from "aws-cdk-lib";
import { CfnSamplingRule } from "aws-cdk-lib/aws-xray";
import type { Stage } from "../config.ts";

/**
 * The share of requests that X-Ray records: enough to see where the time goes, at a twentieth of what all of them would
 * cost, which is more than the requests themselves. What runs without a caller is told of by its log and metrics.
 */
export const tracedRequests = 0.05;

export const sampleTraces = (stack: Stack, stage: Stage): void => {
  new CfnSamplingRule(stack, "Sampling", {
    samplingRule: {
      ruleName: `${stage}-cme-requests`,
      version: 1,
      priority: 100,
      reservoirSize: 0,
      fixedRate: tracedRequests,
      serviceName: "*",
      serviceType: "AWS::ApiGateway::Stage",
      host: "*",
      httpMethod: "*",
      urlPath: "*",
      resourceArn: "*",
    },
  });
};

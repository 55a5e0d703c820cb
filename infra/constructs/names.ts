import type { Stack } from "aws-cdk-lib";
import type { Stage } from "../config.ts";

/**
 * Physical names. What holds data or is named in a key's policy has one of its own: CloudFormation can't replace it
 * unnoticed, and a policy can name it without depending on it.
 */
export const physicalName = (stage: Stage, name: string): string =>
  `${stage}-${name.startsWith("cme-") ? name : `cme-${name}`}`;

export const roleArn = (stack: Stack, stage: Stage, functionName: string): string =>
  stack.formatArn({ service: "iam", region: "", resource: "role", resourceName: physicalName(stage, functionName) });

/** A construct's id from the name of a thing: `fan-out` and `accessTokens` become FanOut and AccessTokens. */
export const idOf = (name: string): string =>
  name.replace(/(?:^|-)([a-z0-9])/g, (_dash, first: string) => first.toUpperCase());

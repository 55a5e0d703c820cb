import { RemovalPolicy } from "aws-cdk-lib";

/**
 * Outlives the stack, but not a deployment that failed and was taken back: what such a one left behind, under its name or
 * with the same code, the next could not make again.
 */
export const keptOnceDeployed = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/** AWS's own limits in eu-west-2, as public documentation has them (November 2026). Quotas can be raised by asking. */
export const limits = {
  /** DynamoDB developer guide, "Best practices for partition keys": of one partition, a second. Can't be raised. */
  partitionWriteUnits: 1_000,
  partitionReadUnits: 3_000,
  /** DynamoDB quotas: of one table on demand, its indexes apart, a second. */
  tableWriteUnits: 40_000,
  /** KMS request quotas, shared by all keys of the account, a second: symmetric (20,000 in London), and ECC. */
  kmsSymmetric: 20_000,
  kmsEcc: 1_000,
  /** API Gateway's account throttle, requests a second. */
  apiRequests: 10_000,
  /** Lambda's concurrent executions of an account. */
  lambdaConcurrency: 1_000,
} as const;

/**
 * Settings of every AWS client. The time-outs leave room for all tries within the gateway's 29 seconds, so that a caller
 * hears 503 from us and never a bare gateway time-out. Region, credentials and endpoints come from the SDK's own
 * environment variables.
 */
export const clientSettings = () => ({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 4_000, throwOnRequestTimeout: true },
});

/** Is this failure the service's (down, throttled, unreachable, timed out), so that repeating the request may succeed? */
export const isServiceFailure = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const { name, code, $fault, $retryable } = error as Error & {
    code?: unknown;
    $fault?: unknown;
    $retryable?: unknown;
  };
  return (
    $fault === "server" ||
    $retryable !== undefined ||
    passing.has(name) ||
    (typeof code === "string" && unreachable.has(code))
  );
};

const passing = new Set([
  "TimeoutError",
  "RequestTimeout",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestLimitExceeded",
  "ProvisionedThroughputExceededException",
  "TransactionInProgressException",
  "KeyUnavailableException",
  "KMSInternalException",
  "DependencyTimeoutException",
  "InternalServerError",
  "ServiceUnavailable",
]);
const unreachable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
]);

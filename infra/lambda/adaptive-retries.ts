/** The SDK's retries that slow a client down as a whole, for AWS_RETRY_MODE=adaptive: ours are the standard ones. */
export class AdaptiveRetryStrategy {
  constructor() {
    throw new TypeError("The functions know the standard retry mode only");
  }
}

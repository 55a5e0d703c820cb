/**
 * How often one caller may ask, at the gateway: a token's requests by the token, all others by the address they come from.
 * A steady rate in requests a second, and how many may come at once. Past it the answer is 429 with Retry-After.
 */
export const rateLimit = { perSecond: 200, burst: 1_000 } as const;

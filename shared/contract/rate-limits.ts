/**
 * How often one caller may ask, at the gateway: a client whose token was verified by itself, everyone else by the address.
 * A steady rate in requests a second, and how many may come at once. Past it the answer is 429 with Retry-After.
 */
export const rateLimit = { perSecond: 200, burst: 2_000 } as const;

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Callers that are remembered at once: those beyond it start with a full bucket, as the gateway's do. */
const mostCallers = 10_000;

/**
 * API Gateway's token bucket for each caller.
 * @returns the whole seconds after which the caller may ask again; 0 if it may now
 */
export const rateLimiter = ({ perSecond, burst }: { perSecond: number; burst: number }) => {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (caller: string, now: number): number => {
    const bucket = buckets.get(caller) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * perSecond);
    buckets.delete(caller);
    if (buckets.size >= mostCallers) buckets.delete(buckets.keys().next().value ?? caller);
    buckets.set(caller, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    return tokens < 1 ? Math.ceil((1 - tokens) / perSecond) : 0;
  };
};

/** Who asks, as the gateway can tell before anything is verified. */
export const callerOf = ({ headers, socket }: IncomingMessage): string =>
  headers.authorization
    ? createHash("sha256").update(headers.authorization).digest("base64url")
    : (socket.remoteAddress ?? "unknown");

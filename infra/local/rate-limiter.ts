import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { decodeJwt } from "jose";

/** Callers that are remembered at once: those beyond it start with a full bucket, as the gateway's do. */
const mostCallers = 10_000;

const remember = <T>(map: Map<string, T>, key: string, value: T): void => {
  map.delete(key);
  if (map.size >= mostCallers) map.delete(map.keys().next().value ?? key);
  map.set(key, value);
};

/**
 * API Gateway's token bucket for each caller.
 * @returns the whole seconds after which the caller may ask again; 0 if it may now
 */
export const rateLimiter = ({ perSecond, burst }: { perSecond: number; burst: number }) => {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (caller: string, now: number): number => {
    const bucket = buckets.get(caller) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * perSecond);
    remember(buckets, caller, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    return tokens < 1 ? Math.ceil((1 - tokens) / perSecond) : 0;
  };
};

/**
 * Who asks: the client of a token that a function has verified before, and for everything else the address that it comes
 * from, so that nobody gets a bucket of its own by making up a header.
 */
export const callers = () => {
  const clients = new Map<string, string>();
  const tokenOf = ({ headers }: IncomingMessage): string | undefined =>
    headers.authorization && createHash("sha256").update(headers.authorization).digest("base64url");
  return {
    of: (request: IncomingMessage): string =>
      clients.get(tokenOf(request) ?? "") ?? `address ${request.socket.remoteAddress}`,
    /** A function has answered: what was not refused as 401 carried a token that it had verified. */
    learn: (request: IncomingMessage, status: number): void => {
      const token = tokenOf(request);
      if (!token || status === 401 || status >= 500 || clients.has(token)) return;
      const client = clientIn(request.headers.authorization ?? "");
      if (client) remember(clients, token, `client ${client}`);
    },
  };
};

const clientIn = (authorization: string): string | undefined => {
  try {
    const { client_id } = decodeJwt(authorization.replace(/^DPoP +/i, ""));
    return typeof client_id === "string" ? client_id : undefined;
  } catch {
    return undefined;
  }
};

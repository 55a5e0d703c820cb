import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { type Address, type LookUp, resolveTarget, systemLookUp, TargetRefused, type TargetRules } from "./target.ts";

export type WebhookPost = {
  readonly url: string;
  /** Beside content-type and user-agent, which are the exchange's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For everything together: look-up, connection, request and the whole answer. In milliseconds. */
  readonly timeoutMs: number;
  readonly rules: TargetRules;
  readonly lookup?: LookUp;
};

/** The endpoint answered, with whatever status; `retryAfter` is the header's value as it was sent. */
export type PostAnswer = { readonly status: number; readonly retryAfter: string | null };

/** `tls` is also a certificate that is not trusted or not for this name. */
export type PostFailure = { readonly failure: "timeout" | "connection" | "address-refused" | "tls" };

/** An answer's body means nothing to the exchange: this much is read so that an honest endpoint can finish. */
const longestBodyRead = 64 * 1024;

/**
 * One attempt at a webhook: a POST of JSON to an address that is vetted at this moment, over a connection of its own.
 * Between registration and now the name may have been pointed inwards (DNS rebinding), so it is looked up and vetted
 * again, and the connection goes to the vetted address without another look-up. Redirects are not followed.
 * What goes wrong on the network is an outcome, never an error.
 */
export const postWebhook = (post: WebhookPost): Promise<PostAnswer | PostFailure> => {
  const deadline = AbortSignal.timeout(post.timeoutMs);
  const expiry = new Promise<PostFailure>((resolve) => {
    deadline.addEventListener("abort", () => resolve({ failure: "timeout" }), { once: true });
  });
  return Promise.race([expiry, attempt(post, deadline)]);
};

const attempt = async (post: WebhookPost, deadline: AbortSignal): Promise<PostAnswer | PostFailure> => {
  try {
    const address = await resolveTarget(post.url, post.rules, post.lookup ?? systemLookUp);
    return deadline.aborted ? { failure: "timeout" } : await send(post, address, deadline);
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    // A name may come back: unlike an address that is refused, it is worth another attempt.
    return { failure: error.code === "name-unresolved" ? "connection" : "address-refused" };
  }
};

const send = (post: WebhookPost, address: Address, deadline: AbortSignal): Promise<PostAnswer | PostFailure> =>
  new Promise((resolve) => {
    const url = new URL(post.url);
    const encrypted = url.protocol === "https:";
    const request = (encrypted ? overHttps : overHttp)(url, {
      method: "POST",
      headers: { ...post.headers, "content-type": "application/json", "user-agent": "cme-referral-exchange" },
      lookup: only(address),
      agent: false,
      signal: deadline,
    });
    const settle = (outcome: PostAnswer | PostFailure) => {
      resolve(outcome);
      request.destroy();
    };
    let failure: PostFailure["failure"] = "connection";
    request.on("socket", (socket) => {
      if (!encrypted) return;
      socket.once("connect", () => {
        failure = "tls";
      });
      socket.once("secureConnect", () => {
        failure = "connection";
      });
    });
    request.on("error", () => settle({ failure }));
    // An answer that breaks off, or that changes the protocol, is no error of the request.
    request.on("close", () => settle({ failure }));
    request.on("response", (response) => {
      const answer = { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] ?? null };
      let read = 0;
      response.on("data", (chunk: Buffer) => {
        read += chunk.length;
        if (read >= longestBodyRead) settle(answer);
      });
      response.on("end", () => settle(answer));
    });
    request.end(post.body);
  });

/** Stands in for the resolver at the moment of connecting; the URL's name remains the Host and what TLS verifies. */
const only =
  ({ address, family }: Address): LookupFunction =>
  (_name, options, callback) =>
    options.all ? callback(null, [{ address, family }]) : callback(null, address, family);

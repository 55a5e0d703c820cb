import type * as z from "zod";
import type { RefusalCode } from "../domain/refusals.ts";

export const authorityScopes = ["referrals", "cme-list", "enquiries", "contacts:read", "contacts:own"] as const;
export const dfeScopes = ["contacts:read", "contacts:admin", "clients:admin", "oversight"] as const;
export type Scope = (typeof authorityScopes)[number] | (typeof dfeScopes)[number];

/**
 * How a proof of possession is kept from being used twice. `committed`: its `jti` is written in the request's own
 * transaction, so one proof can never act or disclose a record twice. `remembered`: for other reads each running
 * instance remembers the proofs it has seen; repeating one within its minute shows its holder the same list again.
 */
export type ProofUse = "committed" | "remembered";

export type Access =
  | { kind: "public" }
  | { kind: "client-assertion" }
  /** GOV.UK Notify's callbacks, with the bearer token that was entered in its settings. */
  | { kind: "notify-callback" }
  /** Any one of the scopes will do, where there are several. */
  | { kind: "token"; scope: Scope | readonly Scope[]; proof: ProofUse };

export type Answer = {
  description: string;
  /** Of the answer as JSON. */
  schema?: z.ZodType;
  /** What the caller may have instead of JSON by asking for it with `Accept`, by media type. */
  otherMedia?: Record<string, z.ZodType>;
  /**
   * The answer is a file of bytes in this media type and nothing else, and `Accept` must name that first: by what stands
   * first there API Gateway decides whether it sends the bytes or their base64.
   */
  file?: `application/${string}`;
  /** The answer's `Location` header leads to the thing that was made. */
  location?: true;
  /** The answer's `ETag` header is the version of the thing, for `If-Match` or `If-None-Match`. */
  etag?: true;
  /** A publication: its `ETag` is the document's, and further headers tell its number and carry its signature. */
  signed?: true;
};

/** One operation of the API. The stack, the local server, OpenAPI and the authorisation tests are derived from these. */
export type Route = {
  operationId: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** API Gateway's resource path, with `{name}` for path parameters. */
  path: `/${string}`;
  summary: string;
  access: Access;
  /** Malformed path parameters are answered as 404: there is nothing at that address. */
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Instead of a JSON body: a file in one of these media types, of at most so many bytes. */
  upload?: { media: readonly string[]; largest: number };
  /** Must the request say in `If-Match` which version of the thing it means to change (RFC 9110 section 13.1.1)? */
  ifMatch?: true;
  /** May the request say in `If-None-Match` which copies the caller has (RFC 9110 section 13.1.2)? */
  ifNoneMatch?: true;
  answers: Record<number, Answer>;
  /** What the operation itself refuses, besides what any route with such a request does (`refusalsOf`). */
  refusals?: readonly RefusalCode[];
  /** The module that exports the Lambda handler, from the project's root. */
  handler: `functions/${string}.ts`;
  /** May a cache keep the answer? `no-store` unless told: never where it says anything about a child or a referral. */
  cacheControl:
    | "no-store"
    | "private, no-cache"
    | `private, max-age=${number}, immutable`
    | `public, max-age=${number}`;
};

type Definition = Omit<Route, "cacheControl"> & Partial<Pick<Route, "cacheControl">>;

/** Keeps the literal types of a route, so that its handler is typed by it. */
export const route = <const R extends Definition>(definition: R): R & Pick<Route, "cacheControl"> => ({
  ...definition,
  cacheControl: definition.cacheControl ?? "no-store",
});

export const scopesOf = (access: Extract<Access, { kind: "token" }>): readonly Scope[] => [access.scope].flat();

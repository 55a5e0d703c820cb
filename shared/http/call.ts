import type { APIGatewayProxyEvent } from "aws-lambda";
import type * as z from "zod";
import type { Route } from "../contract/route.ts";

/** What a schema makes of its part of the request; nothing where the route has no such part. */
type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** Who calls: taken from the verified access token and nowhere else. */
export type Caller = {
  clientId: string;
  /** A DfE number, or `dfe`. */
  authority: string;
  scopes: ReadonlySet<string>;
};

/** A verified proof of possession, not yet spent. */
export type Proof = {
  /** What it is remembered by: a hash of its key and `jti`. */
  id: string;
  /** The second after which it would be too old anyway. */
  expiresAt: number;
  /** Set once its use was committed with the request's own transaction. */
  spent: boolean;
};

/** The caller's name for what it wants done, and what it asked for under that name. */
export type Intent = { id: string; fingerprint: string };

/** A file as it was sent, in one of the media types that the route takes. */
export type Upload = { media: string; bytes: Buffer; digest: string };

/** A request that was authenticated and parsed. */
export type Call<R extends Route> = {
  requestId: string;
  now: string;
  accept: string;
  /** As the gateway sent it, for what is no JSON. */
  event: APIGatewayProxyEvent;
  params: Output<R["params"]>;
  query: Output<R["query"]>;
  body: Output<R["body"]>;
  upload: R extends { upload: object } ? Upload : undefined;
  /** Where the route asks for `If-Match`: the version that the request means to change. */
  expectedVersion: R extends { ifMatch: true } ? number : undefined;
} & (R["access"] extends { kind: "token" } ? { caller: Caller; proof: Proof } : unknown) &
  (R extends { method: "POST" | "PUT" | "DELETE"; access: { kind: "token" } } ? { intent: Intent } : unknown);

/** What an operation answers; `text` leaves as it is, or as the bytes that it stands for in base64. */
export type Reply = { status: number; headers?: Record<string, string>; text: string; base64?: true };

import type * as z from "zod";
import type { Route } from "../contract/route.ts";
import type { Reply } from "./call.ts";

type SchemaOf<R extends Route, Status extends keyof R["answers"]> = R["answers"][Status] extends {
  schema: infer Schema extends z.ZodType;
}
  ? Schema
  : never;

/** A JSON answer, parsed by the schema that the route declares for it: nothing undeclared can leave. */
export const reply = <R extends Route, const Status extends keyof R["answers"] & number>(
  route: R,
  status: Status,
  body: z.input<SchemaOf<R, Status>>,
  headers: Record<string, string> = {},
): Reply => {
  const schema = route.answers[status]?.schema;
  if (!schema) throw new TypeError(`${route.operationId} declares no answer ${status}`);
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    text: JSON.stringify(schema.parse(body)),
  };
};

/** An answer of bytes, in the media type that the route declares for its file. */
export const fileReply = (route: Route, status: number, bytes: Uint8Array): Reply => {
  const media = route.answers[status]?.file;
  if (!media) throw new TypeError(`${route.operationId} declares no file in its answer ${status}`);
  return {
    status,
    headers: { "content-type": media },
    text: Buffer.from(bytes).toString("base64"),
    base64: true,
  };
};

/** The version of a thing as a strong ETag (RFC 9110 section 8.8.3). */
export const etagOf = ({ version }: { version: number }): { etag: string } => ({ etag: `"${version}"` });

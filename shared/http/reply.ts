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

import type * as z from "zod";
import { log } from "../observability/log.ts";
import type { Item } from "./dynamo.ts";

/** Those of many items that can be read: one that can't is the operator's business and does not hold up the others. */
export const readable = <T>(table: string, schema: z.ZodType<T>, items: readonly Item[]): T[] =>
  items.flatMap((item) => {
    const parsed = schema.safeParse(item);
    if (parsed.success) return [parsed.data];
    log("item-unreadable", { table, alarm: true });
    return [];
  });

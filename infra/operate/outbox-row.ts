import * as z from "zod";
import { tables } from "../../shared/store/tables.ts";
import { type Audit, parsed, unreadable } from "./auditing.ts";
import type { Row } from "./judge-trail.ts";
import { partition } from "./read.ts";

/** An outbox row as far as an audit looks at it; `data` says what it is of. */
export const storedRow = z.object({
  subject: z.string(),
  sequence: z.number(),
  type: z.string(),
  at: z.string(),
  data: z.record(z.string(), z.unknown()),
  concerns: z.array(z.string()),
  deliveries: z.array(z.object({ deliveryId: z.string() })).optional(),
  unsent: z.string().optional(),
});

export type StoredRow = z.output<typeof storedRow>;

/** The rows of one subject in their order. */
export const rowsOf = async ({ dynamo, names }: Audit, subject: string): Promise<Row[] | typeof unreadable> => {
  const rows: Row[] = [];
  for await (const item of partition(dynamo, names.outbox, tables.outbox.partitionKey.name, subject)) {
    const row = parsed(() => storedRow.parse(item));
    if (row === unreadable) return unreadable;
    rows.push({ ...row, waiting: row.unsent !== undefined });
  }
  return rows;
};

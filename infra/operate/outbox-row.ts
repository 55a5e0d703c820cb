import * as z from "zod";

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

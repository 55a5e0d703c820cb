import * as z from "zod";

/** What is stored of every hash chain in the same way. */
export const digest = z.templateLiteral(["sha-256:", z.string()]);

export const actor = z.object({ authority: z.string(), clientId: z.string(), contactId: z.string().nullable() });

/** Where a chain stands. */
export const chainHead = z.object({ sequence: z.number(), hash: digest.nullable() });

import * as z from "zod";

/** Query parameters of every list. */
export const listing = {
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, "must be a whole number from 1 to 100")
    .transform(Number)
    .optional(),
  cursor: z.string().max(1024).optional(),
};

export const defaultLimit = 50;

export const page = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next: z.string().nullable() });

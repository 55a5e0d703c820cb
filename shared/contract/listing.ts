import * as z from "zod";

export const defaultLimit = 50;

/** Query parameters of every list. `limit` is described as the number that its digits stand for. */
export const listing = {
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, "must be a whole number from 1 to 100")
    .transform(Number)
    .optional()
    .meta({
      description: "The most items that a page may have",
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: "integer", minimum: 1, maximum: 100, default: defaultLimit });
      },
    }),
  cursor: z
    .string()
    .max(1024)
    .optional()
    .describe("`next` of the page before. It belongs to this very list: every other parameter must stay the same"),
};

export const page = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    next: z
      .string()
      .nullable()
      .describe(
        "The cursor of the next page; null on the last. Only this says whether there is more: a page of a filtered list may be short, or empty, and have a next",
      ),
  });

import * as z from "zod";

/** Something the sender should look at, though the request was accepted. Never repeats what was sent. */
export const warning = z.strictObject({
  code: z.enum(["upn-check-letter", "urgency-raised"]),
  pointer: z.string(),
  detail: z.string(),
});
export type Warning = z.output<typeof warning>;

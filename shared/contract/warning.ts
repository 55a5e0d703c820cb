import * as z from "zod";

/** Something the sender should look at, though the request was accepted. Never repeats what was sent. */
export const warning = z
  .strictObject({
    code: z.enum([
      "upn-check-letter",
      "urgency-raised",
      "recipient-unreachable",
      "temporary-authority-not-named",
      "home-office-placement",
      "upn-differs",
      "upn-not-compared",
    ]),
    pointer: z.string().describe("JSON Pointer (RFC 6901) into the request's body"),
    detail: z.string(),
  })
  .meta({ id: "Warning", description: "Something to look at in a request that was accepted all the same" });
export type Warning = z.output<typeof warning>;

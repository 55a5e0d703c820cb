import * as z from "zod";

/** What else the answer with a child's record may be; see shared/http/record-reply.ts. */
export const sealedRecord = {
  "application/jose": z
    .string()
    .regex(/^[\w-]+(?:\.[\w-]*){4}$/)
    .describe(
      "With Accept: application/jose. Compact JWE (A256GCM) to the client's registered encryption key, whose plaintext is the record's JSON",
    ),
};

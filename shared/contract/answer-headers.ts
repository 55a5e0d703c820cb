import * as z from "zod";
import type { Route } from "./route.ts";

const text = (id: string, description: string) => z.string().meta({ header: { id }, description });

/** The headers that OpenAPI tells of, by their names. */
const requestId = { "x-request-id": text("RequestId", "The request's id: quote it when something went wrong") };
const location = { Location: text("Location", "The path of the thing that was made") };
const etag = { ETag: text("ETag", "The version, for If-Match or If-None-Match") };
/** Of a publication. */
const signed = {
  ETag: text("PublicationETag", "The document's, for If-None-Match: JSON and CSV have one each"),
  Vary: text("Vary", "Accept"),
  "X-Publication-Number": text("PublicationNumber", "The publication's number"),
  "X-JWS-Signature": text(
    "PublicationSignature",
    "JWS with detached content (RFC 7515, Appendix F) over the document's bytes, by a key of /.well-known/jwks.json; its header tells the issuer, the moment and the publication's number",
  ),
};
const idempotencyReplayed = {
  "Idempotency-Replayed": z
    .literal("true")
    .optional()
    .meta({
      header: { id: "IdempotencyReplayed" },
      description: "Where this is the recorded answer to an earlier request with the same Idempotency-Key",
    }),
};
const challenge = {
  "WWW-Authenticate": text("Challenge", "DPoP, with the error that was found and the algorithms accepted (RFC 9449)"),
};
const missingScope = {
  "WWW-Authenticate": z
    .string()
    .optional()
    .meta({ header: { id: "MissingScope" }, description: "With scope-missing: DPoP and the scope that is needed" }),
};
const retryAfter = {
  "Retry-After": z
    .int()
    .positive()
    .meta({ header: { id: "RetryAfter" }, description: "Seconds to wait" }),
};
const allow = {
  Allow: z
    .string()
    .optional()
    .meta({ header: { id: "Allow" }, description: "With method-not-allowed: the methods that this address answers" }),
};

/** Of what a route answers when all is well; and of the token endpoint's refusals, which are declared as answers too. */
export const answerHeaders = ({ access, method, answers }: Route, status: number) =>
  z.object({
    ...requestId,
    ...(answers[status]?.location && location),
    ...(answers[status]?.etag && etag),
    ...(answers[status]?.signed && signed),
    ...(access.kind === "token" && method !== "GET" && idempotencyReplayed),
    ...(status === 401 && challenge),
  });

const ofProblem: Readonly<Record<number, z.ZodRawShape>> = {
  401: challenge,
  403: missingScope,
  429: retryAfter,
  503: retryAfter,
};

export const problemHeaders = (status: number) => z.object({ ...requestId, ...ofProblem[status] });
/** Of problems that no operation has for itself. */
export const otherProblemHeaders = z.object({ ...requestId, ...allow });

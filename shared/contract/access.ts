import * as z from "zod";
import { route } from "./route.ts";

const jwk = z
  .object({ kty: z.string(), kid: z.string(), use: z.string(), alg: z.string() })
  .loose()
  .meta({ id: "Jwk", description: "A public key (RFC 7517)" });

/** An error of RFC 6749 section 5.2, with the values that occur. */
const oauthError = (...values: string[]) =>
  z.strictObject({
    error: z.string().meta({ enum: values }),
    error_description: z.string().describe("Which check failed"),
  });

export const metadata = route({
  operationId: "getAuthorizationServerMetadata",
  method: "GET",
  path: "/.well-known/oauth-authorization-server",
  summary: "Authorization server metadata (RFC 8414)",
  access: { kind: "public" },
  answers: {
    200: {
      description: "Where and how to get a token",
      schema: z.strictObject({
        issuer: z.url(),
        token_endpoint: z.url(),
        jwks_uri: z.url(),
        scopes_supported: z.array(z.string()),
        response_types_supported: z.array(z.string()),
        grant_types_supported: z.array(z.string()),
        token_endpoint_auth_methods_supported: z.array(z.string()),
        token_endpoint_auth_signing_alg_values_supported: z.array(z.string()),
        dpop_signing_alg_values_supported: z.array(z.string()),
        service_documentation: z.url(),
      }),
    },
  },
  handler: "functions/access/get-metadata.ts",
  cacheControl: "public, max-age=300",
});

export const jwks = route({
  operationId: "getJwks",
  method: "GET",
  path: "/.well-known/jwks.json",
  summary:
    "Public keys that verify access tokens, receipts, removal certificates and publications of the contact list (RFC 7517)",
  access: { kind: "public" },
  answers: { 200: { description: "The key set", schema: z.strictObject({ keys: z.array(jwk) }) } },
  handler: "functions/access/get-jwks.ts",
  cacheControl: "public, max-age=300",
});

export const token = route({
  operationId: "issueToken",
  method: "POST",
  path: "/oauth2/token",
  summary:
    "Access token for a registered client: client credentials with private_key_jwt (RFC 7523), bound by DPoP (RFC 9449)",
  access: { kind: "client-assertion" },
  answers: {
    200: {
      description: "A token of type DPoP that lives ten minutes",
      schema: z.strictObject({
        access_token: z.string().describe("For Authorization: DPoP, with proofs by the key of this request's proof"),
        token_type: z.literal("DPoP"),
        expires_in: z.int().positive().describe("Seconds"),
        scope: z.string().describe("What was granted, separated by spaces"),
      }),
    },
    400: {
      description: "The request or the proof of possession is not acceptable (RFC 6749 section 5.2)",
      schema: oauthError("invalid_request", "unsupported_grant_type", "invalid_scope", "invalid_dpop_proof"),
    },
    401: {
      description: "The client is not authenticated; error_description says which check failed",
      schema: oauthError("invalid_client"),
    },
  },
  handler: "functions/access/issue-token.ts",
});

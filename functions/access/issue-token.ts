import { v7 as uuidV7 } from "uuid";
import { token as route } from "../../shared/contract/access.ts";
import { Refusal } from "../../shared/domain/refusals.ts";
import { type TokenClaims, tokenLifetime } from "../../shared/http/access-token.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import type { Call, Reply } from "../../shared/http/call.ts";
import { verifyProof } from "../../shared/http/dpop.ts";
import { bodyText, mediaTypeIs } from "../../shared/http/parse.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { log } from "../../shared/observability/log.ts";
import { type Client, clientFrom, clientPlace } from "../../shared/store/clients.ts";
import { commit, dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { spendInTransaction } from "../../shared/store/proofs.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { ClientRefused, claimedClient, verifyAssertion } from "./client-assertion.ts";

const dependencies = () => ({
  ...accessSettings(),
  dynamo: dynamoClient(),
  tables: tableNames("clients", "proofs"),
});
type Dependencies = ReturnType<typeof dependencies>;

/** An error of RFC 6749 section 5.2, or of RFC 9449 section 5. */
class TokenError extends Error {
  readonly error: "invalid_request" | "unsupported_grant_type" | "invalid_scope" | "invalid_dpop_proof";
  constructor(error: TokenError["error"], description: string) {
    super(description);
    this.error = error;
  }
}

const issueToken: Operation<typeof route, Dependencies> = async (call, deps) => {
  try {
    return await grant(call, deps);
  } catch (error) {
    return refused(call, error);
  }
};

const grant = async (call: Call<typeof route>, deps: Dependencies): Promise<Reply> => {
  const { now, event } = call;
  const form = formOf(call);
  const assertion = clientAssertionOf(form);
  const { thumbprint, ...proof } = await verifyProof(event, { origins: deps.origins, now });
  const clientId = claimedClient(assertion);
  const [item] = await readAll(deps.dynamo, [clientPlace(deps.tables.clients, clientId)]);
  const client = clientFrom(item);
  const use = await verifyAssertion(assertion, client, { issuer: deps.issuer, now });
  if (!client) throw new ClientRefused("The client assertion's iss is not an active client.");
  const named = form.get("client_id");
  if (named !== null && named !== client.clientId)
    throw new ClientRefused("client_id is not the client assertion's iss.");
  const scope = grantedScope(client, form.get("scope"));
  const access_token = await deps.tokenKeys.current.sign("at+jwt", claimsFor(client, scope, thumbprint, deps, now));
  const outcome = await commit(deps.dynamo, [
    spendInTransaction(deps.tables.proofs, use, "assertion"),
    spendInTransaction(deps.tables.proofs, proof),
  ]);
  if (!outcome.committed) {
    if (outcome.lost.has("assertion")) throw new ClientRefused("The client assertion's jti was used before.");
    throw new TokenError("invalid_dpop_proof", "The proof's jti was used before.");
  }
  log("token-issued", { requestId: call.requestId, clientId: client.clientId, authority: client.authority });
  return reply(route, 200, { access_token, token_type: "DPoP", expires_in: tokenLifetime, scope });
};

/** RFC 9068 section 2.2; bound to the proof's key (RFC 9449 section 6.1). */
const claimsFor = (client: Client, scope: string, jkt: string, deps: Dependencies, now: string): TokenClaims => {
  const iat = Math.floor(Date.parse(now) / 1000);
  return {
    iss: deps.issuer,
    aud: deps.audience,
    sub: client.clientId,
    client_id: client.clientId,
    iat,
    exp: iat + tokenLifetime,
    jti: uuidV7(),
    scope,
    authority: client.authority,
    cnf: { jkt },
  };
};

const formOf = ({ event }: Call<typeof route>): URLSearchParams => {
  if (!mediaTypeIs(event, "application/x-www-form-urlencoded")) {
    throw new TokenError("invalid_request", "The body must be application/x-www-form-urlencoded.");
  }
  const form = new URLSearchParams(bodyText(event));
  if (new Set(form.keys()).size !== form.size) {
    throw new TokenError("invalid_request", "A parameter is given more than once.");
  }
  if (form.get("grant_type") === null) throw new TokenError("invalid_request", "grant_type is missing.");
  if (form.get("grant_type") !== "client_credentials") {
    throw new TokenError("unsupported_grant_type", "grant_type must be client_credentials.");
  }
  return form;
};

const clientAssertionOf = (form: URLSearchParams): string => {
  if (form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
    throw new ClientRefused("client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer.");
  }
  const assertion = form.get("client_assertion");
  if (!assertion) throw new ClientRefused("client_assertion is missing.");
  return assertion;
};

/** All that the client is registered for, unless it asks for less. */
const grantedScope = (client: Client, asked: string | null): string => {
  if (asked === null || asked === "") return client.scopes.join(" ");
  const scopes = [...new Set(asked.split(" "))];
  const registered = new Set<string>(client.scopes);
  if (!scopes.every((scope) => registered.has(scope))) {
    throw new TokenError("invalid_scope", "The client is not registered for a scope it asks for.");
  }
  return scopes.join(" ");
};

const refused = (call: Call<typeof route>, error: unknown): Reply => {
  const { requestId } = call;
  if (error instanceof ClientRefused) {
    log("token-refused", { requestId, check: "invalid_client" });
    const headers = { "www-authenticate": 'DPoP error="invalid_client"' };
    return reply(route, 401, { error: "invalid_client", error_description: error.message }, headers);
  }
  const [code, description] = oauthError(error);
  log("token-refused", { requestId, check: code });
  return reply(route, 400, { error: code, error_description: description });
};

/** @throws the error itself, where it is not the caller's */
const oauthError = (error: unknown): [code: string, description: string] => {
  if (error instanceof TokenError) return [error.error, error.message];
  if (error instanceof Refusal && error.code.startsWith("dpop-")) return ["invalid_dpop_proof", error.message];
  if (error instanceof Refusal && error.code === "malformed-json") return ["invalid_request", "The body is not UTF-8."];
  throw error;
};

export const handler = serve(route, dependencies, issueToken);

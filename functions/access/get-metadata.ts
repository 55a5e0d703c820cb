import { metadata as route } from "../../shared/contract/access.ts";
import { authorityScopes, dfeScopes } from "../../shared/contract/route.ts";
import { type AccessSettings, accessSettings } from "../../shared/http/authenticate.ts";
import { clientAlgorithms } from "../../shared/http/dpop.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";

const getMetadata: Operation<typeof route, AccessSettings> = async (_call, { issuer }) =>
  reply(route, 200, {
    issuer,
    token_endpoint: `${issuer}/oauth2/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: [...new Set([...authorityScopes, ...dfeScopes])],
    response_types_supported: [],
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: ["private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    dpop_signing_alg_values_supported: clientAlgorithms,
    service_documentation: `${issuer}/openapi.json`,
  });

export const handler = serve(route, accessSettings, getMetadata);

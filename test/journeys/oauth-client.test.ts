import { createHash, randomUUID } from "node:crypto";
import { type CryptoKey, importJWK } from "jose";
import {
  allowInsecureRequests,
  type Configuration,
  clientCredentialsGrant,
  discovery,
  fetchProtectedResource,
  getDPoPHandle,
  type ModifyAssertionOptions,
  modifyAssertion,
  PrivateKeyJwt,
  randomDPoPKeyPair,
} from "openid-client";
import { describe, expect, it } from "vitest";
import { clientFile } from "../../infra/local/client.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral } from "../builders/referral.ts";

const exchange = useExchange();

describe("what a client discovers", () => {
  it("is the metadata of RFC 8414", async () => {
    const { origin } = exchange;
    const answer = await fetch(`${origin}/.well-known/oauth-authorization-server`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toEqual({
      issuer: origin,
      token_endpoint: `${origin}/oauth2/token`,
      jwks_uri: `${origin}/.well-known/jwks.json`,
      scopes_supported: [
        "referrals",
        "cme-list",
        "enquiries",
        "contacts:read",
        "contacts:own",
        "contacts:admin",
        "clients:admin",
        "oversight",
      ],
      response_types_supported: [],
      grant_types_supported: ["client_credentials"],
      token_endpoint_auth_methods_supported: ["private_key_jwt"],
      token_endpoint_auth_signing_alg_values_supported: ["ES256", "PS256", "EdDSA"],
      dpop_signing_alg_values_supported: ["ES256", "PS256", "EdDSA"],
      service_documentation: `${origin}/openapi.json`,
    });
  });

  it("is the public keys for tokens, for evidence and for publications, each named by its RFC 7638 thumbprint", async () => {
    const answer = await fetch(`${exchange.origin}/.well-known/jwks.json`);
    expect(answer.status).toBe(200);
    const { keys } = (await answer.json()) as { keys: { kid: string; x: string; y: string }[] };
    const publicKey = {
      kty: "EC",
      crv: "P-256",
      x: expect.stringMatching(/^[\w-]{43}$/),
      y: expect.stringMatching(/^[\w-]{43}$/),
      kid: expect.stringMatching(/^[\w-]{43}$/),
      use: "sig",
      alg: "ES256",
    };
    expect(keys).toEqual([publicKey, publicKey, publicKey]);
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(3);
    for (const { kid, x, y } of keys) {
      const members = `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`;
      expect(kid).toBe(createHash("sha256").update(members).digest("base64url"));
    }
  });
});

describe("a certified client library, as it comes (openid-client)", () => {
  const connect = async (owner: string): Promise<Configuration> => {
    const { clientId, key } = await clientFile(exchange.clients, owner);
    const authentication = PrivateKeyJwt({ key: (await importJWK(key, "ES256")) as CryptoKey, kid: key.kid });
    return discovery(new URL(exchange.origin), clientId, undefined, authentication, {
      algorithm: "oauth2",
      execute: [allowInsecureRequests],
    });
  };

  it("finds the exchange, gets a token, reads the directory and refers a child, who is received", async () => {
    const london = await system("201");
    const authorities = await london.call("GET", "/v1/authorities?q=Birmingham");
    expect(authorities.status).toBe(200);
    expect(await authorities.json()).toMatchObject({ items: [{ code: "330", name: "Birmingham" }], next: null });

    const submitted = await london.call("POST", "/v1/referrals", exampleReferral());
    expect(submitted.status).toBe(201);
    const { id, ...summary } = (await submitted.json()) as { id: string; state: string };
    expect(summary).toMatchObject({ sender: "201", recipient: "330", state: "awaiting-receipt", warnings: [] });
    expect(submitted.headers.get("location")).toBe(`/v1/referrals/${id}`);

    const birmingham = await system("330");
    const received = await birmingham.call("POST", `/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    expect(received.status).toBe(201);
    expect(await received.json()).toMatchObject({ referral: { id, state: "received", receivedBy: "330-lead" } });
  });

  it("asks for less than it may have", async () => {
    const config = await connect("201");
    const DPoP = getDPoPHandle(config, await randomDPoPKeyPair("ES256"));
    const token = await clientCredentialsGrant(config, { scope: "contacts:read" }, { DPoP });
    expect(token).toMatchObject({ token_type: "dpop", expires_in: 600, scope: "contacts:read" });
  });

  it("proves possession with PS256", async () => {
    const london = await system("201", "PS256");
    expect((await london.call("GET", "/v1/authorities/330")).status).toBe(200);
  });

  it("proves possession with EdDSA, which the library calls Ed25519 unless told otherwise", async () => {
    const named: ModifyAssertionOptions = {
      [modifyAssertion]: (header) => {
        header.alg = "EdDSA";
      },
    };
    const london = await system("201", "Ed25519", named);
    expect((await london.call("GET", "/v1/authorities/330")).status).toBe(200);
  });

  const system = async (owner: string, alg = "ES256", options: ModifyAssertionOptions = {}) => {
    const config = await connect(owner);
    const DPoP = getDPoPHandle(config, await randomDPoPKeyPair(alg), options);
    const { access_token } = await clientCredentialsGrant(config, undefined, { DPoP });
    return {
      call: (method: "GET" | "POST", path: string, body?: unknown) => {
        const headers = new Headers(
          method === "POST" ? { "content-type": "application/json", "idempotency-key": randomUUID() } : {},
        );
        const url = new URL(path, exchange.origin);
        const text = body === undefined ? undefined : JSON.stringify(body);
        return fetchProtectedResource(config, access_token, url, method, text, headers, { DPoP });
      },
    };
  };
});

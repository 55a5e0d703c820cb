import { createHash } from "node:crypto";
import { createLocalJWKSet, generateKeyPair, importJWK, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clientFile } from "../../infra/local/client.ts";
import type { ClientFile } from "../../infra/local/seed-clients.ts";
import { useExchange } from "../builders/exchange.ts";
import {
  askForToken,
  assertionOf,
  type Changes,
  countByStatus,
  deactivate,
  newSigner,
  proofOf,
  publicPem,
  registerClient,
  type Signer,
  send,
  type TokenRequest,
  tampered,
} from "../builders/oauth.ts";

/** The clock stands still at 2026-11-16T10:00:00Z, so that every limit is tried to the second. */
const now = 1794823200;
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: now * 1000 });
});
afterAll(() => {
  vi.useRealTimers();
});

const exchange = useExchange();

let london: ClientFile;
let birmingham: ClientFile;
let proofKey: Signer;
beforeAll(async () => {
  london = await clientFile(exchange.clients, "201");
  birmingham = await clientFile(exchange.clients, "330");
  proofKey = await newSigner();
});

const ask = (request?: TokenRequest) => askForToken(london, proofKey, request);

/** A client of its own, for what would disturb others; its first signer's key is the file's. */
const newClient = async (clientId: string, ...signers: Signer[]): Promise<ClientFile> => {
  await registerClient(clientId, signers);
  return { ...london, clientId, authority: "202" };
};
const by = (signer: Signer): Changes => ({ header: { alg: signer.alg, kid: signer.kid }, key: signer.privateKey });

describe("a client assertion is refused with 401 invalid_client, and told which check failed:", () => {
  const cases: [check: string, request: () => TokenRequest | Promise<TokenRequest>, description: string][] = [
    [
      "no client_assertion_type",
      () => ({ form: { client_assertion_type: undefined } }),
      "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
    ],
    [
      "another client_assertion_type",
      () => ({ form: { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer" } }),
      "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
    ],
    ["no client_assertion", () => ({ form: { client_assertion: undefined } }), "client_assertion is missing."],
    ["an empty client_assertion", () => ({ assertion: "" }), "client_assertion is missing."],
    ["not a JWT", () => ({ assertion: "not-a-jwt" }), "The client assertion is not a JWT."],
    ["three parts that are no JWT", () => ({ assertion: "a.b.c" }), "The client assertion is not a JWT."],
    [
      "alg none",
      () => ({ assertion: { header: { alg: "none" } } }),
      "The client assertion's alg is not ES256, PS256 or EdDSA.",
    ],
    [
      "alg HS256 with the public key as the secret",
      () => ({ assertion: { header: { alg: "HS256" }, key: publicPem(london.key) } }),
      "The client assertion's alg is not ES256, PS256 or EdDSA.",
    ],
    [
      "alg RS256",
      async () => ({ assertion: { header: { alg: "RS256" }, key: (await generateKeyPair("RS256")).privateKey } }),
      "The client assertion's alg is not ES256, PS256 or EdDSA.",
    ],
    [
      "an alg other than the registered key's",
      async () => ({ assertion: { header: { alg: "PS256" }, key: (await generateKeyPair("PS256")).privateKey } }),
      "The client assertion's alg is not that of the registered key.",
    ],
    ["no kid", () => ({ assertion: { header: { kid: undefined } } }), "The client assertion's header has no kid."],
    [
      "a kid that is no string",
      () => ({ assertion: { header: { kid: 7 } } }),
      "The client assertion's header has no kid.",
    ],
    [
      "an unknown kid",
      () => ({ assertion: { header: { kid: "unknown" } } }),
      "The client assertion's kid is not one of the client's registered keys.",
    ],
    [
      "another client's kid, with its key",
      async () => ({
        assertion: { header: { kid: birmingham.key.kid }, key: await importJWK(birmingham.key, "ES256") },
      }),
      "The client assertion's kid is not one of the client's registered keys.",
    ],
    [
      "the kid of the encryption key, with that key",
      async () => ({
        assertion: {
          header: { kid: london.encryptionKey.kid },
          key: await importJWK({ ...london.encryptionKey, alg: "ES256" }, "ES256"),
        },
      }),
      "The client assertion's kid is not one of the client's registered keys.",
    ],
    [
      "signed by another key under a registered kid",
      () => ({ assertion: { key: proofKey.privateKey } }),
      "The client assertion's signature does not verify.",
    ],
    [
      "claims changed after it was signed",
      async () => ({ assertion: tampered(await assertionOf(london), { exp: now + 61 }) }),
      "The client assertion's signature does not verify.",
    ],
    ["no iss", () => ({ assertion: { claims: { iss: undefined } } }), "The client assertion has no iss."],
    ["an empty iss", () => ({ assertion: { claims: { iss: "", sub: "" } } }), "The client assertion has no iss."],
    [
      "an iss longer than any client id",
      () => ({ assertion: { claims: { iss: "c".repeat(3000) } } }),
      "The client assertion's iss is not an active client.",
    ],
    [
      "an unknown client",
      () => ({ assertion: { claims: { iss: "cme-999", sub: "cme-999" } } }),
      "The client assertion's iss is not an active client.",
    ],
    [
      "sub another client than iss",
      () => ({ assertion: { claims: { sub: "cme-330" } } }),
      "The client assertion's sub is not its iss.",
    ],
    [
      "no sub",
      () => ({ assertion: { claims: { sub: undefined } } }),
      "The client assertion must have the claims iss, sub, aud, exp and jti (at most 256 characters).",
    ],
    [
      "no aud",
      () => ({ assertion: { claims: { aud: undefined } } }),
      "The client assertion must have the claims iss, sub, aud, exp and jti (at most 256 characters).",
    ],
    [
      "aud another server",
      () => ({ assertion: { claims: { aud: "https://exchange.example" } } }),
      "The client assertion's aud is not this issuer alone.",
    ],
    [
      "aud the token endpoint",
      () => ({ assertion: { claims: { aud: `${exchange.origin}/oauth2/token` } } }),
      "The client assertion's aud is not this issuer alone.",
    ],
    [
      "aud the issuer under its other address",
      () => ({ assertion: { claims: { aud: exchange.origin.replace("127.0.0.1", "localhost") } } }),
      "The client assertion's aud is not this issuer alone.",
    ],
    [
      "aud the issuer and another",
      () => ({ assertion: { claims: { aud: [exchange.origin, "https://exchange.example"] } } }),
      "The client assertion's aud is not this issuer alone.",
    ],
    [
      "aud nobody",
      () => ({ assertion: { claims: { aud: [] } } }),
      "The client assertion's aud is not this issuer alone.",
    ],
    [
      "no exp",
      () => ({ assertion: { claims: { exp: undefined } } }),
      "The client assertion must have the claims iss, sub, aud, exp and jti (at most 256 characters).",
    ],
    [
      "exp no number",
      () => ({ assertion: { claims: { exp: String(now + 60) } } }),
      "The client assertion must have the claims iss, sub, aud, exp and jti (at most 256 characters).",
    ],
    ["exp 10 s ago", () => ({ assertion: { claims: { exp: now - 10 } } }), "The client assertion has expired."],
    ["exp a minute ago", () => ({ assertion: { claims: { exp: now - 60 } } }), "The client assertion has expired."],
    [
      "exp more than 5 minutes ahead",
      () => ({ assertion: { claims: { exp: now + 311 } } }),
      "The client assertion's exp is more than 5 minutes ahead.",
    ],
    [
      "exp in milliseconds",
      () => ({ assertion: { claims: { exp: (now + 60) * 1000 } } }),
      "The client assertion's exp is more than 5 minutes ahead.",
    ],
    [
      "iat 60 s ahead",
      () => ({ assertion: { claims: { iat: now + 60, exp: now + 120 } } }),
      "The client assertion's iat is in the future.",
    ],
    [
      "iat 11 s ahead",
      () => ({ assertion: { claims: { iat: now + 11 } } }),
      "The client assertion's iat is in the future.",
    ],
    [
      "nbf 60 s ahead",
      () => ({ assertion: { claims: { nbf: now + 60, exp: now + 120 } } }),
      "The client assertion's nbf is in the future.",
    ],
    [
      "nbf 11 s ahead",
      () => ({ assertion: { claims: { nbf: now + 11 } } }),
      "The client assertion's nbf is in the future.",
    ],
    [
      "no jti",
      () => ({ assertion: { claims: { jti: undefined } } }),
      "The client assertion must have the claims iss, sub, aud, exp and jti (at most 256 characters).",
    ],
    [
      "jti empty",
      () => ({ assertion: { claims: { jti: "" } } }),
      "The client assertion must have the claims iss, sub, aud, exp and jti (at most 256 characters).",
    ],
    [
      "jti of 257 characters",
      () => ({ assertion: { claims: { jti: "j".repeat(257) } } }),
      "The client assertion must have the claims iss, sub, aud, exp and jti (at most 256 characters).",
    ],
    [
      "client_id another client",
      () => ({ form: { client_id: "cme-330" } }),
      "client_id is not the client assertion's iss.",
    ],
  ];

  it.each(cases)("%s", async (_check, request, error_description) => {
    const answer = await ask(await request());
    expect(answer.json()).toEqual({ error: "invalid_client", error_description });
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe('DPoP error="invalid_client"');
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("an inactive client, in the words used for an unknown one", async () => {
    await deactivate("cme-213");
    const answer = await askForToken(await clientFile(exchange.clients, "213"), proofKey);
    expect(answer.json()).toEqual({
      error: "invalid_client",
      error_description: "The client assertion's iss is not an active client.",
    });
    expect(answer.status).toBe(401);
  });
});

describe("a client assertion is accepted with", () => {
  it.each([
    ["exp 9 s ago, within the skew", { exp: now - 9 }],
    ["exp 5 minutes ahead", { exp: now + 300 }],
    ["exp 5 minutes ahead by a clock 10 s fast", { exp: now + 310 }],
    ["no iat", { iat: undefined }],
    ["iat 5 s ahead", { iat: now + 5 }],
    ["iat 10 s ahead", { iat: now + 10 }],
    ["nbf 5 s ahead", { nbf: now + 5 }],
    ["nbf 10 s ahead", { nbf: now + 10 }],
    ["a jti of 256 characters", { jti: "j".repeat(256) }],
  ])("%s", async (_what, claims) => {
    const answer = await ask({ assertion: { claims } });
    expect(answer.status, answer.text).toBe(200);
  });

  it("client_id the same as iss", async () => {
    const answer = await ask({ form: { client_id: "cme-201" } });
    expect(answer.status, answer.text).toBe(200);
  });

  it.each(["PS256", "EdDSA"])("a %s signature", async (alg) => {
    const signer = await newSigner(alg);
    const client = await newClient(`cme-test-${alg}`, signer);
    const answer = await askForToken(client, proofKey, { assertion: by(signer) });
    expect(answer.status, answer.text).toBe(200);
  });

  it("either of two keys while they are rotated, and only the new one afterwards", async () => {
    const [former, next] = [await newSigner(), await newSigner()];
    const client = await newClient("cme-test-rotation", former, next);
    expect((await askForToken(client, proofKey, { assertion: by(former) })).status).toBe(200);
    expect((await askForToken(client, proofKey, { assertion: by(next) })).status).toBe(200);

    await newClient("cme-test-rotation", next);
    expect((await askForToken(client, proofKey, { assertion: by(next) })).status).toBe(200);
    const refused = await askForToken(client, proofKey, { assertion: by(former) });
    expect(refused.status).toBe(401);
    expect(refused.json()).toEqual({
      error: "invalid_client",
      error_description: "The client assertion's kid is not one of the client's registered keys.",
    });
  });
});

describe("a client assertion serves once", () => {
  const usedBefore = {
    error: "invalid_client",
    error_description: "The client assertion's jti was used before.",
  };

  it("when it is sent again", async () => {
    const assertion = await assertionOf(london);
    expect((await ask({ assertion })).status).toBe(200);
    const again = await ask({ assertion });
    expect(again.status).toBe(401);
    expect(again.json()).toEqual(usedBefore);
  });

  it("when another one bears its jti", async () => {
    expect((await ask({ assertion: { claims: { jti: "borne-twice" } } })).status).toBe(200);
    const again = await ask({ assertion: { claims: { jti: "borne-twice", exp: now + 90 } } });
    expect(again.status).toBe(401);
    expect(again.json()).toEqual(usedBefore);
  });

  it("while another client's equal jti is another assertion", async () => {
    const changes = { assertion: { claims: { jti: "of-two-clients" } } };
    expect((await ask(changes)).status).toBe(200);
    expect((await askForToken(birmingham, proofKey, changes)).status).toBe(200);
  });

  it("when ten requests bear it at once", async () => {
    const assertion = await assertionOf(london);
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask({ assertion })));
    expect(countByStatus(answers)).toEqual({ 200: 1, 401: 9 });
    for (const answer of answers.filter(({ status }) => status === 401)) expect(answer.json()).toEqual(usedBefore);
  });
});

describe("what was refused spends nothing else:", () => {
  const proof = () => proofOf(proofKey, { method: "POST", url: `${exchange.origin}/oauth2/token` });

  it("the proof, when the assertion was used before", async () => {
    const assertion = await assertionOf(london);
    expect((await ask({ assertion })).status).toBe(200);
    const unspent = await proof();
    expect((await ask({ assertion, proof: unspent })).status).toBe(401);
    expect((await ask({ proof: unspent })).status).toBe(200);
  });

  it("the assertion, when the proof was used before", async () => {
    const spent = await proof();
    expect((await ask({ proof: spent })).status).toBe(200);
    const assertion = await assertionOf(london);
    expect((await ask({ assertion, proof: spent })).status).toBe(400);
    expect((await ask({ assertion })).status).toBe(200);
  });

  it("the assertion, when the proof is for another address", async () => {
    const assertion = await assertionOf(london);
    const refused = await ask({ assertion, proof: { claims: { htu: `${exchange.origin}/elsewhere` } } });
    expect(refused.status).toBe(400);
    expect((await ask({ assertion })).status).toBe(200);
  });

  it("the assertion, when a scope is not the client's", async () => {
    const assertion = await assertionOf(london);
    expect((await ask({ assertion, form: { scope: "oversight" } })).status).toBe(400);
    expect((await ask({ assertion })).status).toBe(200);
  });

  it("a jti, when the assertion that bore it was forged", async () => {
    const claims = { jti: "borne-by-a-forgery" };
    expect((await ask({ assertion: { claims, key: proofKey.privateKey } })).status).toBe(401);
    expect((await ask({ assertion: { claims } })).status).toBe(200);
  });
});

describe("a token request is refused with 400:", () => {
  const cases: [check: string, request: TokenRequest, error: string, description: string][] = [
    ["no grant_type", { form: { grant_type: undefined } }, "invalid_request", "grant_type is missing."],
    [
      "another grant_type",
      { form: { grant_type: "authorization_code" } },
      "unsupported_grant_type",
      "grant_type must be client_credentials.",
    ],
    [
      "JSON",
      { headers: { "content-type": "application/json" } },
      "invalid_request",
      "The body must be application/x-www-form-urlencoded.",
    ],
    [
      "two content types",
      { headers: { "Content-Type": ["application/x-www-form-urlencoded", "application/json"] } },
      "invalid_request",
      "The body must be application/x-www-form-urlencoded.",
    ],
    [
      "a scope that is another role's",
      { form: { scope: "oversight" } },
      "invalid_scope",
      "The client is not registered for a scope it asks for.",
    ],
    [
      "a scope of its own and one that is not",
      { form: { scope: "referrals clients:admin" } },
      "invalid_scope",
      "The client is not registered for a scope it asks for.",
    ],
  ];
  it.each(cases)("%s", async (_check, request, error, error_description) => {
    const answer = await ask(request);
    expect(answer.json()).toEqual({ error, error_description });
    expect(answer.status).toBe(400);
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("no content type", async () => {
    const url = `${exchange.origin}/oauth2/token`;
    const answer = await send(url, {
      method: "POST",
      headers: { dpop: await proofOf(proofKey, { method: "POST", url }) },
    });
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({
      error: "invalid_request",
      error_description: "The body must be application/x-www-form-urlencoded.",
    });
  });

  it.each(["grant_type", "client_assertion", "client_assertion_type", "client_id", "scope", "of-no-meaning"])(
    "%s given twice",
    async (name) => {
      const url = `${exchange.origin}/oauth2/token`;
      const parameters: [string, string][] = [
        ["grant_type", "client_credentials"],
        ["client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
        ["client_assertion", await assertionOf(london)],
        ["client_id", "cme-201"],
        ["scope", "referrals"],
        ["of-no-meaning", "x"],
      ];
      const twice = parameters.filter(([each]) => each === name);
      const headers = {
        "content-type": "application/x-www-form-urlencoded",
        dpop: await proofOf(proofKey, { method: "POST", url }),
      };
      const answer = await send(url, {
        method: "POST",
        headers,
        body: new URLSearchParams([...parameters, ...twice]).toString(),
      });
      expect(answer.status).toBe(400);
      expect(answer.json()).toEqual({
        error: "invalid_request",
        error_description: "A parameter is given more than once.",
      });
      const once = await send(url, { method: "POST", headers, body: new URLSearchParams(parameters).toString() });
      expect(once.status, once.text).toBe(200);
    },
  );
});

describe("the token", () => {
  it("is answered as RFC 6749 section 5.1 and RFC 9449 section 5 say", async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: "DPoP",
      expires_in: 600,
      scope: "referrals cme-list enquiries contacts:read contacts:own",
    });
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("has the claims of RFC 9068, is bound to the proof's key and verifies with the published keys", async () => {
    const { access_token } = (await ask()).json();
    const jwks = (await send(`${exchange.origin}/.well-known/jwks.json`)).json() as unknown as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(String(access_token), createLocalJWKSet(jwks));
    const { x, y } = proofKey.publicJwk;
    expect(protectedHeader).toEqual({ alg: "ES256", typ: "at+jwt", kid: jwks.keys[0]?.kid });
    expect(payload).toEqual({
      iss: exchange.origin,
      aud: `${exchange.origin}/v1`,
      sub: "cme-201",
      client_id: "cme-201",
      iat: 1794823200,
      exp: 1794823800,
      jti: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      scope: "referrals cme-list enquiries contacts:read contacts:own",
      authority: "201",
      // RFC 7638 section 3: the required members of the key in lexicographic order, without white space.
      cnf: {
        jkt: createHash("sha256").update(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`).digest("base64url"),
      },
    });
  });

  it("never bears the jti of another", async () => {
    const tokens = [await ask(), await ask()].map((answer) => String(answer.json().access_token));
    const claims = tokens.map((token) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()));
    expect(claims[0].jti).not.toBe(claims[1].jti);
  });

  it.each([
    ["one of its scopes", "referrals", "referrals"],
    ["some, as they were asked for", "cme-list referrals", "cme-list referrals"],
    ["one asked for twice", "referrals referrals", "referrals"],
    ["all where none is named", "", "referrals cme-list enquiries contacts:read contacts:own"],
  ])("is for %s", async (_which, asked, granted) => {
    const answer = await ask({ form: { scope: asked } });
    expect(answer.json()).toMatchObject({ scope: granted });
    const [, claims = ""] = String(answer.json().access_token).split(".");
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({ scope: granted });
  });
});

it("logs neither an assertion, a proof nor a token", () => {
  const lines = exchange.logLines.join("");
  expect(lines).toContain("token-issued");
  expect(lines).toContain("token-refused");
  expect(lines).not.toContain("eyJ");
});

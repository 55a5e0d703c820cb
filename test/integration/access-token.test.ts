import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clientFile } from "../../infra/local/client.ts";
import type { ClientFile } from "../../infra/local/seed-clients.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { signingKey } from "../../shared/keys/signing.ts";
import { useExchange } from "../builders/exchange.ts";
import {
  type Answer,
  handMade,
  newSigner,
  proofOf,
  publicPem,
  refusalIn,
  type Signer,
  send,
  tampered,
  tokenFor,
} from "../builders/oauth.ts";
import { submit } from "../builders/referral.ts";

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
let signer: Signer;
let token: string;
let tokenKid: string;
beforeAll(async () => {
  london = await clientFile(exchange.clients, "201");
  signer = await newSigner();
  token = await tokenFor(london, signer);
  tokenKid = String(partOf(token, 0).kid);
});

const partOf = (jwt: string, index: 0 | 1): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split(".")[index] ?? "", "base64url").toString());

const path = "/v1/authorities/201";
const proofWith = (token: string) => proofOf(signer, { method: "GET", url: exchange.origin + path, token });

/** A read with this token and a proof for it: where the answer is a refusal, the token is why. */
const readWith = async (token: string): Promise<Answer> =>
  send(exchange.origin + path, { headers: { authorization: `DPoP ${token}`, dpop: await proofWith(token) } });

/** Signed with the exchange's own key for access tokens, so that nothing but the claim or the type is wrong. */
const signed = (claims: Record<string, unknown>, typ = "at+jwt", key = "alias/cme-access-tokens"): Promise<string> =>
  signingKey(kmsClient(), key).sign(typ, { ...partOf(token, 1), jti: randomUUID(), ...claims });

const published = async () => {
  const { keys } = (await send(`${exchange.origin}/.well-known/jwks.json`)).json() as {
    keys: { kid: string; kty: string; crv: string; x: string; y: string }[];
  };
  const jwk = keys.find(({ kid }) => kid === tokenKid);
  expect(jwk).toBeDefined();
  return jwk ?? {};
};

const expectRefused = (answer: Answer, code: string, detail: string) => {
  expect(refusalIn(answer)).toEqual({
    status: 401,
    code,
    detail,
    challenge: `DPoP error="invalid_token", error_description="${detail}", algs="ES256 PS256 EdDSA"`,
  });
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.headers["cache-control"]).toBe("no-store");
};

describe("how the token is presented:", () => {
  const withAuthorization = async (authorization: string | string[]) =>
    send(exchange.origin + path, {
      headers: { Authorization: authorization, dpop: await proofWith(token) },
    });

  it.each([
    ["without the header", []],
    ["with an empty header", ""],
  ])("%s, the challenge names no error (RFC 6750 section 3.1)", async (_what, authorization) => {
    expect(refusalIn(await withAuthorization(authorization))).toEqual({
      status: 401,
      code: "token-missing",
      detail: "The request has no Authorization header.",
      challenge: 'DPoP algs="ES256 PS256 EdDSA"',
    });
  });

  it.each([
    ["as Bearer", () => `Bearer ${token}`],
    ["as Basic", () => "Basic Y21lLTIwMTpzZWNyZXQ="],
    ["without a scheme", () => token],
    ["with a scheme and no token", () => "DPoP"],
    ["two in one header", () => `DPoP ${token}, DPoP ${token}`],
    ["with something after it", () => `DPoP ${token} x`],
  ])("%s", async (_what, authorization) => {
    expectRefused(
      await withAuthorization(authorization()),
      "token-scheme",
      "The Authorization header must be DPoP followed by one access token.",
    );
  });

  it("in two headers", async () => {
    const answer = await withAuthorization([`DPoP ${token}`, `DPoP ${token}`]);
    expectRefused(answer, "token-multiple", "The request has more than one Authorization header.");
  });

  it("with the scheme in another case is right (RFC 9110 section 11.1)", async () => {
    expect((await withAuthorization(`dpop ${token}`)).status).toBe(200);
  });
});

describe("a token is refused that is", () => {
  const cases: [what: string, code: string, detail: string, made: () => string | Promise<string>][] = [
    ["no JWT", "token-malformed", "The access token is not a JWT.", () => "not-a-jwt"],
    ["three parts that are no JWT", "token-malformed", "The access token is not a JWT.", () => "a.b.c"],
    [
      "unsigned",
      "token-algorithm",
      "The access token's alg is not ES256.",
      () => handMade({ alg: "none", typ: "at+jwt", kid: tokenKid }, partOf(token, 1), signer.privateKey),
    ],
    [
      "signed with HS256 and the published key as the secret",
      "token-algorithm",
      "The access token's alg is not ES256.",
      async () =>
        handMade({ alg: "HS256", typ: "at+jwt", kid: tokenKid }, partOf(token, 1), publicPem(await published())),
    ],
    [
      "signed with HS256 and the published JWK as the secret",
      "token-algorithm",
      "The access token's alg is not ES256.",
      async () => {
        const secret = Buffer.from(JSON.stringify(await published()));
        return handMade({ alg: "HS256", typ: "at+jwt", kid: tokenKid }, partOf(token, 1), secret);
      },
    ],
    [
      "signed with EdDSA",
      "token-algorithm",
      "The access token's alg is not ES256.",
      async () =>
        handMade(
          { alg: "EdDSA", typ: "at+jwt", kid: tokenKid },
          partOf(token, 1),
          (await newSigner("EdDSA")).privateKey,
        ),
    ],
    [
      "signed by another key under the kid of the right one",
      "token-signature",
      "The access token's signature does not verify.",
      () => handMade({ alg: "ES256", typ: "at+jwt", kid: tokenKid }, partOf(token, 1), signer.privateKey),
    ],
    [
      "signed by another key that the header brings along",
      "token-key",
      "The access token's kid is not one of the published keys.",
      () => handMade({ alg: "ES256", typ: "at+jwt", jwk: signer.publicJwk }, partOf(token, 1), signer.privateKey),
    ],
    [
      "signed by an unknown key",
      "token-key",
      "The access token's kid is not one of the published keys.",
      () => handMade({ alg: "ES256", typ: "at+jwt", kid: signer.kid }, partOf(token, 1), signer.privateKey),
    ],
    [
      "signed by the exchange's key for evidence",
      "token-key",
      "The access token's kid is not one of the published keys.",
      () => signed({}, "at+jwt", "alias/cme-evidence"),
    ],
    [
      "changed to another authority's after it was signed",
      "token-signature",
      "The access token's signature does not verify.",
      () => tampered(token, { authority: "330" }),
    ],
    [
      "stripped of its signature",
      "token-signature",
      "The access token's signature does not verify.",
      () => token.replace(/[^.]+$/, ""),
    ],
    ["of typ JWT", "token-type", "The access token's typ is not at+jwt.", () => signed({}, "JWT")],
    [
      "of the typ of a receipt",
      "token-type",
      "The access token's typ is not at+jwt.",
      () => signed({}, "cme-receipt+jwt"),
    ],
    [
      "of no typ",
      "token-type",
      "The access token's typ is not at+jwt.",
      () => handMade({ alg: "ES256", kid: tokenKid }, partOf(token, 1), signer.privateKey),
    ],
    [
      "of a typ that is no text",
      "token-type",
      "The access token's typ is not at+jwt.",
      () => `${Buffer.from('{"alg":"ES256","typ":7}').toString("base64url")}.e30.AA`,
    ],
    [
      "a proof",
      "token-type",
      "The access token's typ is not at+jwt.",
      () => proofOf(signer, { method: "GET", url: exchange.origin + path }),
    ],
    [
      "from another issuer",
      "token-issuer",
      "The access token's iss is not this exchange.",
      () => signed({ iss: "https://exchange.example" }),
    ],
    [
      "from this exchange under its other address",
      "token-issuer",
      "The access token's iss is not this exchange.",
      () => signed({ iss: exchange.origin.replace("127.0.0.1", "localhost") }),
    ],
    [
      "for another API",
      "token-audience",
      "The access token's aud is not this API.",
      () => signed({ aud: "https://exchange.example/v1" }),
    ],
    [
      "for the token endpoint's address",
      "token-audience",
      "The access token's aud is not this API.",
      () => signed({ aud: exchange.origin }),
    ],
    ["expired this second", "token-expired", "The access token has expired.", () => signed({ exp: now })],
    [
      "expired long since",
      "token-expired",
      "The access token has expired.",
      () => signed({ iat: now - 1200, exp: now - 600 }),
    ],
    [
      "from 11 s ahead",
      "token-not-yet-valid",
      "The access token's iat is in the future.",
      () => signed({ iat: now + 11 }),
    ],
  ];
  it.each(cases)("%s (%s)", async (_what, code, detail, made) => {
    expectRefused(await readWith(await made()), code, detail);
  });

  it.each(["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope", "authority", "cnf"])(
    "without the claim %s",
    async (claim) => {
      expectRefused(
        await readWith(await signed({ [claim]: undefined })),
        "token-claims",
        "The access token lacks a claim that it must have.",
      );
    },
  );

  it("bound to no key by an empty cnf", async () => {
    expectRefused(
      await readWith(await signed({ cnf: {} })),
      "token-claims",
      "The access token lacks a claim that it must have.",
    );
  });

  it("a receipt", async () => {
    const { id } = await submit(await exchange.client("201"));
    const recipient = await exchange.client("330");
    const received = await recipient.post(`/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    const { receipt } = received.json() as { receipt: string };
    expectRefused(await readWith(receipt), "token-type", "The access token's typ is not at+jwt.");
  });
});

describe("a token is accepted", () => {
  it("as the exchange made it", async () => {
    expect((await readWith(token)).status).toBe(200);
  });

  it("signed as these tests sign those with one wrong claim", async () => {
    expect((await readWith(await signed({}))).status).toBe(200);
  });

  it("in its last second", async () => {
    expect((await readWith(await signed({ exp: now + 1 }))).status).toBe(200);
  });

  it("from 10 s ahead", async () => {
    expect((await readWith(await signed({ iat: now + 10 }))).status).toBe(200);
  });

  it("for ten minutes, and no longer", async () => {
    try {
      vi.setSystemTime((now + 599) * 1000);
      expect((await readWith(token)).status).toBe(200);
      vi.setSystemTime((now + 600) * 1000);
      expectRefused(await readWith(token), "token-expired", "The access token has expired.");
    } finally {
      vi.setSystemTime(now * 1000);
    }
  });
});

describe("identity comes from the token alone:", () => {
  it("headers name nobody", async () => {
    const url = `${exchange.origin}/v1/referrals`;
    const { id } = await submit(await exchange.client("330"), { recipient: "202" });
    const proof = await proofOf(signer, { method: "GET", url: `${url}/${id}`, token });
    const answer = await send(`${url}/${id}`, {
      headers: {
        authorization: `DPoP ${token}`,
        dpop: proof,
        "x-client-id": "cme-330",
        "x-authority": "330",
        "x-amzn-oidc-identity": "cme-330",
      },
    });
    expect(answer.status).toBe(404);
  });

  it.each([
    ["330", 200],
    ["202", 200],
    ["203", 404],
  ])("a referral of 330 to 202, read with a token of %s, is answered %i", async (authority, status) => {
    const { id } = await submit(await exchange.client("330"), { recipient: "202" });
    const url = `${exchange.origin}/v1/referrals/${id}`;
    const made = await signed({ authority });
    const headers = { authorization: `DPoP ${made}`, dpop: await proofOf(signer, { method: "GET", url, token: made }) };
    expect((await send(url, { headers })).status).toBe(status);
  });
});

it("logs no token", () => {
  const lines = exchange.logLines.join("");
  expect(lines).toContain("token-signature");
  expect(lines).not.toContain("eyJ");
});

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clientFile } from "../../infra/local/client.ts";
import type { ClientFile } from "../../infra/local/seed-clients.ts";
import { useExchange } from "../builders/exchange.ts";
import {
  type Answer,
  askForToken,
  type Changes,
  countByStatus,
  newSigner,
  proofOf,
  publicPem,
  refusalIn,
  type Signer,
  send,
  tampered,
  tokenFor,
} from "../builders/oauth.ts";
import { exampleReferral } from "../builders/referral.ts";

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
let stranger: Signer;
let token: string;
beforeAll(async () => {
  london = await clientFile(exchange.clients, "201");
  signer = await newSigner();
  stranger = await newSigner();
  token = await tokenFor(london, signer);
});

/** The address in a proof that is right, and how it can be wrong. */
type Address = { origin: string; path: string; method: string };
type MakeChanges = (address: Address) => Changes | Promise<Changes>;

const wrong: [check: string, code: string, description: string, changes: MakeChanges][] = [
  ["typ JWT", "dpop-type", "The proof's typ is not dpop+jwt.", () => ({ header: { typ: "JWT" } })],
  ["no typ", "dpop-type", "The proof's typ is not dpop+jwt.", () => ({ header: { typ: undefined } })],
  [
    "typ that of an access token",
    "dpop-type",
    "The proof's typ is not dpop+jwt.",
    () => ({ header: { typ: "at+jwt" } }),
  ],
  ["alg none", "dpop-algorithm", "The proof's alg is not ES256, PS256 or EdDSA.", () => ({ header: { alg: "none" } })],
  [
    "alg HS256 with the public key as the secret",
    "dpop-algorithm",
    "The proof's alg is not ES256, PS256 or EdDSA.",
    () => ({ header: { alg: "HS256" }, key: publicPem(signer.publicJwk) }),
  ],
  [
    "alg RS256",
    "dpop-algorithm",
    "The proof's alg is not ES256, PS256 or EdDSA.",
    async () => {
      const rsa = await newSigner("RS256");
      return { header: { alg: "RS256", jwk: rsa.publicJwk }, key: rsa.privateKey };
    },
  ],
  ["no jwk", "dpop-key", "The proof's header has no public key (jwk).", () => ({ header: { jwk: undefined } })],
  [
    "a jwk that is no object",
    "dpop-key",
    "The proof's header has no public key (jwk).",
    () => ({ header: { jwk: "key" } }),
  ],
  [
    "a jwk of another kind than alg",
    "dpop-key",
    "The proof's jwk is not a public key for its alg.",
    async () => ({ header: { jwk: (await newSigner("PS256")).publicJwk } }),
  ],
  [
    "a jwk that is not on its curve",
    "dpop-key",
    "The proof's jwk is not a public key for its alg.",
    () => ({ header: { jwk: { ...signer.publicJwk, y: signer.publicJwk.x } } }),
  ],
  [
    "a private jwk",
    "dpop-private-key",
    "The proof's jwk holds a private or symmetric key.",
    () => ({ header: { jwk: { ...signer.publicJwk, d: "A".repeat(43) } } }),
  ],
  [
    "a symmetric jwk",
    "dpop-private-key",
    "The proof's jwk holds a private or symmetric key.",
    () => ({ header: { jwk: { kty: "oct", k: "A".repeat(43) } } }),
  ],
  [
    "the jwk of another key",
    "dpop-signature",
    "The proof's signature does not verify with its jwk.",
    () => ({ key: stranger.privateKey }),
  ],
  [
    "another method",
    "dpop-method",
    "The proof's htm is not this request's method.",
    ({ method }) => ({ claims: { htm: method === "GET" ? "POST" : "GET" } }),
  ],
  [
    "the method in lower case",
    "dpop-method",
    "The proof's htm is not this request's method.",
    ({ method }) => ({ claims: { htm: method.toLowerCase() } }),
  ],
  [
    "another host",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ path }) => ({ claims: { htu: `https://exchange.example${path}` } }),
  ],
  [
    "a host that begins with this one",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ origin, path }) => ({ claims: { htu: `${origin.replace("127.0.0.1", "127.0.0.1.example")}${path}` } }),
  ],
  [
    "another port",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ path }) => ({ claims: { htu: `http://127.0.0.1:1${path}` } }),
  ],
  [
    "no port",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ path }) => ({ claims: { htu: `http://127.0.0.1${path}` } }),
  ],
  [
    "another scheme",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ origin, path }) => ({ claims: { htu: `${origin.replace("http:", "https:")}${path}` } }),
  ],
  [
    "another path",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ origin }) => ({ claims: { htu: `${origin}/v1/referrals` } }),
  ],
  [
    "a path that goes on",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ origin, path }) => ({ claims: { htu: `${origin}${path}/` } }),
  ],
  [
    "user information",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ origin, path }) => ({ claims: { htu: `${origin.replace("//", "//user@")}${path}` } }),
  ],
  [
    "an htu without a host",
    "dpop-uri",
    "The proof's htu is not this request's address.",
    ({ path }) => ({ claims: { htu: path } }),
  ],
  [
    "iat 71 s ago",
    "dpop-too-old",
    "The proof's iat is more than 60 seconds ago.",
    () => ({ claims: { iat: now - 71 } }),
  ],
  [
    "iat 11 s ahead",
    "dpop-from-the-future",
    "The proof's iat is more than 10 seconds ahead.",
    () => ({ claims: { iat: now + 11 } }),
  ],
  [
    "iat 60 s ahead",
    "dpop-from-the-future",
    "The proof's iat is more than 10 seconds ahead.",
    () => ({ claims: { iat: now + 60 } }),
  ],
  ...(
    [
      ["no htm", { htm: undefined }],
      ["no htu", { htu: undefined }],
      ["no iat", { iat: undefined }],
      ["iat no number", { iat: String(now) }],
      ["no jti", { jti: undefined }],
      ["jti empty", { jti: "" }],
      ["jti no text", { jti: 7 }],
      ["jti of 257 characters", { jti: "j".repeat(257) }],
    ] as const
  ).map(([check, claims]): (typeof wrong)[number] => [
    check,
    "dpop-claims",
    "The proof must have the claims jti (at most 256 characters), htm, htu and iat.",
    () => ({ claims }),
  ]),
];

/** Right in ways that a stricter reader would refuse. */
const right: [what: string, changes: MakeChanges][] = [
  ["iat 60 s ago", () => ({ claims: { iat: now - 60 } })],
  ["iat 70 s ago, by a clock 10 s slow", () => ({ claims: { iat: now - 70 } })],
  ["iat 10 s ahead", () => ({ claims: { iat: now + 10 } })],
  ["a jti of 256 characters", () => ({ claims: { jti: randomUUID().padEnd(256, "j") } })],
  [
    "an htu with query and fragment (RFC 9449 section 4.3)",
    ({ origin, path }) => ({ claims: { htu: `${origin}${path}?limit=2#there` } }),
  ],
  [
    "an htu not normalised (RFC 3986 section 6.2.2)",
    ({ origin, path }) => ({ claims: { htu: `${origin.replace("http:", "HTTP:")}/there/..${path}` } }),
  ],
  [
    "the exchange's other public address",
    ({ origin, path }) => ({ claims: { htu: `${origin.replace("127.0.0.1", "localhost")}${path}` } }),
  ],
];

const expectRefusedToken = (answer: Answer, error_description: string) => {
  expect(answer.json()).toEqual({ error: "invalid_dpop_proof", error_description });
  expect(answer.status).toBe(400);
};

const expectRefusedCall = (answer: Answer, code: string, detail: string) =>
  expect(refusalIn(answer)).toEqual({
    status: 401,
    code,
    detail,
    challenge: `DPoP error="invalid_dpop_proof", error_description="${detail}", algs="ES256 PS256 EdDSA"`,
  });

describe("at the token endpoint", () => {
  const address = (): Address => ({ origin: exchange.origin, path: "/oauth2/token", method: "POST" });
  const proof = async (changes?: Changes) =>
    proofOf(signer, { method: "POST", url: `${exchange.origin}/oauth2/token` }, changes);

  it.each(wrong)("refuses a proof with %s (%s)", async (_check, _code, description, changes) => {
    expectRefusedToken(await askForToken(london, signer, { proof: await changes(address()) }), description);
  });

  it.each(right)("accepts a proof with %s", async (_what, changes) => {
    const answer = await askForToken(london, signer, { proof: await changes(address()) });
    expect(answer.status, answer.text).toBe(200);
  });

  it("refuses a request without a proof", async () => {
    const answer = await askForToken(london, signer, { headers: { dpop: [] } });
    expectRefusedToken(answer, "The request has no DPoP header.");
  });

  it("refuses an empty proof", async () => {
    expectRefusedToken(await askForToken(london, signer, { proof: "" }), "The request has no DPoP header.");
  });

  it("refuses two proofs in two headers", async () => {
    const answer = await askForToken(london, signer, { headers: { dpop: [await proof(), await proof()] } });
    expectRefusedToken(answer, "The request has more than one DPoP header.");
  });

  it("refuses two proofs in one header", async () => {
    const answer = await askForToken(london, signer, { proof: `${await proof()}, ${await proof()}` });
    expectRefusedToken(answer, "The request has more than one DPoP header.");
  });

  it.each(["not-a-jwt", "a.b.c"])("refuses what is no JWT: %s", async (text) => {
    expectRefusedToken(await askForToken(london, signer, { proof: text }), "The proof is not a JWT.");
  });

  it("refuses a proof changed after it was signed", async () => {
    const answer = await askForToken(london, signer, { proof: tampered(await proof(), { jti: "another" }) });
    expectRefusedToken(answer, "The proof's signature does not verify with its jwk.");
  });

  it("refuses a proof that was used before", async () => {
    const once = await proof();
    expect((await askForToken(london, signer, { proof: once })).status).toBe(200);
    expectRefusedToken(await askForToken(london, signer, { proof: once }), "The proof's jti was used before.");
  });

  it("refuses another proof with a jti that its key has used before", async () => {
    expect((await askForToken(london, signer, { proof: { claims: { jti: "borne-twice" } } })).status).toBe(200);
    const again = await askForToken(london, signer, { proof: { claims: { jti: "borne-twice", iat: now - 1 } } });
    expectRefusedToken(again, "The proof's jti was used before.");
  });

  it("accepts a jti that another key has used", async () => {
    const proofWith = { proof: { claims: { jti: "of-two-keys" } } };
    expect((await askForToken(london, signer, proofWith)).status).toBe(200);
    expect((await askForToken(london, stranger, proofWith)).status).toBe(200);
  });

  it("accepts one of ten requests that bear the same proof at once", async () => {
    const shared = await proof();
    const answers = await Promise.all(Array.from({ length: 10 }, () => askForToken(london, signer, { proof: shared })));
    expect(countByStatus(answers)).toEqual({ 200: 1, 400: 9 });
    for (const answer of answers.filter(({ status }) => status === 400)) {
      expectRefusedToken(answer, "The proof's jti was used before.");
    }
  });
});

type Sending = {
  path?: string;
  method?: string;
  proof?: Changes | string;
  headers?: Record<string, string | string[]>;
};

/** A call with London's token; `path` may have a query, the proof's `htu` has none unless changed. */
const call = async (
  { path = "/v1/authorities/201", method = "GET", proof = {}, headers = {} }: Sending = {},
  body?: unknown,
): Promise<Answer> =>
  send(exchange.origin + path, {
    method,
    headers: {
      authorization: `DPoP ${token}`,
      dpop: typeof proof === "string" ? proof : await proofFor(method, path, proof),
      ...(method === "POST" && { "content-type": "application/json", "idempotency-key": randomUUID() }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const proofFor = (method: string, path: string, changes?: Changes) =>
  proofOf(signer, { method, url: exchange.origin + path.replace(/\?.*/, ""), token }, changes);
const submit = (sending: Sending = {}, body: unknown = exampleReferral()) =>
  call({ path: "/v1/referrals", method: "POST", ...sending }, body);

describe("at a read", () => {
  const address = (): Address => ({ origin: exchange.origin, path: "/v1/authorities/201", method: "GET" });

  it.each(wrong)("refuses a proof with %s as %s", async (_check, code, description, changes) => {
    expectRefusedCall(await call({ proof: await changes(address()) }), code, description);
  });

  it.each(right)("accepts a proof with %s", async (_what, changes) => {
    const answer = await call({ proof: await changes(address()) });
    expect(answer.status, answer.text).toBe(200);
  });

  it("refuses a request without a proof", async () => {
    expectRefusedCall(await call({ headers: { dpop: [] } }), "dpop-missing", "The request has no DPoP header.");
  });

  it("refuses two proofs in two headers", async () => {
    const two = [await proofFor("GET", "/v1/authorities/201"), await proofFor("GET", "/v1/authorities/201")];
    const answer = await call({ headers: { dpop: two } });
    expectRefusedCall(answer, "dpop-multiple", "The request has more than one DPoP header.");
  });

  it("refuses two proofs in one header", async () => {
    const proof = `${await proofFor("GET", "/v1/authorities/201")},${await proofFor("GET", "/v1/authorities/201")}`;
    expectRefusedCall(await call({ proof }), "dpop-multiple", "The request has more than one DPoP header.");
  });

  it("refuses what is no JWT", async () => {
    expectRefusedCall(await call({ proof: "not-a-jwt" }), "dpop-malformed", "The proof is not a JWT.");
  });

  it("refuses a proof changed after it was signed", async () => {
    const proof = tampered(await proofFor("GET", "/v1/authorities/201"), { jti: "another" });
    expectRefusedCall(await call({ proof }), "dpop-signature", "The proof's signature does not verify with its jwk.");
  });

  it("refuses a proof without the token's hash", async () => {
    const answer = await call({ proof: { claims: { ath: undefined } } });
    expectRefusedCall(answer, "dpop-token-hash", "The proof's ath is not the hash of the access token.");
  });

  it("refuses a proof made for another token of the same client", async () => {
    const other = await tokenFor(london, signer);
    const proof = await proofOf(signer, { method: "GET", url: `${exchange.origin}/v1/authorities/201`, token: other });
    expectRefusedCall(await call({ proof }), "dpop-token-hash", "The proof's ath is not the hash of the access token.");
  });

  it("refuses a right proof by a key that the token is not bound to", async () => {
    const proof = await proofOf(stranger, { method: "GET", url: `${exchange.origin}/v1/authorities/201`, token });
    expectRefusedCall(
      await call({ proof }),
      "dpop-key-binding",
      "The proof's key is not the one the access token is bound to.",
    );
  });

  it.each(["PS256", "EdDSA"])("accepts proofs signed with %s", async (alg) => {
    const key = await newSigner(alg);
    const bound = await tokenFor(london, key);
    const proof = await proofOf(key, { method: "GET", url: `${exchange.origin}/v1/authorities/201`, token: bound });
    const answer = await call({ proof, headers: { authorization: `DPoP ${bound}` } });
    expect(answer.status, answer.text).toBe(200);
  });

  it("leaves the query out of the address", async () => {
    const answer = await call({ path: "/v1/authorities?limit=1&q=Camden" });
    expect(answer.status, answer.text).toBe(200);
  });
});

describe("the Host header and its kin decide nothing:", () => {
  it.each(["host", "x-forwarded-host"])("an htu that agrees with a forged %s is refused", async (name) => {
    const proof = { claims: { htu: "http://evil.example/v1/authorities/201" } };
    const answer = await call({ proof, headers: { [name]: "evil.example" } });
    expectRefusedCall(answer, "dpop-uri", "The proof's htu is not this request's address.");
  });

  it("an htu that agrees with a forged forwarded scheme is refused", async () => {
    const htu = `${exchange.origin.replace("http:", "https:")}/v1/authorities/201`;
    const answer = await call({ proof: { claims: { htu } }, headers: { "x-forwarded-proto": "https" } });
    expectRefusedCall(answer, "dpop-uri", "The proof's htu is not this request's address.");
  });

  it.each(["evil.example", "localhost"])("the public address is accepted under Host: %s", async (host) => {
    expect((await call({ headers: { host } })).status).toBe(200);
  });

  it("the public address localhost is accepted under Host: localhost", async () => {
    const { port } = new URL(exchange.origin);
    const proof = { claims: { htu: `http://localhost:${port}/v1/authorities/201` } };
    expect((await call({ proof, headers: { host: `localhost:${port}` } })).status).toBe(200);
  });
});

describe("a proof serves once", () => {
  const replayed = (answer: Answer) => expectRefusedCall(answer, "dpop-replayed", "The proof's jti was used before.");
  const list = "/v1/referrals?box=outbox";

  it("at a read", async () => {
    const proof = await proofFor("GET", list);
    expect((await call({ path: list, proof })).status).toBe(200);
    replayed(await call({ path: list, proof }));
  });

  it("at a read, whatever the query", async () => {
    const proof = await proofFor("GET", list);
    expect((await call({ path: list, proof })).status).toBe(200);
    replayed(await call({ path: "/v1/referrals?box=inbox", proof }));
  });

  it("at ten reads at once", async () => {
    const proof = await proofFor("GET", list);
    const answers = await Promise.all(Array.from({ length: 10 }, () => call({ path: list, proof })));
    expect(countByStatus(answers)).toEqual({ 200: 1, 401: 9 });
    answers.filter(({ status }) => status === 401).forEach(replayed);
  });

  it("at ten readings of a child's record at once, and one reading is recorded", async () => {
    const { id } = (await submit()).json();
    const path = `/v1/referrals/${id}/child`;
    const proof = await proofFor("GET", path);
    const answers = await Promise.all(Array.from({ length: 10 }, () => call({ path, proof })));
    expect(countByStatus(answers)).toEqual({ 200: 1, 401: 9 });
    answers.filter(({ status }) => status === 401).forEach(replayed);
    const { items } = (await call({ path: `/v1/referrals/${id}/events` })).json() as { items: { type: string }[] };
    expect(items.map(({ type }) => type)).toEqual(["referral.submitted", "referral.child-read"]);
  });

  it("at a submission, under whatever Idempotency-Key", async () => {
    const proof = await proofFor("POST", "/v1/referrals");
    expect((await submit({ proof })).status).toBe(201);
    replayed(await submit({ proof }));
  });

  it("at a submission repeated under its Idempotency-Key", async () => {
    const proof = await proofFor("POST", "/v1/referrals");
    const headers = { "idempotency-key": randomUUID() };
    const first = await submit({ proof, headers });
    expect(first.status).toBe(201);
    replayed(await submit({ proof, headers }));
    const repeated = await submit({ headers });
    expect(repeated.status).toBe(201);
    expect(repeated.json().id).toBe(first.json().id);
  });

  it("at ten submissions at once, and one referral is made", async () => {
    const before = await sent();
    const proof = await proofFor("POST", "/v1/referrals");
    const answers = await Promise.all(Array.from({ length: 10 }, () => submit({ proof })));
    expect(countByStatus(answers)).toEqual({ 201: 1, 401: 9 });
    answers.filter(({ status }) => status === 401).forEach(replayed);
    expect(await sent()).toBe(before + 1);
  });

  const sent = async () => {
    const { items } = (await call({ path: "/v1/referrals?box=outbox&limit=100" })).json() as { items: unknown[] };
    return items.length;
  };
});

describe("a proof that was verified is spent although its request was refused", () => {
  const path = "/v1/referrals";
  const missing = "/v1/referrals/0190a0b0-0000-7000-8000-000000000000/return";
  const refused: [why: string, status: number, code: string, sending: Sending, body: unknown][] = [
    ["422", 422, "validation-failed", { path }, {}],
    [
      "422, decided against what is stored",
      422,
      "validation-failed",
      { path },
      { ...exampleReferral(), recipient: "201" },
    ],
    [
      "400 for want of an Idempotency-Key",
      400,
      "idempotency-key-missing",
      { path, headers: { "idempotency-key": [] } },
      {},
    ],
    ["415", 415, "media-type-unsupported", { path, headers: { "content-type": "text/plain" } }, {}],
    ["404", 404, "not-found", { path: missing }, { reason: "duplicate" }],
  ];

  it.each(refused)("with %s", async (_why, status, code, sending, body) => {
    const proof = await proofFor("POST", sending.path ?? path);
    const first = await call({ method: "POST", ...sending, proof }, body);
    expect(first.status, first.text).toBe(status);
    expect(first.json().code).toBe(code);
    const second = await call({ method: "POST", path: sending.path ?? path, proof }, exampleReferral());
    expectRefusedCall(second, "dpop-replayed", "The proof's jti was used before.");
  });

  it("with 403 for want of a scope", async () => {
    const narrow = await tokenFor(london, signer, "enquiries");
    const headers = { authorization: `DPoP ${narrow}` };
    const proof = await proofOf(signer, { method: "POST", url: exchange.origin + path, token: narrow });
    const first = await submit({ proof, headers });
    expect(first.status).toBe(403);
    expect(first.json().code).toBe("scope-missing");
    expect(first.headers["www-authenticate"]).toBe('DPoP error="insufficient_scope", scope="referrals"');
    expectRefusedCall(await submit({ proof, headers }), "dpop-replayed", "The proof's jti was used before.");
  });

  it("with 409", async () => {
    const { id } = (await submit()).json();
    const removal = `/v1/referrals/${id}/removal`;
    const proof = await proofFor("POST", removal);
    const first = await call({ path: removal, method: "POST", proof }, { removedBy: "201-lead" });
    expect(first.status).toBe(409);
    expect(first.json().code).toBe("removal-not-permitted");
    const second = await call({ path: removal, method: "POST", proof }, { removedBy: "201-lead" });
    expectRefusedCall(second, "dpop-replayed", "The proof's jti was used before.");
  });

  it("and of ten such requests at once, one hears why", async () => {
    const proof = await proofFor("POST", path);
    const answers = await Promise.all(Array.from({ length: 10 }, () => submit({ proof }, {})));
    expect(countByStatus(answers)).toEqual({ 401: 9, 422: 1 });
  });
});

describe("a proof that was not verified spends nothing:", () => {
  it.each([
    ["for another method", { htm: "GET" }],
    ["for another address", { htu: "https://exchange.example/v1/referrals" }],
    ["too old", { iat: now - 71 }],
    ["for another token", { ath: "A".repeat(43) }],
  ])("%s", async (_why, claims) => {
    const jti = randomUUID();
    expect((await submit({ proof: { claims: { jti, ...claims } } })).status).toBe(401);
    expect((await submit({ proof: { claims: { jti } } })).status).toBe(201);
  });

  it("signed by another key", async () => {
    const jti = randomUUID();
    expect((await submit({ proof: { claims: { jti }, key: stranger.privateKey } })).status).toBe(401);
    expect((await submit({ proof: { claims: { jti } } })).status).toBe(201);
  });

  it("made by a key that the token is not bound to", async () => {
    const jti = randomUUID();
    const url = `${exchange.origin}/v1/referrals`;
    const proof = await proofOf(stranger, { method: "POST", url, token }, { claims: { jti } });
    expect((await submit({ proof })).status).toBe(401);
    expect((await submit({ proof: { claims: { jti } } })).status).toBe(201);
  });

  it("with a token that is not accepted", async () => {
    const proof = await proofFor("POST", "/v1/referrals");
    expect((await submit({ proof, headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    expect((await submit({ proof })).status).toBe(201);
  });
});

it("logs neither a proof nor a token", () => {
  const lines = exchange.logLines.join("");
  expect(lines).toContain("dpop-replayed");
  expect(lines).not.toContain("eyJ");
});

import { createHash, createPublicKey, randomUUID } from "node:crypto";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { ClientFile } from "../../infra/local/seed-clients.ts";

/** What signs: a private key, or the bytes of an HMAC secret. */
export type SigningKey = CryptoKey | Uint8Array;

/** A key pair of one algorithm. */
export type Signer = { alg: string; kid: string; privateKey: CryptoKey; publicJwk: JWK };

/** What is to be other than in a right JWT; a member that is `undefined` is left out. */
export type Changes = {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  key?: SigningKey;
};

export type Answer = {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  text: string;
  json: () => Record<string, unknown>;
};

export const newSigner = async (alg = "ES256"): Promise<Signer> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid: randomUUID(), privateKey, publicJwk: await exportJWK(publicKey) };
};

/** A public key as text: what a verifier that lets the token choose the algorithm would take for an HMAC secret. */
export const publicPem = ({ kty, crv, x, y }: JWK): Uint8Array =>
  Buffer.from(
    createPublicKey({ key: { kty, crv, x, y } as JWK, format: "jwk" }).export({ type: "spki", format: "pem" }),
  );

/** The second it is: under a fake clock, the fake one. */
export const nowInSeconds = (): number => Math.floor(Date.now() / 1000);

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A compact JWS with any header and any claims; with `alg` none it has no signature. */
export const handMade = async (
  header: Record<string, unknown>,
  claims: Record<string, unknown>,
  key: SigningKey,
): Promise<string> => {
  if (header.alg === "none") return `${encoded(header)}.${encoded(claims)}.`;
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ ...header, alg: String(header.alg) })
    .sign(key);
};

/** The JWT with other claims under the signature that it had. */
export const tampered = (jwt: string, claims: Record<string, unknown>): string => {
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const signed = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  return `${header}.${encoded({ ...signed, ...claims })}.${signature}`;
};

/** A client's assertion (RFC 7523), right but for the changes. */
export const assertionOf = async (file: ClientFile, { header, claims, key }: Changes = {}): Promise<string> =>
  handMade(
    { alg: "ES256", kid: file.key.kid, ...header },
    {
      iss: file.clientId,
      sub: file.clientId,
      aud: file.issuer,
      iat: nowInSeconds(),
      exp: nowInSeconds() + 60,
      jti: randomUUID(),
      ...claims,
    },
    key ?? (await importJWK(file.key, "ES256")),
  );

/** A proof of possession (RFC 9449 section 4.2), right but for the changes. */
export const proofOf = (
  signer: Signer,
  { method, url, token }: { method: string; url: string; token?: string },
  { header, claims, key }: Changes = {},
): Promise<string> =>
  handMade(
    { typ: "dpop+jwt", alg: signer.alg, jwk: signer.publicJwk, ...header },
    {
      htm: method,
      htu: url,
      iat: nowInSeconds(),
      jti: randomUUID(),
      ...(token !== undefined && { ath: createHash("sha256").update(token).digest("base64url") }),
      ...claims,
    },
    key ?? signer.privateKey,
  );

/** A request with exactly these headers; a header with several values is sent as often. */
export const send = (
  url: string,
  { method = "GET", headers = {}, body }: { method?: string; headers?: OutgoingHttpHeaders; body?: string } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });

export type TokenRequest = {
  assertion?: Changes | string;
  proof?: Changes | string;
  /** Form parameters added, replaced, or left out where `undefined`. */
  form?: Record<string, string | undefined>;
  headers?: OutgoingHttpHeaders;
};

/** Asks for a token: right but for the changes. */
export const askForToken = async (
  file: ClientFile,
  signer: Signer,
  { assertion = {}, proof = {}, form = {}, headers = {} }: TokenRequest = {},
): Promise<Answer> => {
  const url = `${file.issuer}/oauth2/token`;
  const parameters = {
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: typeof assertion === "string" ? assertion : await assertionOf(file, assertion),
    ...form,
  };
  const given = Object.entries(parameters).filter((each): each is [string, string] => each[1] !== undefined);
  return send(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      dpop: typeof proof === "string" ? proof : await proofOf(signer, { method: "POST", url }, proof),
      ...headers,
    },
    body: new URLSearchParams(given).toString(),
  });
};

/** A token for the client, bound to the signer's key. */
export const tokenFor = async (file: ClientFile, signer: Signer, scope?: string): Promise<string> => {
  const answer = await askForToken(file, signer, { form: { scope } });
  if (answer.status !== 200) throw new Error(`No token for ${file.clientId}: ${answer.text}`);
  return String(answer.json().access_token);
};

/** What a refusal for want of access says, to be compared with a literal. */
export const refusalIn = ({ status, headers, text }: Answer) => {
  const { code, detail } = JSON.parse(text) as { code?: unknown; detail?: unknown };
  return { status, code, detail, challenge: headers["www-authenticate"] };
};

/** How many answers had each status, such as `{ 200: 1, 401: 9 }`. */
export const countByStatus = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[String(status)] = (counts[String(status)] ?? 0) + 1;
  return counts;
};

const clientsTable = { TableName: "cme-clients" };
const database = () => DynamoDBDocumentClient.from(new DynamoDBClient());

/** Registers a client of Camden (202) for referrals, with the signers' public keys. */
export const registerClient = async (clientId: string, signers: readonly Signer[]): Promise<void> => {
  const keys = signers.map(({ publicJwk, kid, alg }) => ({ ...publicJwk, kid, alg, use: "sig" }));
  const at = new Date().toISOString();
  const facts = { clientId, authority: "202", name: "A test's client", scopes: ["referrals"], active: true, keys };
  const Item = { ...facts, createdAt: at, updatedAt: at, version: 1, head: { sequence: 0, hash: null } };
  await database().send(new PutCommand({ ...clientsTable, Item }));
};

export const deactivate = async (clientId: string): Promise<void> => {
  await database().send(
    new UpdateCommand({
      ...clientsTable,
      Key: { clientId },
      UpdateExpression: "SET active = :no",
      ExpressionAttributeValues: { ":no": false },
    }),
  );
};

import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import type { ClientFile } from "./seed-clients.ts";

export type Answer = {
  status: number;
  headers: Headers;
  /** The body as it came, and as text without a byte-order mark. */
  bytes: Buffer;
  text: string;
  json: () => unknown;
};

export type Request = {
  body?: unknown;
  /** The Idempotency-Key of an unsafe request; a fresh one unless given. */
  key?: string;
  headers?: Record<string, string>;
};

/** An authority's system, as small as it gets: OAuth client credentials with private_key_jwt, and DPoP. */
export type Client = {
  file: ClientFile;
  /** Makes the token and the proof, so that what is left is the request itself. */
  prepare(method: string, path: string, request: Request): Promise<() => Promise<Answer>>;
  send(method: string, path: string, request: Request): Promise<Answer>;
  get(path: string, request?: Request): Promise<Answer>;
  post(path: string, body: unknown, request?: Request): Promise<Answer>;
  put(path: string, body: unknown, request?: Request): Promise<Answer>;
  delete(path: string, request?: Request): Promise<Answer>;
};

export const clientFile = async (folder: string, owner: string): Promise<ClientFile> =>
  JSON.parse(await readFile(join(folder, `${owner}.json`), "utf8"));

/** The client of an authority (its DfE number) or of `dfe`, from the folder in which the exchange keeps their keys. */
export const connect = async (folder: string, owner: string): Promise<Client> => {
  const file = await clientFile(folder, owner);
  const proofKey = await generateKeyPair("ES256");
  const jwk = await exportJWK(proofKey.publicKey);
  const token = reused(() => fetchToken(file, prove));

  async function prove(method: string, url: string, accessToken?: string): Promise<string> {
    const ath = accessToken && createHash("sha256").update(accessToken).digest("base64url");
    return new SignJWT({ htm: method, htu: url, jti: randomUUID(), ...(ath && { ath }) })
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
      .setIssuedAt()
      .sign(proofKey.privateKey);
  }

  const prepare = async (method: string, path: string, { headers, body, key }: Request) => {
    const url = new URL(path, file.issuer);
    const accessToken = await token();
    const init = {
      method,
      headers: {
        authorization: `DPoP ${accessToken}`,
        dpop: await prove(method, url.origin + url.pathname, accessToken),
        ...(method !== "GET" && { "content-type": "application/json", "idempotency-key": key ?? randomUUID() }),
        ...headers,
      },
      ...(body !== undefined && { body: bodyOf(body) }),
    };
    return async () => answerOf(await fetch(url, init));
  };

  const send = async (method: string, path: string, request: Request): Promise<Answer> =>
    (await prepare(method, path, request))();

  return {
    file,
    prepare,
    send,
    get: (path, request = {}) => send("GET", path, request),
    post: (path, body, request = {}) => send("POST", path, { ...request, body }),
    put: (path, body, request = {}) => send("PUT", path, { ...request, body }),
    delete: (path, request = {}) => send("DELETE", path, request),
  };
};

/** Text and bytes leave as they are, anything else as JSON. */
const bodyOf = (body: unknown): string | Uint8Array<ArrayBuffer> => {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? Uint8Array.from(body) : JSON.stringify(body);
};

const answerOf = async (response: Response): Promise<Answer> => {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return { status: response.status, headers: response.headers, bytes, text, json: () => JSON.parse(text) as unknown };
};

/** Fetches anew a minute before it expires. */
const reused = (fetchNew: () => Promise<{ token: string; expiresIn: number }>): (() => Promise<string>) => {
  let kept: { token: Promise<string>; until: number } | undefined;
  return () => {
    if (!kept || kept.until < Date.now()) {
      const token = fetchNew().then((fresh) => {
        kept = { token: Promise.resolve(fresh.token), until: Date.now() + (fresh.expiresIn - 60) * 1000 };
        return fresh.token;
      });
      kept = { token, until: Date.now() + 30_000 };
      token.catch(() => {
        kept = undefined;
      });
    }
    return kept.token;
  };
};

const fetchToken = async (file: ClientFile, prove: (method: string, url: string) => Promise<string>) => {
  const url = `${file.issuer}/oauth2/token`;
  const assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: "ES256", kid: file.key.kid })
    .setIssuer(file.clientId)
    .setSubject(file.clientId)
    .setAudience(file.issuer)
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(await importJWK(file.key, "ES256"));
  const answer = await answerOf(
    await fetch(url, {
      method: "POST",
      headers: { dpop: await prove("POST", url) },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      }),
    }),
  );
  if (answer.status !== 200) throw new Error(`No token for ${file.clientId}: ${answer.text}`);
  const { access_token, expires_in } = answer.json() as { access_token: string; expires_in: number };
  return { token: access_token, expiresIn: expires_in };
};

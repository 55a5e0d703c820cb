import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { authorityScopes, dfeScopes } from "../../shared/contract/route.ts";
import { type Client, clientFrom, clientPlace } from "../../shared/store/clients.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { putAll } from "./put-all.ts";
import { StartError } from "./start-error.ts";

/** What an authority's system needs to call the exchange. The private keys exist in this file and nowhere else. */
export type ClientFile = {
  clientId: string;
  authority: string;
  issuer: string;
  /** Signs client assertions. */
  key: JWK & { kid: string; alg: string };
  /** Opens records that were asked for with `Accept: application/jose`. */
  encryptionKey: JWK & { kid: string; alg: string };
};

/** An OAuth client for each authority and the DfE: files in `folder`, their public keys registered. */
export const seedClients = async (folder: string, authorities: readonly string[], issuer: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const owners = [...authorities, "dfe"];
  const files = await Promise.all(owners.map((owner) => clientFile(folder, owner, issuer)));
  const registered = await registeredClients(files.map(({ clientId }) => clientId));
  await putAll(
    tableNames("clients").clients,
    files.flatMap((file) => {
      const present = registered.get(file.clientId);
      const keys = [publicPart(file.key, "sig"), publicPart(file.encryptionKey, "enc")];
      if (present && keys.every(({ kid }) => present.keys.some((each) => each.kid === kid))) return [];
      const scopes = file.authority === "dfe" ? dfeScopes : authorityScopes;
      return [{ clientId: file.clientId, authority: file.authority, scopes: [...scopes], active: true, keys }];
    }),
  );
};

/** The owner's file, made if it is not there; its issuer follows the port. */
const clientFile = async (folder: string, owner: string, issuer: string): Promise<ClientFile> => {
  const path = join(folder, `${owner}.json`);
  const present = await readFile(path, "utf8").catch(() => undefined);
  const file = present === undefined ? await newClient(owner, issuer) : { ...parsed(path, present), issuer };
  const text = `${JSON.stringify(file, null, 2)}\n`;
  if (text !== present) {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
  await chmod(path, 0o600);
  return file;
};

/** The cause is not told: it would quote a private key. */
const parsed = (path: string, text: string): ClientFile => {
  try {
    return JSON.parse(text) as ClientFile;
  } catch {
    throw new StartError(`The file ${path} is not a client's: delete it, and the client gets new keys.`);
  }
};

const newClient = async (owner: string, issuer: string): Promise<ClientFile> => ({
  clientId: `cme-${owner}`,
  authority: owner,
  issuer,
  key: await newKey("ES256"),
  encryptionKey: await newKey("ECDH-ES+A256KW"),
});

const newKey = async (alg: string): Promise<ClientFile["key"]> => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, crv: "P-256" });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg };
};

const publicPart = ({ d: _private, ...jwk }: ClientFile["key"], use: "sig" | "enc") => ({ ...jwk, use });

const registeredClients = async (ids: readonly string[]): Promise<Map<string, Client>> => {
  const { clients } = tableNames("clients");
  const found = new Map<string, Client>();
  for (let at = 0; at < ids.length; at += 100) {
    const places = ids.slice(at, at + 100).map((id) => clientPlace(clients, id));
    for (const item of await readAll(dynamoClient(), places)) {
      const client = clientFrom(item);
      if (client) found.set(client.clientId, client);
    }
  }
  return found;
};

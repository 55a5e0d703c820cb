import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { type ClientKey, clientKey } from "../../shared/contract/client.ts";
import { authorityScopes, dfeScopes } from "../../shared/contract/route.ts";
import type { Actor } from "../../shared/domain/event-chain.ts";
import { examineKeys } from "../../shared/keys/client-keys.ts";
import {
  addClient,
  administratorsAfter,
  administratorsFrom,
  administratorsPlace,
  type Client,
  changeClient,
  clientFrom,
  clientPlace,
  isAdministrator,
} from "../../shared/store/clients.ts";
import { commit, dynamoClient, readAll, type Write } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
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

/** As many clients as fit a transaction: each with the link of its chain and its two keys, and the administrators. */
const mostAtOnce = 24;

const actor: Actor = { authority: "dfe", clientId: "seed", contactId: null };

/**
 * An OAuth client for each authority and the DfE: files in `folder`, their public keys registered. A client whose file was
 * lost gets new keys instead of those that nobody has any more; whatever else the DfE has changed about it stays.
 */
export const seedClients = async (
  folder: string,
  authorities: readonly string[],
  issuer: string,
  now: string,
): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const owners = ["dfe", ...authorities];
  const files = await Promise.all(owners.map((owner) => clientFile(folder, owner, issuer)));
  for (let at = 0; at < files.length; at += mostAtOnce) await register(files.slice(at, at + mostAtOnce), now);
};

const register = async (files: readonly ClientFile[], now: string): Promise<void> => {
  const dynamo = dynamoClient();
  const tables = tableNames("clients", "changes");
  const places = files.map(({ clientId }) => clientPlace(tables.clients, clientId));
  const [item, ...items] = await readAll(dynamo, [administratorsPlace(tables.clients), ...places]);
  const seeded = await Promise.all(files.map((file, index) => seed(tables, file, clientFrom(items[index]), now)));
  const administrators = seeded.flatMap(({ after }) =>
    after && isAdministrator(after) ? [administratorsAfter(tables.clients, administratorsFrom(item), after)] : [],
  );
  const writes = [...seeded.flatMap((each) => each.writes), ...administrators];
  if (writes.length === 0) return;
  const { committed } = await commit(dynamo, writes);
  if (!committed) throw new StartError("The clients were changed while they were registered: start again.");
};

const seed = async (
  tables: { clients: string; changes: string },
  { clientId, authority, key, encryptionKey }: ClientFile,
  present: Client | undefined,
  at: string,
): Promise<{ after?: Client; writes: Write[] }> => {
  const keys = [publicKey(key, "ES256"), publicKey(encryptionKey, "ECDH-ES+A256KW")];
  if (present && keys.every(({ kid }) => present.keys.some((each) => each.kid === kid))) return { writes: [] };
  const { thumbprints } = await examineKeys(keys);
  if (present) return changeClient(tables, present, { keys }, thumbprints, { at, actor });
  const facts = { clientId, authority, name: `Made on this machine for ${authority}`, keys };
  const scopes = authority === "dfe" ? [...dfeScopes] : [...authorityScopes];
  return addClient(tables, { ...facts, scopes }, thumbprints, { at, actor });
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

/** @throws StartError when the file's key is not one that it was given here */
const publicKey = ({ kid, kty, crv, x, y }: ClientFile["key"], alg: "ES256" | "ECDH-ES+A256KW"): ClientKey => {
  const use = alg === "ES256" ? "sig" : "enc";
  const key = clientKey.safeParse({ kid, kty, crv, x, y, use, alg });
  if (!key.success)
    throw new StartError("A client's file has a key that is none: delete it, and the client gets new keys.");
  return key.data;
};

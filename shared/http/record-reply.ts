import { CompactEncrypt, importJWK } from "jose";
import type { ClientKey } from "../contract/client.ts";
import { noEncryptionKey } from "../domain/refusals.ts";
import type { Client } from "../store/clients.ts";
import type { Reply } from "./call.ts";

/**
 * How a child's record is answered: as it is, or where `Accept` names application/jose as a JWE to the key that is
 * registered for the client. Ask before the record is opened: where there is no key, nothing is.
 * @param accept the header's value
 * @throws Refusal `no-encryption-key`
 */
export const recordReply = (accept: string, client: Client): ((record: string) => Promise<Reply>) => {
  if (!wantsJose(accept)) {
    return async (text) => ({ status: 200, headers: { "content-type": "application/json" }, text });
  }
  const key = encryptionKey(client);
  return async (record) => ({
    status: 200,
    headers: { "content-type": "application/jose" },
    text: await sealTo(key, record),
  });
};

const wantsJose = (accept: string): boolean =>
  accept.split(",").some((range) => /^\s*application\/jose\s*(;(?!\s*q=0(\.0*)?\s*$)|$)/i.test(range));

const encryptionKey = ({ keys }: Client): ClientKey => {
  const key = keys.find(({ use }) => use === "enc");
  if (!key) throw noEncryptionKey();
  return key;
};

const sealTo = async (key: ClientKey, record: string): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(record))
    .setProtectedHeader({ alg: key.alg, enc: "A256GCM", kid: key.kid, cty: "application/json" })
    .encrypt(await importJWK(key, key.alg));

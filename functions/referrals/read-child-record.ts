import { CompactEncrypt, importJWK } from "jose";
import { readChildRecord as route } from "../../shared/contract/referrals.ts";
import { noEncryptionKey } from "../../shared/domain/refusals.ts";
import type { Reply } from "../../shared/http/call.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type Client, clientFrom, clientPlace } from "../../shared/store/clients.ts";
import { recordPlace } from "../../shared/store/records.ts";
import { type DisclosureDependencies, discloseRecord, disclosureDependencies, openChecked } from "./disclose-record.ts";

const readChildRecord: Operation<typeof route, DisclosureDependencies> = (call, deps) =>
  discloseRecord(
    call,
    deps,
    "record",
    [
      recordPlace(deps.tables.records, { kind: "referral", id: call.params.id }, "record"),
      clientPlace(deps.tables.clients, call.caller.clientId),
    ],
    async (referral, [recordItem, clientItem]): Promise<Reply> => {
      const sealedTo = wantsJose(call.accept) ? encryptionKey(clientFrom(clientItem)) : undefined;
      const record = await openChecked(call, deps, referral, recordItem);
      if (!sealedTo) return { status: 200, headers: { "content-type": "application/json" }, text: record };
      return { status: 200, headers: { "content-type": "application/jose" }, text: await sealTo(sealedTo, record) };
    },
  );

const wantsJose = (accept: string): boolean =>
  accept.split(",").some((range) => /^\s*application\/jose\s*(;(?!\s*q=0(\.0*)?\s*$)|$)/i.test(range));

const encryptionKey = (client: Client | undefined) => {
  const key = client?.keys.find(({ use }) => use === "enc");
  if (!key?.alg) throw noEncryptionKey();
  return { ...key, alg: key.alg };
};

const sealTo = async (key: ReturnType<typeof encryptionKey>, record: string): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(record))
    .setProtectedHeader({ alg: key.alg, enc: "A256GCM", kid: key.kid, cty: "application/json" })
    .encrypt(await importJWK(key, key.alg));

export const handler = serve(route, disclosureDependencies, readChildRecord);

import { CompactEncrypt, importJWK } from "jose";
import type { ClientKey } from "../../shared/contract/client.ts";
import { readChildRecord as route } from "../../shared/contract/referrals.ts";
import { digestOfVersion, recordVersion } from "../../shared/domain/correspondence.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { noEncryptionKey, notFound } from "../../shared/domain/refusals.ts";
import type { Call, Reply } from "../../shared/http/call.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import type { Client } from "../../shared/store/clients.ts";
import { type Place, readAll } from "../../shared/store/dynamo.ts";
import { recordPlace, versionPart } from "../../shared/store/records.ts";
import { type DisclosureDependencies, discloseRecord, disclosureDependencies, openChecked } from "./disclose-record.ts";

const readChildRecord: Operation<typeof route, DisclosureDependencies> = (call, deps) =>
  discloseRecord(
    call,
    deps,
    (referral) => ({
      what: "record",
      ...(referral.corrections.length > 0 && { version: String(wanted(call, referral)) }),
    }),
    [placeOf(call, deps, 1)],
    async (referral, [firstVersion], client): Promise<Reply> => {
      const version = wanted(call, referral);
      if (digestOfVersion(referral, version) === undefined) throw notFound();
      const sealedTo = wantsJose(call.accept) ? encryptionKey(client) : undefined;
      const [item] = version === 1 ? [firstVersion] : await readAll(deps.dynamo, [placeOf(call, deps, version)]);
      const record = await openChecked(call, deps, referral, version, item);
      if (!sealedTo) return { status: 200, headers: { "content-type": "application/json" }, text: record };
      return { status: 200, headers: { "content-type": "application/jose" }, text: await sealTo(sealedTo, record) };
    },
  );

type ReadingCall = Call<typeof route>;

/** The version that is asked for, or the newest. */
const wanted = ({ query }: ReadingCall, referral: Referral): number => query.version ?? recordVersion(referral);

const placeOf = ({ params }: ReadingCall, { tables }: DisclosureDependencies, version: number): Place =>
  recordPlace(tables.records, { kind: "referral", id: params.id }, versionPart(version));

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

export const handler = serve(route, disclosureDependencies, readChildRecord);

import { readChildRecord as route } from "../../shared/contract/referrals.ts";
import { digestOfVersion, recordVersion } from "../../shared/domain/correspondence.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import type { Call } from "../../shared/http/call.ts";
import { recordReply } from "../../shared/http/record-reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
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
    async (referral, [firstVersion], client) => {
      const version = wanted(call, referral);
      if (digestOfVersion(referral, version) === undefined) throw notFound();
      const answer = recordReply(call.accept, client);
      const [item] = version === 1 ? [firstVersion] : await readAll(deps.dynamo, [placeOf(call, deps, version)]);
      return answer(await openChecked(call, deps, referral, version, item));
    },
  );

type ReadingCall = Call<typeof route>;

/** The version that is asked for, or the newest. */
const wanted = ({ query }: ReadingCall, referral: Referral): number => query.version ?? recordVersion(referral);

const placeOf = ({ params }: ReadingCall, { tables }: DisclosureDependencies, version: number): Place =>
  recordPlace(tables.records, { kind: "referral", id: params.id }, versionPart(version));

export const handler = serve(route, disclosureDependencies, readChildRecord);

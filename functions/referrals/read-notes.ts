import { readNotes as route } from "../../shared/contract/referrals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readNoteEnvelopes } from "../../shared/store/records.ts";
import { type DisclosureDependencies, discloseRecord, disclosureDependencies, openPart } from "./disclose-record.ts";

const readNotes: Operation<typeof route, DisclosureDependencies> = (call, deps) =>
  discloseRecord(call, deps, "notes", [], async (referral) => {
    const envelopes = await readNoteEnvelopes(deps.dynamo, deps.tables.records, referral.referralId);
    const items = await Promise.all(
      envelopes.map(async ({ sequence, part, item }) => ({
        sequence,
        note: await openPart(call, deps, referral, part, item),
      })),
    );
    return reply(route, 200, { items });
  });

export const handler = serve(route, disclosureDependencies, readNotes);

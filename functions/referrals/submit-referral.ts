import { environment } from "../../shared/aws/environment.ts";
import { summaryOf } from "../../shared/contract/present.ts";
import { submitReferral as route } from "../../shared/contract/referrals.ts";
import { notYetCommenced } from "../../shared/contract/registered-child.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { dynamoClient, type Item, type Place } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { placesOfReferral, planReferral } from "./plan-referral.ts";
import { placesOfTransfer, planRegisterTransfer } from "./plan-register-transfer.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames(
    "answers",
    "proofs",
    "directory",
    "referrals",
    "entries",
    "events",
    "outbox",
    "records",
    "enquiries",
    "caseEvents",
    "fingerprints",
  ),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
  fingerprintKey: environment("FINGERPRINT_KEY").FINGERPRINT_KEY,
});

type Dependencies = ReturnType<typeof dependencies>;

/**
 * Guidance, "Working with other local authorities": where there is evidence that a child has moved, the named person in
 * the new authority is contacted by a secure method. The child stays on the sender's list.
 */
const submitReferral: Operation<typeof route, Dependencies> = (call, deps) =>
  commitOnce(deps.dynamo, deps.tables, call, placesOf(call, deps), async (items, now) => {
    const { referral, warnings, writes } = await planOf(call, deps, items, now);
    return {
      writes,
      reply: reply(
        route,
        201,
        {
          ...summaryOf(referral, now),
          warnings,
          ...(referral.kind === "register-transfer" && { notYetCommenced }),
        },
        { location: `/v1/referrals/${referral.referralId}` },
      ),
    };
  });

type SubmitCall = Call<typeof route>;

const placesOf = ({ caller, body }: SubmitCall, { tables }: Dependencies): Place[] =>
  body.kind === "register-transfer"
    ? placesOfTransfer(tables, { caller, body })
    : placesOfReferral(tables, { caller, body });

const planOf = ({ caller, body }: SubmitCall, deps: Dependencies, items: readonly (Item | undefined)[], now: string) =>
  body.kind === "register-transfer"
    ? planRegisterTransfer({ caller, body }, deps, items, now)
    : planReferral({ caller, body }, deps, items, now);

export const handler = serve(route, dependencies, submitReferral);

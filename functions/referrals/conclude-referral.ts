import { summaryOf } from "../../shared/contract/present.ts";
import { concludeReferral as route } from "../../shared/contract/referrals.ts";
import { type Closure, release } from "../../shared/domain/entry.ts";
import { advance } from "../../shared/domain/referral.ts";
import { validationFailed } from "../../shared/domain/refusals.ts";
import { startDateFaults } from "../../shared/domain/ways-off.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import {
  actOnReferral,
  type ClosingDependencies,
  closingDependencies,
  factOf,
  noteWrites,
  stepWrites,
} from "./act-on-referral.ts";
import { closeEntry, entriesOf, entryWrites } from "./entries-of-referral.ts";

const concludeReferral: Operation<typeof route, ClosingDependencies> = (call, deps) =>
  actOnReferral(call, deps, "conclude", async (situation) => {
    const { referral, now } = situation;
    const faults = "startDate" in call.body ? startDateFaults(call.body.startDate, now) : [];
    if (faults.length > 0) throw validationFailed(faults);
    const fact = factOf(call, situation, undefined, { outcome: call.body.outcome });
    const step = advance(referral, "conclude", fact, { concludedAt: now });
    const { senderEntry, recipientEntry } = await entriesOf(deps, referral);
    const closed =
      recipientEntry && (await closeEntry(deps, recipientEntry, closureOf(call.body, now), referral, fact));
    return {
      writes: [
        ...stepWrites(deps.tables, step),
        ...entryWrites(deps.tables, senderEntry, release(senderEntry, referral.referralId)),
        ...(closed?.writes ?? []),
        ...(await noteWrites(deps, step, "provision" in call.body ? call.body.provision : undefined)),
      ],
      reply: reply(route, 201, summaryOf(step.after, now)),
    };
  });

/** How the child is now educated. What the provision is, in words, is sealed with the record. */
const closureOf = (body: Call<typeof route>["body"], now: string): Closure =>
  body.outcome === "on-school-register"
    ? { as: body.outcome, at: now, schoolUrn: body.schoolUrn, startDate: body.startDate }
    : { as: body.outcome, at: now };

export const handler = serve(route, closingDependencies, concludeReferral);

import { summaryOf } from "../../shared/contract/present.ts";
import { returnReferral as route } from "../../shared/contract/referrals.ts";
import { advance } from "../../shared/domain/referral.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import {
  type ActionDependencies,
  actionDependencies,
  actOnReferral,
  factOf,
  noteWrites,
  stepWrites,
} from "./act-on-referral.ts";
import { releaseWrites } from "./entries-of-referral.ts";

const returnReferral: Operation<typeof route, ActionDependencies> = (call, deps) =>
  actOnReferral(call, deps, "return", async (situation) => {
    const { referral, now } = situation;
    const { reason, suggestedRecipient, note } = call.body;
    const details = { reason, ...(suggestedRecipient && { suggestedRecipient }) };
    const step = advance(referral, "return", factOf(call, situation, undefined, details));
    return {
      writes: [
        ...stepWrites(deps.tables, step),
        ...(await releaseWrites(deps, referral)),
        ...(await noteWrites(deps, step, note)),
      ],
      reply: reply(route, 201, summaryOf(step.after, now)),
    };
  });

export const handler = serve(route, actionDependencies, returnReferral);

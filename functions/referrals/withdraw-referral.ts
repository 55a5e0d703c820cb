import { summaryOf } from "../../shared/contract/present.ts";
import { withdrawReferral as route } from "../../shared/contract/referrals.ts";
import { release } from "../../shared/domain/entry.ts";
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
import { entriesOf, entryWrites } from "./entries-of-referral.ts";

const withdrawReferral: Operation<typeof route, ActionDependencies> = (call, deps) =>
  actOnReferral(call, deps, "withdraw", async (situation) => {
    const { referral, now } = situation;
    const step = advance(referral, "withdraw", factOf(call, situation));
    const { senderEntry } = await entriesOf(deps, referral);
    return {
      writes: [
        ...stepWrites(deps.tables, step),
        ...entryWrites(deps.tables, senderEntry, release(senderEntry, referral.referralId)),
        ...(await noteWrites(deps, step, call.body.reason)),
      ],
      reply: reply(route, 201, summaryOf(step.after, now)),
    };
  });

export const handler = serve(route, actionDependencies, withdrawReferral);

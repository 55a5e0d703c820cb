import { summaryOf } from "../../shared/contract/present.ts";
import { withdrawReferral as route } from "../../shared/contract/referrals.ts";
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

const withdrawReferral: Operation<typeof route, ActionDependencies> = (call, deps) =>
  actOnReferral(call, deps, "withdraw", async (situation) => {
    const { referral, now } = situation;
    const step = advance(referral, "withdraw", factOf(call, situation));
    return {
      writes: [
        ...stepWrites(deps.tables, step),
        ...(await releaseWrites(deps, referral)),
        ...(await noteWrites(deps, step, call.body.reason)),
      ],
      reply: reply(route, 201, summaryOf(step.after, now)),
    };
  });

export const handler = serve(route, actionDependencies, withdrawReferral);

import { summaryOf } from "../../shared/contract/present.ts";
import { getReferral as route } from "../../shared/contract/referrals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type ReferralDependencies, readableReferral, referralDependencies } from "./readable-referral.ts";

const getReferral: Operation<typeof route, ReferralDependencies> = async (call, deps) =>
  reply(route, 200, summaryOf(await readableReferral(call, deps), call.now));

export const handler = serve(route, referralDependencies, getReferral);

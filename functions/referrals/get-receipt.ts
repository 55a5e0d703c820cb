import { summaryOf } from "../../shared/contract/present.ts";
import { getReceipt as route } from "../../shared/contract/referrals.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { partysReferral, type ReferralDependencies, referralDependencies } from "./readable-referral.ts";

const getReceipt: Operation<typeof route, ReferralDependencies> = async (call, deps) => {
  const referral = await partysReferral(call, deps);
  if (referral.receipt === null) throw notFound();
  return reply(route, 200, { receipt: referral.receipt, referral: summaryOf(referral, call.now) });
};

export const handler = serve(route, referralDependencies, getReceipt);

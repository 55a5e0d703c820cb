import { defaultLimit } from "../../shared/contract/listing.ts";
import { summaryOf } from "../../shared/contract/present.ts";
import { listReferrals as route } from "../../shared/contract/referrals.ts";
import { initialState } from "../../shared/domain/lifecycle.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readBox } from "../../shared/store/referrals.ts";
import { type ReferralDependencies, referralDependencies } from "./readable-referral.ts";

const listReferrals: Operation<typeof route, ReferralDependencies> = async (call, { dynamo, tables }) => {
  const { box, state, overdue, limit = defaultLimit, cursor } = call.query;
  const onlyOverdue = overdue === "true";
  if (onlyOverdue && state !== undefined && state !== initialState) return reply(route, 200, { items: [], next: null });
  const { items, next } = await readBox(dynamo, tables.referrals, call.caller.authority, {
    box,
    state: onlyOverdue ? initialState : state,
    overdue: overdue === undefined ? undefined : onlyOverdue,
    now: call.now,
    limit,
    cursor,
  });
  return reply(route, 200, { items: items.map((referral) => summaryOf(referral, call.now)), next });
};

export const handler = serve(route, referralDependencies, listReferrals);

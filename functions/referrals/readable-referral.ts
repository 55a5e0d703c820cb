import { mayRead, partyOf, type Referral } from "../../shared/domain/referral.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import type { Caller } from "../../shared/http/call.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const referralDependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("referrals") });
export type ReferralDependencies = ReturnType<typeof referralDependencies>;

type ReadingCall = { params: { id: string }; caller: Caller };

/**
 * The referral, for whoever may read it (R5): the parties and the temporary-accommodation authority named on it.
 * @throws Refusal `not-found`, the same whether it is not there or not the caller's to see
 */
export const readableReferral = async (
  { params, caller }: ReadingCall,
  { dynamo, tables }: ReferralDependencies,
): Promise<Referral> => {
  const [item] = await readAll(dynamo, [referralPlace(tables.referrals, params.id)]);
  const referral = referralFrom(item);
  if (!referral || !mayRead(referral, caller.authority)) throw notFound();
  return referral;
};

/** The same for what is the two parties' only. */
export const partysReferral = async (call: ReadingCall, deps: ReferralDependencies): Promise<Referral> => {
  const referral = await readableReferral(call, deps);
  if (!partyOf(referral, call.caller.authority)) throw notFound();
  return referral;
};

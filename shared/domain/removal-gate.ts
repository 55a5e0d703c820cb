import { type Entry, isOnList, wasRemovedUnder } from "./entry.ts";
import { decide, type ReferralState } from "./lifecycle.ts";
import type { Referral } from "./referral.ts";

/** Guidance, "Working with other local authorities". */
const guidance =
  "“The previous local authority should not remove the child’s name from their CME list until the receiving local authority confirms receipt of the referral.” (Statutory guidance, “Working with other local authorities”)";

const shut = {
  "awaiting-receipt": "The receiving authority has not confirmed receipt of the referral.",
  returned: "The receiving authority returned the referral without confirming receipt.",
  withdrawn: "The referral was withdrawn before receipt was confirmed.",
  "not-located": "The receiving authority confirmed receipt and then did not locate the child in its area.",
  "referred-again": "The child has been referred again since, and the newest referral decides.",
  "already-removed": "The child’s name has been removed already under this referral.",
  "entry-closed": "The child’s entry on this list is closed already.",
} as const;

export type RemovalReason = { code: keyof typeof shut; text: string; guidance: string };

const because = (code: keyof typeof shut): RemovalReason => ({ code, text: shut[code], guidance });

/**
 * Why the sender may not take the child off its list now; empty when the gate is open (R1). The receipt that opened it must
 * be that of the entry's newest referral: a child who is referred again has not been received again.
 */
export const reasonsAgainstRemoval = (
  referral: Pick<Referral, "referralId" | "state" | "removedAt">,
  senderEntry: Pick<Entry, "referralId" | "status" | "closure">,
): RemovalReason[] => {
  const fromState = reasonsAgainstRemovalFrom(referral.state);
  if (fromState.length > 0) return fromState;
  if (referral.removedAt !== null || wasRemovedUnder(senderEntry, referral.referralId))
    return [because("already-removed")];
  if (senderEntry.referralId !== referral.referralId) return [because("referred-again")];
  return isOnList(senderEntry) ? [] : [because("entry-closed")];
};

/** What the referral's state alone says against it. */
export const reasonsAgainstRemovalFrom = (state: ReferralState): RemovalReason[] =>
  !decide("remove", "sender", state).permitted && Object.hasOwn(shut, state)
    ? [because(state as keyof typeof shut)]
    : [];

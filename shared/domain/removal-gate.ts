import { decide, type ReferralState } from "./lifecycle.ts";

/** Guidance, "Working with other local authorities". */
const guidance =
  "The previous local authority should not remove the child’s name from their CME list until the receiving local authority confirms receipt of the referral.";

const shut = {
  "awaiting-receipt": "The receiving authority has not confirmed receipt of the referral.",
  returned: "The receiving authority returned the referral without confirming receipt.",
  withdrawn: "The referral was withdrawn before receipt was confirmed.",
  "not-located": "The receiving authority confirmed receipt and then did not locate the child in its area.",
  "already-removed": "The child’s name has been removed already under this referral.",
  "entry-closed": "The child’s entry on this list is closed already.",
} as const;

export type RemovalReason = { code: keyof typeof shut; text: string; guidance: string };

const because = (code: keyof typeof shut): RemovalReason => ({ code, text: shut[code], guidance });

/** Why the sender may not take the child off its list now; empty when the gate is open (R1). */
export const reasonsAgainstRemoval = (
  referral: { state: ReferralState; removedAt: string | null },
  senderEntryOpen: boolean,
): RemovalReason[] => {
  if (!decide("remove", "sender", referral.state).permitted) {
    return referral.state in shut ? [because(referral.state as keyof typeof shut)] : [];
  }
  if (referral.removedAt !== null) return [because("already-removed")];
  return senderEntryOpen ? [] : [because("entry-closed")];
};

/**
 * The lifecycle of a referral: the one table from which both the decision and the database's condition are derived.
 * Source: statutory guidance "Children missing education" (September 2025), "Working with other local authorities";
 * what the guidance leaves open is the exchange's own and marked (ours).
 */
export const referralStates = [
  "awaiting-receipt",
  "received",
  "located",
  "not-located",
  "returned",
  "withdrawn",
  "concluded",
] as const;
export type ReferralState = (typeof referralStates)[number];

/** While a referral is in one of these, the sender's entry can't be referred a second time. */
export const openStates = ["awaiting-receipt", "received", "located"] as const satisfies ReferralState[];

export const isOpen = (state: ReferralState): boolean => (openStates as readonly ReferralState[]).includes(state);

export type Party = "sender" | "recipient";

export const eventTypes = [
  "referral.submitted",
  "referral.withdrawn",
  "referral.returned",
  "referral.received",
  "referral.located",
  "referral.not-located",
  "referral.removed",
  "referral.concluded",
  "referral.child-read",
  "referral.overdue",
  "referral.reassigned",
  "referral.temporary-listed",
  "referral.file-attached",
  "referral.question-asked",
  "referral.question-answered",
  "referral.record-corrected",
] as const;
export type EventType = (typeof eventTypes)[number];

type Rule = {
  readonly by: Party;
  readonly from: readonly ReferralState[];
  readonly to: ReferralState | "unchanged";
  readonly event: EventType;
};

export const lifecycle = {
  withdraw: { by: "sender", from: ["awaiting-receipt"], to: "withdrawn", event: "referral.withdrawn" },
  return: { by: "recipient", from: ["awaiting-receipt"], to: "returned", event: "referral.returned" },
  "confirm-receipt": { by: "recipient", from: ["awaiting-receipt"], to: "received", event: "referral.received" },
  "find-located": { by: "recipient", from: ["received"], to: "located", event: "referral.located" },
  "find-not-located": { by: "recipient", from: ["received"], to: "not-located", event: "referral.not-located" },
  /** The gate (R1): never before the receipt, and not when the recipient has found no child. */
  remove: { by: "sender", from: ["received", "located", "concluded"], to: "unchanged", event: "referral.removed" },
  conclude: { by: "recipient", from: ["located"], to: "concluded", event: "referral.concluded" },
  /** The recipient's entry closed in another lawful way, such as its transfer to a third authority. */
  "conclude-by-closure": {
    by: "recipient",
    from: ["received", "located"],
    to: "concluded",
    event: "referral.concluded",
  },
} as const satisfies Record<string, Rule>;

/**
 * A referral hands over a child who is missing education; or, where the register of children not in school is kept, passes
 * on what it holds of a home-educated child who moves. Of such a child there is no list, so nothing of a list applies.
 */
export const referralKinds = ["missing-education", "register-transfer"] as const;
export type ReferralKind = (typeof referralKinds)[number];

const ofTransfers: readonly (keyof typeof lifecycle)[] = ["withdraw", "return", "confirm-receipt"];
export const appliesTo = (kind: ReferralKind, action: Action): boolean =>
  kind === "missing-education" || ofTransfers.includes(action);

/** What may be done to a referral that is there; submitting makes one, in the state {@link initialState}. */
export type Action = keyof typeof lifecycle;
export const initialState = "awaiting-receipt" satisfies ReferralState;

export const ruleOf = (action: Action): Rule => lifecycle[action];

export type Decision =
  | { permitted: true; to: ReferralState }
  | { permitted: false; because: "role" }
  | { permitted: false; because: "state"; state: ReferralState };

/** May this party do this from this state, and what is the state then? The role is judged before the state. */
export const decide = (action: Action, party: Party | undefined, state: ReferralState): Decision => {
  const rule = ruleOf(action);
  if (party !== rule.by) return { permitted: false, because: "role" };
  if (!rule.from.includes(state)) return { permitted: false, because: "state", state };
  return { permitted: true, to: rule.to === "unchanged" ? state : rule.to };
};

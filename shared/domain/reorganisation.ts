import { advanceEntry, type Entry, type EntryStep } from "./entry.ts";
import type { ReferralEvent } from "./event-chain.ts";
import { type Fact, type Passing, type Referral, type Role, reassigned, rolesOf } from "./referral.ts";
import { startOfDay } from "./working-days.ts";

export const reorganisationStates = ["registered", "under-way", "completed", "cancelled"] as const;

/** A reorganisation of local government: on a date, an authority ends, and all it had passes to its successors. */
export type Reorganisation = {
  reorganisationId: string;
  predecessor: string;
  /** The day on which its successors take over; its own last day is the one before. */
  effectiveOn: string;
  successors: string[];
  /** The successor that gets whatever was not assigned to another. */
  remainderTo: string;
  state: (typeof reorganisationStates)[number];
  registeredAt: string;
  /** Have the authorities around learnt who their neighbours are now? */
  neighboursSettled: boolean;
  /** Since when every look has found that nothing is the predecessor's any more; `null` until then. */
  quietSince: string | null;
  completedAt: string | null;
  version: number;
};

/** Does the predecessor still exist at that moment, so that it can be assigned, or called off? */
export const isToCome = ({ state, effectiveOn }: Pick<Reorganisation, "state" | "effectiveOn">, now: string): boolean =>
  state === "registered" && now < startOfDay(effectiveOn);

/**
 * Milliseconds without a find after which nothing can be the predecessor's any more. A referral to it, or from it, was
 * decided on before midnight and committed within its function's 28 seconds; an entry was added with an access token of
 * its last clients, good for ten minutes after they were deactivated; and an index shows both within seconds.
 */
const quietUntilCompleted = 60 * 60_000;

export const isQuietEnough = ({ quietSince }: Pick<Reorganisation, "quietSince">, now: string): boolean =>
  quietSince !== null && Date.parse(now) - Date.parse(quietSince) >= quietUntilCompleted;

/**
 * What passes as one, and so is assigned as one: an entry with every referral that was made from it and the one that opened
 * it; or a referral for which the authority has no entry. So an entry and its referrals never part.
 */
export type Unit = `entry#${string}` | `referral#${string}`;

/** The authority's own entry that goes with its role on a referral. */
export const entryIdIn = (
  { senderEntryId, recipientEntryId }: Pick<Referral, "senderEntryId" | "recipientEntryId">,
  role: Role,
): string | null => ({ sender: senderEntryId, recipient: recipientEntryId, temporaryAuthority: null })[role];

export const unitOf = (
  referral: Pick<Referral, "referralId" | "senderEntryId" | "recipientEntryId">,
  role: Role,
): Unit => {
  const entryId = entryIdIn(referral, role);
  return entryId === null ? `referral#${referral.referralId}` : `entry#${entryId}`;
};

/** Under what an entry may have been assigned: itself, or before the receipt that opened it the referral alone. */
export const unitsOfEntry = ({
  entryId,
  openedByReferralId,
}: Pick<Entry, "entryId" | "openedByReferralId">): Unit[] => [
  `entry#${entryId}`,
  ...(openedByReferralId === null ? [] : [`referral#${openedByReferralId}` as const]),
];

/** The successor to which the first of these units was assigned, or else the one that gets the remainder. */
export const successorFor = (
  { remainderTo }: Pick<Reorganisation, "remainderTo">,
  units: readonly Unit[],
  assigned: ReadonlyMap<Unit, string>,
): string => units.map((unit) => assigned.get(unit)).find((code) => code !== undefined) ?? remainderTo;

/** A referral with those of its roles that pass. */
export type PassingReferral = { referral: Referral; roles: readonly Role[] };

/** Those roles of the authority that go with its entry. */
export const rolesByEntry = (referral: Referral, authority: string, entryId: string): Role[] =>
  rolesOf(referral, authority).filter((role) => entryIdIn(referral, role) === entryId);

/** The referral after its roles passed, with an event for each. */
export const passReferral = (
  { referral, roles }: PassingReferral,
  passing: Omit<Passing, "role">,
  fact: Omit<Fact, "details">,
): { before: Referral; after: Referral; events: ReferralEvent[] } => {
  let after = referral;
  const events = roles.map((role) => {
    const step = reassigned(after, { ...passing, role }, fact);
    after = step.after;
    return step.event;
  });
  return { before: referral, after, events };
};

/** The entry after it passed to a successor's list. */
export const passEntry = (
  before: Entry,
  { to, reorganisationId }: Omit<Passing, "role">,
  fact: Omit<Fact, "details">,
): EntryStep => {
  const { authority: from } = before;
  const details = { from, to, reorganisation: reorganisationId };
  const sealedFor = before.sealedFor ?? from;
  return advanceEntry(
    before,
    "entry.reassigned",
    { ...fact, details },
    { authority: to, sealedFor, passedBy: reorganisationId },
  );
};

/** An authority as far as its neighbours go. */
type Placed = { code: string; neighbours: readonly string[]; effectiveFrom: string };

/**
 * Who the neighbours are from that day on: the predecessor goes, its successors come. A new authority's are those it was
 * registered with; one that was there already takes over those of the predecessor (ours: the DfE can correct it).
 *
 * @param around every authority that may be concerned, successors included, the predecessor not
 * @returns by code, only what changes
 */
export const neighboursAfter = (
  { predecessor, successors, effectiveOn }: Pick<Reorganisation, "predecessor" | "successors" | "effectiveOn">,
  ended: Pick<Placed, "neighbours">,
  around: readonly Placed[],
): Map<string, string[]> => {
  const known = new Set(around.map(({ code }) => code));
  const inherited = ({ effectiveFrom }: Placed) => (effectiveFrom === effectiveOn ? [] : ended.neighbours);
  const ofSuccessors = around
    .filter(({ code }) => successors.includes(code))
    .map((each) => ({ code: each.code, neighbours: new Set([...each.neighbours, ...inherited(each)]) }));
  const changed = new Map<string, string[]>();
  for (const { code, neighbours } of around) {
    const own = ofSuccessors.find((each) => each.code === code)?.neighbours ?? neighbours;
    const come = ofSuccessors.filter((each) => each.neighbours.has(code)).map((each) => each.code);
    const after = [...new Set([...own, ...come])]
      .filter((each) => each !== predecessor && each !== code && (known.has(each) || neighbours.includes(each)))
      .sort();
    if (after.join() !== [...neighbours].sort().join()) changed.set(code, after);
  }
  return changed;
};

import { isDeepStrictEqual } from "node:util";
import { recordVersion } from "../../shared/domain/correspondence.ts";
import { type Entry, isOnList, wasRemovedUnder } from "../../shared/domain/entry.ts";
import { chainFault, type ReferralEvent } from "../../shared/domain/event-chain.ts";
import {
  type EventType,
  initialState,
  isOpen,
  lifecycle,
  type ReferralState,
  ruleOf,
} from "../../shared/domain/lifecycle.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import type { Fault } from "./fault.ts";
import { chainFaults, type Found, found, outboxFaults, type Row } from "./judge-trail.ts";

/** A referral with everything that must agree with it. */
export type Case = {
  referral: Referral;
  /** In their order, as are the rows. */
  events: readonly ReferralEvent[];
  rows: readonly Row[];
  senderEntry: Entry | undefined;
  recipientEntry: Entry | undefined;
  /** Is the child's record there in that version? The first was submitted, each correction has the next. */
  hasVersion(version: number): boolean;
};

/** What does not hold about a referral; empty when all does. */
export const faultsOfReferral = (each: Case, now: string): Fault[] => {
  const { referralId } = each.referral;
  const named = ([code, rest]: Found): Fault => ({ code, referralId, ...rest });
  return [
    ...trailFaults(each),
    ...outboxFaults(each.events, each.rows, now),
    ...entryFaults(each),
    ...recordFaults(each),
  ].map(named);
};

/** A chain that does not hold says nothing, so nothing is compared with it. */
const trailFaults = ({ referral, events }: Case): Found[] => {
  const faults = chainFaults(events, referral.head, chainFault(events), "referral-behind");
  if (faults.length > 0) return faults;
  const { state, unlawful } = stateAfter(events);
  if (unlawful !== undefined) return [found("trail-unlawful", { sequence: unlawful })];
  const told = { ...factsOf(events), state, version: referral.head.sequence };
  return Object.entries(told)
    .filter(([name, value]) => !isDeepStrictEqual(referral[name as keyof typeof told], value))
    .map(([detail]) => found("referral-differs", { detail }));
};

/** The state to which a trail leads by the lifecycle, or the first event that it does not permit. */
export const stateAfter = (
  events: readonly Pick<ReferralEvent, "type">[],
): { state: ReferralState; unlawful: number | undefined } => {
  let state: ReferralState = initialState;
  for (const [index, { type }] of events.entries()) {
    const next = stateFrom(state, type, index === 0);
    if (next === undefined) return { state, unlawful: index + 1 };
    state = next;
  }
  return { state, unlawful: undefined };
};

const stateFrom = (state: ReferralState, type: EventType, first: boolean): ReferralState | undefined => {
  if (first || type === "referral.submitted") return first && type === "referral.submitted" ? initialState : undefined;
  const rules = Object.keys(lifecycle)
    .map((action) => ruleOf(action as keyof typeof lifecycle))
    .filter((rule) => rule.event === type);
  // A read or a deadline that passed leaves the state alone.
  if (rules.length === 0) return state;
  const rule = rules.find(({ from }) => from.includes(state));
  return rule && (rule.to === "unchanged" ? state : rule.to);
};

/** Between whom the referral is after that event: reorganisations pass a role on to a successor. */
export const partiesAt = (events: readonly ReferralEvent[], sequence: number) => {
  const first = events[0];
  const parties = { sender: first?.actor.authority, recipient: first?.details.recipient };
  for (const { type, details } of events.slice(0, sequence)) {
    const { role, to } = details;
    if (type === "referral.reassigned" && (role === "sender" || role === "recipient")) parties[role] = to;
  }
  return parties;
};

/** The digest of the child's record as it stands after that event: it is submitted, and may be corrected. */
export const payloadDigestAt = (events: readonly ReferralEvent[], sequence: number): string | undefined =>
  events
    .slice(0, sequence)
    .findLast(({ type }) => type === "referral.submitted" || type === "referral.record-corrected")?.details
    .payloadDigest;

/** What the trail says of the things that stand on the referral too. */
const factsOf = (events: readonly ReferralEvent[]) => {
  const of = (type: EventType) => events.find((event) => event.type === type);
  const first = events[0];
  return {
    ...partiesAt(events, events.length),
    payloadDigest: payloadDigestAt(events, events.length),
    corrections: events
      .filter(({ type }) => type === "referral.record-corrected")
      .map(({ sequence, at, actor, details }) => ({
        payloadDigest: details.payloadDigest,
        previousDigest: payloadDigestAt(events, sequence - 1),
        at,
        authority: actor.authority,
        correctedBy: actor.contactId,
      })),
    submittedAt: first?.at,
    receivedAt: of("referral.received")?.at ?? null,
    receivedBy: of("referral.received")?.actor.contactId ?? null,
    finding: of("referral.located") ? "located" : of("referral.not-located") ? "not-located" : null,
    removedAt: of("referral.removed")?.at ?? null,
    concludedAt: of("referral.concluded")?.at ?? null,
  };
};

/** The numbers of the versions that the child's record has had. */
export const recordVersions = (referral: Referral): number[] =>
  Array.from({ length: recordVersion(referral) }, (_, index) => index + 1);

const recordFaults = ({ referral, hasVersion }: Case): Found[] =>
  recordVersions(referral)
    .filter((version) => !hasVersion(version))
    .map((version) => found("record-missing", version === 1 ? {} : { detail: `version ${version}` }));

/**
 * R1 and R2, and what else the lifecycle leaves on the two lists.
 *
 * R2 for a whole life comes of this for each referral. An entry is open, or closed in a lawful end, or its closure names the
 * referral by which the child went on (`transferred`, to that referral's recipient entry) or back (`not-located`, to its
 * sender's entry). Here the entry at the other end of each such closure must exist and a closure of one kind excludes the
 * other, so following them ends on a list or in a lawful end; and while a referral is open no earlier end excuses it.
 */
const entryFaults = (each: Case): Found[] =>
  each.referral.kind === "register-transfer" ? faultsOfTransfer(each) : faultsOfHandoff(each);

/** A child on the register of children not in school is on no list. */
const faultsOfTransfer = ({ referral: { senderEntryId, recipientEntryId } }: Case): Found[] =>
  [senderEntryId, recipientEntryId]
    .filter((entryId) => entryId !== null)
    .map((entryId) => found("entry-differs", { entryId, detail: "is the entry of a register transfer" }));

const faultsOfHandoff = (each: Case): Found[] => [
  ...gateFaults(each),
  ...listFaults(each),
  ...missingEntries(each),
  ...senderEntryFaults(each),
  ...recipientEntryFaults(each),
];

const removable = (state: ReferralState): boolean => ruleOf("remove").from.includes(state);

const gateFaults = ({ referral: { referralId, state }, senderEntry }: Case): Found[] =>
  senderEntry && wasRemovedUnder(senderEntry, referralId) && !removable(state)
    ? [found("r1-removed-without-receipt", { entryId: senderEntry.entryId, detail: state })]
    : [];

const listFaults = ({ referral: { referralId, state }, senderEntry, recipientEntry }: Case): Found[] => {
  const held = [senderEntry, ...(state === initialState ? [] : [recipientEntry])];
  const onList = held.some((entry) => entry && isOnList(entry));
  const wentNowhere = senderEntry && wasRemovedUnder(senderEntry, referralId) && !recipientEntry;
  return (isOpen(state) && !onList) || wentNowhere ? [found("r2-on-no-list", { detail: state })] : [];
};

const missingEntries = ({ referral, senderEntry, recipientEntry }: Case): Found[] => [
  ...(senderEntry ? [] : [found("entry-missing", { entryId: String(referral.senderEntryId) })]),
  ...(referral.recipientEntryId && !recipientEntry
    ? [found("entry-missing", { entryId: referral.recipientEntryId })]
    : []),
];

/** A reorganisation passes on referrals and entries one by one, and leaves where it is what was over before. */
const wasPassedOn = ({ passedBy }: Referral, entry: Entry): boolean =>
  entry.passedBy !== null || Object.keys(passedBy).length > 0;

const senderEntryFaults = ({ referral, senderEntry }: Case): Found[] => {
  if (!senderEntry) return [];
  const { referralId, state, removedAt } = referral;
  const { entryId, openReferralId } = senderEntry;
  const removed = wasRemovedUnder(senderEntry, referralId);
  const differs = (detail: string): Found => found("entry-differs", { entryId, detail });
  return [
    ...(removed && removable(state) && removedAt === null
      ? [differs("is removed without the referral's knowing")]
      : []),
    ...(!removed && removable(state) && removedAt !== null
      ? [differs("is not removed, and the referral says so")]
      : []),
    ...(isOpen(state) && isOnList(senderEntry) && openReferralId !== referralId
      ? [differs("does not name its open referral")]
      : []),
    ...(!isOpen(state) && openReferralId === referralId ? [differs("names a referral as open that is over")] : []),
    ...(senderEntry.authority === referral.sender || wasPassedOn(referral, senderEntry)
      ? []
      : [differs("is not the sender's")]),
  ];
};

const recipientEntryFaults = ({ referral, recipientEntry }: Case): Found[] => {
  if (!recipientEntry) return [];
  const { referralId, state } = referral;
  const { entryId, closure, status } = recipientEntry;
  const differs = (detail: string): Found => found("entry-differs", { entryId, detail });
  const expected = {
    received: "suspected",
    located: "confirmed",
    "not-located": "closed",
    concluded: "closed",
  } as const;
  const isExpected = !(state in expected) || expected[state as keyof typeof expected] === status;
  const wentBack = closure?.as === "not-located" && closure.referralId === referralId;
  return [
    ...(isExpected ? [] : [differs(`is ${status}, and the referral ${state}`)]),
    ...(isExpected && wentBack !== (state === "not-located") ? [differs(`is not closed as ${state} leaves it`)] : []),
    ...(recipientEntry.authority === referral.recipient || wasPassedOn(referral, recipientEntry)
      ? []
      : [differs("is not the recipient's")]),
    ...(recipientEntry.openedByReferralId === referralId ? [] : [differs("does not name the referral that opened it")]),
  ];
};

/**
 * The rules of the exchange once more, written from their description and not from the code: nothing of what is checked
 * is imported. It says what must be answered to a deed and how everything must stand afterwards.
 */
import { guidanceSteps } from "../builders/guidance-steps.ts";
import { type EnquiryDeed, enactEnquiryDeed, isEnquiryDeed, verdictOnEnquiryDeed } from "./model-of-enquiries.ts";
import {
  childOf,
  type Entry,
  endEnquiries,
  entryAt,
  goingOn,
  isOnList,
  isOpen,
  newChild,
  noticeAt,
  type OwnClosure,
  openReferralFrom,
  putOnList,
  type ReferralState,
  referralAt,
  type Subject,
  type World,
} from "./world.ts";

export const actions = ["withdraw", "return", "receive", "locate", "not-locate", "remove", "conclude"] as const;
export type Action = (typeof actions)[number];

/** Two ways to do the same thing with different words, so that one can be repeated with the other's body. */
export type Manner = { by: string; variant: 0 | 1; wrongContact: boolean };

export type Submission = Manner & {
  what: "submit";
  recipient: string;
  temporary: string | null;
  from: { entry: number } | { following: number } | "nowhere";
};

export type ReferralDeed = Manner & { what: Action | "read" | "list-temporary"; referral: number | "nowhere" };

export type ListDeed = Manner &
  (
    | { what: "add"; child: number | "new" }
    | {
        what: "record-step";
        entry: number;
        step: string;
        outcome: "nothing-found" | "answer-awaited" | "not-applicable";
      }
    | { what: "close-entry"; entry: number; as: OwnClosure; notice: number | null }
    | { what: "erase" | "read-entry"; entry: number }
  );

export type Deed = Submission | ReferralDeed | ListDeed | EnquiryDeed;

export type Verdict = { status: 200 | 201 | 403 | 404 | 409 | 410 | 422 | 429; code?: string };

/** What must have been done before a list may be left as exhausted. */
export const missingSteps = ({ settled }: Entry): string[] => guidanceSteps.filter((step) => !settled.has(step));

type Rule = {
  by: "sender" | "recipient";
  from: readonly ReferralState[];
  to: ReferralState | "unchanged";
  event: string;
};

const rules: Record<Action, Rule> = {
  withdraw: { by: "sender", from: ["awaiting-receipt"], to: "withdrawn", event: "referral.withdrawn" },
  return: { by: "recipient", from: ["awaiting-receipt"], to: "returned", event: "referral.returned" },
  receive: { by: "recipient", from: ["awaiting-receipt"], to: "received", event: "referral.received" },
  locate: { by: "recipient", from: ["received"], to: "located", event: "referral.located" },
  "not-locate": { by: "recipient", from: ["received"], to: "not-located", event: "referral.not-located" },
  remove: { by: "sender", from: ["received", "located", "concluded"], to: "unchanged", event: "referral.removed" },
  conclude: { by: "recipient", from: ["located"], to: "concluded", event: "referral.concluded" },
};

/**
 * The entry on the sender's list from which a submission refers the child; `undefined` where it makes one. One that follows
 * a referral refers from the entry which that one opened, if the child is still on it.
 */
export const entryReferredFrom = (world: World, { from }: Submission): number | undefined => {
  if (from === "nowhere") return undefined;
  if ("entry" in from) return from.entry;
  const { recipientEntry } = referralAt(world, from.following);
  return recipientEntry !== null && isOnList(world, recipientEntry) ? recipientEntry : undefined;
};

export const verdict = (world: World, deed: Deed): Verdict => {
  if (isEnquiryDeed(deed)) return verdictOnEnquiryDeed(world, deed);
  if (deed.what === "submit") return verdictOnSubmission(world, deed);
  return "referral" in deed ? verdictOnReferral(world, deed) : verdictOnList(world, deed);
};

const verdictOnReferral = (world: World, deed: ReferralDeed): Verdict => {
  if (deed.referral === "nowhere") return { status: 404 };
  const { sender, recipient, temporary, temporaryEntry, state, senderEntry } = referralAt(world, deed.referral);
  const isParty = deed.by === sender || deed.by === recipient;
  if (deed.what === "read") return { status: isParty || deed.by === temporary ? 200 : 404 };
  if (deed.what === "list-temporary") {
    if (deed.by !== temporary) return { status: isParty ? 403 : 404 };
    if (temporaryEntry !== null) return { status: 409, code: "already-there" };
    const lookedFor = ["awaiting-receipt", "received", "located", "not-located"].includes(state);
    return lookedFor ? { status: 201 } : { status: 409, code: "state-does-not-allow" };
  }
  // The temporary authority reads, and nothing that the two parties settle is its to do.
  if (!isParty) return { status: 404 };
  const { by, from } = rules[deed.what];
  if (deed.by !== { sender, recipient }[by]) return { status: 403 };
  if (!from.includes(state)) return { status: 409 };
  if (deed.what === "remove" && !mayComeOff(world, senderEntry, deed.referral)) return { status: 409 };
  return { status: deed.wrongContact ? 422 : 201 };
};

/** Its newest referral alone lets an entry close: a child who is referred again has not been received again (R1). */
const mayComeOff = (world: World, entry: number, under: number): boolean =>
  isOnList(world, entry) && under === world.referrals.findLastIndex(({ senderEntry }) => senderEntry === entry);

const verdictOnSubmission = (world: World, deed: Submission): Verdict => {
  const { by, recipient, temporary, from, wrongContact } = deed;
  if (by === recipient || by === temporary || recipient === temporary || wrongContact) return { status: 422 };
  const followed = followedBy(from);
  if (followed !== null && !hasReceived(world, followed, by)) return { status: 422 };
  const place = entryReferredFrom(world, deed);
  if (place === undefined) return { status: 201 };
  if (entryAt(world, place).authority !== by) return { status: 422 };
  return { status: isOnList(world, place) && openReferralFrom(world, place) === undefined ? 201 : 409 };
};

const followedBy = (from: Submission["from"]): number | null =>
  typeof from === "object" && "following" in from ? from.following : null;

const hasReceived = (world: World, place: number, authority: string): boolean => {
  const { recipient, recipientEntry } = referralAt(world, place);
  return recipient === authority && recipientEntry !== null;
};

const verdictOnList = (world: World, deed: ListDeed): Verdict => {
  if (deed.what === "add") return { status: 201 };
  const entry = entryAt(world, deed.entry);
  if (entry.authority !== deed.by) return { status: 404, code: "not-found" };
  if (deed.what === "read-entry") return { status: entry.retained === "erased" ? 404 : 200 };
  if (deed.what === "erase") return entry.retained === "kept" ? { status: 201 } : { status: 409, code: "not-retained" };
  if (entry.status === "closed") return { status: 409, code: "entry-closed" };
  return deed.what === "close-entry" ? verdictOnClosure(world, deed) : { status: 201 };
};

/** What stands between an entry and `enquiries-exhausted`: missing steps, and whoever is asked or looks for the child. */
export const againstExhaustion = (world: World, place: number): string[] => [
  ...missingSteps(entryAt(world, place)),
  ...(goingOn(world, place).length > 0 ? ["enquiries-going-on"] : []),
  ...(openReferralFrom(world, place) === undefined ? [] : ["referral-open"]),
];

const verdictOnClosure = (
  world: World,
  { by, as, entry: place, notice, variant }: Extract<ListDeed, { what: "close-entry" }>,
): Verdict => {
  const notPermitted = { status: 409, code: "closure-not-permitted" } as const;
  // The children of these histories were born in 2016.
  if (as === "above-leaving-age") return notPermitted;
  if (as === "enquiries-exhausted" && againstExhaustion(world, place).length > 0) return notPermitted;
  if (as !== "on-school-register" || notice === null) return { status: 201 };
  const said = noticeAt(world, notice);
  const bearsOut = said.recipient === by && (said.entry === null || said.entry === place) && variant === 0;
  return bearsOut ? { status: 201 } : { status: 422, code: "validation-failed" };
};

/** Carries out what {@link verdict} permits; answers whatever it leaves an event of. */
export const enact = (world: World, deed: Deed): Subject[] => {
  if (isEnquiryDeed(deed)) {
    return enactEnquiryDeed(world, deed, ({ asker, asked, entry }) => {
      const { cameBy } = entryAt(world, entry);
      const from = cameBy === null ? { entry } : { following: cameBy };
      const { variant, wrongContact } = deed;
      return submission(world, {
        what: "submit",
        by: asker,
        recipient: asked,
        temporary: null,
        from,
        variant,
        wrongContact,
      });
    });
  }
  if (deed.what === "submit") return submit(world, deed);
  return "referral" in deed ? enactOnReferral(world, deed) : enactOnList(world, deed);
};

const enactOnReferral = (world: World, deed: ReferralDeed): Subject[] => {
  const { what, referral: place, by } = deed;
  if (place === "nowhere") throw new RangeError("nothing is done to a referral that is not there");
  const referral = referralAt(world, place);
  if (what === "read") {
    referral.events.push({ type: "referral.child-read", by });
    return [`referral#${place}`];
  }
  if (what === "list-temporary") {
    const entry = putOnList(world, { authority: by, child: childOf(world, place), cameBy: null });
    entryAt(world, entry).events.push({ type: "entry.added", by });
    referral.temporaryEntry = entry;
    referral.events.push({ type: "referral.temporary-listed", by });
    return [`referral#${place}`, `entry#${entry}`];
  }
  const { to, event } = rules[what];
  referral.events.push({ type: event, by });
  if (to !== "unchanged") referral.state = to;
  return [`referral#${place}`, ...consequences[what](world, place, deed)];
};

const submit = (world: World, deed: Submission): Subject[] => {
  const { referral, touched } = submission(world, deed);
  return [`referral#${referral}`, ...touched];
};

/** @returns the new referral and what else is touched: the enquiries about the child end */
const submission = (world: World, deed: Submission): { referral: number; touched: Subject[] } => {
  const { by, recipient, temporary, from } = deed;
  const referral = world.referrals.length;
  const follows = followedBy(from);
  const referredFrom = entryReferredFrom(world, deed);
  const child = follows === null ? newChild(world) : childOf(world, follows);
  const senderEntry = referredFrom ?? putOnList(world, { authority: by, child, cameBy: null });
  world.referrals.push({
    sender: by,
    recipient,
    temporary,
    state: "awaiting-receipt",
    senderEntry,
    recipientEntry: null,
    temporaryEntry: null,
    events: [{ type: "referral.submitted", by }],
  });
  return { referral, touched: endEnquiries(world, senderEntry, by) };
};

const suspected = { status: "suspected", closedAs: null, closedUnder: null } as const;

type Consequence = (world: World, place: number, deed: ReferralDeed) => Subject[];

const none: Consequence = () => [];

const consequences: Record<Action, Consequence> = {
  withdraw: none,
  return: none,
  receive: (world, place) => {
    const referral = referralAt(world, place);
    const child = childOf(world, place);
    referral.recipientEntry = putOnList(world, { authority: referral.recipient, child, cameBy: place });
    return [];
  },
  locate: (world, place) => {
    const { recipientEntry } = referralAt(world, place);
    if (recipientEntry !== null) entryAt(world, recipientEntry).status = "confirmed";
    return [];
  },
  "not-locate": (world, place, { by }) => {
    const { senderEntry, recipientEntry } = referralAt(world, place);
    const held = entryAt(world, senderEntry);
    if (held.closedAs === "transferred" && held.closedUnder === place) {
      Object.assign(held, suspected);
      world.waiting.add(`entry#${senderEntry}`);
    }
    return recipientEntry === null ? [] : close(world, recipientEntry, "not-located", place, by);
  },
  remove: (world, place, { by }) => close(world, referralAt(world, place).senderEntry, "transferred", place, by),
  conclude: (world, place, { by, variant }) => {
    const { recipientEntry } = referralAt(world, place);
    const as = variant === 0 ? "on-school-register" : "suitable-education-otherwise";
    return recipientEntry === null ? [] : close(world, recipientEntry, as, place, by);
  },
};

/**
 * An entry comes off its list, and nobody is asked about the child any more. A referral from it that nobody has received is
 * withdrawn; the referral by which the child came ends as concluded. The referral under which it closes sees to itself.
 */
const close = (
  world: World,
  place: number,
  closedAs: NonNullable<Entry["closedAs"]>,
  under: number | undefined,
  by: string,
): Subject[] => {
  if (!isOnList(world, place)) return [];
  const entry = entryAt(world, place);
  const onward = openReferralFrom(world, place);
  const touched = endEnquiries(world, place, by);
  if (onward !== undefined && onward !== under && referralAt(world, onward).state === "awaiting-receipt") {
    Object.assign(referralAt(world, onward), { state: "withdrawn" });
    referralAt(world, onward).events.push({ type: "referral.withdrawn", by });
    touched.push(`referral#${onward}`);
  }
  if (entry.cameBy !== null && entry.cameBy !== under && isOpen(referralAt(world, entry.cameBy))) {
    Object.assign(referralAt(world, entry.cameBy), { state: "concluded" });
    referralAt(world, entry.cameBy).events.push({ type: "referral.concluded", by });
    touched.push(`referral#${entry.cameBy}`);
  }
  const underReferral = closedAs === "transferred" || closedAs === "not-located";
  Object.assign(entry, { status: "closed", closedAs, closedUnder: underReferral ? under : null });
  return touched;
};

const enactOnList = (world: World, deed: ListDeed): Subject[] => {
  const { by } = deed;
  if (deed.what === "add") {
    const child = deed.child === "new" ? newChild(world) : deed.child;
    const added = putOnList(world, { authority: by, child, cameBy: null });
    entryAt(world, added).events.push({ type: "entry.added", by });
    return [`entry#${added}`];
  }
  const entry = entryAt(world, deed.entry);
  const told = (type: string): Subject => {
    entry.events.push({ type, by });
    return `entry#${deed.entry}`;
  };
  switch (deed.what) {
    case "read-entry":
      return [told("entry.child-read")];
    case "record-step":
      if (deed.outcome === "answer-awaited") entry.settled.delete(deed.step);
      else entry.settled.add(deed.step);
      return [told("entry.step-recorded")];
    case "close-entry": {
      const touched = close(world, deed.entry, deed.as, undefined, by);
      if (deed.as === "enquiries-exhausted") entry.retained = "kept";
      return [told("entry.closed"), ...touched];
    }
    case "erase":
      entry.retained = "erased";
      return [told("entry.erased")];
  }
};

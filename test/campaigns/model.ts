/**
 * The rules of the exchange once more, written from their description and not from the code: nothing of what is checked
 * is imported. It says what must be answered to a deed and how everything must stand afterwards.
 */
export type State =
  | "awaiting-receipt"
  | "received"
  | "located"
  | "not-located"
  | "returned"
  | "withdrawn"
  | "concluded";

/** One child on one authority's CME list. */
export type Entry = {
  authority: string;
  child: number;
  status: "suspected" | "confirmed" | "closed";
  closedAs: "transferred" | "not-located" | "on-school-register" | "suitable-education-otherwise" | null;
  /** The referral under which it was closed as transferred or not located. */
  closedUnder: number | null;
  /** The referral whose receipt opened it. */
  cameBy: number | null;
};

export type Referral = {
  sender: string;
  recipient: string;
  state: State;
  senderEntry: number;
  recipientEntry: number | null;
  events: { type: string; by: string }[];
};

/** Entries and referrals are named by their places here. */
export type World = { entries: Entry[]; referrals: Referral[] };

export const actions = ["withdraw", "return", "receive", "locate", "not-locate", "remove", "conclude"] as const;
export type Action = (typeof actions)[number];

/** Two ways to do the same thing with different words, so that one can be repeated with the other's body. */
type Manner = { by: string; variant: 0 | 1; wrongContact: boolean };

export type Submission = Manner & {
  what: "submit";
  recipient: string;
  from: { entry: number } | { following: number } | "nowhere";
};

export type Deed = Submission | (Manner & { what: Action | "read"; referral: number | "nowhere" });

export type Verdict = { status: 200 | 201 | 403 | 404 | 409 | 422 };

type Rule = { by: "sender" | "recipient"; from: readonly State[]; to: State | "unchanged"; event: string };

const rules: Record<Action, Rule> = {
  withdraw: { by: "sender", from: ["awaiting-receipt"], to: "withdrawn", event: "referral.withdrawn" },
  return: { by: "recipient", from: ["awaiting-receipt"], to: "returned", event: "referral.returned" },
  receive: { by: "recipient", from: ["awaiting-receipt"], to: "received", event: "referral.received" },
  locate: { by: "recipient", from: ["received"], to: "located", event: "referral.located" },
  "not-locate": { by: "recipient", from: ["received"], to: "not-located", event: "referral.not-located" },
  remove: { by: "sender", from: ["received", "located", "concluded"], to: "unchanged", event: "referral.removed" },
  conclude: { by: "recipient", from: ["located"], to: "concluded", event: "referral.concluded" },
};

const isOpen = ({ state }: Referral): boolean =>
  state === "awaiting-receipt" || state === "received" || state === "located";

export const entryAt = ({ entries }: World, place: number): Entry => {
  const entry = entries[place];
  if (!entry) throw new RangeError(`no entry ${place}`);
  return entry;
};

export const referralAt = ({ referrals }: World, place: number): Referral => {
  const referral = referrals[place];
  if (!referral) throw new RangeError(`no referral ${place}`);
  return referral;
};

/** The open referral by which a child is referred from an entry: at most one. */
export const openReferralFrom = ({ referrals }: World, entry: number): number | undefined => {
  const place = referrals.findIndex((referral) => referral.senderEntry === entry && isOpen(referral));
  return place === -1 ? undefined : place;
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

export const isOnList = (world: World, entry: number): boolean => entryAt(world, entry).status !== "closed";

export const verdict = (world: World, deed: Deed): Verdict => {
  if (deed.what === "submit") return verdictOnSubmission(world, deed);
  if (deed.referral === "nowhere") return { status: 404 };
  const { sender, recipient, state, senderEntry } = referralAt(world, deed.referral);
  if (deed.by !== sender && deed.by !== recipient) return { status: 404 };
  if (deed.what === "read") return { status: 200 };
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
  const { by, recipient, from, wrongContact } = deed;
  if (by === recipient || wrongContact) return { status: 422 };
  const followed = followedBy(from);
  if (followed !== null && !hasReceived(referralAt(world, followed), by)) return { status: 422 };
  const place = entryReferredFrom(world, deed);
  if (place === undefined) return { status: 201 };
  if (entryAt(world, place).authority !== by) return { status: 422 };
  return { status: isOnList(world, place) && openReferralFrom(world, place) === undefined ? 201 : 409 };
};

const followedBy = (from: Submission["from"]): number | null =>
  typeof from === "object" && "following" in from ? from.following : null;

const hasReceived = ({ recipient, recipientEntry }: Referral, authority: string): boolean =>
  recipient === authority && recipientEntry !== null;

/** Carries out what {@link verdict} permits; answers the referrals in whose trails it leaves an event. */
export const enact = (world: World, deed: Deed): number[] => {
  if (deed.what === "submit") return [submit(world, deed)];
  if (deed.referral === "nowhere") throw new RangeError("nothing is done to a referral that is not there");
  const place = deed.referral;
  const referral = referralAt(world, place);
  if (deed.what === "read") {
    referral.events.push({ type: "referral.child-read", by: deed.by });
    return [place];
  }
  const { to, event } = rules[deed.what];
  referral.events.push({ type: event, by: deed.by });
  if (to !== "unchanged") referral.state = to;
  return [place, ...consequences[deed.what](world, place, deed)];
};

const submit = (world: World, deed: Submission): number => {
  const { by, recipient, from } = deed;
  const place = world.referrals.length;
  const follows = followedBy(from);
  let senderEntry = entryReferredFrom(world, deed);
  if (senderEntry === undefined) {
    senderEntry = world.entries.length;
    const child = follows === null ? newChild(world) : childOf(world, follows);
    world.entries.push({ authority: by, child, ...suspected, cameBy: null });
  }
  world.referrals.push({
    sender: by,
    recipient,
    state: "awaiting-receipt",
    senderEntry,
    recipientEntry: null,
    events: [{ type: "referral.submitted", by }],
  });
  return place;
};

const newChild = ({ entries }: World): number => new Set(entries.map(({ child }) => child)).size;

const childOf = (world: World, referral: number): number =>
  entryAt(world, referralAt(world, referral).senderEntry).child;

const suspected = { status: "suspected", closedAs: null, closedUnder: null } as const;

type Consequence = (world: World, place: number, deed: Deed) => number[];

const none: Consequence = () => [];

const consequences: Record<Action, Consequence> = {
  withdraw: none,
  return: none,
  receive: (world, place) => {
    const referral = referralAt(world, place);
    const child = childOf(world, place);
    referral.recipientEntry = world.entries.length;
    world.entries.push({ authority: referral.recipient, child, ...suspected, cameBy: place });
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
    if (held.closedAs === "transferred" && held.closedUnder === place) Object.assign(held, suspected);
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
 * An entry comes off its list. A referral from it that nobody has received is withdrawn; the referral by which the child
 * came ends as concluded. The referral under which it closes sees to itself.
 */
const close = (
  world: World,
  place: number,
  closedAs: NonNullable<Entry["closedAs"]>,
  under: number,
  by: string,
): number[] => {
  if (!isOnList(world, place)) return [];
  const entry = entryAt(world, place);
  const onward = openReferralFrom(world, place);
  const touched: number[] = [];
  if (onward !== undefined && onward !== under && referralAt(world, onward).state === "awaiting-receipt") {
    Object.assign(referralAt(world, onward), { state: "withdrawn" });
    referralAt(world, onward).events.push({ type: "referral.withdrawn", by });
    touched.push(onward);
  }
  if (entry.cameBy !== null && entry.cameBy !== under && isOpen(referralAt(world, entry.cameBy))) {
    Object.assign(referralAt(world, entry.cameBy), { state: "concluded" });
    referralAt(world, entry.cameBy).events.push({ type: "referral.concluded", by });
    touched.push(entry.cameBy);
  }
  const underReferral = closedAs === "transferred" || closedAs === "not-located";
  Object.assign(entry, { status: "closed", closedAs, closedUnder: underReferral ? under : null });
  return touched;
};

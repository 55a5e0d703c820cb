/**
 * Everything there is in a history, as the rules see it: nothing of what is checked is imported. Things are named by
 * their places here.
 */
export type Done = { type: string; by: string };

export type ReferralState =
  | "awaiting-receipt"
  | "received"
  | "located"
  | "not-located"
  | "returned"
  | "withdrawn"
  | "concluded";

/** The ways off a list that need no other authority. */
export type OwnClosure =
  | "on-school-register"
  | "suitable-education-otherwise"
  | "deceased"
  | "enquiries-exhausted"
  | "above-leaving-age";

/** One child on one authority's CME list. */
export type Entry = {
  authority: string;
  child: number;
  status: "suspected" | "confirmed" | "closed";
  closedAs: "transferred" | "not-located" | OwnClosure | null;
  /** The referral under which it was closed as transferred or not located. */
  closedUnder: number | null;
  /** The referral whose receipt opened it. */
  cameBy: number | null;
  /** Of the guidance's list, by the newest record of each: the steps that were taken or don't apply. */
  settled: Set<string>;
  /** What is kept of a child whose enquiries were exhausted. */
  retained: "kept" | "erased" | null;
  /** The match enquiry that goes on about the child. */
  match: number | null;
  events: Done[];
};

export type Referral = {
  sender: string;
  recipient: string;
  /** Where the family is in temporary accommodation. */
  temporary: string | null;
  state: ReferralState;
  senderEntry: number;
  recipientEntry: number | null;
  temporaryEntry: number | null;
  events: Done[];
};

export type EnquiryState = "open" | "known" | "not-known" | "cannot-say" | "referred" | "closed";

/** One authority asks another about a child on its list. */
export type Enquiry = { asker: string; asked: string; entry: number; state: EnquiryState; events: Done[] };

/** An authority asks the exchange; `answers` is of those who said that they know the child. */
export type Match = {
  asker: string;
  entry: number;
  state: "open" | "known" | "closed";
  answers: string[];
  events: Done[];
};

/** What a holder has of a match enquiry: nobody else ever sees it. */
export type Side = {
  match: number;
  holder: string;
  entries: number[];
  state: "open" | "known" | "closed";
  events: Done[];
};

/** The authority of a school tells a child's home authority that the child is on the register there. */
export type Notice = {
  sender: string;
  recipient: string;
  state: "awaiting-acknowledgement" | "acknowledged";
  entry: number | null;
  events: Done[];
};

export type Kind = "referral" | "entry" | "enquiry" | "match" | "side" | "notice";
export type Subject = `${Kind}#${number}`;

export type World = {
  entries: Entry[];
  referrals: Referral[];
  enquiries: Enquiry[];
  matches: Match[];
  sides: Side[];
  notices: Notice[];
  /** Entries that came onto a list and match enquiries: what the exchange has still to compare. */
  waiting: Set<Subject>;
  /** How many match enquiries an authority has asked today. */
  matchesAsked: Map<string, number>;
};

export const newWorld = (): World => ({
  entries: [],
  referrals: [],
  enquiries: [],
  matches: [],
  sides: [],
  notices: [],
  waiting: new Set(),
  matchesAsked: new Map(),
});

const placed = <T>(all: readonly T[], place: number, what: string): T => {
  const found = all[place];
  if (!found) throw new RangeError(`no ${what} ${place}`);
  return found;
};

export const entryAt = ({ entries }: World, place: number): Entry => placed(entries, place, "entry");
export const referralAt = ({ referrals }: World, place: number): Referral => placed(referrals, place, "referral");
export const enquiryAt = ({ enquiries }: World, place: number): Enquiry => placed(enquiries, place, "enquiry");
export const matchAt = ({ matches }: World, place: number): Match => placed(matches, place, "match enquiry");
export const sideAt = ({ sides }: World, place: number): Side => placed(sides, place, "side");
export const noticeAt = ({ notices }: World, place: number): Notice => placed(notices, place, "notice");

export const kindOf = (subject: Subject): Kind => subject.split("#")[0] as Kind;
export const placeOf = (subject: Subject): number => Number(subject.split("#")[1]);

/** What has happened to it, as its trail tells. */
export const eventsOf = (world: World, subject: Subject): Done[] => {
  const place = placeOf(subject);
  const found = {
    referral: world.referrals,
    entry: world.entries,
    enquiry: world.enquiries,
    match: world.matches,
    side: world.sides,
    notice: world.notices,
  }[kindOf(subject)];
  return placed<{ events: Done[] }>(found, place, subject).events;
};

/** Every authority that may see it: whoever else asks is told that there is nothing. */
export const partiesOf = (world: World, subject: Subject): string[] => {
  const place = placeOf(subject);
  switch (kindOf(subject)) {
    case "referral": {
      const { sender, recipient, temporary } = referralAt(world, place);
      return [sender, recipient, ...(temporary === null ? [] : [temporary])];
    }
    case "entry":
      return [entryAt(world, place).authority];
    case "enquiry":
      return [enquiryAt(world, place).asker, enquiryAt(world, place).asked];
    case "match":
      return [matchAt(world, place).asker];
    case "side":
      return [sideAt(world, place).holder];
    case "notice":
      return [noticeAt(world, place).sender, noticeAt(world, place).recipient];
  }
};

export const isOnList = (world: World, entry: number): boolean => entryAt(world, entry).status !== "closed";

export const isOpen = ({ state }: Referral): boolean =>
  state === "awaiting-receipt" || state === "received" || state === "located";

/** The open referral by which a child is referred from an entry: at most one. */
export const openReferralFrom = ({ referrals }: World, entry: number): number | undefined => {
  const place = referrals.findIndex((referral) => referral.senderEntry === entry && isOpen(referral));
  return place === -1 ? undefined : place;
};

export const childOf = (world: World, referral: number): number =>
  entryAt(world, referralAt(world, referral).senderEntry).child;

export const newChild = ({ entries }: World): number => new Set(entries.map(({ child }) => child)).size;

/** A suspected child, newly on an authority's list: it is compared with all others. */
export const putOnList = (world: World, facts: Pick<Entry, "authority" | "child" | "cameBy">): number => {
  const place = world.entries.length;
  world.entries.push({
    status: "suspected",
    closedAs: null,
    closedUnder: null,
    settled: new Set(),
    retained: null,
    match: null,
    events: [],
    ...facts,
  });
  world.waiting.add(`entry#${place}`);
  return place;
};

/** The entry from which the child was handed on, by receipts and by temporary authorities that took it on. */
const originOf = (world: World, entry: number): number => {
  const from = world.referrals.find(
    ({ recipientEntry, temporaryEntry }) => recipientEntry === entry || temporaryEntry === entry,
  );
  return from ? originOf(world, from.senderEntry) : entry;
};

/** The child's entries on that authority's list, and those that the child was handed on to and from. */
export const familiesOf = (world: World, entry: number): { own: number[]; handedOn: number[] } => {
  const { authority, child } = entryAt(world, entry);
  const all = [...world.entries.keys()];
  const origin = originOf(world, entry);
  return {
    own: all.filter((place) => entryAt(world, place).authority === authority && entryAt(world, place).child === child),
    handedOn: all.filter((place) => originOf(world, place) === origin),
  };
};

/** The enquiries by which other authorities have a child's data: while they are open, or answered with known. */
export const goingOn = (world: World, entry: number): number[] =>
  [...world.enquiries.keys()].filter((place) => {
    const enquiry = enquiryAt(world, place);
    return enquiry.entry === entry && ["open", "known"].includes(enquiry.state);
  });

/** Nobody is asked about a child any more who is off the list or referred. Answers what was touched. */
export const endEnquiries = (world: World, entry: number, by: string): Subject[] => {
  const ended = goingOn(world, entry);
  for (const place of ended) {
    enquiryAt(world, place).state = "closed";
    enquiryAt(world, place).events.push({ type: "enquiry.closed", by });
  }
  const { match } = entryAt(world, entry);
  if (match !== null) endMatch(world, match, by);
  return [
    ...ended.map((place): Subject => `enquiry#${place}`),
    ...(match === null ? [] : [`match#${match}` satisfies Subject]),
  ];
};

/** Whoever was told learns that nobody asks any more when the exchange comes to it. */
export const endMatch = (world: World, place: number, by: string): void => {
  const match = matchAt(world, place);
  match.state = "closed";
  match.events.push({ type: "enquiry.closed", by });
  entryAt(world, match.entry).match = null;
  world.waiting.add(`match#${place}`);
};

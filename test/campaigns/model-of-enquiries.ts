/** The rules of enquiries and notices once more, like {@link file://./model.ts}: nothing of what is checked is imported. */
import type { Manner, Verdict } from "./model.ts";
import {
  type Enquiry,
  endMatch,
  enquiryAt,
  entryAt,
  familiesOf,
  goingOn,
  isOnList,
  kindOf,
  matchAt,
  noticeAt,
  openReferralFrom,
  placeOf,
  type Subject,
  sideAt,
  type World,
} from "./world.ts";

export type EnquiryDeed = Manner &
  (
    | { what: "ask"; entry: number; asked: string }
    | { what: "answer"; enquiry: number; answer: "known" | "not-known" | "cannot-say" }
    | { what: "close-enquiry" | "refer-enquiry" | "read-enquiry"; enquiry: number }
    | { what: "ask-match"; entry: number }
    | { what: "answer-match"; of: Subject; answer: "known" | "not-known" }
    | { what: "close-match"; of: Subject }
    | { what: "notify"; recipient: string }
    | { what: "acknowledge"; notice: number; entry: number | null }
    | { what: "read-notice"; notice: number }
  );

const whats: readonly EnquiryDeed["what"][] = [
  "ask",
  "answer",
  "close-enquiry",
  "refer-enquiry",
  "read-enquiry",
  "ask-match",
  "answer-match",
  "close-match",
  "notify",
  "acknowledge",
  "read-notice",
];

export const isEnquiryDeed = <T extends { what: string }>(deed: T | EnquiryDeed): deed is EnquiryDeed =>
  (whats as readonly string[]).includes(deed.what);

/** R7: at one time, about one child. */
export const mostAsked = 5;
const mostMatchesADay = 20;

const permitted = { status: 201 } as const;
const refused = { status: 422, code: "validation-failed" } as const;
const nothingThere = { status: 404, code: "not-found" } as const;
const notYours = { status: 403, code: "not-your-role" } as const;
const wrongState = { status: 409, code: "state-does-not-allow" } as const;

export const verdictOnEnquiryDeed = (world: World, deed: EnquiryDeed): Verdict => {
  switch (deed.what) {
    case "ask":
      return verdictOnAsking(world, deed);
    case "ask-match":
      return verdictOnMatching(world, deed);
    case "answer-match":
    case "close-match":
      return verdictOnMatch(world, deed);
    case "notify":
      return deed.by === deed.recipient || deed.wrongContact ? refused : permitted;
    case "acknowledge":
    case "read-notice":
      return verdictOnNotice(world, deed);
    default:
      return verdictOnEnquiry(world, deed);
  }
};

type Of<What extends EnquiryDeed["what"]> = Extract<EnquiryDeed, { what: What }>;

const verdictOnAsking = (world: World, { by, wrongContact, asked, entry }: Of<"ask">): Verdict => {
  if (wrongContact || asked === by || entryAt(world, entry).authority !== by) return refused;
  if (!isOnList(world, entry)) return { status: 409, code: "entry-closed" };
  if (openReferralFrom(world, entry) !== undefined) return { status: 409, code: "entry-already-referred" };
  const { own, handedOn } = familiesOf(world, entry);
  const others = [...new Set([...own, ...handedOn])].flatMap((place) =>
    goingOn(world, place).map((each) => enquiryAt(world, each)),
  );
  if (others.some((other) => other.asker === by && other.asked === asked))
    return { status: 409, code: "already-asked" };
  const authorities = new Set(others.map((other) => other.asked));
  return authorities.has(asked) || authorities.size < mostAsked
    ? permitted
    : { status: 409, code: "too-many-enquiries" };
};

const verdictOnEnquiry = (
  world: World,
  deed: Of<"answer"> | Of<"close-enquiry" | "refer-enquiry" | "read-enquiry">,
): Verdict => {
  const { asker, asked, state } = enquiryAt(world, deed.enquiry);
  if (deed.by !== asker && deed.by !== asked) return nothingThere;
  const goesOn = state === "open" || state === "known";
  if (deed.what === "read-enquiry") return goesOn ? { status: 200 } : { status: 410, code: "record-erased" };
  if (deed.by !== (deed.what === "answer" ? asked : asker)) return notYours;
  const allowed = { answer: state === "open", "close-enquiry": goesOn, "refer-enquiry": state === "known" };
  if (!allowed[deed.what]) return wrongState;
  return deed.wrongContact ? refused : permitted;
};

const verdictOnMatching = (world: World, { by, wrongContact, entry: place }: Of<"ask-match">): Verdict => {
  const entry = entryAt(world, place);
  if (wrongContact || entry.authority !== by) return refused;
  if (!isOnList(world, place) && entry.retained !== "kept") return { status: 409, code: "entry-closed" };
  if (openReferralFrom(world, place) !== undefined) return { status: 409, code: "entry-already-referred" };
  if (entry.match !== null) return { status: 409, code: "already-asked" };
  return (world.matchesAsked.get(by) ?? 0) < mostMatchesADay ? permitted : { status: 429 };
};

const verdictOnMatch = (world: World, deed: Of<"answer-match"> | Of<"close-match">): Verdict => {
  const side = kindOf(deed.of) === "side" ? sideAt(world, placeOf(deed.of)) : undefined;
  const match = matchAt(world, side ? side.match : placeOf(deed.of));
  if (deed.by !== (side ? side.holder : match.asker)) return nothingThere;
  if (deed.what === "close-match") {
    if (side) return notYours;
    return match.state === "closed" ? wrongState : permitted;
  }
  if (!side) return notYours;
  // Whoever does not know the child, or may not say, stays silent.
  if (deed.answer !== "known") return refused;
  if (match.state === "closed" || side.state !== "open") return wrongState;
  return deed.wrongContact ? refused : permitted;
};

const verdictOnNotice = (world: World, deed: Of<"acknowledge"> | Of<"read-notice">): Verdict => {
  const { sender, recipient, state } = noticeAt(world, deed.notice);
  if (deed.by !== sender && deed.by !== recipient) return nothingThere;
  if (deed.what === "read-notice") return { status: 200 };
  if (deed.by !== recipient) return notYours;
  if (state !== "awaiting-acknowledgement") return wrongState;
  const isOwn = deed.entry === null || entryAt(world, deed.entry).authority === recipient;
  return deed.wrongContact || !isOwn ? refused : permitted;
};

type Refer = (enquiry: Enquiry) => { referral: number; touched: Subject[] };

/** @param refer submits the referral that an enquiry is turned into */
export const enactEnquiryDeed = (world: World, deed: EnquiryDeed, refer: Refer): Subject[] => {
  const { by } = deed;
  switch (deed.what) {
    case "ask": {
      const { asked, entry } = deed;
      world.enquiries.push({ asker: by, asked, entry, state: "open", events: [{ type: "enquiry.asked", by }] });
      return [`enquiry#${world.enquiries.length - 1}`];
    }
    case "ask-match": {
      const { entry } = deed;
      const place = world.matches.length;
      world.matches.push({ asker: by, entry, state: "open", answers: [], events: [{ type: "enquiry.asked", by }] });
      entryAt(world, entry).match = place;
      world.matchesAsked.set(by, (world.matchesAsked.get(by) ?? 0) + 1);
      world.waiting.add(`match#${place}`);
      return [`match#${place}`];
    }
    case "answer-match": {
      const side = sideAt(world, placeOf(deed.of));
      const match = matchAt(world, side.match);
      Object.assign(side, { state: "known" });
      Object.assign(match, { state: "known" });
      match.answers.push(by);
      for (const each of [side, match]) each.events.push({ type: "enquiry.answered", by });
      return [deed.of, `match#${side.match}`];
    }
    case "close-match":
      endMatch(world, placeOf(deed.of), by);
      return [deed.of];
    case "notify": {
      const { recipient } = deed;
      const events = [{ type: "notice.sent", by }];
      world.notices.push({ sender: by, recipient, state: "awaiting-acknowledgement", entry: null, events });
      return [`notice#${world.notices.length - 1}`];
    }
    case "acknowledge": {
      const notice = noticeAt(world, deed.notice);
      Object.assign(notice, { state: "acknowledged", entry: deed.entry });
      notice.events.push({ type: "notice.acknowledged", by });
      return [`notice#${deed.notice}`];
    }
    case "read-notice":
      noticeAt(world, deed.notice).events.push({ type: "notice.child-read", by });
      return [`notice#${deed.notice}`];
    default:
      return enactOnEnquiry(world, deed, refer);
  }
};

const enactOnEnquiry = (
  world: World,
  deed: Of<"answer"> | Of<"close-enquiry" | "refer-enquiry" | "read-enquiry">,
  refer: Refer,
): Subject[] => {
  const enquiry = enquiryAt(world, deed.enquiry);
  const told = (type: string): Subject => {
    enquiry.events.push({ type, by: deed.by });
    return `enquiry#${deed.enquiry}`;
  };
  switch (deed.what) {
    case "read-enquiry":
      return [told("enquiry.child-read")];
    case "answer":
      enquiry.state = deed.answer;
      return [told("enquiry.answered")];
    case "close-enquiry":
      enquiry.state = "closed";
      return [told("enquiry.closed")];
    case "refer-enquiry": {
      // It ends as referred, and the others about the child with it.
      enquiry.state = "referred";
      const { referral, touched } = refer(enquiry);
      return [told("enquiry.referred"), `referral#${referral}`, ...touched];
    }
  }
};

/**
 * The exchange compares what waits for it. Each other authority whose list or retained record has the child of a match
 * enquiry is told, and nobody else; whoever retains a record of a child that came onto a list learns that it did.
 * @returns what was touched
 */
export const compare = (world: World): Subject[] => {
  const touched: Subject[] = [];
  for (const waiting of world.waiting) {
    if (kindOf(waiting) === "match") touched.push(...compareMatch(world, placeOf(waiting)));
    else touched.push(...compareEntry(world, placeOf(waiting)));
  }
  world.waiting.clear();
  return touched;
};

const isMatchable = (world: World, place: number): boolean =>
  isOnList(world, place) || entryAt(world, place).retained === "kept";

/** Entries of the same child that other authorities have. */
const othersOf = (world: World, place: number): number[] => {
  const { child, authority } = entryAt(world, place);
  return [...world.entries.keys()].filter((other) => {
    const entry = entryAt(world, other);
    return entry.child === child && entry.authority !== authority && isMatchable(world, other);
  });
};

const compareMatch = (world: World, place: number): Subject[] => {
  const { state, entry } = matchAt(world, place);
  if (state === "closed") return endSides(world, place);
  if (state !== "open" || !isMatchable(world, entry)) return [];
  return othersOf(world, entry).map((held) => tellHolder(world, place, held));
};

const endSides = (world: World, match: number): Subject[] => {
  const open = [...world.sides.keys()].filter((place) => {
    const side = sideAt(world, place);
    return side.match === match && side.state === "open";
  });
  return open.map((place) => {
    sideAt(world, place).state = "closed";
    sideAt(world, place).events.push({ type: "enquiry.closed", by: "exchange" });
    return `side#${place}` as const;
  });
};

const compareEntry = (world: World, place: number): Subject[] => {
  if (!isMatchable(world, place)) return [];
  return othersOf(world, place).flatMap((other): Subject[] => {
    const { retained, match, events } = entryAt(world, other);
    if (retained === "kept") events.push({ type: "entry.matched", by: "exchange" });
    const asks = match !== null && matchAt(world, match).state === "open";
    return [
      ...(retained === "kept" ? [`entry#${other}` as const] : []),
      ...(asks ? [tellHolder(world, match, place)] : []),
    ];
  });
};

/** One side for each holder, and each of its entries once. */
const tellHolder = (world: World, match: number, held: number): Subject => {
  const holder = entryAt(world, held).authority;
  const known = world.sides.findIndex((side) => side.match === match && side.holder === holder);
  if (known !== -1) {
    const { entries } = sideAt(world, known);
    if (!entries.includes(held)) entries.push(held);
    return `side#${known}`;
  }
  const events = [{ type: "enquiry.matched", by: "exchange" }];
  world.sides.push({ match, holder, entries: [held], state: "open", events });
  return `side#${world.sides.length - 1}`;
};

import type { Client } from "../../infra/local/client.ts";
import { Broken, type History, insist, newest, same } from "./history.ts";
import { mostAsked } from "./model-of-enquiries.ts";
import { idOf } from "./requests.ts";
import { type CaseEvent, faultOfTrail, type Item, type ItemPlace, isTold, type TrailEvent } from "./trail.ts";
import {
  enquiryAt,
  entryAt,
  eventsOf,
  familiesOf,
  kindOf,
  matchAt,
  noticeAt,
  partiesOf,
  placeOf,
  referralAt,
  type Subject,
  sideAt,
  type World,
} from "./world.ts";

/** As it is listed, and as it stands in the database. */
type SeenEntry = {
  entryId: string;
  status: string;
  openedAt: string;
  closure: { as: string; referralId?: string } | null;
  retained: { erasedAt: string | null } | null;
};
type SeenReferral = {
  id: string;
  submittedAt: string;
  sender: string;
  recipient: string;
  temporaryAuthority: string | null;
  state: string;
};
type SeenEnquiry = {
  id: string;
  kind: "targeted" | "match";
  asker: string;
  asked: string | null;
  entryId: string | null;
  entryIds: string[];
  openedAt: string;
  state: string;
  answers: { authority: string }[];
};
type SeenNotice = {
  id: string;
  sentAt: string;
  sender: string;
  recipient: string;
  state: string;
  entryId: string | null;
};

const placesIn = (all: readonly unknown[]): number[] => [...all.keys()];

const insistSame = (what: string, seen: unknown, expected: unknown): void =>
  insist(same(seen, expected), () => `${what} is ${JSON.stringify(seen)}, not ${JSON.stringify(expected)}`);

const entrySeen = (entry: SeenEntry) => ({
  status: entry.status,
  as: entry.closure?.as ?? null,
  under: entry.closure?.referralId ?? null,
  retained: entry.retained && (entry.retained.erasedAt === null ? "kept" : "erased"),
});

const entryExpected = (history: History, place: number): ReturnType<typeof entrySeen> => {
  const { status, closedAs, closedUnder, retained } = entryAt(history.world, place);
  const under = closedUnder === null ? null : idOf(history, `referral#${closedUnder}`);
  return { status, as: closedAs, under, retained };
};

const enquiryExpected = (history: History, place: number, side?: string) => {
  const { asker, asked, entry, state } = enquiryAt(history.world, place);
  return { asker, asked, entryId: side === asked ? null : idOf(history, `entry#${entry}`), state };
};

const noticeExpected = (history: History, place: number, side?: string) => {
  const { sender, recipient, state, entry } = noticeAt(history.world, place);
  const known = entry !== null && side !== sender;
  return { sender, recipient, state, entryId: known ? idOf(history, `entry#${entry}`) : null };
};

const entryIdsOf = (history: History, entries: readonly number[]): string[] =>
  entries.map((entry) => idOf(history, `entry#${entry}`)).sort();

const matchExpected = (history: History, place: number) => {
  const { asker, entry, state, answers } = matchAt(history.world, place);
  return { asker, asked: null, entryIds: entryIdsOf(history, [entry]), state, answers };
};

const sideExpected = (history: History, place: number) => {
  const { match, holder, entries, state } = sideAt(history.world, place);
  const { asker } = matchAt(history.world, match);
  const answers = state === "known" ? [holder] : [];
  return { asker, asked: holder, entryIds: entryIdsOf(history, entries), state, answers };
};

const matchSeen = ({ asker, asked, entryIds, state, answers }: Omit<SeenEnquiry, "id" | "kind" | "openedAt">) => ({
  asker,
  asked,
  entryIds: [...entryIds].sort(),
  state,
  answers: answers.map(({ authority }) => authority),
});

/** Everything stands underneath as the model says, and keeps R1, R2 and R7; and what is to be erased is gone. */
export const checkStanding = async (history: History): Promise<void> => {
  const { world, reach } = history;
  const kinds = [
    { kind: "referral", all: world.referrals, table: "referrals", key: "referralId" },
    { kind: "entry", all: world.entries, table: "entries", key: "entryId" },
    { kind: "enquiry", all: world.enquiries, table: "enquiries", key: "enquiryId" },
    { kind: "match", all: world.matches, table: "enquiries", key: "enquiryId" },
    { kind: "side", all: world.sides, table: "enquiries", key: "enquiryId" },
    { kind: "notice", all: world.notices, table: "notices", key: "noticeId" },
  ] as const;
  const subjects = kinds.flatMap(({ kind, all, table, key }) =>
    placesIn(all).map((place) => {
      const subject: Subject = `${kind}#${place}`;
      return { subject, at: { table, key: { [key]: idOf(history, subject) } } satisfies ItemPlace };
    }),
  );
  const kept = subjects.filter(({ subject }) => ["entry", "enquiry"].includes(kindOf(subject)));
  const items = await reach.store.itemsAt([
    ...subjects.map(({ at }) => at),
    ...kept.map(({ subject }): ItemPlace => ({ table: "records", key: recordKey(history, subject) })),
  ]);
  const found = new Map(subjects.map(({ subject }, index) => [subject, items[index]]));
  for (const { subject } of subjects) checkItem(history, subject, found.get(subject) ?? {});
  for (const [index, { subject }] of kept.entries()) {
    const isThere = items[subjects.length + index] !== undefined;
    insist(isThere === isKept(world, subject), () => `R5: the record of ${subject} is ${isThere ? "there" : "gone"}`);
  }
  const entries = placesIn(world.entries).map((place) => found.get(`entry#${place}`) as unknown as SeenEntry);
  checkGate(history, entries);
  checkAlwaysOnAList(history, entries);
  checkNoBroadcast(history, (place) => found.get(`enquiry#${place}`) ?? {});
};

const recordKey = (history: History, subject: Subject): Item => ({
  subject: `${kindOf(subject)}#${idOf(history, subject)}`,
  part: "record",
});

/** Has it a record of its own now? What an enquiry sent out goes when it ends, and what is retained when it is erased. */
const isKept = (world: World, subject: Subject): boolean => {
  if (kindOf(subject) === "enquiry") return ["open", "known"].includes(enquiryAt(world, placeOf(subject)).state);
  const { events, retained } = entryAt(world, placeOf(subject));
  return retained !== "erased" && (events[0]?.type === "entry.added" || retained === "kept");
};

const checkItem = (history: History, subject: Subject, item: Item): void => {
  const [seen, expected] = seenAndExpected(history, subject, item);
  insistSame(subject, seen, expected);
};

const seenAndExpected = (history: History, subject: Subject, item: Item): [seen: object, expected: object] => {
  const place = placeOf(subject);
  const picked = (expected: object): [object, object] => [
    Object.fromEntries(Object.keys(expected).map((name) => [name, item[name] ?? null])),
    expected,
  ];
  switch (kindOf(subject)) {
    case "referral":
      return picked(referralExpected(history, place));
    case "entry": {
      const { authority } = entryAt(history.world, place);
      const seen = { authority: item.authority, ...entrySeen(item as SeenEntry) };
      return [seen, { authority, ...entryExpected(history, place) }];
    }
    case "enquiry":
      return picked(enquiryExpected(history, place));
    case "match":
      return [matchSeen({ ...(item as SeenEnquiry), asked: null }), matchExpected(history, place)];
    case "side": {
      const asker = String(item.askedFor);
      return [matchSeen({ ...(item as SeenEnquiry), asker }), sideExpected(history, place)];
    }
    case "notice":
      return picked(noticeExpected(history, place));
  }
};

const referralExpected = (history: History, place: number) => {
  const { sender, recipient, temporary, state, ...entries } = referralAt(history.world, place);
  const named = (entry: number | null) => (entry === null ? null : idOf(history, `entry#${entry}`));
  return {
    sender,
    recipient,
    temporaryAuthority: temporary,
    state,
    senderEntryId: named(entries.senderEntry),
    recipientEntryId: named(entries.recipientEntry),
    temporaryEntryId: named(entries.temporaryEntry),
  };
};

type Boxes = {
  authority: string;
  open: SeenEntry[];
  closed: SeenEntry[];
  outbox: SeenReferral[];
  temporary: SeenReferral[];
  asks: SeenEnquiry[];
  asked: SeenEnquiry[];
  tells: SeenNotice[];
  told: SeenNotice[];
};

/** Every list of every authority shows what the model says, and nothing more. */
export const checkLists = async (history: History): Promise<void> => {
  const { authorities, world } = history;
  const holders = new Set([...authorities, ...world.entries.map(({ authority }) => authority)]);
  const seen = await Promise.all([...holders].map((authority) => boxesOf(history, authority)));
  for (const { authority, open, closed } of seen) nameNewEntries(history, authority, [...open, ...closed]);
  for (const boxes of seen) {
    checkEntries(history, boxes);
    checkReferrals(history, boxes);
    checkEnquiries(history, boxes);
    checkNotices(history, boxes);
  }
  const entries = seen.flatMap(({ open, closed }) => [...open, ...closed]);
  const inOrder = placesIn(world.entries).map(
    (place) => entries.find(({ entryId }) => entryId === idOf(history, `entry#${place}`)) as SeenEntry,
  );
  checkGate(history, inOrder);
  checkAlwaysOnAList(history, inOrder);
};

const boxesOf = async (history: History, authority: string): Promise<Boxes> => {
  const client = await history.reach.client(authority);
  const { since, world } = history;
  const entries = (status: string) =>
    newest<SeenEntry>(client, `/v1/cme-list?status=${status}`, ({ openedAt }) => openedAt >= since);
  const referrals = (box: string) =>
    newest<SeenReferral>(client, `/v1/referrals?box=${box}`, ({ submittedAt }) => submittedAt >= since);
  const enquiries = async (box: string) =>
    world.enquiries.length + world.matches.length === 0
      ? []
      : newest<SeenEnquiry>(client, `/v1/enquiries?box=${box}`, ({ openedAt }) => openedAt >= since);
  const notices = async (box: string) =>
    world.notices.length === 0
      ? []
      : newest<SeenNotice>(client, `/v1/notices?box=${box}`, ({ sentAt }) => sentAt >= since);
  const temporaries = world.referrals.some(({ temporary }) => temporary !== null);
  const [open, closed, outbox, temporary, asks, asked, tells, told] = await Promise.all([
    entries("open"),
    entries("closed"),
    referrals("outbox"),
    temporaries ? referrals("temporary") : [],
    enquiries("outbox"),
    enquiries("inbox"),
    notices("outbox"),
    notices("inbox"),
  ]);
  return { authority, open, closed, outbox, temporary, asks, asked, tells, told };
};

/** @param expected the ids of what is to be listed */
const insistListed = (what: string, listed: readonly { id: string }[], expected: readonly string[]): void => {
  const ids = listed.map(({ id }) => id).sort();
  insist(same(ids, [...expected].sort()), () => `${what} lists ${ids.length} ids, not the ${expected.length} expected`);
};

const checkEntries = (history: History, { authority, open, closed }: Boxes): void => {
  insist(
    open.every(({ status }) => status !== "closed") && closed.every(({ status }) => status === "closed"),
    () => `the open and the closed entries of ${authority} are mixed up`,
  );
  const { world } = history;
  const listed = [...open, ...closed].map((entry) => ({ id: entry.entryId, ...entry }));
  const own = placesIn(world.entries).filter((place) => entryAt(world, place).authority === authority);
  const id = (place: number) => idOf(history, `entry#${place}`);
  insistListed(`the CME list of ${authority}`, listed, own.map(id));
  for (const place of own) {
    const entry = listed.find((each) => each.id === id(place));
    insistSame(`entry ${place}`, entry && entrySeen(entry), entryExpected(history, place));
  }
};

const checkReferrals = (history: History, { authority, outbox, temporary }: Boxes): void => {
  const { world } = history;
  for (const { box, listed, role } of [
    { box: "outbox", listed: outbox, role: "sender" },
    { box: "temporary", listed: temporary, role: "temporary" },
  ] as const) {
    const own = placesIn(world.referrals).filter((place) => referralAt(world, place)[role] === authority);
    const id = (place: number) => idOf(history, `referral#${place}`);
    insistListed(`the ${box} of ${authority}`, listed, own.map(id));
    for (const place of own) {
      const seen = listed.find((each) => each.id === id(place));
      const { sender, recipient, temporary: third, state } = referralAt(world, place);
      const shown = [seen?.sender, seen?.recipient, seen?.temporaryAuthority, seen?.state];
      insistSame(`referral ${place}`, shown, [sender, recipient, third, state]);
    }
  }
};

/** Each side of a match enquiry is in the box of its own authority alone. */
const checkEnquiries = (history: History, { authority, asks, asked }: Boxes): void => {
  const { world } = history;
  const targeted = (role: "asker" | "asked"): Subject[] =>
    placesIn(world.enquiries)
      .filter((place) => enquiryAt(world, place)[role] === authority)
      .map((place): Subject => `enquiry#${place}`);
  const matches = placesIn(world.matches)
    .filter((place) => matchAt(world, place).asker === authority)
    .map((place): Subject => `match#${place}`);
  const sides = placesIn(world.sides)
    .filter((place) => sideAt(world, place).holder === authority)
    .map((place): Subject => `side#${place}`);
  for (const { box, listed, own } of [
    { box: "outbox", listed: asks, own: [...targeted("asker"), ...matches] },
    { box: "inbox", listed: asked, own: [...targeted("asked"), ...sides] },
  ]) {
    const id = (subject: Subject) => idOf(history, subject);
    insistListed(`the ${box} of enquiries of ${authority}`, listed, own.map(id));
    for (const subject of own) {
      const seen = listed.find((each) => each.id === id(subject)) as SeenEnquiry;
      const place = placeOf(subject);
      if (kindOf(subject) === "enquiry") {
        const { asker, asked: other, entryId, state } = seen;
        insistSame(subject, { asker, asked: other, entryId, state }, enquiryExpected(history, place, authority));
      } else {
        const expected = kindOf(subject) === "match" ? matchExpected(history, place) : sideExpected(history, place);
        insistSame(subject, matchSeen(seen), expected);
      }
    }
  }
};

const checkNotices = (history: History, { authority, tells, told }: Boxes): void => {
  const { world } = history;
  for (const { box, listed, role } of [
    { box: "outbox", listed: tells, role: "sender" },
    { box: "inbox", listed: told, role: "recipient" },
  ] as const) {
    const own = placesIn(world.notices).filter((place) => noticeAt(world, place)[role] === authority);
    const id = (place: number) => idOf(history, `notice#${place}`);
    insistListed(`the ${box} of notices of ${authority}`, listed, own.map(id));
    for (const place of own) {
      const { sender, recipient, state, entryId } = listed.find((each) => each.id === id(place)) as SeenNotice;
      insistSame(`notice ${place}`, { sender, recipient, state, entryId }, noticeExpected(history, place, authority));
    }
  }
};

/** Asks for the name of the entry that the last deed made, if it made one that the answer did not name. */
export const nameNewestEntry = async (history: History): Promise<void> => {
  const { world, ids, reach } = history;
  const unnamed = world.entries[ids.entry.length];
  if (!unnamed) return;
  const answer = await (await reach.client(unnamed.authority)).get("/v1/cme-list?status=open&limit=1");
  nameNewEntries(history, unnamed.authority, (answer.json() as { items: SeenEntry[] }).items);
};

/** An entry that the model has just made has no name yet: it is the one on its authority's list that nobody knows. */
const nameNewEntries = ({ world, ids }: History, authority: string, listed: readonly SeenEntry[]): void => {
  const unknown = listed.filter(({ entryId }) => !ids.entry.includes(entryId));
  const unnamed = placesIn(world.entries).filter(
    (place) => entryAt(world, place).authority === authority && ids.entry[place] === undefined,
  );
  insist(
    unknown.length === unnamed.length && unnamed.length <= 1,
    () => `${authority} has ${unknown.length} new entries, not ${unnamed.length}`,
  );
  const [place] = unnamed;
  if (place !== undefined) ids.entry[place] = unknown[0]?.entryId ?? "";
};

/** Sides that a comparison has made are new in their holders' inboxes; underneath they name the enquiry they are of. */
export const nameNewSides = async (history: History): Promise<void> => {
  const { world, ids, reach } = history;
  const unnamed = placesIn(world.sides).slice(ids.side.length);
  for (const place of unnamed) {
    const { holder, match } = sideAt(world, place);
    const { asked } = await boxesOf(history, holder);
    const unknown = asked.filter(({ id, kind }) => kind === "match" && !ids.side.includes(id));
    const items = await reach.store.itemsAt(
      unknown.map(({ id }): ItemPlace => ({ table: "enquiries", key: { enquiryId: id } })),
    );
    const found = unknown.find((_, index) => items[index]?.parentId === idOf(history, `match#${match}`));
    insist(found !== undefined, () => `${holder} was not told of match enquiry ${match}`);
    ids.side[place] = found?.id ?? "";
  }
};

/** R1: whoever is off a list as transferred is so through a referral whose receipt stands. */
const checkGate = ({ world, ids }: History, entries: readonly SeenEntry[]): void => {
  for (const { entryId, closure } of entries) {
    if (closure?.as !== "transferred") continue;
    const { state } = referralAt(world, ids.referral.indexOf(closure.referralId ?? ""));
    insist(
      ["received", "located", "concluded"].includes(state),
      () => `R1: entry ${entryId} is closed as transferred and its referral is ${state}`,
    );
  }
};

const lawfulEnds: readonly string[] = [
  "on-school-register",
  "suitable-education-otherwise",
  "above-leaving-age",
  "deceased",
  "enquiries-exhausted",
];

/** While a child is being handed over, no lawful end of an earlier day excuses that it is on no list. */
const underWay: readonly string[] = ["awaiting-receipt", "received", "located"];

/**
 * R2: every child that was submitted or added is on some list, until a lawful closure. And wherever one authority's entry
 * closed because another has the child, or has not found it, that other one's still answers for the child.
 */
const checkAlwaysOnAList = (history: History, entries: readonly SeenEntry[]): void => {
  const { world } = history;
  for (const [child, places] of Map.groupBy(placesIn(world.entries), (place) => entryAt(world, place).child)) {
    const own = places.map((place) => entries[place]);
    const handedOver = world.referrals.some(
      ({ senderEntry, state }) => entryAt(world, senderEntry).child === child && underWay.includes(state),
    );
    insist(
      own.some((entry) => entry !== undefined && entry.status !== "closed") ||
        (!handedOver && own.some((entry) => lawfulEnds.includes(entry?.closure?.as ?? ""))),
      () => `R2: child ${child} is on no list`,
    );
  }
  for (const place of entries.keys()) {
    insist(isAnsweredFor(history, entries, place, []), () => `R2: nobody answers for the child of entry ${place}`);
  }
};

const isAnsweredFor = (
  history: History,
  entries: readonly SeenEntry[],
  place: number,
  before: readonly number[],
): boolean => {
  const entry = entries[place];
  if (!entry || before.includes(place)) return false;
  if (entry.status !== "closed" || lawfulEnds.includes(entry.closure?.as ?? "")) return true;
  const { senderEntry, recipientEntry } = referralAt(
    history.world,
    history.ids.referral.indexOf(entry.closure?.referralId ?? ""),
  );
  const other = entry.closure?.as === "transferred" ? recipientEntry : senderEntry;
  return other !== null && isAnsweredFor(history, entries, other, [...before, place]);
};

/**
 * R7: never more than five authorities have a child's data through the enquiries of one authority, or of those that handed the
 * child on; and none has it twice from the same.
 */
const checkNoBroadcast = (history: History, found: (enquiry: number) => Item): void => {
  const { world } = history;
  const goingOn = placesIn(world.enquiries)
    .map(found)
    .filter(({ state }) => state === "open" || state === "known");
  for (const family of placesIn(world.entries).flatMap((entry) => Object.values(familiesOf(world, entry)))) {
    const ids = family.map((place) => idOf(history, `entry#${place}`));
    const asked = goingOn.filter(({ entryId }) => ids.includes(String(entryId)));
    insist(
      new Set(asked.map((each) => each.asked)).size <= mostAsked &&
        new Set(asked.map((each) => `${each.asker} ${each.asked}`)).size === asked.length,
      () =>
        `R7: ${asked.map((each) => `${each.asked} by ${each.asker}`).join(", ")} about the child of entries ${family.join(", ")}`,
    );
  }
};

/** The trails of these: they hold, say what was done and nothing more, and have their outbox rows (R1, R3). */
export const checkTrails = async (history: History, subjects: Iterable<Subject>): Promise<void> => {
  const { store } = history.reach;
  for (const subject of new Set(subjects)) {
    const name = nameOf(history, subject);
    const trail = await store.trailOf(name);
    checkTrail(history, subject, trail);
    const numbers = Array.from({ length: trail.length + 1 }, (_, index) => index + 1);
    const told = trail.filter(({ type }) => isTold(type)).map(({ sequence }) => sequence);
    const rows = await store.outboxRowsAmong(name, numbers);
    insist(same(rows, told), () => `R3: ${subject} has the outbox rows ${rows}, not ${told}`);
  }
};

/** By which its events are kept: the sides of a match enquiry are enquiries of their own. */
const nameOf = (history: History, subject: Subject): string => {
  const kind = kindOf(subject);
  const id = idOf(history, subject);
  if (kind === "referral") return id;
  return `${kind === "match" || kind === "side" ? "enquiry" : kind}#${id}`;
};

const paths = {
  referral: "/v1/referrals",
  entry: "/v1/cme-list",
  enquiry: "/v1/enquiries",
  match: "/v1/enquiries",
  side: "/v1/enquiries",
  notice: "/v1/notices",
} as const;

export const pathOf = (history: History, subject: Subject): string =>
  `${paths[kindOf(subject)]}/${idOf(history, subject)}`;

export const readTrail = async (
  history: History,
  subject: Subject,
  reader: string,
): Promise<(TrailEvent | CaseEvent)[]> => {
  const client = await history.reach.client(reader);
  return newest<TrailEvent | CaseEvent>(client, `${pathOf(history, subject)}/events?`, () => true);
};

/** One trail, wherever it was read. */
export const checkTrail = (history: History, subject: Subject, trail: (TrailEvent | CaseEvent)[]): void => {
  const { world, trails } = history;
  const fault = faultOfTrail(nameOf(history, subject), trail);
  insist(fault === undefined, () => `R3: ${fault}`);
  const told = trail.map(({ type, actor }) => ({ type, by: actor.authority }));
  const events = eventsOf(world, subject);
  insist(
    same(kindOf(subject) === "side" ? onceMatched(told) : told, events),
    () => `R3: ${subject} tells ${JSON.stringify(told)}, not ${JSON.stringify(events)}`,
  );
  const hashes = (each: readonly { hash: string }[]) => each.map(({ hash }) => hash);
  const before = hashes(trails.get(subject) ?? []);
  insist(same(hashes(trail).slice(0, before.length), before), () => `R3: the trail of ${subject} was rewritten`);
  trails.set(subject, trail);
  if (kindOf(subject) === "referral") checkRemovals(subject, trail);
};

/** A holder of several entries is told of them in one event or in several: in what order they are compared is left open. */
const onceMatched = <T extends { type: string }>(told: readonly T[]): T[] =>
  told.filter(({ type }, index) => type !== "enquiry.matched" || index === 0);

/** R1 as the trail tells it: at every removal the receipt was confirmed, and not undone by a fruitless search. */
const checkRemovals = (subject: Subject, trail: readonly { type: string }[]): void => {
  const types = trail.map(({ type }) => type);
  for (const [index, type] of types.entries()) {
    if (type !== "referral.removed") continue;
    const before = types.slice(0, index);
    insist(
      before.includes("referral.received") && !before.includes("referral.not-located"),
      () => `R1: ${subject} was removed after ${before}`,
    );
  }
};

/** Greenwich, which has a part in nothing. */
const outsider = "203";

const parts = {
  referral: ["", "/child", "/events", "/notes", "/enquiry-steps", "/messages"],
  entry: ["", "/child", "/events", "/enquiry-steps"],
  enquiry: ["", "/child", "/events", "/notes"],
  match: ["", "/child", "/events", "/notes"],
  side: ["", "/child", "/events", "/notes"],
  notice: ["", "/child", "/events"],
} as const;

/**
 * R5 and R7: whoever is no party is told that there is nothing. Each time another one of them tries another part.
 * @param turn picks who and what
 */
export const checkStrangers = async (history: History, subject: Subject, turn: number): Promise<void> => {
  const parties = partiesOf(history.world, subject);
  const strangers = [...history.authorities, outsider].filter((each) => !parties.includes(each));
  const stranger = strangers[turn % strangers.length] ?? outsider;
  const all = parts[kindOf(subject)];
  const client: Client = await history.reach.client(stranger);
  const path = `${pathOf(history, subject)}${all[turn % all.length]}`;
  const { status } = await client.get(path);
  if (status !== 404) throw new Broken(`R5: ${stranger} is answered ${status} to ${path}, of ${subject}`);
};

export const isTrailReader = (history: History, subject: Subject, authority: string): boolean => {
  const isThird = kindOf(subject) === "referral" && referralAt(history.world, placeOf(subject)).temporary === authority;
  return partiesOf(history.world, subject).includes(authority) && !isThird;
};

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Answer, Client } from "../../infra/local/client.ts";
import {
  type Deed,
  enact,
  entryAt,
  entryReferredFrom,
  isOnList,
  openReferralFrom,
  referralAt,
  type Verdict,
  verdict,
  type World,
} from "./model.ts";
import { faultOfTrail, type TrailEvent, type TrailStore } from "./trail.ts";

/** A running exchange, from outside and underneath. */
export type Reach = { client(owner: string): Promise<Client>; store: TrailStore };

/** A request that was sent for a deed; `answer` is its last one. */
export type Sent = { deed: Deed; path: string; body: unknown; key: string; answer?: Answer };

type ListedEntry = {
  entryId: string;
  status: string;
  openedAt: string;
  closure: { as: string; referralId?: string } | null;
};
type ListedReferral = { id: string; submittedAt: string; sender: string; recipient: string; state: string };

/** What some authorities did and what must have come of it, told by the model and compared with the exchange. */
export type History = {
  reach: Reach;
  authorities: readonly string[];
  since: string;
  world: World;
  /** What the exchange calls the model's referrals and entries. */
  referralIds: string[];
  entryIds: string[];
  /** The trails as last read. */
  trails: Map<number, TrailEvent[]>;
  sent: Sent[];
};

export const newHistory = (reach: Reach, authorities: readonly string[]): History => ({
  reach,
  authorities,
  since: new Date().toISOString(),
  world: { entries: [], referrals: [] },
  referralIds: [],
  entryIds: [],
  trails: new Map(),
  sent: [],
});

/** The exchange did not do what the rules say. */
export class Broken extends Error {
  override readonly name = "Broken";
}

const insist = (holds: boolean, what: () => string): void => {
  if (!holds) throw new Broken(what());
};

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const example = JSON.parse(readFileSync(new URL("../data/example-referral.json", import.meta.url), "utf8")) as {
  child: unknown;
};

const referralId = ({ referralIds }: History, place: number | "nowhere"): string =>
  place === "nowhere" ? "0199a000-0000-7000-8000-000000000000" : (referralIds[place] ?? "");

/** The request for a deed, ready to be sent any number of times. */
export const requestFor = (history: History, deed: Deed): Sent => {
  const someoneElse = history.authorities.find((each) => each !== deed.by) ?? "";
  const contact = `${deed.wrongContact ? someoneElse : deed.by}-${["lead", "inbox"][deed.variant]}`;
  const key = randomUUID();
  if (deed.what === "submit") {
    const { recipient, from } = deed;
    const body = {
      recipient,
      sentBy: contact,
      child: example.child,
      ...(typeof from === "object" && "entry" in from && { entryId: history.entryIds[from.entry] }),
      ...(typeof from === "object" &&
        "following" in from && { followsReferralId: referralId(history, from.following) }),
    };
    return { deed, path: "/v1/referrals", body, key };
  }
  const { to, body } = requests[deed.what](contact, deed.variant);
  return { deed, path: `/v1/referrals/${referralId(history, deed.referral)}/${to}`, body, key };
};

type ToReferral = Exclude<Deed["what"], "submit">;

const requests: Record<ToReferral, (contact: string, variant: 0 | 1) => { to: string; body?: unknown }> = {
  read: () => ({ to: "child" }),
  withdraw: (_, variant) => ({ to: "withdrawal", body: { reason: ["Back in school", "Sent in error"][variant] } }),
  return: (_, variant) => ({ to: "return", body: { reason: ["wrong-authority", "duplicate"][variant] } }),
  receive: (confirmedBy) => ({ to: "receipt", body: { confirmedBy } }),
  locate: (foundBy) => ({ to: "finding", body: { finding: "located", foundBy } }),
  "not-locate": (foundBy) => ({ to: "finding", body: { finding: "not-located", foundBy } }),
  remove: (removedBy) => ({ to: "removal", body: { removedBy } }),
  conclude: (_, variant) => ({
    to: "conclusion",
    body: [
      { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-30" },
      { outcome: "suitable-education-otherwise", provision: "Taught at home by a tutor" },
    ][variant],
  }),
};

/** @throws whatever a lost connection throws; then nobody knows whether it was done */
export const send = async ({ reach }: History, { deed, path, body, key }: Sent): Promise<Answer> => {
  const client = await reach.client(deed.by);
  return deed.what === "read" ? client.get(path) : client.post(path, body, { key });
};

/**
 * Compares an answer with what the rules say, and carries the deed out in the model where they permit it.
 * @returns the referrals whose trails are to be looked at
 */
export const settle = (history: History, sent: Sent, answer: Answer): number[] => {
  const { world } = history;
  const { deed } = sent;
  const expected = verdict(world, deed);
  insist(
    answer.status === expected.status,
    () => `answered ${answer.status}, not ${expected.status}: ${codeOf(answer)}`,
  );
  sent.answer = answer;
  if (!history.sent.includes(sent)) history.sent.push(sent);
  if (expected.status !== 200 && expected.status !== 201) return expectRefusal(history, deed, expected, answer);
  if (deed.what === "submit") {
    const { id } = answer.json() as { id: string };
    insist(!history.referralIds.includes(id), () => `the referral ${id} was made twice`);
    history.referralIds.push(id);
  }
  return enact(world, deed);
};

const codeOf = ({ text }: Answer): string => /"code":"([\w-]+)"/.exec(text)?.[1] ?? "no problem";

/** Nothing changed, and a conflict names the present state, or the open referral that stands in the way. */
const expectRefusal = (history: History, deed: Deed, { status }: Verdict, answer: Answer): number[] => {
  const { world } = history;
  if (deed.what !== "submit") {
    if (deed.referral === "nowhere") return [];
    const { state } = referralAt(world, deed.referral);
    const named = (answer.json() as { state?: string }).state;
    insist(status !== 409 || named === state, () => `the conflict names the state ${named}, not ${state}`);
    return [deed.referral];
  }
  const entry = status === 409 ? entryReferredFrom(world, deed) : undefined;
  const open = entry === undefined ? undefined : openReferralFrom(world, entry);
  if (entry === undefined || open === undefined || !isOnList(world, entry)) return [];
  const named = (answer.json() as { referralId?: string }).referralId;
  insist(named === referralId(history, open), () => `the conflict names the referral ${named}`);
  return [open];
};

/** The same request again: the first answer, and nothing happens. With another body under its key it is refused. */
export const expectRepetition = (former: Sent, again: Answer, altered: boolean): number[] => {
  if (altered) {
    insist(
      again.status === 422 && codeOf(again) === "idempotency-key-reused",
      () => `another body under a used key was answered ${again.status}: ${codeOf(again)}`,
    );
  } else {
    const first = former.answer;
    insist(again.status === first?.status, () => `the repetition was answered ${again.status}: ${codeOf(again)}`);
    insist(again.text === first?.text, () => "the repetition was answered otherwise than the first time");
    insist(again.headers.get("idempotency-replayed") === "true", () => "the repetition was not marked as one");
  }
  const { deed } = former;
  return deed.what === "submit" || deed.referral === "nowhere" ? [] : [deed.referral];
};

/** The items of a list from its newest on, as far back as the history reaches: first a short page, which often is enough. */
const newest = async <T>(client: Client, path: string, isNew: (item: T) => boolean): Promise<T[]> => {
  const found: T[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const answer = await client.get(`${path}&limit=${cursor ? `100&cursor=${cursor}` : 20}`);
    insist(answer.status === 200, () => `${path} was answered ${answer.status}: ${codeOf(answer)}`);
    const page = answer.json() as { items: T[]; next: string | null };
    const fresh = page.items.filter(isNew);
    found.push(...fresh);
    cursor = fresh.length < page.items.length ? null : page.next;
  }
  return found;
};

/** Every list of every authority is as the model says, and keeps R1 and R2. */
export const checkLists = async (history: History): Promise<void> => {
  const { reach, authorities, since } = history;
  const perAuthority = authorities.map(async (authority) => {
    const client = await reach.client(authority);
    const entries = (status: string) =>
      newest<ListedEntry>(client, `/v1/cme-list?status=${status}`, ({ openedAt }) => openedAt >= since);
    const [open, closed, referrals] = await Promise.all([
      entries("open"),
      entries("closed"),
      newest<ListedReferral>(client, "/v1/referrals?box=outbox", ({ submittedAt }) => submittedAt >= since),
    ]);
    insist(
      open.every(({ status }) => status !== "closed") && closed.every(({ status }) => status === "closed"),
      () => `the open and the closed entries of ${authority} are mixed up`,
    );
    return { authority, entries: [...open, ...closed], referrals };
  });
  const seen = await Promise.all(perAuthority);
  for (const { authority, entries } of seen) nameNewEntries(history, authority, entries);
  const entries = seen.flatMap((each) => each.entries);
  const referrals = seen.flatMap((each) => each.referrals);
  checkGate(entries, referrals);
  checkAlwaysOnAList(history, entries);
  checkEntries(history, entries);
  checkReferrals(history, referrals);
};

/** Asks for the name of the entry that the last deed made, if it made one. */
export const nameNewestEntry = async (history: History): Promise<void> => {
  const { world, entryIds, reach } = history;
  const unnamed = world.entries[entryIds.length];
  if (!unnamed) return;
  const answer = await (await reach.client(unnamed.authority)).get("/v1/cme-list?status=open&limit=1");
  nameNewEntries(history, unnamed.authority, (answer.json() as { items: ListedEntry[] }).items);
};

/** An entry that the model has just made has no name yet: it is the one on its authority's list that nobody knows. */
const nameNewEntries = (history: History, authority: string, listed: readonly ListedEntry[]): void => {
  const { world, entryIds } = history;
  const unknown = listed.filter(({ entryId }) => !entryIds.includes(entryId));
  const unnamed = world.entries.flatMap((entry, place) =>
    entry.authority === authority && entryIds[place] === undefined ? [place] : [],
  );
  insist(
    unknown.length === unnamed.length && unnamed.length <= 1,
    () => `${authority} has ${unknown.length} new entries, not ${unnamed.length}`,
  );
  const [place] = unnamed;
  if (place !== undefined) entryIds[place] = unknown[0]?.entryId ?? "";
};

const checkEntries = (history: History, listed: readonly ListedEntry[]): void => {
  const { world, entryIds } = history;
  insist(listed.length === world.entries.length, () => `${listed.length} entries, not ${world.entries.length}`);
  const byId = new Map(listed.map((entry) => [entry.entryId, entry]));
  for (const [place, expected] of world.entries.entries()) {
    const entry = byId.get(entryIds[place] ?? "");
    const under = expected.closedUnder === null ? undefined : referralId(history, expected.closedUnder);
    insist(
      entry?.status === expected.status &&
        (entry.closure?.as ?? null) === expected.closedAs &&
        entry.closure?.referralId === under,
      () => `entry ${place} is ${JSON.stringify(entry)}, not ${JSON.stringify(expected)}`,
    );
  }
};

const checkReferrals = (history: History, listed: readonly ListedReferral[]): void => {
  const { world, referralIds } = history;
  insist(listed.length === referralIds.length, () => `${listed.length} referrals, not ${referralIds.length}`);
  const byId = new Map(listed.map((referral) => [referral.id, referral]));
  for (const [place, { sender, recipient, state }] of world.referrals.entries()) {
    const referral = byId.get(referralId(history, place));
    insist(
      same([referral?.sender, referral?.recipient, referral?.state], [sender, recipient, state]),
      () => `referral ${place} is ${referral?.state}, not ${state}`,
    );
  }
};

/** R1: whoever is off a list as transferred is so through a referral whose receipt stands. */
const checkGate = (entries: readonly ListedEntry[], referrals: readonly ListedReferral[]): void => {
  const states = new Map(referrals.map(({ id, state }) => [id, state]));
  for (const { entryId, closure } of entries) {
    if (closure?.as !== "transferred") continue;
    const state = states.get(closure.referralId ?? "") ?? "unknown";
    insist(
      ["received", "located", "concluded"].includes(state),
      () => `R1: entry ${entryId} is closed as transferred and its referral is ${state}`,
    );
  }
};

const lawfulEnds = ["on-school-register", "suitable-education-otherwise"];

/** While a child is being handed over, no lawful end of an earlier day excuses that it is on no list. */
const underWay: readonly string[] = ["awaiting-receipt", "received", "located"];

/** R2: every child that was submitted is on some list, until it is known to be educated. */
const checkAlwaysOnAList = (history: History, listed: readonly ListedEntry[]): void => {
  const { world, entryIds } = history;
  const byId = new Map(listed.map((entry) => [entry.entryId, entry]));
  const children = Map.groupBy(world.entries.keys(), (place) => entryAt(world, place).child);
  for (const [child, places] of children) {
    const entries = places.map((place) => byId.get(entryIds[place] ?? ""));
    const handedOver = world.referrals.some(
      ({ senderEntry, state }) => entryAt(world, senderEntry).child === child && underWay.includes(state),
    );
    insist(
      entries.some((entry) => entry !== undefined && entry.status !== "closed") ||
        (!handedOver && entries.some((entry) => lawfulEnds.includes(entry?.closure?.as ?? ""))),
      () => `R2: child ${child} is on no list`,
    );
  }
};

/** The trails of these referrals: they hold, say what was done and nothing more, and have their outbox rows (R1, R3). */
export const checkTrails = async (history: History, places: Iterable<number>): Promise<void> => {
  for (const place of new Set(places)) {
    const { sender } = referralAt(history.world, place);
    checkTrail(history, place, await readTrail(history, place, sender));
    const count = history.trails.get(place)?.length ?? 0;
    const sequences = Array.from({ length: count + 1 }, (_, index) => index + 1);
    const rows = await history.reach.store.outboxRowsAmong(referralId(history, place), sequences);
    insist(same(rows, sequences.slice(0, -1)), () => `R3: referral ${place} has the outbox rows ${rows} of ${count}`);
  }
};

export const readTrail = async (history: History, place: number, reader: string): Promise<TrailEvent[]> => {
  const client = await history.reach.client(reader);
  return newest<TrailEvent>(client, `/v1/referrals/${referralId(history, place)}/events?`, () => true);
};

/** One referral's trail, wherever it was read. */
export const checkTrail = (history: History, place: number, trail: TrailEvent[]): void => {
  const { world, trails } = history;
  const fault = faultOfTrail(referralId(history, place), trail);
  insist(fault === undefined, () => `R3: ${fault}`);
  const told = trail.map(({ type, actor }) => ({ type, by: actor.authority }));
  const { events } = referralAt(world, place);
  insist(
    same(told, events),
    () => `R3: referral ${place} tells ${JSON.stringify(told)}, not ${JSON.stringify(events)}`,
  );
  const hashes = (each: readonly TrailEvent[]) => each.map(({ hash }) => hash);
  const before = hashes(trails.get(place) ?? []);
  insist(same(hashes(trail).slice(0, before.length), before), () => `R3: the trail of referral ${place} was rewritten`);
  trails.set(place, trail);
  checkRemovals(place, trail);
};

/** R1 as the trail tells it: at every removal the receipt was confirmed, and not undone by a fruitless search. */
const checkRemovals = (place: number, trail: readonly TrailEvent[]): void => {
  const types = trail.map(({ type }) => type);
  for (const [index, type] of types.entries()) {
    if (type !== "referral.removed") continue;
    const before = types.slice(0, index);
    insist(
      before.includes("referral.received") && !before.includes("referral.not-located"),
      () => `R1: referral ${place} was removed after ${before}`,
    );
  }
};

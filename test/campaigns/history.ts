import type { Answer, Client } from "../../infra/local/client.ts";
import { againstExhaustion, type Deed, enact, entryReferredFrom, type Verdict, verdict } from "./model.ts";
import { idOf, newFamily, requestFor, type Sent, send } from "./requests.ts";
import type { CaseEvent, TrailEvent, TrailStore } from "./trail.ts";
import {
  enquiryAt,
  isOnList,
  type Kind,
  kindOf,
  matchAt,
  newWorld,
  noticeAt,
  openReferralFrom,
  placeOf,
  referralAt,
  type Subject,
  sideAt,
  type World,
} from "./world.ts";

export { requestFor, type Sent, send };

/** A running exchange, from outside and underneath. */
export type Reach = {
  client(owner: string): Promise<Client>;
  store: TrailStore;
  /** Has the exchange compare what waits for it; absent where it never asks itself anything, or in its own time. */
  compare?(): Promise<void>;
};

/** What some authorities did and what must have come of it, told by the model and compared with the exchange. */
export type History = {
  reach: Reach;
  authorities: readonly string[];
  since: string;
  family: { surname: string; number: number };
  world: World;
  /** What the exchange calls the model's things. */
  ids: Record<Kind, string[]>;
  /** The trails as last read. */
  trails: Map<Subject, (TrailEvent | CaseEvent)[]>;
  sent: Sent[];
};

export const newHistory = (reach: Reach, authorities: readonly string[]): History => ({
  reach,
  authorities,
  since: new Date().toISOString(),
  family: newFamily(),
  world: newWorld(),
  ids: { referral: [], entry: [], enquiry: [], match: [], side: [], notice: [] },
  trails: new Map(),
  sent: [],
});

/** The exchange did not do what the rules say. */
export class Broken extends Error {
  override readonly name = "Broken";
}

export const insist = (holds: boolean, what: () => string): void => {
  if (!holds) throw new Broken(what());
};

export const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/**
 * Compares an answer with what the rules say, and carries the deed out in the model where they permit it.
 * @returns whatever it touched, whose trails are to be looked at
 */
export const settle = (history: History, sent: Sent, answer: Answer): Subject[] => {
  const { world } = history;
  const { deed } = sent;
  const expected = verdict(world, deed);
  insist(
    answer.status === expected.status && (expected.code === undefined || codeOf(answer) === expected.code),
    () => `answered ${answer.status} ${codeOf(answer)}, not ${expected.status} ${expected.code ?? ""}: ${sent.path}`,
  );
  sent.answer = answer;
  if (!history.sent.includes(sent)) history.sent.push(sent);
  if (expected.status !== 200 && expected.status !== 201) return expectRefusal(history, deed, expected, answer);
  const made = makes[deed.what];
  if (made) nameNew(history, made, answer);
  return enact(world, deed);
};

/** What a deed's answer names; the others are found where they stand. */
const makes: Partial<Record<Deed["what"], Kind>> = {
  submit: "referral",
  "refer-enquiry": "referral",
  add: "entry",
  "list-temporary": "entry",
  ask: "enquiry",
  "ask-match": "match",
  notify: "notice",
};

const nameNew = ({ ids }: History, kind: Kind, answer: Answer): void => {
  const { id, entryId } = answer.json() as { id?: string; entryId?: string };
  const name = (kind === "entry" ? entryId : id) ?? "";
  insist(!ids[kind].includes(name), () => `the ${kind} ${name} was made twice`);
  ids[kind].push(name);
};

export const codeOf = ({ text }: Answer): string => /"code":"([\w-]+)"/.exec(text)?.[1] ?? "no problem";

/** Nothing changed, and a conflict names the present state, or the open referral that stands in the way. */
const expectRefusal = (history: History, deed: Deed, { status }: Verdict, answer: Answer): Subject[] => {
  const { world } = history;
  if (deed.what !== "submit") {
    const of = subjectOf(deed);
    if (of === undefined) return [];
    if (
      deed.what === "close-entry" &&
      deed.as === "enquiries-exhausted" &&
      codeOf(answer) === "closure-not-permitted"
    ) {
      const { reasons } = answer.json() as { reasons: { code: string }[] };
      const named = reasons.map(({ code }) => code);
      const missing = againstExhaustion(world, deed.entry);
      insist(same(named, missing), () => `the refusal names ${named}, and what is missing is ${missing}`);
    }
    const named = (answer.json() as { state?: string }).state;
    const states = stateOf(world, of);
    insist(
      status !== 409 || named === undefined || states.includes(named),
      () => `the conflict names the state ${named}, not ${states}`,
    );
    return [of];
  }
  const entry = status === 409 ? entryReferredFrom(world, deed) : undefined;
  const open = entry === undefined ? undefined : openReferralFrom(world, entry);
  if (entry === undefined || open === undefined || !isOnList(world, entry)) return [];
  const named = (answer.json() as { referralId?: string }).referralId;
  insist(named === idOf(history, `referral#${open}`), () => `the conflict names the referral ${named}`);
  return [`referral#${open}`];
};

/** What a deed is done to, if that is there. */
export const subjectOf = (deed: Deed): Subject | undefined => {
  if ("referral" in deed) return deed.referral === "nowhere" ? undefined : `referral#${deed.referral}`;
  if ("enquiry" in deed) return `enquiry#${deed.enquiry}`;
  if ("of" in deed) return deed.of;
  if (deed.what === "acknowledge" || deed.what === "read-notice") return `notice#${deed.notice}`;
  return "entry" in deed && deed.entry !== null ? `entry#${deed.entry}` : undefined;
};

/** A holder may learn that the question was withdrawn before its own side shows it. */
const stateOf = (world: World, subject: Subject): string[] => {
  const place = placeOf(subject);
  switch (kindOf(subject)) {
    case "referral":
      return [referralAt(world, place).state];
    case "entry":
      return [];
    case "enquiry":
      return [enquiryAt(world, place).state];
    case "match":
      return [matchAt(world, place).state];
    case "side": {
      const { state, match } = sideAt(world, place);
      return [state === "open" ? matchAt(world, match).state : state];
    }
    case "notice":
      return [noticeAt(world, place).state];
  }
};

/** The same request again: the first answer, and nothing happens. With another body under its key it is refused. */
export const expectRepetition = (former: Sent, again: Answer, altered: boolean): Subject[] => {
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
  const of = subjectOf(former.deed);
  return of === undefined ? [] : [of];
};

/** The items of a list from its newest on, as far back as the history reaches: first a short page, which often is enough. */
export const newest = async <T>(client: Client, path: string, isNew: (item: T) => boolean): Promise<T[]> => {
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

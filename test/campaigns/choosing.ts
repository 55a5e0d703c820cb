import * as fc from "fast-check";
import { guidanceSteps } from "../builders/guidance-steps.ts";
import { type Action, type Deed, missingSteps, type Submission, verdict } from "./model.ts";
import {
  enquiryAt,
  entryAt,
  goingOn,
  isOnList,
  matchAt,
  newChild,
  noticeAt,
  type OwnClosure,
  openReferralFrom,
  referralAt,
  type Subject,
  sideAt,
  type World,
} from "./world.ts";

type Handoff = "submit" | "refer-on" | Action | "read" | "repeat";
/** Of many deeds: asking one authority after the other, and taking every step that is missing before leaving the list. */
type Series = "canvass" | "exhaust";

/** What is chosen before it is known what there will be to choose from. */
export type Choice = {
  what: Handoff | Series | "compare" | Exclude<Deed["what"], Handoff>;
  /** Where a list of possibilities is picked from, counted from the newest. */
  pick: number;
  /** Who, where the rules leave that open. A repetition by the first has another body. */
  by: number;
  variant: 0 | 1;
  /** The status to be aimed at, where there is such a deed: mostly what the rules permit now, often what the state forbids. */
  aim: 201 | 409;
  flaw: "none" | "wrong-contact" | "stranger";
  /** Which answer, closure, step or addressee; absent where nothing but referrals between two is wanted. */
  detail?: number;
  /** What is done where nothing of the kind is permitted now, so that histories go far. */
  instead?: Choice["what"][];
};

const weighted = <T>(...weights: [number, T][]) =>
  fc.oneof(...weights.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

const manner = {
  pick: fc.nat(11),
  by: fc.nat(2),
  variant: weighted<0 | 1>([3, 0], [1, 1]),
  aim: weighted<Choice["aim"]>([3, 201], [1, 409]),
  flaw: weighted<Choice["flaw"]>([12, "none"], [1, "wrong-contact"], [2, "stranger"]),
};

/** Referrals between two authorities and nothing else. */
export const anyHandoff: fc.Arbitrary<Choice> = fc.record({
  what: weighted<Choice["what"]>(
    [5, "submit"],
    [8, "refer-on"],
    [7, "receive"],
    [6, "remove"],
    [4, "locate"],
    [3, "not-locate"],
    [2, "conclude"],
    [2, "withdraw"],
    [2, "return"],
    [3, "read"],
    [4, "repeat"],
  ),
  ...manner,
});

/** Everything that authorities do with each other's children. */
export const anyChoice: fc.Arbitrary<Choice> = fc.record({
  what: weighted<Choice["what"]>(
    [4, "submit"],
    [6, "refer-on"],
    [8, "receive"],
    [8, "remove"],
    [4, "locate"],
    [6, "not-locate"],
    [2, "conclude"],
    [1, "withdraw"],
    [1, "return"],
    [2, "read"],
    [4, "list-temporary"],
    [3, "add"],
    [2, "record-step"],
    [5, "close-entry"],
    [2, "exhaust"],
    [2, "erase"],
    [1, "read-entry"],
    [4, "ask"],
    [2, "canvass"],
    [6, "answer"],
    [2, "close-enquiry"],
    [5, "refer-enquiry"],
    [2, "read-enquiry"],
    [7, "ask-match"],
    [9, "compare"],
    [7, "answer-match"],
    [3, "close-match"],
    [3, "notify"],
    [4, "acknowledge"],
    [1, "read-notice"],
    [4, "repeat"],
  ),
  ...manner,
  detail: fc.nat(11),
  instead: fc.array(
    weighted<Choice["what"]>(
      [5, "receive"],
      [5, "remove"],
      [3, "locate"],
      [4, "not-locate"],
      [4, "refer-on"],
      [3, "list-temporary"],
      [3, "close-entry"],
      [2, "erase"],
      [3, "ask"],
      [5, "answer"],
      [5, "refer-enquiry"],
      [3, "ask-match"],
      [5, "answer-match"],
      [4, "acknowledge"],
    ),
    { minLength: 4, maxLength: 4 },
  ),
});

/** How many of the newest things of a kind are considered: whatever is older is left alone. */
const considered = 12;
const newestOf = (all: readonly unknown[]): number[] => [...all.keys()].slice(-considered);

export const picked = <T>(all: readonly T[], pick: number): T | undefined => all.at(-1 - (pick % all.length));

export const at = <T>(all: readonly T[], index: number): T => all[index % all.length] as T;

/** Those whose acts name no contact of theirs. */
const withoutContact: readonly Deed["what"][] = [
  "read",
  "withdraw",
  "return",
  "conclude",
  "list-temporary",
  "add",
  "record-step",
  "close-entry",
  "erase",
  "read-entry",
  "close-enquiry",
  "read-enquiry",
  "close-match",
  "read-notice",
];

/** The deed that a choice comes to as things stand. */
export const deedFor = (trio: readonly string[], world: World, choice: Choice): Deed => {
  const sound = permittedDeedFor(trio, world, choice) ?? soundDeedFor(trio, world, choice);
  const flawed = { ...sound, wrongContact: true };
  const takesContact = !withoutContact.includes(sound.what);
  return choice.flaw === "wrong-contact" && takesContact && verdict(world, sound).status === 201 ? flawed : sound;
};

/** So many children that each of them has a long way. */
const mostChildren = 4;

/** Of the kinds that a choice offers, the first of which something is permitted. */
const permittedDeedFor = (trio: readonly string[], world: World, choice: Choice): Deed | undefined => {
  const { what, instead, aim, flaw } = choice;
  if (!instead || aim !== 201 || flaw === "stranger") return undefined;
  const isCrowded = newChild(world) >= mostChildren;
  const kinds = [what, ...instead].filter((kind) => !(isCrowded && (kind === "submit" || kind === "repeat")));
  const deeds = kinds.map((kind) => soundDeedFor(trio, world, { ...choice, what: kind }));
  const isFresh = (deed: Deed) => deed.what === "submit" && deed.from === "nowhere";
  const permitted = deeds.find((deed) => verdict(world, deed).status <= 201 && !(isCrowded && isFresh(deed)));
  return permitted ?? (isCrowded ? addition(trio, world, choice) : freshSubmission(trio, choice));
};

const soundDeedFor = (trio: readonly string[], world: World, choice: Choice): Deed => {
  const { what, variant, pick, flaw } = choice;
  if (what === "submit" || what === "repeat") return freshSubmission(trio, choice);
  if (what === "refer-on") return onwardSubmission(trio, world, choice) ?? freshSubmission(trio, choice);
  if (what === "add") return addition(trio, world, choice);
  if (!isToReferral(what)) {
    return picked(preferred(world, choice, otherDeeds(trio, world, choice)), pick) ?? onNothing(trio, choice, "read");
  }
  if (world.referrals.length === 0 && flaw !== "stranger" && !choice.instead) return freshSubmission(trio, choice);
  const deeds = newestOf(world.referrals).map((referral): Deed => {
    const { sender, recipient, temporary } = referralAt(world, referral);
    const both = [sender, recipient, ...(temporary === null ? [] : [temporary])];
    const proper = what === "read" ? both : ["withdraw", "remove"].includes(what) ? [sender] : [recipient];
    const other = choice.detail === undefined || temporary === null ? at(trio, choice.by) : temporary;
    const by = flaw === "stranger" ? other : at(proper, choice.by);
    return { what, by, variant, wrongContact: false, referral };
  });
  return picked(preferred(world, choice, deeds), pick) ?? onNothing(trio, choice, what);
};

const onNothing = (trio: readonly string[], { by, variant }: Choice, what: Action | "read"): Deed => ({
  what,
  by: at(trio, by),
  variant,
  wrongContact: false,
  referral: "nowhere",
});

const isToReferral = (what: Choice["what"]): what is Action | "read" =>
  ["withdraw", "return", "receive", "locate", "not-locate", "remove", "conclude", "read"].includes(what);

/** What a stranger tries is not chosen by its outcome. */
const preferred = (world: World, { aim, flaw }: Choice, deeds: readonly Deed[]): readonly Deed[] => {
  const fitting = deeds.filter((deed) => {
    const { status } = verdict(world, deed);
    return status === aim || (status === 200 && aim === 201);
  });
  return fitting.length > 0 && flaw !== "stranger" ? fitting : deeds;
};

/** Of a child that is new to the exchange. */
const freshSubmission = (trio: readonly string[], choice: Choice): Deed => {
  const by = at(trio, choice.by);
  return choice.flaw === "stranger" ? { ...submission(trio, choice, by), recipient: by } : submission(trio, choice, by);
};

/** Of a child that is on the sender's list: by its entry, or as following the referral that brought it. */
const onwardSubmission = (trio: readonly string[], world: World, choice: Choice): Deed | undefined => {
  const sender = (proper: string) => (choice.flaw === "stranger" ? at(trio, choice.by) : proper);
  const byEntry = newestOf(world.entries).map((entry) =>
    submission(trio, choice, sender(entryAt(world, entry).authority), { entry }),
  );
  const following = newestOf(world.referrals).map((followed) =>
    submission(trio, choice, sender(referralAt(world, followed).recipient), { following: followed }),
  );
  const deeds = preferred(world, choice, choice.pick % 2 === 0 ? byEntry : following);
  return picked(deeds, Math.floor(choice.pick / 2));
};

const submission = (
  trio: readonly string[],
  { pick, variant, detail }: Choice,
  by: string,
  from: Submission["from"] = "nowhere",
): Submission => {
  const recipient = at(
    trio.filter((each) => each !== by),
    pick,
  );
  const third = trio.find((each) => each !== by && each !== recipient) ?? null;
  const temporary = detail !== undefined && detail % 2 === 0 ? third : null;
  return { what: "submit", by, recipient, temporary, from, variant, wrongContact: false };
};

/** A new child, or one that another authority has already: the exchange learns of it by the child's fingerprints alone. */
const addition = (trio: readonly string[], world: World, { by, variant, pick, detail = 0 }: Choice): Deed => {
  const children = [...new Set(world.entries.map(({ child }) => child))];
  const isNew = detail % 3 === 0 && children.length < mostChildren;
  const child = isNew ? "new" : (picked(children, pick) ?? "new");
  return { what: "add", by: at(trio, by), variant, wrongContact: false, child };
};

const answers = ["known", "known", "not-known", "cannot-say"] as const;
const outcomes = ["nothing-found", "nothing-found", "answer-awaited", "not-applicable"] as const;
const closures: readonly OwnClosure[] = [
  "on-school-register",
  "on-school-register",
  "suitable-education-otherwise",
  "deceased",
  "enquiries-exhausted",
  "above-leaving-age",
];

/** Authorities outside the histories' three, who are asked and answer and do nothing else. */
export const farAuthorities = ["204", "205", "206", "207", "208"] as const;

/** The possibilities of a choice about anything but referrals, each by whoever may do it, or by a stranger. */
const otherDeeds = (trio: readonly string[], world: World, choice: Choice): Deed[] => {
  const { what, variant, detail = 0 } = choice;
  const doneBy = (...proper: string[]) => ({
    by: at(choice.flaw === "stranger" ? trio : proper, choice.by),
    variant,
    wrongContact: false,
  });
  const entries = newestOf(world.entries).map((entry) => {
    return { entry, ...doneBy(entryAt(world, entry).authority) };
  });
  const enquiries = newestOf(world.enquiries).map((enquiry) => ({ enquiry, ...enquiryAt(world, enquiry) }));
  const notices = newestOf(world.notices).map((notice) => ({ notice, ...noticeAt(world, notice) }));
  const matches = newestOf(world.matches).map((place) => {
    const of: Subject = `match#${place}`;
    return { of, ...doneBy(matchAt(world, place).asker) };
  });
  const sides = newestOf(world.sides).map((place) => {
    const of: Subject = `side#${place}`;
    return { of, ...doneBy(sideAt(world, place).holder) };
  });
  switch (what) {
    case "list-temporary":
      return newestOf(world.referrals).map((referral) => {
        const { sender, temporary } = referralAt(world, referral);
        return { what, referral, ...doneBy(temporary ?? sender) };
      });
    case "record-step":
      return entries.map((each) => ({ what, ...each, step: at(guidanceSteps, detail), outcome: at(outcomes, detail) }));
    case "close-entry": {
      const as = at(closures, detail);
      const said = as === "on-school-register" ? [null, ...notices.map(({ notice }) => notice)] : [null];
      const owned = newestOf(world.entries).map((entry) => ({ entry, by: entryAt(world, entry).authority }));
      const others = owned.flatMap(({ entry, by }) =>
        notices.filter(({ recipient }) => recipient !== by).map(({ notice }) => ({ entry, by, notice })),
      );
      if (choice.flaw === "stranger" && as === "on-school-register" && others.length > 0) {
        // By a notice that was sent to somebody else.
        return others.map((each): Deed => ({ what, ...each, variant: 0, wrongContact: false, as }));
      }
      return entries.flatMap((each) => said.map((notice): Deed => ({ what, ...each, as, notice })));
    }
    case "erase":
    case "read-entry":
    case "ask-match":
      return entries.map((each) => ({ what, ...each }));
    case "ask":
      return entries.map((each) => ({ what, ...each, asked: at([...trio, ...farAuthorities], detail) }));
    case "answer":
      return enquiries.map(({ enquiry, asked }) => ({ what, enquiry, answer: at(answers, detail), ...doneBy(asked) }));
    case "close-enquiry":
    case "refer-enquiry":
      // Now and then the other side tries it.
      return enquiries.map(({ enquiry, asker, asked }) => ({ what, enquiry, ...doneBy(detail === 0 ? asked : asker) }));
    case "read-enquiry":
      return enquiries.map(({ enquiry, asker, asked }) => ({ what, enquiry, ...doneBy(asker, asked) }));
    case "answer-match":
      return [...(detail === 0 ? matches : []), ...sides].map((each) => ({
        what,
        ...each,
        answer: detail === 1 ? "not-known" : "known",
      }));
    case "close-match":
      return [...(detail === 0 ? sides : []), ...matches].map((each) => ({ what, ...each }));
    case "notify": {
      const manner = doneBy(...trio);
      const others = trio.filter((each) => each !== manner.by);
      return [{ what, ...manner, recipient: choice.flaw === "stranger" ? manner.by : at(others, detail) }];
    }
    case "acknowledge":
      return notices.flatMap(({ notice, sender, recipient }) => {
        const entriesOfIt = [null, ...entries.filter(({ by }) => by === recipient).map(({ entry }) => entry)];
        const about = detail === 1 ? entries.map(({ entry }) => entry) : entriesOfIt;
        return about.map((entry): Deed => ({ what, notice, entry, ...doneBy(detail === 0 ? sender : recipient) }));
      });
    case "read-notice":
      return notices.map(({ notice, sender, recipient }) => ({ what, notice, ...doneBy(sender, recipient) }));
    default:
      return [];
  }
};

/** The deeds of a series as they come, each chosen when the one before was answered; `undefined` at its end. */
export type SeriesOfDeeds = { next(world: World): Deed | undefined };

export const seriesFor = (trio: readonly string[], world: World, choice: Choice): SeriesOfDeeds | undefined => {
  const { what, pick, variant, detail = 0 } = choice;
  if (what !== "canvass" && what !== "exhaust") return undefined;
  const free = newestOf(world.entries).filter(
    (place) => isOnList(world, place) && (what === "exhaust" || openReferralFrom(world, place) === undefined),
  );
  const entry = picked(free, pick);
  if (entry === undefined) return undefined;
  const by = entryAt(world, entry).authority;
  const manner = { by, variant, wrongContact: false, entry };
  return what === "canvass" ? canvass(trio, manner) : exhaust(manner, detail);
};

type OnEntry = { by: string; variant: 0 | 1; wrongContact: boolean; entry: number };

/** Asks one authority after the other about a child until it is refused. */
const canvass = (trio: readonly string[], manner: OnEntry): SeriesOfDeeds => {
  const asked = [...farAuthorities, ...trio.filter((each) => each !== manner.by)];
  let refused = false;
  return {
    next: (world) => {
      if (refused) return undefined;
      const going = goingOn(world, manner.entry).map((place) => enquiryAt(world, place).asked);
      const other = asked.find((each) => !going.includes(each));
      if (other === undefined) return undefined;
      const deed: Deed = { what: "ask", ...manner, asked: other };
      refused = verdict(world, deed).status !== 201;
      return deed;
    },
  };
};

/** Takes every step that is missing, now and then all but one, and takes the child off the list. */
const exhaust = (manner: OnEntry, detail: number): SeriesOfDeeds => {
  const left = detail % 4 === 0 ? at(guidanceSteps, Math.floor(detail / 4) * 5) : undefined;
  let closed = false;
  return {
    next: (world) => {
      const step = missingSteps(entryAt(world, manner.entry)).find((each) => each !== left);
      if (step !== undefined) {
        return { what: "record-step", ...manner, step, outcome: detail % 2 === 0 ? "nothing-found" : "not-applicable" };
      }
      if (closed) return undefined;
      closed = true;
      return { what: "close-entry", ...manner, as: "enquiries-exhausted", notice: null };
    },
  };
};

import { isDeepStrictEqual } from "node:util";
import { type Entry, isOnList } from "./entry.ts";
import type { Figures } from "./figures.ts";
import { initialState, type Party, type ReferralState } from "./lifecycle.ts";
import type { Referral } from "./referral.ts";

/** What is counted of referrals: how many an authority has in a state as one of the parties, and at a rung of silence. */
export type ReferralCell = `${Party}#${ReferralState}` | `rung#${1 | 2 | 3}`;

/** What an event changes about the figures. */
export type Count =
  | ListCount
  | { of: "referrals"; authority: string; cell: ReferralCell; by: 1 | -1 }
  /** A recipient confirmed receipt so many seconds after the submission. */
  | { of: "receipt"; authority: string; seconds: number };

/** A child came onto the authority's list or off it, or was counted there otherwise until then. */
export type ListCount = {
  of: "list";
  authority: string;
  by: 1 | -1;
  openedAt: string;
  /** As they were known then: a correction counts from its own day on. */
  figures: Figures;
  /** Until when the same entry was counted for the authority before, if it was. */
  countedUntil: string | "now" | null;
};

/** What the change of an entry counts for; absent where there was none before. */
export const countsOfEntry = (before: Omit<Entry, "version"> | undefined, after: Omit<Entry, "version">): Count[] => {
  const [was, is] = [standingOnList(before), standingOnList(after)];
  if (isDeepStrictEqual(was, is)) return [];
  const countedUntil = was && was.authority === is?.authority ? "now" : (before?.closure?.at ?? null);
  return [
    ...(was ? [{ of: "list", by: -1, countedUntil: null, ...was } as const] : []),
    ...(is ? [{ of: "list", by: 1, countedUntil, ...is } as const] : []),
  ];
};

const standingOnList = (entry: Omit<Entry, "version"> | undefined) => {
  if (!entry || !isOnList(entry)) return undefined;
  const { authority, openedAt, figures } = entry;
  return { authority, openedAt, figures };
};

/** What the change of a referral counts for; absent where there was none before. */
export const countsOfReferral = (before: Referral | undefined, after: Referral): Count[] => {
  const was = before ? standingOf(before) : [];
  const is = standingOf(after);
  const isAmong = (all: Standing[]) => (one: Standing) =>
    all.some((other) => other.authority === one.authority && other.cell === one.cell);
  const received = before?.receivedAt === null && after.receivedAt !== null ? after.receivedAt : undefined;
  return [
    ...was.filter((one) => !isAmong(is)(one)).map((one) => ({ of: "referrals", ...one, by: -1 }) as const),
    ...is.filter((one) => !isAmong(was)(one)).map((one) => ({ of: "referrals", ...one, by: 1 }) as const),
    ...(received !== undefined
      ? [{ of: "receipt", authority: after.recipient, seconds: secondsBetween(after.submittedAt, received) } as const]
      : []),
  ];
};

type Standing = { authority: string; cell: ReferralCell };

const standingOf = ({ sender, recipient, state, rungsRaised }: Referral): Standing[] => [
  { authority: sender, cell: `sender#${state}` },
  { authority: recipient, cell: `recipient#${state}` },
  ...(state === initialState && rungsRaised > 0
    ? [{ authority: recipient, cell: `rung#${rungsRaised as 1 | 2 | 3}` } as const]
    : []),
];

const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));

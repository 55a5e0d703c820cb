import type { CaseEvent, CaseKind } from "../../shared/domain/case-events.ts";
import { type ChainHead, type Link, linkFault } from "../../shared/domain/event-chain.ts";
import { isTold } from "../../shared/domain/told-events.ts";
import type { Fault, FaultCode } from "./fault.ts";

/** A fault before it is said of what. */
export type Found = [FaultCode, Omit<Fault, "code">];
export const found = (code: FaultCode, rest: Omit<Fault, "code"> = {}): Found => [code, rest];

/** An outbox row as far as an audit looks at it. */
export type Row = {
  sequence: number;
  type: string;
  at: string;
  /** Has it not left yet? */
  waiting: boolean;
};

/** What stands beside an entry, an enquiry or a notice: its trail and its outbox rows in their order, and which texts it has. */
export type Kept = { events: readonly CaseEvent[]; rows: readonly Row[]; parts: ReadonlySet<string> };

const idNames = { entry: "entryId", enquiry: "enquiryId", notice: "noticeId" } as const satisfies Record<
  CaseKind,
  keyof Fault
>;

/** What a fault of an entry, an enquiry or a notice is of. */
export const ofCase = (kind: CaseKind, id: string): Omit<Fault, "code"> => ({ [idNames[kind]]: id });

/** Where a chain does not hold, or does not end where the thing that it is of says. */
export const chainFaults = (
  links: readonly Link[],
  head: ChainHead,
  broken: { sequence: number; fault: string } | undefined,
  behind: FaultCode,
): Found[] => {
  if (broken) return [found("trail-broken", { sequence: broken.sequence, detail: broken.fault })];
  const last = links.length;
  const { sequence, hash } = head;
  if (last < sequence) return [found("events-behind", { sequence: last + 1, detail: `up to ${sequence}` })];
  if (last > sequence) return [found(behind, { sequence: sequence + 1, detail: `up to ${last}` })];
  if ((links.at(-1)?.hash ?? null) !== hash) return [found("head-differs", { sequence })];
  return [];
};

/** The same of an entry, an enquiry or a notice, and what it says otherwise than its trail where that holds. */
export const caseTrailFaults = <Thing extends { head: ChainHead }>(
  thing: Thing,
  events: readonly CaseEvent[],
  { told, differs }: { told: { [Name in keyof Thing]?: unknown }; differs: FaultCode },
): Found[] => {
  const faults = chainFaults(events, thing.head, linkFault(events), "case-behind");
  if (faults.length > 0) return faults;
  const names = Object.keys(told) as (keyof Thing & string)[];
  return names.filter((name) => thing[name] !== told[name]).map((detail) => found(differs, { detail }));
};

/** Milliseconds after which what was not told is stuck: three rounds of the reconciler, which waits for five minutes. */
const patience = 15 * 60_000;

/** Each event that is told of has its row, and there is no other. */
export const outboxFaults = (
  events: readonly { sequence: number; type: string; at: string }[],
  rows: readonly Row[],
  now: string,
): Found[] => {
  const bySequence = new Map(rows.map((row) => [row.sequence, row]));
  const ofEvents = events
    .filter(({ type }) => isTold(type))
    .flatMap(({ sequence, type, at }): Found[] => {
      const row = bySequence.get(sequence);
      bySequence.delete(sequence);
      if (!row) return [found("outbox-missing", { sequence })];
      if (row.type !== type || row.at !== at) return [found("outbox-differs", { sequence })];
      const isStuck = row.waiting && Date.parse(now) - Date.parse(at) > patience;
      return isStuck ? [found("outbox-stuck", { sequence })] : [];
    });
  return [...ofEvents, ...[...bySequence.keys()].map((sequence) => found("outbox-without-event", { sequence }))];
};

/** Texts that should be there and are not; a record is so without being named. */
export const missingTexts = (expected: readonly string[], parts: ReadonlySet<string>): Found[] =>
  expected
    .filter((part) => !parts.has(part))
    .map((part) => found("record-missing", part === "record" ? {} : { detail: part }));

/** Texts that should have been erased. */
export const keptTexts = (expected: readonly string[], parts: ReadonlySet<string>): Found[] =>
  [...parts].filter((part) => !expected.includes(part)).map((detail) => found("record-kept", { detail }));

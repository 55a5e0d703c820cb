import type { JSONWebKeySet } from "jose";
import * as z from "zod";
import type { Dynamo } from "../../shared/store/dynamo.ts";
import type { TableName } from "../../shared/store/tables.ts";
import type { Fault, FaultCode } from "./fault.ts";
import { presentAmong } from "./read.ts";

/**
 * What an audit does with each table. Those that hold nothing which must agree with the trail are not read: the operations
 * page says what to see to after they were restored.
 */
export const whatIsAudited = {
  referrals: "each with its trail, evidence, entries, record and outbox rows",
  events: "the trail of each referral, and that each has its referral",
  outbox: "a row for each event; what waits; the deliveries that were made",
  feed: "numbered without gaps, and holds what was told of",
  entries:
    "each with its trail, its outbox rows, its texts, its fingerprints, and the referrals and enquiries that it names",
  records: "that each is there and has its referral, entry, enquiry or notice; nothing is opened",
  answers: "that what was answered as made is there, and each submission's answer",
  deliveries: "that those made for an outbox row are there",
  directory: "not read",
  changes: "not read",
  imports: "not read",
  publications: "not read",
  reorganisations: "not read",
  caseEvents: "the trail of each entry, enquiry and notice, and that each has what it is of",
  enquiries: "each with its trail, its outbox rows, its texts and the entry that it is about",
  notices: "each with its trail, its outbox rows and its record",
  fingerprints: "that each is of an entry which has it and can be matched",
  counters: "not read, but of the same moment",
  clients: "not read",
  proofs: "not read",
  subscriptions: "not read",
} as const satisfies Partial<Record<TableName, string>>;

type Named = keyof typeof whatIsAudited;
export type AuditedTable = {
  [Name in Named]: (typeof whatIsAudited)[Name] extends `not read${string}` ? never : Name;
}[Named];

const named = Object.keys(whatIsAudited) as Named[];
const isRead = (name: Named): name is AuditedTable => !whatIsAudited[name].startsWith("not read");

/** Those that an audit holds against each other. */
export const auditedTables: readonly AuditedTable[] = named.filter(isRead);

/** Those that are written together, so that they are restored to one moment or contradict each other. */
export const tablesOfOneMoment: readonly Named[] = named.filter((name) => whatIsAudited[name] !== "not read");

export type Audit = {
  dynamo: Dynamo;
  names: Record<AuditedTable, string>;
  /** The published key set, against which receipts and certificates must verify. */
  keys: JSONWebKeySet;
  /** RFC 3339, each time anew. */
  clock(): string;
  /** How many segments of a table are read at once. */
  segments: number;
  /** Called for each fault as it is found. */
  onFault(fault: Fault): void;
};

export type Counts = {
  referrals: number;
  events: number;
  receipts: number;
  certificates: number;
  entries: number;
  openEntries: number;
  enquiries: number;
  notices: number;
  /** Of entries, enquiries and notices. */
  caseEvents: number;
  outboxRows: number;
  /** Of these, what has not left yet. */
  waiting: number;
  feedItems: number;
  records: number;
  answers: number;
};

export const report = ({ onFault }: Audit, faults: readonly Fault[]): void => {
  for (const fault of faults) onFault(fault);
};

/** How many items are read in one call, and how many of them are looked at together. */
const inOneCall = 50;
const together = 10;

/** Takes many ids some at a time: `load` reads what all of these need, `take` looks at each. */
export const inTurns = async <T>(
  ids: readonly string[],
  load: (ids: readonly string[]) => Promise<T[]>,
  take: (loaded: T) => Promise<void>,
): Promise<void> => {
  for (let at = 0; at < ids.length; at += inOneCall) {
    const loaded = await load(ids.slice(at, at + inOneCall));
    for (let from = 0; from < loaded.length; from += together) {
      await Promise.all(loaded.slice(from, from + together).map(take));
    }
  }
};

/** An item that is not as the exchange writes it. */
export const unreadable = Symbol("unreadable");

/** What the stored thing is, where it is as the exchange writes it. */
export const parsed = <T>(parse: () => T): T | typeof unreadable => {
  try {
    return parse();
  } catch (error) {
    if (error instanceof z.ZodError) return unreadable;
    throw error;
  }
};

/** The same of what is read in several calls. */
export const parsedFrom = async <T>(reading: Promise<T>): Promise<T | typeof unreadable> => {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof z.ZodError) return unreadable;
    throw error;
  }
};

/** What was found, and whether anything of what was read has changed since. */
export type Look = { faults: Fault[]; moved(): Promise<boolean> };

/** How often something is looked at that changes each time; by then its faults are told. */
const mostLooks = 5;

/** The faults that stand when nothing has moved while they were looked at: what is being written meanwhile is no fault. */
export const standing = async (first: Look, again: () => Promise<Look>): Promise<Fault[]> => {
  let last = first;
  for (let looks = 1; looks < mostLooks && last.faults.length > 0 && (await last.moved()); looks += 1)
    last = await again();
  return last.faults;
};

const idNames = {
  referrals: "referralId",
  entries: "entryId",
  enquiries: "enquiryId",
  notices: "noticeId",
} as const;
/** The tables of what has a trail. */
export type CaseTable = keyof typeof idNames;

const missing = {
  referrals: "referral-missing",
  entries: "entry-missing",
  enquiries: "enquiry-missing",
  notices: "notice-missing",
} as const satisfies Record<CaseTable, FaultCode>;

/** In which table the thing is of which a subject of events, outbox rows or texts is, and under what id. */
const subjectPattern = /^(?:(referral|entry|enquiry|notice)#)?([^#]+)$/;
const tableOf = { referral: "referrals", entry: "entries", enquiry: "enquiries", notice: "notices" } as const;
export const whatItIs = (subject: string): { table: CaseTable; id: string } | undefined => {
  const [, kind = "referral", id] = subjectPattern.exec(subject) ?? [];
  return id === undefined ? undefined : { table: tableOf[kind as keyof typeof tableOf], id };
};

/**
 * Those of a page's things that are not there, each once.
 * @param code what it is that they are missing; else that which says so
 */
export const lostAmong = async (
  { dynamo, names }: Audit,
  things: readonly { table: CaseTable; id: string }[],
  { code, table: where }: { code?: FaultCode; table?: string },
): Promise<Fault[]> => {
  const faults: Fault[] = [];
  for (const [table, same] of Map.groupBy(things, (each) => each.table)) {
    const name = idNames[table];
    const ids = [...new Set(same.map(({ id }) => id))];
    const isThere = await presentAmong(
      dynamo,
      names[table],
      ids.map((id) => ({ [name]: id })),
    );
    const lost = ids.filter((id) => !isThere({ [name]: id }));
    faults.push(...lost.map((id) => ({ code: code ?? missing[table], [name]: id, ...(where && { table: where }) })));
  }
  return faults;
};

import * as z from "zod";
import type { Entry } from "../../shared/domain/entry.ts";
import { isMatchable } from "../../shared/domain/match-enquiry.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { type Enquiry, enquiryOfAnyKindFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { noticeFrom, noticePlace } from "../../shared/store/notices.ts";
import { tables } from "../../shared/store/tables.ts";
import {
  type Audit,
  type Counts,
  inTurns,
  type Look,
  lostAmong,
  parsed,
  report,
  standing,
  unreadable,
  whatItIs,
} from "./auditing.ts";
import { entriesNamedBy, faultsOfEnquiry } from "./judge-enquiry.ts";
import { faultsOfNotice } from "./judge-notice.ts";
import { keptOf } from "./kept.ts";
import { eachPage, presentAmong } from "./read.ts";

/** Looks at each of these until nothing has moved meanwhile. */
const auditEach = (audit: Audit, ids: readonly string[], look: (id: string) => Promise<Look>): Promise<void> =>
  inTurns(
    ids,
    async (some) => [...some],
    async (id) => report(audit, await standing(await look(id), () => look(id))),
  );

/** Each enquiry with its trail, its texts and the entry that it is about. */
export const auditEnquiries = (audit: Audit, counts: Counts): Promise<void> =>
  eachPage(audit.dynamo, audit.names.enquiries, { ...audit, only: ["enquiryId"] }, async (items) => {
    // Which holders were told of a match enquiry stands beside the enquiries, under a key that is no enquiry's id.
    const ids = items.map(({ enquiryId }) => String(enquiryId)).filter((id) => !id.includes("#"));
    counts.enquiries += ids.length;
    await auditEach(audit, ids, (id) => lookAtEnquiry(audit, id));
  });

const lookAtEnquiry = async (audit: Audit, enquiryId: string): Promise<Look> => {
  const enquiry = await readEnquiry(audit, enquiryId);
  if (!enquiry || enquiry === unreadable) return unread(enquiry, { enquiryId }, "enquiry-missing");
  const entries = await readEntries(audit, entriesNamedBy(enquiry));
  const kept = await keptOf(audit, "enquiry", enquiryId);
  const moved = async () => {
    const now = await readEnquiry(audit, enquiryId);
    const then = await readEntries(audit, entriesNamedBy(enquiry));
    return now === unreadable || now?.version !== enquiry.version || versionsOf(then) !== versionsOf(entries);
  };
  if (entries.unread || kept === unreadable) return { faults: [{ code: "item-unreadable", enquiryId }], moved };
  return { faults: faultsOfEnquiry({ enquiry, entries: entries.byId, ...kept }, audit.clock()), moved };
};

const readEnquiry = async (
  { dynamo, names }: Audit,
  enquiryId: string,
): Promise<Enquiry | undefined | typeof unreadable> => {
  const [item] = await readAll(dynamo, [enquiryPlace(names.enquiries, enquiryId)]);
  return parsed(() => enquiryOfAnyKindFrom(item));
};

/** Those that are there, by id; is any of them not as the exchange writes it? */
type Entries = { byId: ReadonlyMap<string, Entry>; unread: boolean };

const readEntries = async ({ dynamo, names }: Audit, ids: readonly string[]): Promise<Entries> => {
  const items = await readAll(
    dynamo,
    ids.map((id) => entryPlace(names.entries, id)),
  );
  const entries = items.map((item) => parsed(() => entryFrom(item)));
  const read = entries.flatMap((entry) => (entry && entry !== unreadable ? [[entry.entryId, entry] as const] : []));
  return { byId: new Map(read), unread: entries.includes(unreadable) };
};

const versionsOf = ({ byId }: Entries): string => [...byId.values()].map(({ version }) => version).join();

/** Nothing is ever deleted of what has a trail. */
const unread = (
  thing: undefined | typeof unreadable,
  id: { enquiryId: string } | { noticeId: string },
  missing: "enquiry-missing" | "notice-missing",
): Look => ({
  faults: [{ code: thing === unreadable ? "item-unreadable" : missing, ...id }],
  moved: async () => false,
});

/** Each notice with its trail and its record. */
export const auditNotices = (audit: Audit, counts: Counts): Promise<void> =>
  eachPage(audit.dynamo, audit.names.notices, { ...audit, only: ["noticeId"] }, async (items) => {
    counts.notices += items.length;
    await auditEach(
      audit,
      items.map(({ noticeId }) => String(noticeId)),
      (id) => lookAtNotice(audit, id),
    );
  });

const lookAtNotice = async (audit: Audit, noticeId: string): Promise<Look> => {
  const read = async () => {
    const [item] = await readAll(audit.dynamo, [noticePlace(audit.names.notices, noticeId)]);
    return parsed(() => noticeFrom(item));
  };
  const notice = await read();
  if (!notice || notice === unreadable) return unread(notice, { noticeId }, "notice-missing");
  const kept = await keptOf(audit, "notice", noticeId);
  const moved = async () => {
    const now = await read();
    return now === unreadable || now?.version !== notice.version;
  };
  if (kept === unreadable) return { faults: [{ code: "item-unreadable", noticeId }], moved };
  return { faults: faultsOfNotice({ notice, ...kept }, audit.clock()), moved };
};

/** Events of an entry, an enquiry or a notice that is gone. */
export const auditOrphanedEvents = (audit: Audit, counts: Counts): Promise<void> =>
  eachPage(audit.dynamo, audit.names.caseEvents, { ...audit, only: ["subject"] }, async (items) => {
    counts.caseEvents += items.length;
    const things = items.flatMap(({ subject }) => whatItIs(String(subject)) ?? []);
    report(audit, await lostAmong(audit, things, { table: tables.caseEvents.name }));
  });

const row = z.object({ fingerprint: z.string(), entryId: z.string() });

/** Whatever finds an entry is one of its fingerprints, and it can be matched. What waits to be compared has a `#`. */
export const auditFingerprints = async (audit: Audit): Promise<void> => {
  // An entry's rows are all over the table: it is told of once.
  const toldOf = new Set<string>();
  await eachPage(
    audit.dynamo,
    audit.names.fingerprints,
    { ...audit, only: ["fingerprint", "entryId"] },
    async (items) => {
      const rows = items.map((item) => row.parse(item)).filter(({ fingerprint }) => !fingerprint.includes("#"));
      const ids = [...new Set(rows.map(({ entryId }) => entryId))];
      const entries = await readEntries(audit, ids);
      const things = ids.map((id) => ({ table: "entries" as const, id }));
      const faults = await lostAmong(audit, things, { table: tables.fingerprints.name });
      const strays = rows.filter((each) => isStray(each, entries));
      for (const [entryId, same] of Map.groupBy(strays, (stray) => stray.entryId)) {
        const look = () => lookAtStrays(audit, entryId, same);
        faults.push(...(await standing(await look(), look)));
      }
      const news = faults.filter(({ entryId = "" }) => !toldOf.has(entryId));
      for (const { entryId = "" } of news) toldOf.add(entryId);
      report(audit, news);
    },
  );
};

type FingerprintRow = z.output<typeof row>;

/** An entry that can't be read is told of with the entries. */
const isStray = ({ fingerprint, entryId }: FingerprintRow, { byId }: Entries): boolean => {
  const entry = byId.get(entryId);
  return entry !== undefined && !(isMatchable(entry) && entry.fingerprints.includes(fingerprint));
};

const lookAtStrays = async (audit: Audit, entryId: string, strays: readonly FingerprintRow[]): Promise<Look> => {
  const entries = await readEntries(audit, [entryId]);
  const isThere = await presentAmong(audit.dynamo, audit.names.fingerprints, strays);
  const still = strays.some((stray) => isThere(stray) && isStray(stray, entries));
  return {
    faults: still ? [{ code: "fingerprints-differ", entryId, detail: "is found by what it has not" }] : [],
    moved: async () => versionsOf(await readEntries(audit, [entryId])) !== versionsOf(entries),
  };
};

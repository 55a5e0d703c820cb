import * as z from "zod";
import { canonicalJson } from "../../shared/domain/canonical.ts";
import { type Item, readAll } from "../../shared/store/dynamo.ts";
import { lastPosition } from "../../shared/store/feed.ts";
import { tables } from "../../shared/store/tables.ts";
import { type Audit, type Counts, lostAmong, parsed, report, unreadable, whatItIs } from "./auditing.ts";
import type { Fault } from "./fault.ts";
import { type StoredRow, storedRow } from "./outbox-row.ts";
import { eachPage, partition, presentAmong } from "./read.ts";
import { newTally } from "./tally.ts";

export const auditTelling = async (audit: Audit, counts: Counts): Promise<void> => {
  const told = newTally();
  const fed = newTally();
  const lastPositions = new Map<string, number>();
  await eachRow(audit, async (rows) => {
    counts.outboxRows += rows.length;
    counts.waiting += rows.filter(({ unsent }) => unsent !== undefined).length;
    for (const row of rows) {
      for (const authority of row.deliveries ? row.concerns : []) told.add(authority, memberOf(row));
    }
    await auditRows(audit, rows);
  });
  await eachPage(audit.dynamo, audit.names.feed, audit, async (items) => {
    for (const item of items) {
      const { authority, position, last } = counter.parse(item);
      if (position === 0) lastPositions.set(authority, last ?? 0);
      else {
        counts.feedItems += 1;
        fed.add(authority, memberOf(item));
      }
    }
  });
  for (const authority of new Set([...lastPositions.keys(), ...fed.sets()])) {
    if (fed.count(authority) !== lastPositions.get(authority)) await nameGaps(audit, authority);
  }
  await nameUnfed(audit, told.differingFrom(fed));
};

const eachRow = (audit: Audit, take: (rows: StoredRow[]) => Promise<void>): Promise<void> =>
  eachPage(audit.dynamo, audit.names.outbox, audit, (items) =>
    take(
      items.flatMap((item) => {
        const row = parsed(() => storedRow.parse(item));
        if (row !== unreadable) return row;
        report(audit, [
          { code: "item-unreadable", table: tables.outbox.name, detail: `${item.subject} ${item.sequence}` },
        ]);
        return [];
      }),
    ),
  );

const ofThing = z.union([
  z.object({ referralId: z.string(), sequence: z.number() }),
  z.object({ entryId: z.string(), sequence: z.number() }),
  z.object({ enquiryId: z.string(), sequence: z.number() }),
  z.object({ noticeId: z.string(), sequence: z.number() }),
]);

/** What an event is of that has a trail: the subject of that, and the event's number there. */
const placeInTrail = ({ data }: Item): { subject: string; sequence: number } | undefined => {
  const { data: of } = ofThing.safeParse(data);
  if (!of) return undefined;
  const { sequence } = of;
  if ("referralId" in of) return { subject: of.referralId, sequence };
  if ("entryId" in of) return { subject: `entry#${of.entryId}`, sequence };
  return { subject: "enquiryId" in of ? `enquiry#${of.enquiryId}` : `notice#${of.noticeId}`, sequence };
};

const auditRows = async (audit: Audit, rows: readonly StoredRow[]): Promise<void> => {
  const { dynamo, names } = audit;
  const things = rows.flatMap((row) => (placeInTrail(row) && whatItIs(row.subject)) ?? []);
  const lost = await lostAmong(audit, things, { table: tables.outbox.name });
  const keys = rows.flatMap(({ deliveries = [] }) => deliveries.map(({ deliveryId }) => ({ deliveryId })));
  const isThere = await presentAmong(dynamo, names.deliveries, keys);
  const missing = keys.filter((key) => !isThere(key));
  report(audit, [
    ...lost,
    ...missing.map(({ deliveryId }): Fault => ({ code: "delivery-missing", detail: `delivery ${deliveryId}` })),
  ]);
};

const counter = z.object({ authority: z.string(), position: z.number(), last: z.number().optional() });

/** What a feed item and the outbox row that it comes of have in common. */
const memberOf = ({ type, at, data }: Item): string => canonicalJson([type, at, data]);

/** The feed of one authority read in order; the last position first, so that what is appended meanwhile is no gap. */
const nameGaps = async (audit: Audit, authority: string): Promise<void> => {
  const last = await lastPosition(audit.dynamo, audit.names.feed, authority);
  const gap = (from: number, to: number): void =>
    report(audit, [{ code: "feed-gap", authority, detail: from === to ? `at ${from}` : `from ${from} to ${to}` }]);
  let expected = 1;
  let beyond = 0;
  const { name } = tables.feed.partitionKey;
  for await (const item of partition(audit.dynamo, audit.names.feed, name, authority)) {
    const { position } = counter.parse(item);
    if (position === 0) continue;
    if (position > expected && expected <= last) gap(expected, Math.min(position - 1, last));
    if (position > last) beyond = position;
    expected = position + 1;
  }
  if (expected <= last) gap(expected, last);
  const grown = await lastPosition(audit.dynamo, audit.names.feed, authority);
  if (beyond > grown) report(audit, [{ code: "feed-gap", authority, detail: `the counter is behind, at ${grown}` }]);
};

/**
 * Names what is missing in the feeds of these authorities: all that concerns one of them is held in memory, and only where
 * its feed and its outbox rows differ. The rows are read first: what was told of by then is in a feed that is read later.
 */
const nameUnfed = async (audit: Audit, authorities: readonly string[]): Promise<void> => {
  if (authorities.length === 0) return;
  const told = new Map(authorities.map((authority) => [authority, new Map<string, StoredRow>()]));
  await eachRow(audit, async (rows) => {
    for (const row of rows) {
      for (const authority of row.deliveries ? row.concerns : []) told.get(authority)?.set(memberOf(row), row);
    }
  });
  for (const [authority, rows] of told) {
    for await (const item of partition(audit.dynamo, audit.names.feed, tables.feed.partitionKey.name, authority)) {
      if (item.position === 0 || rows.delete(memberOf(item))) continue;
      if (await wasTold(audit, item, authority)) continue;
      report(audit, [{ code: "feed-without-event", authority, ...whatItIsOf(item) }]);
    }
    for (const row of rows.values()) report(audit, [{ code: "feed-missing", authority, ...whatItIsOf(row) }]);
  }
};

/** An item that was appended after the rows were read has its row all the same. */
const wasTold = async ({ dynamo, names }: Audit, item: Item, authority: string): Promise<boolean> => {
  const key = placeInTrail(item);
  const [row] = key ? await readAll(dynamo, [{ table: names.outbox, key }]) : [];
  return row !== undefined && storedRow.parse(row).concerns.includes(authority);
};

const whatItIsOf = ({ type, data }: Item): Omit<Fault, "code"> =>
  ofThing.safeParse(data).data ?? { detail: String(type) };

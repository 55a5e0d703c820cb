import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import type { Entry } from "../domain/entry.ts";
import { isMatchable } from "../domain/match-enquiry.ts";
import { bucketOf, bucketsOf } from "./buckets.ts";
import type { Dynamo, Item, Write } from "./dynamo.ts";
import { readable } from "./readable.ts";

/** An entry on a list or a retained record can be found by each of its fingerprints, and no other can. */
const findableBy = (entry: Entry | undefined): ReadonlySet<string> =>
  new Set(entry && isMatchable(entry) ? entry.fingerprints : []);

/**
 * What keeps the index of fingerprints in step with an entry, for the transaction in which that is written: its version's
 * condition holds for these too. Whose the entry is stands in the entry alone, so one that passes to another authority
 * changes nothing here.
 * @param before `undefined` for an entry that is new
 */
export const fingerprintWrites = (table: string, before: Entry | undefined, after: Entry): Write[] => {
  const { entryId } = after;
  const [was, is] = [findableBy(before), findableBy(after)];
  return [
    ...[...is].filter((each) => !was.has(each)).map((each) => put(table, { fingerprint: each, entryId })),
    ...[...was].filter((each) => !is.has(each)).map((each) => remove(table, { fingerprint: each, entryId })),
  ];
};

type Row = { fingerprint: string; entryId: string };

const put = (table: string, row: Item & Row): Write => ({
  name: `fingerprint ${row.entryId}`,
  item: { Put: { TableName: table, Item: row } },
});

const remove = (table: string, { fingerprint, entryId }: Row): Write => ({
  name: `fingerprint ${entryId}`,
  item: { Delete: { TableName: table, Key: { fingerprint, entryId } } },
});

/** More entries by one fingerprint are a birthday that was guessed and a name that many bear: no lead. */
const mostByOne = 50;

/** The ids of the entries with that fingerprint. */
export const entryIdsBy = async (dynamo: Dynamo, table: string, fingerprint: string): Promise<string[]> => {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "fingerprint = :fingerprint",
      ExpressionAttributeValues: { ":fingerprint": fingerprint },
      ConsistentRead: true,
      Limit: mostByOne,
    }),
  );
  return Items.map(({ entryId }) => z.string().parse(entryId));
};

/**
 * What is still to be compared, in partitions of its own among the fingerprints (no fingerprint has a `#`): an entry that
 * came onto a list or a match enquiry that was asked. `since` tells one that was put again from the one that was read.
 */
const waiting = z.object({
  fingerprint: z.string(),
  entryId: z.templateLiteral([z.enum(["entry", "enquiry"]), "#", z.string()]),
  since: z.string(),
});
export type Waiting = { subject: z.output<typeof waiting>["entryId"]; since: string };

const bucket = "to-compare";

export const putWaiting = (table: string, { subject, since }: Waiting): Write => ({
  name: `waiting ${subject}`,
  item: { Put: { TableName: table, Item: { fingerprint: bucketOf(bucket, subject), entryId: subject, since } } },
});

/** Fails when it was compared, or put again, since it was read. */
export const removeWaiting = (table: string, { subject, since }: Waiting): Write => ({
  name: "waiting",
  item: {
    Delete: {
      TableName: table,
      Key: { fingerprint: bucketOf(bucket, subject), entryId: subject },
      ConditionExpression: "since = :since",
      ExpressionAttributeValues: { ":since": since },
    },
  },
});

/** What waits to be compared: at most a page from each bucket. */
export const readWaiting = async (dynamo: Dynamo, table: string): Promise<Waiting[]> => {
  const pages = await Promise.all(
    bucketsOf(bucket).map((each) =>
      dynamo.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "fingerprint = :bucket",
          ExpressionAttributeValues: { ":bucket": each },
          ConsistentRead: true,
          Limit: 100,
        }),
      ),
    ),
  );
  return pages
    .flatMap(({ Items = [] }) => readable(table, waiting, Items))
    .map(({ entryId: subject, since }) => ({ subject, since }));
};

/** What finds an entry that comes onto a list, or is known by more than before, and has it compared with all others. */
export const findableWrites = (table: string, before: Entry | undefined, after: Entry, at: string): Write[] => {
  const writes = fingerprintWrites(table, before, after);
  const was = findableBy(before);
  const isMore = [...findableBy(after)].some((each) => !was.has(each));
  return isMore ? [...writes, putWaiting(table, { subject: `entry#${after.entryId}`, since: at })] : writes;
};

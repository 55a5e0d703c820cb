import { QueryCommand, type QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import * as z from "zod";
import { digestOf } from "../domain/canonical.ts";
import { cursorInvalid } from "../domain/refusals.ts";
import type { Dynamo, Item } from "./dynamo.ts";

const stored = z.tuple([z.record(z.string(), z.union([z.string(), z.int()])), z.string()]);
type Position = z.output<typeof stored>[0];

/**
 * A cursor is the position after which a list goes on, with a digest that ties it to the very list (whose, and how
 * filtered): one that was altered, or comes from another list, is refused. It is no secret and needs none: a position
 * chosen freely shows nothing but another part of the caller's own list.
 */
export const cursorFor = (list: unknown, position: Position): string =>
  Buffer.from(JSON.stringify([position, seal(list, position)])).toString("base64url");

/** @throws Refusal `cursor-invalid` */
export const positionFrom = (list: unknown, cursor: string): Position => {
  try {
    const [position, sealed] = stored.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    if (sealed === seal(list, position) && cursorFor(list, position) === cursor) return position;
  } catch {
    throw cursorInvalid();
  }
  throw cursorInvalid();
};

const seal = (list: unknown, position: Position): string => digestOf([list, position]).slice("sha-256:".length, 30);

/**
 * One page of a query.
 * @param list what the list is: whose, and how filtered
 */
export const readPage = async <T>(
  dynamo: Dynamo,
  query: QueryCommandInput,
  { list, limit, cursor }: { list: unknown; limit: number; cursor: string | undefined },
  from: (item: Item) => T,
): Promise<{ items: T[]; next: string | null }> => {
  const ExclusiveStartKey = cursor === undefined ? undefined : positionFrom(list, cursor);
  const { Items = [], LastEvaluatedKey } = await dynamo
    .send(new QueryCommand({ ...query, Limit: limit, ExclusiveStartKey }))
    .catch((error: unknown) => {
      // The query is ours, so what is not valid about it is a position that the caller made up.
      throw ExclusiveStartKey && error instanceof Error && error.name === "ValidationException"
        ? cursorInvalid()
        : error;
    });
  return {
    items: Items.map(from),
    next: LastEvaluatedKey ? cursorFor(list, LastEvaluatedKey as Position) : null,
  };
};

/** A whole list, as many at a time as DynamoDB reads. */
export const readWhole = async <T>(
  read: (page: { limit: number; cursor: string | undefined }) => Promise<{ items: T[]; next: string | null }>,
): Promise<T[]> => {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await read({ limit: 1_000, cursor });
    all.push(...items);
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  return all;
};

/** One page of a list that is read whole because it is small; `keyOf` is what the list is sorted by. */
export const pageOf = <T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  { list, limit, cursor }: { list: unknown; limit: number; cursor: string | undefined },
): { items: T[]; next: string | null } => {
  const after = cursor === undefined ? undefined : positionFrom(list, cursor).after;
  const rest = after === undefined ? all : all.filter((item) => keyOf(item) > String(after));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return { items, next: last !== undefined && rest.length > limit ? cursorFor(list, { after: keyOf(last) }) : null };
};

import { QueryCommand, type QueryCommandInput } from "@aws-sdk/lib-dynamodb";
import { digestOf } from "../domain/canonical.ts";
import { cursorInvalid } from "../domain/refusals.ts";
import type { Dynamo, Item } from "./dynamo.ts";

type Position = Record<string, string | number>;

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
    const [position, sealed] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as [Position, unknown];
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
  const { Items = [], LastEvaluatedKey } = await dynamo.send(
    new QueryCommand({
      ...query,
      Limit: limit,
      ...(cursor !== undefined && { ExclusiveStartKey: positionFrom(list, cursor) }),
    }),
  );
  return {
    items: Items.map(from),
    next: LastEvaluatedKey ? cursorFor(list, LastEvaluatedKey as Position) : null,
  };
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

import * as z from "zod";
import { readEventFeed as route } from "../../shared/contract/delivery.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { cursorInvalid } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { readFeed } from "../../shared/store/feed.ts";
import { cursorFor, positionFrom } from "../../shared/store/page.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("feed") });

const readEventFeed: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const { authority } = call.caller;
  const { after: cursor, limit = defaultLimit } = call.query;
  const list = ["feed", authority];
  const after = cursor === undefined ? 0 : positionAt(list, cursor);
  const items = await readFeed(dynamo, tables.feed, authority, { after, limit });
  return reply(route, 200, {
    items: items.map(({ type, at, data }) => ({ type, timestamp: at, data })),
    next: cursorFor(list, { after: items.at(-1)?.position ?? after }),
  });
};

const position = z.strictObject({ after: z.int().nonnegative() });

/** Also when the caller made the cursor itself, by the public recipe, it is a place in the feed. */
const positionAt = (list: unknown, cursor: string): number => {
  const { data } = position.safeParse(positionFrom(list, cursor));
  if (!data) throw cursorInvalid();
  return data.after;
};

export const handler = serve(route, dependencies, readEventFeed);

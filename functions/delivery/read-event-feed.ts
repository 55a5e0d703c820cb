import { readEventFeed as route } from "../../shared/contract/delivery.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
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
  const after = cursor === undefined ? 0 : Number(positionFrom(list, cursor).after);
  const items = await readFeed(dynamo, tables.feed, authority, { after, limit });
  return reply(route, 200, {
    items: items.map(({ type, at, referralId, sequence }) => ({ type, timestamp: at, data: { referralId, sequence } })),
    next: cursorFor(list, { after: items.at(-1)?.position ?? after }),
  });
};

export const handler = serve(route, dependencies, readEventFeed);

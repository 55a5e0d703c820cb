import { listEntries as route } from "../../shared/contract/cme-list.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { entryOf } from "../../shared/contract/present.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { readEntries } from "../../shared/store/entries.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("entries") });

const listEntries: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const { status = "open", limit = defaultLimit, cursor } = call.query;
  const { items, next } = await readEntries(dynamo, tables.entries, call.caller.authority, { status, limit, cursor });
  return reply(route, 200, { items: items.map(entryOf), next });
};

export const handler = serve(route, dependencies, listEntries);

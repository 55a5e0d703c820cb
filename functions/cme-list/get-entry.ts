import { getEntry as route } from "../../shared/contract/cme-list.ts";
import { entryOf } from "../../shared/contract/present.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("entries") });

const getEntry: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const [item] = await readAll(dynamo, [entryPlace(tables.entries, call.params.entryId)]);
  const entry = entryFrom(item);
  if (entry?.authority !== call.caller.authority) throw notFound();
  return reply(route, 200, entryOf(entry));
};

export const handler = serve(route, dependencies, getEntry);

import { listEntryEvents as route } from "../../shared/contract/cme-list.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readCaseEvents } from "../../shared/store/case-events.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { ownEntry } from "./act-on-entry.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("entries", "caseEvents") });

const listEntryEvents: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const [item] = await readAll(dynamo, [entryPlace(tables.entries, call.params.entryId)]);
  const { entryId } = ownEntry(entryFrom(item), call.caller);
  const { limit = defaultLimit, cursor } = call.query;
  const events = await readCaseEvents(dynamo, tables.caseEvents, { kind: "entry", id: entryId }, { limit, cursor });
  return reply(route, 200, events);
};

export const handler = serve(route, dependencies, listEntryEvents);

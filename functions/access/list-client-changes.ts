import { listClientChanges as route } from "../../shared/contract/clients.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readChanges } from "../../shared/store/changes.ts";
import { subjectOfClient } from "../../shared/store/clients.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("changes") });

const listClientChanges: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, deps) => {
  const { limit = defaultLimit, cursor } = call.query;
  const subject = subjectOfClient(call.params.clientId);
  const changes = await readChanges(deps.dynamo, deps.tables.changes, subject, { limit, cursor });
  // A client that is there has at least the change that registered it.
  if (changes.items.length === 0 && cursor === undefined) throw notFound();
  return reply(route, 200, changes);
};

export const handler = serve(route, dependencies, listClientChanges);

import { listAuthorityChanges as route } from "../../shared/contract/contact-list.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { notFound, notYourOwn } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readChanges } from "../../shared/store/changes.ts";
import { subjectOf } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { maintains } from "./maintain-contacts.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("changes") });

const listAuthorityChanges: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, deps) => {
  const { code } = call.params;
  const { limit = defaultLimit, cursor } = call.query;
  if (!maintains(call.caller, code)) throw notYourOwn();
  const changes = await readChanges(deps.dynamo, deps.tables.changes, subjectOf({ code }), { limit, cursor });
  // An authority that is there has at least the change that added it.
  if (changes.items.length === 0 && cursor === undefined) throw notFound();
  return reply(route, 200, changes);
};

export const handler = serve(route, dependencies, listAuthorityChanges);

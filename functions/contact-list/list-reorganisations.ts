import { defaultLimit } from "../../shared/contract/listing.ts";
import { listReorganisations as route } from "../../shared/contract/reorganisations.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { readReorganisations } from "../../shared/store/reorganisations.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { showReorganisation } from "./show-reorganisation.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("reorganisations") });

const listReorganisations: Operation<typeof route, ReturnType<typeof dependencies>> = async (
  call,
  { dynamo, tables },
) => {
  const { limit = defaultLimit, cursor } = call.query;
  const { items, next } = await readReorganisations(dynamo, tables.reorganisations, { limit, cursor });
  return reply(route, 200, { items: items.map(showReorganisation), next });
};

export const handler = serve(route, dependencies, listReorganisations);

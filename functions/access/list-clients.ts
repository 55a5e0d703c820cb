import { listClients as route } from "../../shared/contract/clients.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { presentClient, readClients } from "../../shared/store/clients.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("clients") });

const listClients: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const { authority, active, limit = defaultLimit, cursor } = call.query;
  const which = { authority, active: active && active === "true" };
  const { items, next } = await readClients(dynamo, tables.clients, which, { limit, cursor });
  return reply(route, 200, { items: items.map(presentClient), next });
};

export const handler = serve(route, dependencies, listClients);

import { getClient as route } from "../../shared/contract/clients.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { clientFrom, clientPlace, presentClient } from "../../shared/store/clients.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("clients") });

const getClient: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const [item] = await readAll(dynamo, [clientPlace(tables.clients, call.params.clientId)]);
  const client = clientFrom(item);
  if (!client) throw notFound();
  return reply(route, 200, presentClient(client), etagOf(client));
};

export const handler = serve(route, dependencies, getClient);

import { listDeliveries as route } from "../../shared/contract/delivery.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readDeliveries } from "../../shared/store/deliveries.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { deliveryOf } from "./present.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("deliveries") });

const listDeliveries: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const { state, limit = defaultLimit, cursor } = call.query;
  const { items, next } = await readDeliveries(dynamo, tables.deliveries, call.caller.authority, {
    state,
    limit,
    cursor,
  });
  return reply(route, 200, { items: items.map(deliveryOf), next });
};

export const handler = serve(route, dependencies, listDeliveries);

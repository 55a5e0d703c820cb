import { getSubscription as route } from "../../shared/contract/delivery.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { subscriptionFrom, subscriptionPlace } from "../../shared/store/subscriptions.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { subscriptionOf } from "./present.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("subscriptions") });

const getSubscription: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, { dynamo, tables }) => {
  const [item] = await readAll(dynamo, [subscriptionPlace(tables.subscriptions, call.caller.authority)]);
  const subscription = subscriptionFrom(item);
  if (!subscription) throw notFound();
  return reply(route, 200, subscriptionOf(subscription));
};

export const handler = serve(route, dependencies, getSubscription);

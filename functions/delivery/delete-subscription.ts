import { deleteSubscription as route } from "../../shared/contract/delivery.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { deleteSubscription as remove, subscriptionFrom, subscriptionPlace } from "../../shared/store/subscriptions.ts";
import { subscriptionOf } from "./present.ts";
import { type SubscriptionDependencies, subscriptionDependencies } from "./subscription-dependencies.ts";

const deleteSubscription: Operation<typeof route, SubscriptionDependencies> = (call, { dynamo, tables }) =>
  commitOnce(dynamo, tables, call, [subscriptionPlace(tables.subscriptions, call.caller.authority)], async ([item]) => {
    const subscription = subscriptionFrom(item);
    if (!subscription) throw notFound();
    return {
      writes: [remove(tables.subscriptions, subscription)],
      reply: reply(route, 200, subscriptionOf(subscription)),
    };
  });

export const handler = serve(route, subscriptionDependencies, deleteSubscription);

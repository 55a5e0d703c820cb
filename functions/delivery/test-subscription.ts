import { v7 as uuidV7 } from "uuid";
import { testSubscription as route } from "../../shared/contract/delivery.ts";
import { notFound, stateDoesNotAllow } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { sqsClient } from "../../shared/queue/send.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { newDelivery, putNewDelivery } from "../../shared/store/deliveries.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { subscriptionFrom, subscriptionPlace } from "../../shared/store/subscriptions.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { deliveryQueues } from "./delivery-queues.ts";
import { handOver } from "./hand-over.ts";
import { deliveryOf } from "./present.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  sqs: sqsClient(),
  tables: tableNames("subscriptions", "deliveries", "answers", "proofs"),
  queues: deliveryQueues(),
});

const testSubscription: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, deps) => {
  const { dynamo, sqs, tables, queues } = deps;
  const { authority } = call.caller;
  const places = [subscriptionPlace(tables.subscriptions, authority)];
  const answer = await commitOnce(dynamo, tables, call, places, async ([item], now) => {
    const subscription = subscriptionFrom(item);
    if (!subscription) throw notFound();
    if (subscription.disabledAt !== null) throw stateDoesNotAllow("disabled", subscription.version, "subscription");
    const test = newDelivery({
      deliveryId: uuidV7(),
      channel: "webhook",
      authority,
      type: "subscription.test",
      at: now,
      createdAt: now,
    });
    return { writes: [putNewDelivery(tables.deliveries, test)], reply: reply(route, 201, deliveryOf(test)) };
  });
  await handOver(sqs, queues, JSON.parse(answer.text) as { deliveryId: string; channel: "webhook" });
  return answer;
};

export const handler = serve(route, dependencies, testSubscription);

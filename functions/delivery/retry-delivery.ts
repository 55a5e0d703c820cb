import { retryDelivery as route } from "../../shared/contract/delivery.ts";
import { notFound, stateDoesNotAllow } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { sqsClient } from "../../shared/queue/send.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { deliveryFrom, deliveryPlace, replaceDelivery } from "../../shared/store/deliveries.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { deliveryQueues } from "./delivery-queues.ts";
import { handOver } from "./hand-over.ts";
import { deliveryOf } from "./present.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  sqs: sqsClient(),
  tables: tableNames("deliveries", "answers", "proofs"),
  queues: deliveryQueues(),
});

/** What stood as failed is due at once. Should the message be lost, the scheduled release sends another. */
const retryDelivery: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, deps) => {
  const { dynamo, sqs, tables, queues } = deps;
  const { id: deliveryId } = call.params;
  const places = [deliveryPlace(tables.deliveries, deliveryId)];
  const answer = await commitOnce(dynamo, tables, call, places, async ([item], now) => {
    const delivery = deliveryFrom(item);
    if (delivery?.authority !== call.caller.authority) throw notFound();
    if (delivery.state !== "failed") throw stateDoesNotAllow(delivery.state, delivery.version, "delivery");
    const changes = { state: "pending", failedAttempts: 0, nextAttemptAt: now } as const;
    return {
      writes: [replaceDelivery(tables.deliveries, delivery, changes)],
      reply: reply(route, 201, deliveryOf({ ...delivery, ...changes, version: delivery.version + 1 })),
    };
  });
  await handOver(sqs, queues, JSON.parse(answer.text) as { deliveryId: string; channel: "webhook" | "email" });
  return answer;
};

export const handler = serve(route, dependencies, retryDelivery);

import { runScheduled } from "../../shared/queue/consume.ts";
import { sendAll, sqsClient } from "../../shared/queue/send.ts";
import { deliveriesDue } from "../../shared/store/deliveries.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { deliveryQueues } from "./delivery-queues.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  sqs: sqsClient(),
  tables: tableNames("deliveries"),
  queues: deliveryQueues(),
});

/** Milliseconds that a message of SQS's own gets to arrive before another is sent. */
const grace = 30_000;

/** Waits that SQS can't hold, and deliveries whose message was lost: whatever is due goes to its queue. */
export const handler = runScheduled(dependencies, async ({ dynamo, sqs, tables, queues }) => {
  const due = await deliveriesDue(dynamo, tables.deliveries, new Date(Date.now() - grace).toISOString());
  for (const channel of ["webhook", "email"] as const) {
    const messages = due.filter((each) => each.channel === channel).map(({ deliveryId }) => ({ deliveryId }));
    await sendAll(sqs, queues[channel].url, messages);
  }
});

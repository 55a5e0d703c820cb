import { log, nameOf } from "../../shared/observability/log.ts";
import { type Sqs, sendLater } from "../../shared/queue/send.ts";
import type { Delivery } from "../../shared/store/deliveries.ts";
import type { DeliveryQueues } from "./delivery-queues.ts";

/**
 * Hands a delivery that was committed to its queue. Where SQS does not take it, the caller's request has succeeded all the
 * same: the delivery is due, and the scheduled release sends it.
 */
export const handOver = async (
  sqs: Sqs,
  queues: DeliveryQueues,
  { deliveryId, channel }: Pick<Delivery, "deliveryId" | "channel">,
): Promise<void> => {
  try {
    await sendLater(sqs, queues[channel].url, { deliveryId }, 0);
  } catch (error) {
    log("message-failed", { consumer: "hand-over", messageId: deliveryId, errorName: nameOf(error) });
  }
};

import { environment } from "../../shared/aws/environment.ts";
import { queues } from "../../shared/queue/queues.ts";
import type { Delivery } from "../../shared/store/deliveries.ts";

/** The queue of each channel, and where that sets aside what it gives up. */
export type DeliveryQueues = Record<Delivery["channel"], { url: string; deadLetterUrl: string }>;

export const deliveryQueues = (): DeliveryQueues => {
  const { webhooks, emails } = queues;
  const given = environment(webhooks.variable, webhooks.deadLetterVariable, emails.variable, emails.deadLetterVariable);
  return {
    webhook: { url: given[webhooks.variable], deadLetterUrl: given[webhooks.deadLetterVariable] },
    email: { url: given[emails.variable], deadLetterUrl: given[emails.deadLetterVariable] },
  };
};

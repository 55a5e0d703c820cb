import type * as z from "zod";
import type { getSubscription, listDeliveries } from "../../shared/contract/delivery.ts";
import type { Delivery } from "../../shared/store/deliveries.ts";
import type { Subscription } from "../../shared/store/subscriptions.ts";

type Schema<R extends { answers: { 200: { schema: z.ZodType } } }> = z.input<R["answers"][200]["schema"]>;

/** A subscription as its authority sees it: never with its secret. */
export const subscriptionOf = ({
  url,
  createdAt,
  disabledAt,
  version,
}: Subscription): Schema<typeof getSubscription> => ({
  url,
  createdAt,
  disabledAt,
  version,
});

export const deliveryOf = (delivery: Delivery): Schema<typeof listDeliveries>["items"][number] => ({
  deliveryId: delivery.deliveryId,
  channel: delivery.channel,
  contactId: delivery.contactId,
  type: delivery.type,
  data: delivery.data,
  state: delivery.state,
  attempts: delivery.attempts,
  nextAttemptAt: delivery.nextAttemptAt,
  createdAt: delivery.createdAt,
  version: delivery.version,
});

import * as z from "zod";
import { channels, deliveryStates } from "../domain/delivery.ts";
import { toldTypes } from "../domain/told-events.ts";
import { eventData } from "./event-data.ts";
import { listing, page } from "./listing.ts";
import { contactId, instant, uuidV7 } from "./primitives.ts";
import { route } from "./route.ts";

const reading = { kind: "token", scope: "referrals", proof: "remembered" } as const;
const acting = { kind: "token", scope: "referrals", proof: "committed" } as const;

const url = z.string().min(1).max(2048).meta({
  description: "https on a public address, port 443, without credentials or fragment",
});

const subscription = z
  .strictObject({
    url: z.string(),
    createdAt: instant,
    disabledAt: instant.nullable().meta({ description: "Set when the endpoint answered 410: subscribe anew to go on" }),
    version: z.int().positive(),
  })
  .meta({ id: "Subscription", description: "Where an authority's webhooks go; never with its secret" });

/** Word of a failing endpoint is of the delivery that failed; a test is of nothing. */
export const deliveryData = z.union([eventData, z.strictObject({ deliveryId: uuidV7 }), z.strictObject({})]);

const delivery = z
  .strictObject({
    deliveryId: uuidV7.meta({ description: "The webhook-id of every attempt" }),
    channel: z.enum(channels),
    contactId: contactId.nullable(),
    type: z.string(),
    data: deliveryData,
    state: z.enum(deliveryStates),
    attempts: z.array(
      z.strictObject({
        at: instant,
        status: z.int().nullable(),
        failure: z.string().nullable(),
        durationMs: z.int().nonnegative(),
      }),
    ),
    nextAttemptAt: instant.nullable(),
    createdAt: instant,
    version: z.int().positive(),
  })
  .meta({ id: "Delivery", description: "A webhook call or an email, with every attempt at it" });

export const readEventFeed = route({
  operationId: "readEventFeed",
  method: "GET",
  path: "/v1/events",
  summary:
    "Everything that concerns the caller's authority (for the DfE: the referrals that nobody has answered for three times the response time), in order and without gaps, for systems behind a firewall. Ask again with `after` set to the last `next`; a cursor stays good for ever",
  access: { ...reading, scope: ["referrals", "oversight"] },
  query: z.strictObject({
    after: z
      .string()
      .max(1024)
      .optional()
      .meta({ description: "The `next` of the answer before; absent: from the beginning" }),
    limit: listing.limit,
  }),
  answers: {
    200: {
      description: "What came after the cursor; `next` is where to go on, also when nothing has come yet",
      schema: z.strictObject({
        items: z.array(
          z.strictObject({
            type: z.enum(toldTypes),
            timestamp: instant,
            data: eventData,
          }),
        ),
        next: z.string(),
      }),
    },
  },
  refusals: ["cursor-invalid"],
  handler: "functions/delivery/read-event-feed.ts",
});

export const putSubscription = route({
  operationId: "putSubscription",
  method: "PUT",
  path: "/v1/subscription",
  summary:
    "Where to send the authority's webhooks (Standard Webhooks, ids only). The secret is in the answer to this request and nowhere else; with rotateSecret a new one is made, and for a day both sign. A failed call is tried again after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h; 410 ends the subscription",
  access: acting,
  body: z.strictObject({ url, rotateSecret: z.boolean().optional() }),
  answers: {
    201: {
      description: "The subscription, with its secret where one was made",
      schema: z.strictObject({ ...subscription.shape, secret: z.string().nullable() }),
    },
  },
  handler: "functions/delivery/put-subscription.ts",
});

export const getSubscription = route({
  operationId: "getSubscription",
  method: "GET",
  path: "/v1/subscription",
  summary: "The authority's subscription, without its secret",
  access: reading,
  answers: { 200: { description: "The subscription", schema: subscription } },
  refusals: ["not-found"],
  handler: "functions/delivery/get-subscription.ts",
});

export const deleteSubscription = route({
  operationId: "deleteSubscription",
  method: "DELETE",
  path: "/v1/subscription",
  summary: "End the authority's subscription",
  access: acting,
  answers: { 200: { description: "The subscription as it was", schema: subscription } },
  refusals: ["not-found"],
  handler: "functions/delivery/delete-subscription.ts",
});

export const testSubscription = route({
  operationId: "testSubscription",
  method: "POST",
  path: "/v1/subscription/test",
  summary: "Send a test to the authority's endpoint: an event of type subscription.test without data",
  access: acting,
  body: z.strictObject({}),
  answers: { 201: { description: "The delivery", schema: delivery } },
  refusals: ["not-found", "state-does-not-allow"],
  handler: "functions/delivery/test-subscription.ts",
});

export const listDeliveries = route({
  operationId: "listDeliveries",
  method: "GET",
  path: "/v1/deliveries",
  summary: "The authority's webhook calls and emails, newest first, with every attempt",
  access: reading,
  query: z.strictObject({
    state: z.enum(deliveryStates).optional().meta({ description: "Only deliveries in this state" }),
    ...listing,
  }),
  answers: { 200: { description: "One page of deliveries", schema: page(delivery).meta({ id: "DeliveryPage" }) } },
  handler: "functions/delivery/list-deliveries.ts",
});

/**
 * What GOV.UK Notify says of an email: the members that are used here; it may add others. Source:
 * https://docs.notifications.service.gov.uk/rest-api.html#delivery-receipts
 */
const emailStatus = z.looseObject({
  id: z.uuid().meta({ description: "Notify's id of the email" }),
  reference: z.string().max(1000).nullable().meta({ description: "The delivery's id" }),
  to: z.string().max(320).meta({ description: "The address that was written to: compared, and not kept" }),
  status: z.enum(["delivered", "permanent-failure", "temporary-failure", "technical-failure"]),
});

export const recordEmailStatus = route({
  operationId: "recordEmailStatus",
  method: "POST",
  path: "/notify/delivery-status",
  summary: "For GOV.UK Notify alone: its delivery receipts, which tell what became of an email",
  access: { kind: "notify-callback" },
  body: emailStatus,
  answers: {
    200: { description: "Noted; also what is of no delivery", schema: z.strictObject({ status: z.literal("ok") }) },
  },
  handler: "functions/delivery/record-email-status.ts",
});

export const retryDelivery = route({
  operationId: "retryDelivery",
  method: "POST",
  path: "/v1/deliveries/{id}/retry",
  summary: "Try a failed delivery again, from the start of the schedule",
  access: acting,
  params: z.strictObject({ id: uuidV7.meta({ description: "The delivery's id" }) }),
  body: z.strictObject({}),
  answers: { 201: { description: "The delivery, pending", schema: delivery } },
  refusals: ["state-does-not-allow"],
  handler: "functions/delivery/retry-delivery.ts",
});

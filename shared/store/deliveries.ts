import * as z from "zod";
import { deliveryData } from "../contract/delivery.ts";
import { channels, deliveryStates } from "../domain/delivery.ts";
import { emailTemplateNames } from "../domain/who-is-told.ts";
import { bucketOf, readDue } from "./buckets.ts";
import type { Dynamo, Item, Place, Write } from "./dynamo.ts";
import { readPage } from "./page.ts";
import { unchanged } from "./unchanged.ts";

/**
 * One thing that is to reach one addressee: a webhook call to an authority's endpoint or an email to one of its contacts.
 * Only ids: whoever is told comes and asks (R6).
 */
export type Delivery = Omit<z.output<typeof stored>, "data"> & { data: z.input<typeof deliveryData> };

const stored = z.object({
  deliveryId: z.string(),
  channel: z.enum(channels),
  authority: z.string(),
  /** Of an email. */
  contactId: z.string().nullable(),
  template: z.enum(emailTemplateNames).nullable(),
  /** What is told of, when it happened and what it is of; a test of the endpoint is of nothing. */
  type: z.string(),
  at: z.string(),
  data: deliveryData,
  state: z.enum(deliveryStates),
  attempts: z.array(
    z.object({ at: z.string(), status: z.number().nullable(), failure: z.string().nullable(), durationMs: z.number() }),
  ),
  /** Since it was made or retried by hand: the schedule starts again then. */
  failedAttempts: z.number(),
  nextAttemptAt: z.string().nullable().default(null),
  /** GOV.UK Notify's id of the email that it accepted last: what it tells later of another one is of no matter. */
  notificationId: z.string().nullable().default(null),
  createdAt: z.string(),
  version: z.number(),
});
export type Attempt = Delivery["attempts"][number];

export const newDelivery = (
  facts: Pick<Delivery, "deliveryId" | "channel" | "authority" | "type" | "at" | "createdAt"> & Partial<Delivery>,
): Delivery => ({
  contactId: null,
  template: null,
  data: {},
  state: "pending",
  attempts: [],
  failedAttempts: 0,
  nextAttemptAt: facts.createdAt,
  notificationId: null,
  version: 1,
  ...facts,
});

export const deliveryPlace = (table: string, deliveryId: string): Place => ({ table, key: { deliveryId } });

export const deliveryFrom = (item: Item | undefined): Delivery | undefined => item && stored.parse(item);

const due = "due";

/**
 * Seconds for which a delivery is kept after it was made: the trail says what happened, this only how it was told. The
 * longest schedule of attempts takes three days.
 */
export const keptFor = 90 * 86_400;

const itemOf = ({ nextAttemptAt, ...delivery }: Delivery): Item => ({
  ...delivery,
  expiresAt: Math.floor(Date.parse(delivery.createdAt) / 1000) + keptFor,
  ...(nextAttemptAt !== null && { nextAttemptAt, dueBucket: bucketOf(due, delivery.deliveryId) }),
  authorityState: `${delivery.authority}#${delivery.state}`,
  createdKey: `${delivery.createdAt}#${delivery.deliveryId}`,
});

export const putNewDelivery = (table: string, delivery: Delivery): Write => ({
  name: `delivery ${delivery.deliveryId}`,
  item: {
    Put: { TableName: table, Item: itemOf(delivery), ConditionExpression: "attribute_not_exists(deliveryId)" },
  },
});

/** Replaces the delivery that was read; fails when anybody changed it since. */
export const replaceDelivery = (table: string, before: Delivery, changes: Partial<Delivery>): Write => ({
  name: `delivery ${before.deliveryId}`,
  item: {
    Put: {
      TableName: table,
      Item: itemOf({ ...before, ...changes, version: before.version + 1 }),
      ...unchanged(before),
    },
  },
});

/** Deliveries whose next attempt was due before that moment: at most a page from each bucket. */
export const deliveriesDue = (dynamo: Dynamo, table: string, moment: string): Promise<Delivery[]> =>
  readDue(
    dynamo,
    { table, index: "due", buckets: due, bucket: "dueBucket", until: "nextAttemptAt" },
    "<",
    moment,
    stored,
  );

/** One page of an authority's deliveries, newest first. */
export const readDeliveries = (
  dynamo: Dynamo,
  table: string,
  authority: string,
  { state, ...page }: { state: Delivery["state"] | undefined; limit: number; cursor: string | undefined },
): Promise<{ items: Delivery[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      IndexName: state ? "by-state" : "by-authority",
      KeyConditionExpression: "#partition = :partition",
      ExpressionAttributeNames: { "#partition": state ? "authorityState" : "authority" },
      ExpressionAttributeValues: { ":partition": state ? `${authority}#${state}` : authority },
      ScanIndexForward: false,
    },
    { list: ["deliveries", authority, state ?? null], ...page },
    (item) => stored.parse(item),
  );

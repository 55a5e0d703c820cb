import { v7 as uuidV7 } from "uuid";
import type { Contact } from "../../shared/domain/contacts.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { busy } from "../../shared/domain/refusals.ts";
import { emailsFor, type Happening } from "../../shared/domain/who-is-told.ts";
import { sendAll, sqsClient } from "../../shared/queue/send.ts";
import { type Delivery, newDelivery, putNewDelivery } from "../../shared/store/deliveries.ts";
import { authorityFrom, authorityPlace, contactsInEffect } from "../../shared/store/directory.ts";
import { attempts, commit, dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { appendToFeed, lastPosition } from "../../shared/store/feed.ts";
import { markNumbered, markSent, type OutboxRow, type RowKey, unsentUpTo } from "../../shared/store/outbox.ts";
import { referralFrom, referralPlace } from "../../shared/store/referrals.ts";
import { subscriptionFrom, subscriptionPlace } from "../../shared/store/subscriptions.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { deliveryQueues } from "./delivery-queues.ts";

export const tellDependencies = () => ({
  dynamo: dynamoClient(),
  sqs: sqsClient(),
  tables: tableNames("outbox", "feed", "deliveries", "subscriptions", "directory", "referrals"),
  queues: deliveryQueues(),
});
export type TellDependencies = ReturnType<typeof tellDependencies>;

/**
 * Tells everyone whom an event concerns, at least once, through any failure, and a referral's events in their order: first
 * whatever came before and has not left.
 */
export const tell = async (key: RowKey, deps: TellDependencies): Promise<void> => {
  for (const row of await unsentUpTo(deps.dynamo, deps.tables.outbox, key)) await tellOf(row, deps);
};

/**
 * Numbers the event in the feeds and makes its deliveries (one transaction, exactly once), hands these to the queues, and
 * only then takes the row off what is unsent. A crash anywhere leaves a row that is told of again.
 */
const tellOf = async (row: OutboxRow, deps: TellDependencies): Promise<void> => {
  const { dynamo, sqs, tables, queues } = deps;
  const deliveries = row.deliveries ?? (await number(row, deps));
  if (!deliveries) return;
  for (const channel of ["webhook", "email"] as const) {
    const messages = deliveries.filter((each) => each.channel === channel);
    await sendAll(
      sqs,
      queues[channel].url,
      messages.map(({ deliveryId }) => ({ deliveryId })),
    );
  }
  await markSent(dynamo, tables.outbox, row);
};

/** Whoever meets another event in the same feed looks again; whoever comes second leaves the row to whoever came first. */
const number = async (row: OutboxRow, { dynamo, tables }: TellDependencies): Promise<Delivery[] | undefined> => {
  const { type, at, referralId, sequence } = row;
  for await (const _ of attempts()) {
    const deliveries = [...(await webhooks(row, { dynamo, tables })), ...(await emails(row, { dynamo, tables }))];
    const positions = await Promise.all(row.concerns.map((each) => lastPosition(dynamo, tables.feed, each)));
    const outcome = await commit(dynamo, [
      markNumbered(tables.outbox, row, deliveries),
      ...row.concerns.flatMap((authority, index) =>
        appendToFeed(tables.feed, authority, { position: (positions[index] ?? 0) + 1, type, at, referralId, sequence }),
      ),
      ...deliveries.map((each) => putNewDelivery(tables.deliveries, each)),
    ]);
    if (outcome.committed) return deliveries;
    if (outcome.lost.has("row")) return undefined;
  }
  throw busy();
};

type Reading = Pick<TellDependencies, "dynamo" | "tables">;

const deliveryOf = (
  { type, at, referralId, sequence }: OutboxRow,
  facts: Pick<Delivery, "channel" | "authority"> & Partial<Delivery>,
): Delivery =>
  newDelivery({
    deliveryId: uuidV7(),
    type,
    at,
    referralId,
    sequence,
    createdAt: new Date().toISOString(),
    ...facts,
  });

const webhooks = async (row: OutboxRow, { dynamo, tables }: Reading): Promise<Delivery[]> => {
  const items = await readAll(
    dynamo,
    row.concerns.map((authority) => subscriptionPlace(tables.subscriptions, authority)),
  );
  return items.flatMap((item) => {
    const subscription = subscriptionFrom(item);
    if (!subscription || subscription.disabledAt !== null) return [];
    return [deliveryOf(row, { channel: "webhook", authority: subscription.authority })];
  });
};

const emails = async (row: OutboxRow, { dynamo, tables }: Reading): Promise<Delivery[]> => {
  const [item] = await readAll(dynamo, [referralPlace(tables.referrals, row.referralId)]);
  const referral = referralFrom(item);
  if (!referral) throw new TypeError("An event without its referral");
  const inEffect = await contactsOf(referral, { dynamo, tables });
  return emailsFor(happeningOf(row), referral, inEffect).map(({ template, authority, contactId }) =>
    deliveryOf(row, { channel: "email", authority, contactId, template }),
  );
};

const happeningOf = ({ type, rung }: OutboxRow): Happening => {
  if (type !== "referral.overdue") return { type };
  if (rung === undefined) throw new TypeError("A rung of no number");
  return { type, rung };
};

const contactsOf = async ({ sender, recipient }: Referral, { dynamo, tables }: Reading) => {
  const now = new Date().toISOString();
  const items = await readAll(dynamo, [
    authorityPlace(tables.directory, sender),
    authorityPlace(tables.directory, recipient),
  ]);
  const [ofSender = [], ofRecipient = []] = items.map((item): Contact[] => {
    const authority = authorityFrom(item);
    return authority ? contactsInEffect(authority, now) : [];
  });
  return { sender: ofSender, recipient: ofRecipient };
};

import { v7 as uuidV7 } from "uuid";
import type { Contact } from "../../shared/domain/contacts.ts";
import { counterChanges } from "../../shared/domain/counters.ts";
import { type EventType, eventTypes, initialState } from "../../shared/domain/lifecycle.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { busy } from "../../shared/domain/refusals.ts";
import type { ToldType } from "../../shared/domain/told-events.ts";
import {
  type Email,
  emailsFor,
  emailsForUnreachableContact,
  emailsTo,
  type Happening,
} from "../../shared/domain/who-is-told.ts";
import { measure, secondsBetween } from "../../shared/observability/metrics.ts";
import { sendAll, sqsClient } from "../../shared/queue/send.ts";
import { addToCounter } from "../../shared/store/counters.ts";
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
  tables: tableNames("outbox", "feed", "deliveries", "subscriptions", "directory", "referrals", "counters"),
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
 * Numbers the event in the feeds, makes its deliveries and counts it for the figures (one transaction, exactly once), hands
 * the deliveries to the queues, and only then takes the row off what is unsent. A crash anywhere leaves a row that is told of again.
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
  measure("EventLag", secondsBetween(row.at, new Date().toISOString()), {});
};

/** Whoever meets another event in the same feed looks again; whoever comes second leaves the row to whoever came first. */
const number = async (row: OutboxRow, { dynamo, tables }: TellDependencies): Promise<Delivery[] | undefined> => {
  const { type, at, data, counts = [] } = row;
  const counters = counterChanges(counts, at).map((change) => addToCounter(tables.counters, change));
  for await (const _ of attempts()) {
    const deliveries = [...(await webhooks(row, { dynamo, tables })), ...(await emails(row, { dynamo, tables }))];
    const positions = await Promise.all(row.concerns.map((each) => lastPosition(dynamo, tables.feed, each)));
    const outcome = await commit(dynamo, [
      markNumbered(tables.outbox, row, deliveries),
      ...row.concerns.flatMap((authority, index) =>
        appendToFeed(tables.feed, authority, { position: (positions[index] ?? 0) + 1, type, at, data }),
      ),
      ...deliveries.map((each) => putNewDelivery(tables.deliveries, each)),
      ...counters,
    ]);
    if (outcome.committed) return deliveries;
    if (outcome.lost.has("row")) return undefined;
  }
  throw busy();
};

type Reading = Pick<TellDependencies, "dynamo" | "tables">;

const deliveryOf = (
  { type, at, data }: OutboxRow,
  facts: Pick<Delivery, "channel" | "authority"> & Partial<Delivery>,
): Delivery =>
  newDelivery({
    deliveryId: uuidV7(),
    type,
    at,
    data,
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

const emails = async (row: OutboxRow, reading: Reading): Promise<Delivery[]> => {
  const asked = row.emails ? await askedFor(row.emails, reading) : await ofItsKind(row, reading);
  return asked.map(({ template, authority, contactId }) =>
    deliveryOf(row, { channel: "email", authority, contactId, template }),
  );
};

const askedFor = async (wanted: NonNullable<OutboxRow["emails"]>, { dynamo, tables }: Reading): Promise<Email[]> => {
  const now = new Date().toISOString();
  const items = await readAll(
    dynamo,
    wanted.map(({ authority }) => authorityPlace(tables.directory, authority)),
  );
  return wanted.flatMap((each, index) => {
    const authority = authorityFrom(items[index]);
    return authority ? emailsTo(each, contactsInEffect(authority, now)) : [];
  });
};

const ofItsKind = (row: OutboxRow, reading: Reading): Promise<Email[]> =>
  "contactId" in row.data ? aboutContact(row.data, reading) : aboutReferral(row, reading);

/** A publication of the contact list is told in the feed and by webhook alone. */
const aboutReferral = async (row: OutboxRow, { dynamo, tables }: Reading): Promise<Email[]> => {
  const happening = happeningOf(row);
  if (!happening) return [];
  const [item] = await readAll(dynamo, [referralPlace(tables.referrals, row.subject)]);
  const referral = referralFrom(item);
  if (!referral) throw new TypeError("An event without its referral");
  if (asksNobody(row, referral)) return [];
  return emailsFor(happening, referral, await contactsOf(referral, { dynamo, tables }));
};

/** A role that passed to another authority asks somebody for something only where it is the receipt that is awaited. */
const asksNobody = ({ type, role }: OutboxRow, { state }: Referral): boolean =>
  type === "referral.reassigned" && !(role === "recipient" && state === initialState);

const aboutContact = async (
  data: { authority: string; contactId: string },
  { dynamo, tables }: Reading,
): Promise<Email[]> => {
  const [item] = await readAll(dynamo, [authorityPlace(tables.directory, data.authority)]);
  const authority = authorityFrom(item);
  return authority ? emailsForUnreachableContact(data, contactsInEffect(authority, new Date().toISOString())) : [];
};

const happeningOf = ({ type, rung }: OutboxRow): Happening | undefined => {
  if (!isOfReferral(type)) return undefined;
  if (type !== "referral.overdue") return { type };
  if (rung === undefined) throw new TypeError("A rung of no number");
  return { type, rung };
};

const isOfReferral = (type: ToldType): type is EventType => (eventTypes as readonly ToldType[]).includes(type);

const contactsOf = async ({ sender, recipient, temporaryAuthority }: Referral, { dynamo, tables }: Reading) => {
  const now = new Date().toISOString();
  const codes = [sender, recipient, ...(temporaryAuthority === null ? [] : [temporaryAuthority])];
  const items = await readAll(
    dynamo,
    codes.map((code) => authorityPlace(tables.directory, code)),
  );
  const [ofSender = [], ofRecipient = [], ofTemporary = []] = items.map((item): Contact[] => {
    const authority = authorityFrom(item);
    return authority ? contactsInEffect(authority, now) : [];
  });
  return { sender: ofSender, recipient: ofRecipient, temporaryAuthority: ofTemporary };
};

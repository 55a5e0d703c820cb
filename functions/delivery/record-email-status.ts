import { recordEmailStatus as route } from "../../shared/contract/delivery.ts";
import { uuidV7 } from "../../shared/contract/primitives.ts";
import { unreachable } from "../../shared/domain/contacts.ts";
import { exchangeItself } from "../../shared/domain/event-chain.ts";
import { isDiscreditedBy } from "../../shared/domain/freshness.ts";
import { busy } from "../../shared/domain/refusals.ts";
import { nextAttempt } from "../../shared/domain/retry-policy.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { log } from "../../shared/observability/log.ts";
import { type Delivery, deliveryFrom, deliveryPlace, replaceDelivery } from "../../shared/store/deliveries.ts";
import { changeAuthority, countChange, readAuthority, subjectOf } from "../../shared/store/directory.ts";
import { attempts, commit, dynamoClient, readAll, type Write } from "../../shared/store/dynamo.ts";
import { putOutboxRow } from "../../shared/store/outbox.ts";
import { tableNames } from "../../shared/store/table-names.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("deliveries", "directory", "changes", "outbox"),
});
type Dependencies = ReturnType<typeof dependencies>;
type Told = Call<typeof route>["body"];
type Failure = Exclude<Told["status"], "delivered">;

const done = reply(route, 200, { status: "ok" });

/**
 * GOV.UK Notify tells what became of an email. That it arrived is what the delivery says already, from the moment that
 * Notify took it. What is not about any delivery of ours is answered like the rest, as there is nothing to tell again.
 */
const recordEmailStatus: Operation<typeof route, Dependencies> = async ({ body }, deps) => {
  if (body.status === "delivered") return done;
  const { data: deliveryId } = uuidV7.safeParse(body.reference);
  for await (const _ of attempts()) {
    const delivery = deliveryId && (await readDelivery(deliveryId, deps));
    if (!delivery) {
      log("email-status-unknown", { notificationId: body.id });
      return done;
    }
    // Notify was quicker than whoever sends and writes that down. If need be it calls again in five minutes.
    if (delivery.state === "pending") continue;
    const isOfThatEmail = delivery.state === "delivered" && delivery.notificationId === body.id;
    if (!isOfThatEmail || (await record(delivery, body.status, body.to, deps))) return done;
  }
  throw busy();
};

const readDelivery = async (deliveryId: string, { dynamo, tables }: Dependencies): Promise<Delivery | undefined> => {
  const [item] = await readAll(dynamo, [deliveryPlace(tables.deliveries, deliveryId)]);
  return deliveryFrom(item);
};

/** Writes down that the email did not arrive, once, and all that follows from it. Nothing keeps the address. */
const record = async (
  delivery: Delivery,
  failure: Failure,
  to: string,
  { dynamo, tables }: Dependencies,
): Promise<boolean> => {
  const now = new Date().toISOString();
  const { deliveryId, authority, contactId } = delivery;
  const mark = failure === "permanent-failure" ? await markContact(delivery, to, now, { dynamo, tables }) : [];
  const { committed } = await commit(dynamo, [
    replaceDelivery(tables.deliveries, delivery, undelivered(delivery, failure, now)),
    ...mark,
  ]);
  if (!committed) return false;
  log("email-undelivered", { deliveryId, authority, failure });
  if (mark.length > 0) log("contact-unreachable", { authority, contactId: contactId ?? undefined });
  return true;
};

/**
 * What did not arrive has failed, and its authority may have it sent again: a permanent failure is a wrong address; a
 * temporary one an inbox that was full or refused it for three days, which says nothing of who reads it at other times.
 * A technical failure is between Notify and its provider: nothing was sent, so it is sent again by the schedule.
 */
const undelivered = (delivery: Delivery, failure: Failure, now: string): Partial<Delivery> => {
  const attempts = [...delivery.attempts, { at: now, status: null, failure, durationMs: 0 }];
  const failedAttempts = delivery.failedAttempts + 1;
  const next = nextAttempt({ failedAttempts, failedAt: now, jitter: Math.random() });
  return failure === "technical-failure" && "at" in next
    ? { state: "pending", attempts, failedAttempts, nextAttemptAt: next.at }
    : { state: "failed", attempts, failedAttempts };
};

/** The contact as unreachable, with its link in the chain, and what its authority and the DfE are to be told. */
const markContact = async (
  delivery: Delivery,
  to: string,
  now: string,
  { dynamo, tables }: Dependencies,
): Promise<Write[]> => {
  const { contactId } = delivery;
  const sentAt = delivery.attempts.at(-1)?.at;
  const authority = await readAuthority(dynamo, tables.directory, delivery.authority);
  const contact = contactId === null ? undefined : authority?.contacts[contactId];
  if (!authority || !contact || !sentAt || !isDiscreditedBy(contact, { to, sentAt }, now)) return [];
  const marked = unreachable(contact, now);
  const { after, writes } = changeAuthority(
    tables,
    authority,
    { contacts: { ...authority.contacts, [contact.contactId]: marked } },
    { type: "contact.unreachable", at: now, actor: exchangeItself, before: contact, after: marked },
  );
  const row = putOutboxRow(tables.outbox, {
    subject: subjectOf(authority),
    sequence: after.head.sequence,
    type: "contact.unreachable",
    at: now,
    data: { authority: authority.code, contactId: contact.contactId },
    concerns: [authority.code, "dfe"],
  });
  return [...writes, countChange(tables.directory), row];
};

export const handler = serve(route, dependencies, recordEmailStatus);

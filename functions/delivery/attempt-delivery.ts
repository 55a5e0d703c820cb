import { v7 as uuidV7 } from "uuid";
import { nextAttempt } from "../../shared/domain/retry-policy.ts";
import { emailsForFailingWebhook } from "../../shared/domain/who-is-told.ts";
import { log, nameOf } from "../../shared/observability/log.ts";
import { measure } from "../../shared/observability/metrics.ts";
import { type DeliveryMessage, longestDelay, sendAll, sendLater, sqsClient } from "../../shared/queue/send.ts";
import {
  type Attempt,
  type Delivery,
  deliveryFrom,
  deliveryPlace,
  newDelivery,
  putNewDelivery,
  replaceDelivery,
} from "../../shared/store/deliveries.ts";
import { authorityFrom, authorityPlace, contactsInEffect } from "../../shared/store/directory.ts";
import { commit, dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { deliveryQueues } from "./delivery-queues.ts";

export const attemptDependencies = () => ({
  dynamo: dynamoClient(),
  sqs: sqsClient(),
  tables: tableNames("deliveries", "directory"),
  queues: deliveryQueues(),
});
export type AttemptDependencies = ReturnType<typeof attemptDependencies>;

/** What came of one attempt at a delivery. */
export type Outcome =
  | { kind: "delivered"; status: number; notificationId?: string }
  | { kind: "try-later"; status?: number; failure?: string; retryAfter?: number | undefined }
  | { kind: "refused-for-good"; status?: number; failure: string }
  /** Nobody wants it any more: it has failed, and nobody is told. */
  | { kind: "dropped"; failure: string }
  /** Nothing was attempted: come again after so many seconds. It does not count. */
  | { kind: "not-now"; seconds: number };

/** Seconds for which a delivery is one consumer's: longer than any attempt takes. */
const claim = 60;

/**
 * Makes one attempt at a delivery and writes down what came of it. The delivery is claimed first, so a message that is
 * handed out twice makes one attempt, and one whose consumer dies is attempted again after the claim: at least once.
 */
export const attemptDelivery = async (
  { deliveryId, redriven = false }: DeliveryMessage,
  deps: AttemptDependencies,
  attempt: (delivery: Delivery) => Promise<Outcome>,
  mayTellOfFailure: (delivery: Delivery) => Promise<boolean>,
): Promise<void> => {
  const delivery = await readDelivery(deliveryId, deps);
  if (!delivery || !isDue(delivery, redriven)) return;
  const claimed = await replace(deps, delivery, {
    state: "pending",
    nextAttemptAt: inSeconds(claim),
    ...(redriven && delivery.state === "failed" && { failedAttempts: 0 }),
  });
  if (!claimed) return;
  const started = Date.now();
  const outcome = await attempt(claimed).catch((error: unknown): Outcome => faultOf(deliveryId, error));
  const at = new Date(started).toISOString();
  const settled = { ...deps, mayTellOfFailure };
  await settle(claimed, outcome, { at, durationMs: Date.now() - started }, settled);
};

type SettlingDependencies = AttemptDependencies & { mayTellOfFailure(delivery: Delivery): Promise<boolean> };

/** The exchange's own fault is an attempt that failed, so that it follows the schedule and ends with an alarm. */
const faultOf = (deliveryId: string, error: unknown): Outcome => {
  log("message-failed", { consumer: "attempt-delivery", messageId: deliveryId, errorName: nameOf(error) });
  return { kind: "try-later", failure: "exchange-fault" };
};

const readDelivery = async (deliveryId: string, { dynamo, tables }: AttemptDependencies) => {
  const [item] = await readAll(dynamo, [deliveryPlace(tables.deliveries, deliveryId)]);
  return deliveryFrom(item);
};

/** SQS may hand a message out a little early. */
const earliest = 1_000;

const isDue = ({ state, nextAttemptAt }: Delivery, redriven: boolean): boolean =>
  state === "failed"
    ? redriven
    : state === "pending" && nextAttemptAt !== null && Date.parse(nextAttemptAt) <= Date.now() + earliest;

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

/** The delivery as it is then, or nothing where somebody else changed it first. */
const replace = async (
  { dynamo, tables }: AttemptDependencies,
  before: Delivery,
  changes: Partial<Delivery>,
): Promise<Delivery | undefined> => {
  const { committed } = await commit(dynamo, [replaceDelivery(tables.deliveries, before, changes)]);
  return committed ? { ...before, ...changes, version: before.version + 1 } : undefined;
};

const settle = async (
  delivery: Delivery,
  outcome: Outcome,
  timing: Pick<Attempt, "at" | "durationMs">,
  deps: SettlingDependencies,
): Promise<void> => {
  if (outcome.kind === "not-now") return again(delivery, inSeconds(outcome.seconds), {}, deps);
  const status = "status" in outcome ? (outcome.status ?? null) : null;
  const failure = "failure" in outcome ? (outcome.failure ?? null) : null;
  const attempts = [...delivery.attempts, { ...timing, status, failure }];
  const { deliveryId, channel, authority } = delivery;
  const next = outcome.kind === "try-later" ? nextOf(delivery, outcome.retryAfter) : undefined;
  log("delivery-attempted", {
    deliveryId,
    channel,
    authority,
    status: status ?? undefined,
    failure: failure ?? undefined,
    durationMs: timing.durationMs,
    nextAttemptAt: next,
  });
  measure("DeliveryDuration", timing.durationMs, { channel, result: resultOf(outcome, next) });
  if (next !== undefined) return again(delivery, next, { attempts, failedAttempts: delivery.failedAttempts + 1 }, deps);
  if (outcome.kind === "delivered") {
    const { notificationId = null } = outcome;
    await replace(deps, delivery, { state: "delivered", attempts, nextAttemptAt: null, notificationId });
    return;
  }
  if (outcome.kind === "dropped") {
    await replace(deps, delivery, { state: "failed", attempts, nextAttemptAt: null });
    return;
  }
  await giveUp(
    delivery,
    { attempts, failedAttempts: delivery.failedAttempts + 1 },
    failure ?? "attempts-exhausted",
    deps,
  );
};

const resultOf = ({ kind }: Outcome, next: string | undefined) => {
  if (kind === "delivered" || kind === "dropped") return kind;
  return next === undefined ? "given-up" : "failed";
};

const nextOf = (delivery: Delivery, retryAfter: number | undefined): string | undefined => {
  const next = nextAttempt({
    failedAttempts: delivery.failedAttempts + 1,
    failedAt: new Date().toISOString(),
    jitter: Math.random(),
    retryAfter,
  });
  return "at" in next ? next.at : undefined;
};

/** Short waits are SQS's; longer ones stand in the table until the scheduled release, over any restart. */
const again = async (
  delivery: Delivery,
  nextAttemptAt: string,
  changes: Partial<Delivery>,
  deps: AttemptDependencies,
): Promise<void> => {
  const replaced = await replace(deps, delivery, { ...changes, nextAttemptAt });
  if (!replaced) return;
  const seconds = Math.ceil((Date.parse(nextAttemptAt) - Date.now()) / 1000);
  if (seconds > longestDelay) return;
  const { url } = deps.queues[delivery.channel];
  await sendLater(deps.sqs, url, { deliveryId: delivery.deliveryId }, Math.max(seconds, 0));
};

/** Nothing is lost: it stands as failed, its message waits among the dead letters, and people are told. */
const giveUp = async (
  delivery: Delivery,
  changes: Partial<Delivery>,
  because: string,
  deps: SettlingDependencies,
): Promise<void> => {
  const { deliveryId, channel, authority } = delivery;
  log("delivery-failed", { deliveryId, channel, authority, because, alarm: true });
  const emails = (await deps.mayTellOfFailure(delivery)) ? await wordOfFailure(delivery, deps) : [];
  const { dynamo, tables, queues, sqs } = deps;
  await sendLater(sqs, queues[channel].deadLetterUrl, { deliveryId, redriven: true }, 0);
  const { committed } = await commit(dynamo, [
    replaceDelivery(tables.deliveries, delivery, { ...changes, state: "failed", nextAttemptAt: null }),
    ...emails.map((email) => putNewDelivery(tables.deliveries, email)),
  ]);
  if (!committed) return;
  await sendAll(
    sqs,
    queues.email.url,
    emails.map((email) => ({ deliveryId: email.deliveryId })),
  );
};

const wordOfFailure = async (
  { authority: code, deliveryId }: Delivery,
  { dynamo, tables }: AttemptDependencies,
): Promise<Delivery[]> => {
  const [item] = await readAll(dynamo, [authorityPlace(tables.directory, code)]);
  const authority = authorityFrom(item);
  const now = new Date().toISOString();
  const contacts = authority ? contactsInEffect(authority, now) : [];
  return emailsForFailingWebhook(code, contacts).map(({ template, contactId }) =>
    newDelivery({
      deliveryId: uuidV7(),
      channel: "email",
      authority: code,
      contactId,
      template,
      type: "webhook.failing",
      at: now,
      data: { deliveryId },
      createdAt: now,
    }),
  );
};

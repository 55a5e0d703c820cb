import { environment } from "../../shared/aws/environment.ts";
import { attemptTimeoutMs, outcomeOf, retryAfterSeconds } from "../../shared/domain/retry-policy.ts";
import { open } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { signatureHeaders } from "../../shared/keys/webhook-signature.ts";
import { consumeQueue } from "../../shared/queue/consume.ts";
import { longestDelay } from "../../shared/queue/send.ts";
import type { Delivery } from "../../shared/store/deliveries.ts";
import { commit, readAll } from "../../shared/store/dynamo.ts";
import {
  claimWord,
  freeSlot,
  putSubscription,
  type Subscription,
  secretContext,
  subscriptionFrom,
  subscriptionPlace,
  takeSlot,
} from "../../shared/store/subscriptions.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { postWebhook } from "../../shared/webhooks/post.ts";
import { targetRulesFrom } from "../../shared/webhooks/target.ts";
import { attemptDelivery, attemptDependencies, type Outcome } from "./attempt-delivery.ts";

const dependencies = () => {
  const { SECRETS_KEY, WEBHOOK_TARGETS } = environment("SECRETS_KEY", "WEBHOOK_TARGETS");
  return {
    ...attemptDependencies(),
    subscriptions: tableNames("subscriptions").subscriptions,
    kms: kmsClient(),
    secretsKey: SECRETS_KEY,
    rules: targetRulesFrom(WEBHOOK_TARGETS),
  };
};
type Dependencies = ReturnType<typeof dependencies>;

/** Milliseconds that a call may hold its slot: the secrets are opened, and the endpoint has its time to answer. */
const longestCall = attemptTimeoutMs + 15_000;

/** One attempt at an authority's endpoint, within the slots that keep a dead endpoint from holding up the others. */
const callEndpoint = async (delivery: Delivery, deps: Dependencies): Promise<Outcome> => {
  const { dynamo, subscriptions } = deps;
  const { authority } = delivery;
  const subscription = await readSubscription(authority, deps);
  if (!subscription || subscription.disabledAt !== null) return { kind: "dropped", failure: "not-subscribed" };
  const now = Date.now();
  const until = now + longestCall;
  const rest = (subscription.restUntil ?? 0) - now;
  const slot = rest > 0 ? undefined : await takeSlot(dynamo, subscriptions, authority, { now, until });
  if (!slot) return { kind: "not-now", seconds: putOff(delivery, now, rest) };
  const outcome = await post(delivery, subscription, deps);
  // A slot that can't be given back runs out by itself; what came of the call must not be lost for it.
  await freeSlot(dynamo, subscriptions, authority, { slot, until, ...restAfter(outcome, subscription) }).catch(
    () => {},
  );
  return outcome;
};

/**
 * Seconds to wait for a slot: until the endpoint's rest is over, and the longer the longer the delivery has waited, so
 * that many that wait cost little.
 */
const putOff = ({ createdAt }: Delivery, now: number, rest: number): number => {
  const waited = (now - Date.parse(createdAt)) / 1000;
  const spread = Math.min(Math.max(waited / 2, rest / 1000, 2), longestDelay / 3);
  return Math.ceil(Math.max(rest / 1000, 0) + 1 + Math.random() * spread);
};

/** An endpoint that gives no answer gets a rest: 5 s, then twice as long each time, five minutes at most. */
const restAfter = (outcome: Outcome, { unanswered = 0 }: Subscription): { unanswered: number; restUntil: number } => {
  if (outcome.kind !== "try-later" || outcome.status !== undefined) return { unanswered: 0, restUntil: 0 };
  return { unanswered: unanswered + 1, restUntil: Date.now() + Math.min(5_000 * 2 ** unanswered, 300_000) };
};

const readSubscription = async (authority: string, { dynamo, subscriptions }: Dependencies) => {
  const [item] = await readAll(dynamo, [subscriptionPlace(subscriptions, authority)]);
  return subscriptionFrom(item);
};

/** Standard Webhooks: the same id at each attempt, a fresh timestamp and signature. Ids only: the receiver comes and asks. */
const post = async (delivery: Delivery, subscription: Subscription, deps: Dependencies): Promise<Outcome> => {
  const { type, at, data, deliveryId } = delivery;
  const body = JSON.stringify({ type, timestamp: at, data });
  const now = new Date();
  const secrets = await openSecrets(subscription, now.toISOString(), deps);
  const headers = signatureHeaders({
    id: deliveryId,
    timestampSeconds: Math.floor(now.getTime() / 1000),
    body,
    secrets,
  });
  const answer = await postWebhook({
    url: subscription.url,
    headers: { ...headers },
    body,
    timeoutMs: attemptTimeoutMs,
    rules: deps.rules,
  });
  if ("failure" in answer) return { kind: "try-later", failure: answer.failure };
  const { status } = answer;
  const outcome = outcomeOf(answer);
  if (outcome === "delivered") return { kind: "delivered", status };
  if (outcome === "gone") {
    const first = await disable(subscription, deps);
    return first ? { kind: "refused-for-good", status, failure: "gone" } : { kind: "dropped", failure: "gone" };
  }
  return { kind: "try-later", status, retryAfter: retryAfterSeconds(answer.retryAfter, new Date().toISOString()) };
};

const openSecrets = (
  { authority, secrets }: Subscription,
  now: string,
  { kms, secretsKey }: Dependencies,
): Promise<string[]> =>
  Promise.all(
    secrets
      .filter(({ until }) => until === null || now < until)
      .map(({ envelope }) => open(kms, secretsKey, secretContext(authority), envelope)),
  );

/** Did this call end the subscription? Whoever changed it meanwhile knows better: then it stays as it is. */
const disable = async (subscription: Subscription, { dynamo, subscriptions }: Dependencies): Promise<boolean> => {
  const after = { ...subscription, disabledAt: new Date().toISOString(), version: subscription.version + 1 };
  return (await commit(dynamo, [putSubscription(subscriptions, subscription, after)])).committed;
};

/** People hear of a failing endpoint once a day at most, and of a failed test not at all: whoever asked for it sees it. */
const mayTellOfFailure = async ({ type, authority }: Delivery, { dynamo, subscriptions }: Dependencies) =>
  type !== "subscription.test" && claimWord(dynamo, subscriptions, authority, Date.now());

export const handler = consumeQueue("deliver-webhook", dependencies, (message, deps) =>
  attemptDelivery(
    message,
    deps,
    (delivery) => callEndpoint(delivery, deps),
    (delivery) => mayTellOfFailure(delivery, deps),
  ),
);

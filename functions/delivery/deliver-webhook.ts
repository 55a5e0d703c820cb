import { environment } from "../../shared/aws/environment.ts";
import { attemptTimeoutMs, outcomeOf, retryAfterSeconds } from "../../shared/domain/retry-policy.ts";
import { open } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { signatureHeaders } from "../../shared/keys/webhook-signature.ts";
import { consumeQueue } from "../../shared/queue/consume.ts";
import type { Delivery } from "../../shared/store/deliveries.ts";
import { commit, readAll } from "../../shared/store/dynamo.ts";
import {
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
import { type AttemptDependencies, attemptDelivery, attemptDependencies, type Outcome } from "./attempt-delivery.ts";

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
type Dependencies = ReturnType<typeof dependencies> & AttemptDependencies;

/** Milliseconds that a call may hold its slot: the secrets are opened, and the endpoint has its time to answer. */
const longestCall = attemptTimeoutMs + 15_000;

/** One attempt at an authority's endpoint, within the slots that keep a dead endpoint from holding up the others. */
const callEndpoint = async (delivery: Delivery, deps: Dependencies): Promise<Outcome> => {
  const subscription = await readSubscription(delivery.authority, deps);
  if (!subscription || subscription.disabledAt !== null) return { kind: "dropped", failure: "not-subscribed" };
  const now = Date.now();
  const until = now + longestCall;
  const slot = await takeSlot(deps.dynamo, deps.subscriptions, delivery.authority, { now, until });
  if (!slot) return { kind: "not-now", seconds: 1 + Math.round(Math.random() * 2) };
  try {
    return await post(delivery, subscription, deps);
  } finally {
    await freeSlot(deps.dynamo, deps.subscriptions, delivery.authority, { slot, until });
  }
};

const readSubscription = async (authority: string, { dynamo, subscriptions }: Dependencies) => {
  const [item] = await readAll(dynamo, [subscriptionPlace(subscriptions, authority)]);
  return subscriptionFrom(item);
};

/** Standard Webhooks: the same id at each attempt, a fresh timestamp and signature. Ids only: the receiver comes and asks. */
const post = async (delivery: Delivery, subscription: Subscription, deps: Dependencies): Promise<Outcome> => {
  const { type, at, referralId, sequence, deliveryId } = delivery;
  const body = JSON.stringify({ type, timestamp: at, data: referralId ? { referralId, sequence } : {} });
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
    await disable(subscription, deps);
    return { kind: "refused-for-good", status, failure: "gone" };
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

/** Whoever changed the subscription meanwhile knows better: then it stays as it is. */
const disable = async (subscription: Subscription, { dynamo, subscriptions }: Dependencies): Promise<void> => {
  const after = { ...subscription, disabledAt: new Date().toISOString(), version: subscription.version + 1 };
  await commit(dynamo, [putSubscription(subscriptions, subscription, after)]);
};

export const handler = consumeQueue("deliver-webhook", dependencies, (message, deps) =>
  attemptDelivery(message, deps, (delivery) => callEndpoint(delivery, deps)),
);

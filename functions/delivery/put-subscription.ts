import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { environment } from "../../shared/aws/environment.ts";
import { putSubscription as route } from "../../shared/contract/delivery.ts";
import { dependencyUnavailable, validationFailed } from "../../shared/domain/refusals.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type EncryptionContext, open, seal } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { newWebhookSecret } from "../../shared/keys/webhook-signature.ts";
import { type Attempt, commitOnce } from "../../shared/store/commit-once.ts";
import type { Item } from "../../shared/store/dynamo.ts";
import {
  putSubscription as put,
  type Subscription,
  secretContext,
  subscriptionFrom,
  subscriptionPlace,
} from "../../shared/store/subscriptions.ts";
import {
  type LookUp,
  resolveTarget,
  systemLookUp,
  TargetRefused,
  targetRulesFrom,
} from "../../shared/webhooks/target.ts";
import { subscriptionOf } from "./present.ts";
import { subscriptionDependencies } from "./subscription-dependencies.ts";

const dependencies = () => {
  const { SECRETS_KEY, WEBHOOK_TARGETS } = environment("SECRETS_KEY", "WEBHOOK_TARGETS");
  return {
    ...subscriptionDependencies(),
    kms: kmsClient(),
    secretsKey: SECRETS_KEY,
    rules: targetRulesFrom(WEBHOOK_TARGETS),
  };
};
type Dependencies = ReturnType<typeof dependencies>;

/** Milliseconds for which a former secret signs beside the new one: time to change it in the receiver. */
const rotation = 24 * 60 * 60_000;

const putSubscription: Operation<typeof route, Dependencies> = async (call, deps) => {
  const { dynamo, tables, kms, secretsKey } = deps;
  const { authority } = call.caller;
  const places = [subscriptionPlace(tables.subscriptions, authority)];
  const decide = async ([item]: (Item | undefined)[], now: string): Promise<Attempt> => {
    await refuseBadTarget(call.body.url, deps);
    const before = subscriptionFrom(item);
    const secret = !before || call.body.rotateSecret ? newWebhookSecret(randomBytes(32)) : null;
    const after: Subscription = {
      authority,
      url: call.body.url,
      secrets: await secretsAfter(before, secret, authority, now, deps),
      createdAt: before?.createdAt ?? now,
      disabledAt: null,
      version: (before?.version ?? 0) + 1,
    };
    const answer = reply(route, 201, { ...subscriptionOf(after), secret });
    const kept = await seal(kms, secretsKey, answerContext(call), answer.text);
    return { writes: [put(tables.subscriptions, before, after)], reply: answer, kept };
  };
  return commitOnce(dynamo, tables, call, places, decide, (kept) => open(kms, secretsKey, answerContext(call), kept));
};

/** The answer holds the secret, so what is kept of it for a repeat is sealed too. */
const answerContext = ({ intent }: Call<typeof route>): EncryptionContext => ({ answer: intent.id });

/** Milliseconds for the look-up of a name. */
const longestLookUp = 5_000;

/** Refused when it is registered, and again at each call: the name may be pointed elsewhere meanwhile. */
const refuseBadTarget = async (url: string, { rules }: Dependencies): Promise<void> => {
  let resolverFailed = false;
  const lookUp: LookUp = async (name) => {
    const late = pause(longestLookUp, undefined, { ref: false }).then(() => {
      throw Object.assign(new Error("The look-up took too long"), { code: "EAI_AGAIN" });
    });
    try {
      return await Promise.race([systemLookUp(name), late]);
    } catch (error) {
      resolverFailed = (error as { code?: string }).code === "EAI_AGAIN";
      throw error;
    }
  };
  try {
    await resolveTarget(url, rules, lookUp);
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    if (resolverFailed) throw dependencyUnavailable();
    throw validationFailed([{ pointer: "/url", detail: faults[error.code] }]);
  }
};

const faults: Record<TargetRefused["code"], string> = {
  "url-too-long": "is longer than 2,048 characters",
  "url-malformed": "is not a well-formed URL",
  "url-credentials": "holds credentials",
  "url-fragment": "holds a fragment",
  "url-scheme": "must be https",
  "url-port": "must be at port 443",
  "host-not-public": "does not name a host on the public internet",
  "name-unresolved": "names a host that can't be looked up",
  "address-not-public": "leads to an address that is not on the public internet",
};

const secretsAfter = async (
  before: Subscription | undefined,
  secret: string | null,
  authority: string,
  now: string,
  { kms, secretsKey }: Dependencies,
): Promise<Subscription["secrets"]> => {
  const former = before?.secrets ?? [];
  if (secret === null) return former;
  const envelope = await seal(kms, secretsKey, secretContext(authority), secret);
  const until = new Date(Date.parse(now) + rotation).toISOString();
  return [{ envelope, until: null }, ...former.slice(0, 1).map((each) => ({ ...each, until }))];
};

export const handler = serve(route, dependencies, putSubscription);

import { join } from "node:path";
import { KMSClient } from "@aws-sdk/client-kms";
import { digestOfText } from "../../shared/domain/canonical.ts";
import { sealSetting } from "../../shared/keys/sealed-setting.ts";
import { claimFolder } from "./claim-folder.ts";
import { localApiKey, localCallbackToken, localStatusOf, localTemplates, templateIds } from "./email.ts";
import { startDynamodb } from "./engines/dynamodb.ts";
import { startLocalKms } from "./engines/kms/server.ts";
import { type Mail, startLocalNotify } from "./engines/notify.ts";
import { startSqs } from "./engines/sqs.ts";
import { startGateway } from "./gateway.ts";
import { provision } from "./provision.ts";
import { seedClients } from "./seed-clients.ts";
import { seedDirectory } from "./seed-directory.ts";
import type { Settings } from "./settings.ts";
import { startTelling, type Telling } from "./telling.ts";

export type Exchange = {
  origin: string;
  clients: string;
  /** Every email that the exchange has sent. */
  mailbox(): Mail[];
  /** Absent where it was started without. */
  telling: Telling | undefined;
  close(): Promise<void>;
};

const region = "eu-west-2";

/**
 * The whole exchange on this machine. It sets the environment that Lambda would give the functions, so a process runs
 * one exchange.
 * @throws StartError
 */
export const startExchange = async (settings: Settings): Promise<Exchange> => {
  const running: { close(): Promise<void> }[] = [];
  const start = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    running.push(started);
    return started;
  };
  const claim = await claimFolder(settings.dataDir);
  /** The gateway first, so that what is under way comes to an end while the engines still run. */
  const close = async () => {
    for (const each of running.splice(0)) await each.close();
    await claim.close();
  };
  try {
    const gateway = await start(startGateway(settings.port));
    const origin = `http://127.0.0.1:${gateway.port}`;
    const clients = join(settings.dataDir, "clients");
    awsEnvironment({
      AWS_ENDPOINT_URL_DYNAMODB:
        settings.endpoints.dynamodb ?? (await start(startDynamodb(join(settings.dataDir, "dynamodb.sqlite")))).url,
      AWS_ENDPOINT_URL_SQS:
        settings.endpoints.sqs ?? (await start(startSqs(join(settings.dataDir, "sqs"), region))).url,
      AWS_ENDPOINT_URL_KMS:
        settings.endpoints.kms ??
        (await start(startLocalKms({ stateFile: join(settings.dataDir, "kms.json"), region }))).url,
    });
    const apiKey = localApiKey();
    const callbackToken = localCallbackToken();
    const notify = await start(
      startLocalNotify({
        apiKey,
        templates: localTemplates,
        mailboxFile: join(settings.dataDir, "mailbox.jsonl"),
        callback: { url: `${origin}/notify/delivery-status`, token: callbackToken, statusOf: localStatusOf },
      }),
    );
    const provisioned = await provision();
    Object.assign(process.env, provisioned, {
      PUBLIC_ORIGINS: `${origin},http://localhost:${gateway.port}`,
      WEBHOOK_TARGETS: "public-https-and-loopback",
      NOTIFY_URL: notify.url,
      NOTIFY_API_KEY_SEALED: await sealedApiKey(apiKey, provisioned.SECRETS_KEY ?? ""),
      NOTIFY_CALLBACK_TOKEN_DIGEST: digestOfText(callbackToken),
      NOTIFY_TEMPLATES: templateIds,
    });
    const now = new Date().toISOString();
    const authorities = await seedDirectory(now);
    await seedClients(clients, authorities, origin, now);
    const telling = settings.telling ? await startTelling(settings, process.env, notify) : undefined;
    if (telling) running.splice(1, 0, telling);
    await gateway.open({
      "GET /_local/mailbox": async () => ({ items: notify.mailbox() }),
      "POST /_local/redrive": async () => telling?.redrive(),
    });
    return { origin, clients, mailbox: notify.mailbox, telling, close };
  } catch (error) {
    await close();
    throw error;
  }
};

const sealedApiKey = async (apiKey: string, secretsKey: string): Promise<string> => {
  const kms = new KMSClient();
  const sealed = await sealSetting(kms, secretsKey, "NOTIFY_API_KEY", apiKey);
  kms.destroy();
  return sealed;
};

/** What the SDK reads. Credentials that the person has set are left alone: an endpoint may want them. */
const awsEnvironment = (endpoints: Record<string, string>): void => {
  Object.assign(process.env, endpoints);
  process.env.AWS_REGION ??= region;
  if (process.env.AWS_ACCESS_KEY_ID || process.env.AWS_PROFILE) return;
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" });
};

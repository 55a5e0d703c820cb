import { join } from "node:path";
import { queues } from "../../shared/queue/queues.ts";
import { tables } from "../../shared/store/tables.ts";
import type { LocalNotify } from "./engines/notify.ts";
import { startQueueSource } from "./event-sources/queue.ts";
import { redrive } from "./event-sources/redrive.ts";
import { startSchedule } from "./event-sources/schedule.ts";
import { startStreamSource } from "./event-sources/stream.ts";
import type { Settings } from "./settings.ts";

export type Telling = {
  /** When everything that had happened before this call was told of as far as it can be now. */
  idle(): Promise<void>;
  /** Runs the scheduled functions now, or the one of that name. */
  tick(only?: string): Promise<void>;
  /** Brings everything back from the dead-letter queues. */
  redrive(): Promise<{ moved: number }>;
  close(): Promise<void>;
};

const minute = 60_000;

/** What the stack does with streams, queues and schedules: calls the very handlers that Lambda runs. */
export const startTelling = async (
  { dataDir, publishing }: Pick<Settings, "dataDir" | "publishing">,
  env: NodeJS.ProcessEnv,
  notify: Pick<LocalNotify, "settled">,
): Promise<Telling> => {
  const [
    fanOut,
    deliverWebhook,
    sendEmail,
    reconcile,
    release,
    raise,
    publish,
    ask,
    settle,
    apply,
    erase,
    notices,
    lapse,
    matches,
  ] = await Promise.all([
    import("../../functions/delivery/fan-out.ts"),
    import("../../functions/delivery/deliver-webhook.ts"),
    import("../../functions/delivery/send-email.ts"),
    import("../../functions/delivery/reconcile-outbox.ts"),
    import("../../functions/delivery/release-due-deliveries.ts"),
    import("../../functions/delivery/raise-overdue.ts"),
    import("../../functions/contact-list/publish-on-schedule.ts"),
    import("../../functions/contact-list/ask-verification.ts"),
    import("../../functions/contact-list/settle-imports.ts"),
    import("../../functions/contact-list/apply-reorganisations.ts"),
    import("../../functions/cme-list/erase-retained.ts"),
    import("../../functions/enquiries/erase-notices.ts"),
    import("../../functions/enquiries/lapse-enquiries.ts"),
    import("../../functions/enquiries/find-matches.ts"),
  ]);
  const stream = await startStreamSource({
    dynamodbEndpoint: env.AWS_ENDPOINT_URL_DYNAMODB ?? "",
    tableName: tables.outbox.name,
    handler: fanOut.handler,
    checkpointFile: join(dataDir, "outbox-checkpoint.json"),
  });
  const queue = (definition: (typeof queues)[keyof typeof queues], handler: typeof deliverWebhook.handler) =>
    startQueueSource({
      queueUrl: env[definition.variable] ?? "",
      endpoint: env.AWS_ENDPOINT_URL_SQS ?? "",
      handler,
      batchSize: 1,
      concurrency: 20,
      visibilityTimeoutSeconds: definition.visibilityTimeoutSeconds,
    });
  const webhooks = await queue(queues.webhooks, deliverWebhook.handler);
  const emails = await queue(queues.emails, sendEmail.handler);
  const schedules = [
    startSchedule({ name: "find-matches", everyMs: minute, handler: matches.handler }),
    startSchedule({ name: "raise-overdue", everyMs: minute, handler: raise.handler }),
    startSchedule({ name: "reconcile-outbox", everyMs: 5 * minute, handler: reconcile.handler }),
    startSchedule({ name: "release-due-deliveries", everyMs: minute, handler: release.handler }),
    startSchedule({ name: "settle-imports", everyMs: minute, handler: settle.handler }),
    startSchedule({ name: "apply-reorganisations", everyMs: minute, handler: apply.handler }),
    startSchedule({ name: "erase-retained", everyMs: 60 * minute, handler: erase.handler }),
    startSchedule({ name: "erase-notices", everyMs: 60 * minute, handler: notices.handler }),
    startSchedule({ name: "lapse-enquiries", everyMs: 15 * minute, handler: lapse.handler }),
    startSchedule({ name: "ask-verification", everyMs: 360 * minute, handler: ask.handler }),
    ...(publishing ? [startSchedule({ name: "publish-contact-list", everyMs: minute, handler: publish.handler })] : []),
  ];
  return {
    idle: async () => {
      do {
        await stream.idle();
        await webhooks.idle();
        await emails.idle();
      } while ((await notify.settled()).failures > 0);
    },
    tick: async (only) => {
      const asked = schedules.filter(({ name }) => only === undefined || name === only);
      for (const schedule of asked) await schedule.tick();
    },
    redrive: async () => {
      const endpoint = env.AWS_ENDPOINT_URL_SQS ?? "";
      let moved = 0;
      for (const { variable, deadLetterVariable } of Object.values(queues)) {
        moved += await redrive(endpoint, env[deadLetterVariable] ?? "", env[variable] ?? "");
      }
      return { moved };
    },
    /** What sends is closed before what receives, so that nothing is sent to a queue that nobody reads any more. */
    close: async () => {
      await Promise.all([...schedules, stream].map((each) => each.close()));
      await Promise.all([webhooks, emails].map((each) => each.close()));
    },
  };
};

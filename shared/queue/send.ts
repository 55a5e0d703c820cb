import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { clientSettings } from "../aws/client-settings.ts";
import { once } from "../aws/environment.ts";

export type Sqs = SQSClient;

/** The endpoint is the configured one: a queue's address may name a host that only its service knows. */
export const sqsClient = once(() => new SQSClient({ ...clientSettings(), useQueueUrlAsEndpoint: false }));

/**
 * All that a queue ever carries about anything: the id of a delivery (R6). `redriven` marks one that an operator brings back
 * from the dead-letter queue.
 */
export const deliveryMessage = z.strictObject({ deliveryId: z.uuid(), redriven: z.boolean().optional() });
export type DeliveryMessage = z.output<typeof deliveryMessage>;

/** The longest that SQS holds a message back, in seconds. */
export const longestDelay = 900;

/** As many as SQS takes in one call. */
const most = 10;

/** @throws Error when SQS did not take every one of them: all may be sent again */
export const sendAll = async (sqs: Sqs, queueUrl: string, messages: readonly DeliveryMessage[]): Promise<void> => {
  for (let at = 0; at < messages.length; at += most) {
    const { Failed = [] } = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: messages.slice(at, at + most).map((message, index) => ({
          Id: String(index),
          MessageBody: JSON.stringify(message),
        })),
      }),
    );
    if (Failed.length > 0) throw new Error("SQS did not take every message");
  }
};

export const sendLater = async (
  sqs: Sqs,
  queueUrl: string,
  message: DeliveryMessage,
  delaySeconds: number,
): Promise<void> => {
  await sqs.send(
    new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(message), DelaySeconds: delaySeconds }),
  );
};

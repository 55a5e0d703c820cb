import type { DynamoDBBatchResponse, DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { once } from "../aws/environment.ts";
import { log, nameOf } from "../observability/log.ts";
import { type DeliveryMessage, deliveryMessage } from "./send.ts";

/**
 * The Lambda handler of a queue of deliveries. What fails is reported alone and comes again; what is no message of ours
 * fails each time and so ends in the dead-letter queue.
 */
export const consumeQueue = <Dependencies>(
  consumer: string,
  dependencies: () => Dependencies,
  handle: (message: DeliveryMessage, dependencies: Dependencies) => Promise<void>,
) => {
  const built = once(dependencies);
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await Promise.all(
      event.Records.map(async ({ messageId, body }) => {
        try {
          await handle(deliveryMessage.parse(JSON.parse(body)), built());
          return [];
        } catch (error) {
          log("message-failed", { consumer, messageId, errorName: nameOf(error) });
          return [{ itemIdentifier: messageId }];
        }
      }),
    );
    return { batchItemFailures: failed.flat() };
  };
};

/** The Lambda handler of a stream: in order, up to the first that fails, from which on everything comes again. */
export const consumeStream = <Dependencies>(
  consumer: string,
  dependencies: () => Dependencies,
  handle: (record: DynamoDBStreamEvent["Records"][number], dependencies: Dependencies) => Promise<void>,
) => {
  const built = once(dependencies);
  return async (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    for (const record of event.Records) {
      try {
        await handle(record, built());
      } catch (error) {
        const itemIdentifier = record.dynamodb?.SequenceNumber ?? "";
        log("message-failed", {
          consumer,
          messageId: itemIdentifier,
          errorName: nameOf(error),
        });
        return { batchItemFailures: [{ itemIdentifier }] };
      }
    }
    return { batchItemFailures: [] };
  };
};

/** The Lambda handler of a schedule. */
export const runScheduled = <Dependencies>(
  dependencies: () => Dependencies,
  run: (dependencies: Dependencies) => Promise<void>,
) => {
  const built = once(dependencies);
  return (): Promise<void> => run(built());
};

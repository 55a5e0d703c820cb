import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

/**
 * What an operator does with SQS's StartMessageMoveTask: brings what was set aside back to its queue. The engine on this
 * machine has no such task, so each message is received, sent and deleted; killed in between, it is there twice.
 * @returns how many were moved
 */
export const redrive = async (endpoint: string, from: string, to: string): Promise<number> => {
  const sqs = new SQSClient({ endpoint, useQueueUrlAsEndpoint: false });
  let moved = 0;
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: from, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) break;
    for (const { Body, ReceiptHandle } of Messages) {
      await sqs.send(new SendMessageCommand({ QueueUrl: to, MessageBody: Body }));
      await sqs.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle }));
      moved += 1;
    }
  }
  sqs.destroy();
  return moved;
};

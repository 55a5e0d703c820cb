import { Duration } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { EventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { type QueueDefinition, retention } from "../../shared/queue/queues.ts";
import type { Stage } from "../config.ts";
import { physicalName } from "./names.ts";
import { ServiceFunction, type ServiceFunctionProps } from "./service-function.ts";

/** A queue with its dead letters: encrypted, over TLS alone, and kept for as long as SQS keeps anything. */
export class QueueWithDeadLetters extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: { stage: Stage; definition: QueueDefinition; key: IKey }) {
    super(scope, id);
    const { stage, definition, key } = props;
    this.deadLetters = deadLetterQueue(this, "DeadLetters", physicalName(stage, definition.deadLetterName), key);
    this.queue = new Queue(this, "Queue", {
      queueName: physicalName(stage, definition.name),
      visibilityTimeout: Duration.seconds(definition.visibilityTimeoutSeconds),
      retentionPeriod: Duration.seconds(retention),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: definition.maxReceiveCount },
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
    });
  }
}

/** A queue in which nothing is handled: what can't be handled elsewhere waits there for a person. */
export const deadLetterQueue = (scope: Construct, id: string, queueName: string, key: IKey): Queue =>
  new Queue(scope, id, {
    queueName,
    retentionPeriod: Duration.seconds(retention),
    encryption: QueueEncryption.KMS,
    encryptionMasterKey: key,
    enforceSSL: true,
  });

export type QueueConsumerProps = ServiceFunctionProps & { queue: Queue; reservedConcurrency: number };

/** A function that handles a queue's messages one at a time; what fails comes again, by itself. */
export class QueueConsumer extends Construct {
  readonly consumer: ServiceFunction;

  constructor(scope: Construct, id: string, { queue, ...props }: QueueConsumerProps) {
    super(scope, id);
    this.consumer = new ServiceFunction(this, "Consumer", {
      ...props,
      triggerStatements: [
        new PolicyStatement({
          actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
          resources: [queue.queueArn],
        }),
      ],
    });
    new EventSourceMapping(this, "Source", {
      target: this.consumer.live,
      eventSourceArn: queue.queueArn,
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency: props.reservedConcurrency,
    });
  }
}

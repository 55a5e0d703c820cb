import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { SqsDlq } from "aws-cdk-lib/aws-lambda-event-sources";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { type QueueDefinition, queues } from "../../shared/queue/queues.ts";
import type { Bundles } from "../bundle.ts";
import type { Stage, StageConfig } from "../config.ts";
import { acknowledge } from "../constructs/acknowledge.ts";
import { idOf, physicalName } from "../constructs/names.ts";
import type { Resources } from "../constructs/permissions.ts";
import { deadLetterQueue, QueueConsumer, QueueWithDeadLetters } from "../constructs/queue-consumer.ts";
import { ScheduledJob } from "../constructs/scheduled-job.ts";
import { ServiceFunction } from "../constructs/service-function.ts";
import { type FunctionDefinition, functions, type QueueName, type Trigger } from "../functions.ts";
import type { DataStack } from "./data.ts";

export type AsyncStackProps = StackProps & { stage: Stage; config: StageConfig; data: DataStack; bundles: Bundles };

/** What happens without a caller waiting: the outbox's stream, the queues and the schedules. */
export class AsyncStack extends Stack {
  readonly queues: Readonly<Record<QueueName, QueueWithDeadLetters>>;
  /** What the stream's function or a schedule could not be given. */
  readonly leftOver: Queue;
  readonly functions: ReadonlyMap<string, ServiceFunction>;

  constructor(scope: Construct, id: string, { stage, config, data, bundles, ...props }: AsyncStackProps) {
    super(scope, id, props);
    this.queues = Object.fromEntries(
      Object.entries<QueueDefinition>(queues).map(([name, definition]) => [
        name,
        new QueueWithDeadLetters(this, idOf(name), { stage, definition, key: data.storageKey }),
      ]),
    ) as Record<QueueName, QueueWithDeadLetters>;
    this.leftOver = deadLetterQueue(this, "LeftOver", physicalName(stage, "left-over"), data.storageKey);
    acknowledge(
      this.leftOver,
      "AwsSolutions-SQS3",
      "It is itself the dead-letter queue of the stream and the schedules.",
    );
    const resources: Resources = { config, data, queues: this.queues };
    const make = (definition: FunctionDefinition): ServiceFunction => {
      const given = { stage, definition, bundles, resources };
      const { trigger } = definition;
      const functionId = idOf(definition.name);
      switch (trigger.kind) {
        case "queue": {
          const { queue } = this.queues[trigger.queue];
          const reservedConcurrency = config.concurrency[trigger.reservedConcurrency];
          return new QueueConsumer(this, functionId, { ...given, queue, reservedConcurrency }).consumer;
        }
        case "schedule": {
          const { everyMinutes, at } = trigger;
          return new ScheduledJob(this, functionId, { ...given, everyMinutes, at, deadLetters: this.leftOver }).job;
        }
        case "stream":
          return streamReader(this, functionId, { ...given, trigger, leftOver: this.leftOver });
        case "request":
          throw new TypeError(`${definition.name} is an operation`);
      }
    };
    this.functions = new Map(
      functions
        .filter(({ trigger }) => trigger.kind !== "request")
        .map((definition) => [definition.name, make(definition)]),
    );
  }
}

type StreamReaderProps = {
  stage: Stage;
  definition: FunctionDefinition;
  bundles: Bundles;
  resources: Resources;
  trigger: Extract<Trigger, { kind: "stream" }>;
  leftOver: Queue;
};

/**
 * A table's stream, in order within each item's partition. A batch that fails is halved until the row at fault is found,
 * which holds up those behind it for minutes and not for a day: the function itself gives it up to the reconciler, and the
 * left-over queue hears of what it could not.
 */
const streamReader = (scope: Construct, id: string, props: StreamReaderProps): ServiceFunction => {
  const { trigger, leftOver, ...given } = props;
  const table = given.resources.data.tables[trigger.table];
  const streamArn = table.tableStreamArn;
  if (!streamArn) throw new TypeError(`The table ${trigger.table} has no stream`);
  const reader = new ServiceFunction(scope, id, {
    ...given,
    reservedConcurrency: given.resources.config.concurrency[trigger.reservedConcurrency],
    triggerStatements: [
      new PolicyStatement({
        actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
        resources: [streamArn],
      }),
      new PolicyStatement({ actions: ["dynamodb:ListStreams"], resources: ["*"] }),
      new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [leftOver.queueArn] }),
    ],
  });
  new EventSourceMapping(reader, "Source", {
    target: reader.live,
    eventSourceArn: streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 100,
    // What becomes of a row once it is told of needs nobody.
    filters: [FilterCriteria.filter({ eventName: FilterRule.isEqual("INSERT") })],
    parallelizationFactor: given.resources.config.concurrency[trigger.reservedConcurrency],
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    retryAttempts: 20,
    maxRecordAge: Duration.hours(1),
    onFailure: new SqsDlq(leftOver),
  });
  return reader;
};

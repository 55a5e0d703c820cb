import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  KMSClient,
  NotFoundException,
} from "@aws-sdk/client-kms";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { type QueueDefinition, queues, retention } from "../../shared/queue/queues.ts";
import { type KeyAttribute, type TableDefinition, tables } from "../../shared/store/tables.ts";
import { keys } from "../keys.ts";

/** Creates what is missing of the tables, queues and keys; answers the variables in which functions find them. */
export const provision = async (): Promise<Record<string, string>> => {
  const [names, addresses, keys] = await Promise.all([provisionTables(), provisionQueues(), provisionKeys()]);
  return { ...names, ...addresses, ...keys };
};

const provisionTables = async (): Promise<Record<string, string>> => {
  const dynamo = new DynamoDBClient();
  const present = await tableNames(dynamo);
  const definitions: TableDefinition[] = Object.values(tables);
  for (const table of definitions) {
    if (!present.has(table.name)) await createTable(dynamo, table);
    if (table.timeToLive) await enableTimeToLive(dynamo, table.name, table.timeToLive);
  }
  dynamo.destroy();
  return Object.fromEntries(definitions.map(({ variable, name }) => [variable, name]));
};

const tableNames = async (dynamo: DynamoDBClient): Promise<Set<string>> => {
  const names = new Set<string>();
  let ExclusiveStartTableName: string | undefined;
  do {
    const page = await dynamo.send(
      new ListTablesCommand({ ...(ExclusiveStartTableName && { ExclusiveStartTableName }) }),
    );
    for (const name of page.TableNames ?? []) names.add(name);
    ExclusiveStartTableName = page.LastEvaluatedTableName;
  } while (ExclusiveStartTableName);
  return names;
};

const createTable = async (dynamo: DynamoDBClient, table: TableDefinition): Promise<void> => {
  const indexes = Object.entries(table.indexes ?? {});
  const attributes = [table, ...indexes.map(([, index]) => index)].flatMap(({ partitionKey, sortKey }) =>
    sortKey ? [partitionKey, sortKey] : [partitionKey],
  );
  const input: CreateTableCommandInput = {
    TableName: table.name,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: keySchema(table.partitionKey, table.sortKey),
    AttributeDefinitions: [...new Map(attributes.map(({ name, type }) => [name, type]))].map(([name, type]) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    ...(indexes.length > 0 && {
      GlobalSecondaryIndexes: indexes.map(([IndexName, { partitionKey, sortKey }]) => ({
        IndexName,
        KeySchema: keySchema(partitionKey, sortKey),
        Projection: { ProjectionType: "ALL" as const },
      })),
    }),
    ...(table.stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" as const } }),
  };
  await dynamo.send(new CreateTableCommand(input));
  await waitUntilTableExists({ client: dynamo, maxWaitTime: 60, minDelay: 1 }, { TableName: table.name });
};

const enableTimeToLive = async (dynamo: DynamoDBClient, TableName: string, AttributeName: string): Promise<void> => {
  const { TimeToLiveDescription } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName }));
  if (TimeToLiveDescription?.AttributeName === AttributeName) return;
  const TimeToLiveSpecification = { AttributeName, Enabled: true };
  await dynamo.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
};

const keySchema = (partitionKey: KeyAttribute, sortKey: KeyAttribute | undefined) => [
  { AttributeName: partitionKey.name, KeyType: "HASH" as const },
  ...(sortKey ? [{ AttributeName: sortKey.name, KeyType: "RANGE" as const }] : []),
];

const provisionQueues = async (): Promise<Record<string, string>> => {
  const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
  const addresses: Record<string, string> = {};
  for (const queue of Object.values<QueueDefinition>(queues)) {
    const deadLetters = await createQueue(sqs, queue.deadLetterName, { MessageRetentionPeriod: String(retention) });
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: deadLetters, AttributeNames: ["QueueArn"] }),
    );
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: Attributes?.QueueArn,
      maxReceiveCount: queue.maxReceiveCount,
    });
    addresses[queue.deadLetterVariable] = deadLetters;
    addresses[queue.variable] = await createQueue(sqs, queue.name, {
      RedrivePolicy,
      VisibilityTimeout: String(queue.visibilityTimeoutSeconds),
    });
  }
  sqs.destroy();
  return addresses;
};

/** Creating a queue that is there with the same attributes answers its address. */
const createQueue = async (sqs: SQSClient, QueueName: string, Attributes: Record<string, string>): Promise<string> => {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  if (!QueueUrl) throw new TypeError("SQS answered without an address");
  return QueueUrl;
};

const provisionKeys = async (): Promise<Record<string, string>> => {
  const kms = new KMSClient();
  const arns: Record<string, string> = {};
  for (const { variable, alias: name, spec, usage } of Object.values(keys)) {
    const alias = `alias/${name}`;
    arns[variable] = (await arnOf(kms, alias)) ?? (await createKey(kms, alias, { KeySpec: spec, KeyUsage: usage }));
  }
  kms.destroy();
  return arns;
};

/** What a function gets is the key itself: an alias may point elsewhere one day, and what was sealed or signed stays. */
const createKey = async (kms: KMSClient, AliasName: string, spec: CreateKeyCommandInput): Promise<string> => {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(spec));
  if (!KeyMetadata?.Arn) throw new TypeError("KMS answered without a key");
  await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyMetadata.KeyId }));
  return KeyMetadata.Arn;
};

const arnOf = async (kms: KMSClient, alias: string): Promise<string | undefined> => {
  try {
    return (await kms.send(new DescribeKeyCommand({ KeyId: alias }))).KeyMetadata?.Arn;
  } catch (error) {
    if (error instanceof NotFoundException) return undefined;
    throw error;
  }
};

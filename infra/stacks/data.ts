import { Duration, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { AttributeType, BillingMode, StreamViewType, Table, TableEncryption } from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Alias, Key, KeySpec, KeyUsage } from "aws-cdk-lib/aws-kms";
import type { Construct } from "constructs";
import { type KeyAttribute, type TableDefinition, type TableName, tables } from "../../shared/store/tables.ts";
import type { Stage, StageConfig } from "../config.ts";
import { idOf, physicalName } from "../constructs/names.ts";
import { type KeyPurpose, keyPurposes, keys } from "../keys.ts";
import { keyPolicy, storageKeyPolicy } from "./key-policies.ts";

export type DataStackProps = StackProps & { stage: Stage; config: StageConfig };

/** What must never be lost: the tables and the keys. Everything in it outlives the stack. */
export class DataStack extends Stack {
  readonly tables: Readonly<Record<TableName, Table>>;
  /** The keys of each purpose; of signing keys the first signs. */
  readonly keys: Readonly<Record<KeyPurpose, readonly [Key, ...Key[]]>>;
  /** Encrypts what AWS's services hold: tables, queues and logs. */
  readonly storageKey: Key;

  constructor(scope: Construct, id: string, { stage, config, ...props }: DataStackProps) {
    super(scope, id, props);
    this.storageKey = new Key(this, "StorageKey", {
      alias: physicalName(stage, "storage"),
      description: "Tables, queues and logs of the CME Referral Exchange",
      policy: storageKeyPolicy(this),
      enableKeyRotation: true,
      rotationPeriod: Duration.days(365),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.keys = Object.fromEntries(
      keyPurposes.map((purpose) => [purpose, keysOf(this, stage, config, purpose)]),
    ) as unknown as typeof this.keys;
    this.tables = Object.fromEntries(
      Object.entries(tables).map(([name, definition]) => [
        name,
        tableOf(this, stage, name, definition, this.storageKey),
      ]),
    ) as Record<TableName, Table>;
  }
}

const keysOf = (stack: Stack, stage: Stage, { signingKeys }: StageConfig, purpose: KeyPurpose): Key[] => {
  const { alias, spec, usage } = keys[purpose];
  const symmetric = spec === "SYMMETRIC_DEFAULT";
  const names = purpose in signingKeys ? signingKeys[purpose as keyof typeof signingKeys] : ["first"];
  const made = names.map(
    (name) =>
      new Key(stack, `${idOf(purpose)}Key${idOf(name)}`, {
        description: `${alias} (${name}) of the CME Referral Exchange`,
        keySpec: KeySpec[spec],
        keyUsage: KeyUsage[usage],
        policy: keyPolicy(stack, stage, purpose),
        // Yearly: the former material stays, so that what was sealed opens. KMS can't rotate the other kinds.
        ...(symmetric && { enableKeyRotation: true, rotationPeriod: Duration.days(365) }),
        removalPolicy: RemovalPolicy.RETAIN,
      }),
  );
  const [current] = made;
  if (!current) throw new TypeError(`No key for ${purpose}`);
  // An alias of its own, so that a rotation leads it to the new key instead of making a second of the same name.
  new Alias(stack, `${idOf(purpose)}Alias`, { aliasName: `alias/${physicalName(stage, alias)}`, targetKey: current });
  return made;
};

const attribute = ({ name, type }: KeyAttribute) => ({
  name,
  type: type === "S" ? AttributeType.STRING : AttributeType.NUMBER,
});

/** The tables that hold hash chains. */
const chains: ReadonlySet<string> = new Set<TableName>(["events", "changes", "caseEvents"]);

const tableOf = (stack: Stack, stage: Stage, name: string, definition: TableDefinition, encryptionKey: Key): Table => {
  const { partitionKey, sortKey, indexes = {}, timeToLive, stream } = definition;
  const table = new Table(stack, `${idOf(name)}Table`, {
    tableName: physicalName(stage, definition.name),
    partitionKey: attribute(partitionKey),
    ...(sortKey && { sortKey: attribute(sortKey) }),
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.CUSTOMER_MANAGED,
    encryptionKey,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 35 },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(timeToLive && { timeToLiveAttribute: timeToLive }),
    ...(stream && { stream: StreamViewType.KEYS_ONLY }),
    ...(chains.has(name) && { resourcePolicy: writtenOnce() }),
  });
  for (const [indexName, index] of Object.entries(indexes)) {
    table.addGlobalSecondaryIndex({
      indexName,
      partitionKey: attribute(index.partitionKey),
      sortKey: attribute(index.sortKey),
    });
  }
  return table;
};

/** Nobody at all changes or deletes a link of a chain, whatever an IAM policy says. */
const writtenOnce = (): PolicyDocument =>
  new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: "LinksAreWrittenOnce",
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: [
          "dynamodb:UpdateItem",
          "dynamodb:DeleteItem",
          "dynamodb:BatchWriteItem",
          "dynamodb:PartiQLInsert",
          "dynamodb:PartiQLUpdate",
          "dynamodb:PartiQLDelete",
        ],
        resources: ["*"],
      }),
    ],
  });

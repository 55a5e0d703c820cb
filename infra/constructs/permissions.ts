import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { emailTemplateNames } from "../../shared/domain/who-is-told.ts";
import { queues } from "../../shared/queue/queues.ts";
import { tables } from "../../shared/store/tables.ts";
import type { StageConfig } from "../config.ts";
import { type FunctionDefinition, type QueueName, type Variable, variablesOf } from "../functions.ts";
import { keyPurposes, keys } from "../keys.ts";
import type { DataStack } from "../stacks/data.ts";

export type Queues = Readonly<Record<QueueName, { queue: IQueue; deadLetters: IQueue }>>;

/** What functions use and are named. */
export type Resources = {
  config: StageConfig;
  data: Pick<DataStack, "tables" | "keys" | "storageKey">;
  queues: Queues;
};

/** Exactly what the function's row allows, on exactly the things that it names. */
export const statementsFor = (
  { permissions }: FunctionDefinition,
  { data, queues: made }: Resources,
): PolicyStatement[] => {
  const { tables: ofTables = {}, keys: ofKeys = {}, queues: ofQueues = {}, deadLetters = {} } = permissions;
  return [
    ...entries(ofTables).flatMap(([name, actions]) => tableStatements(data.tables[name].tableArn, actions)),
    ...entries(ofKeys).flatMap(([purpose, actions]) => keyStatements(data.keys[purpose], actions)),
    ...entries(ofQueues).map(([name, actions]) => statement("sqs", actions, [made[name].queue.queueArn])),
    ...entries(deadLetters).map(([name, actions]) => statement("sqs", actions, [made[name].deadLetters.queueArn])),
  ];
};

const entries = <Name extends string, Value>(record: { readonly [Key in Name]?: Value }): [Name, Value][] =>
  Object.entries(record) as [Name, Value][];

const statement = (service: string, actions: readonly string[], resources: string[]): PolicyStatement =>
  new PolicyStatement({ actions: actions.map((action) => `${service}:${action}`), resources });

const tableStatements = (arn: string, actions: readonly string[]): PolicyStatement[] => {
  const ofTable = actions.filter((action) => !action.includes(" "));
  const indexes = actions.flatMap((action) => action.split(" ").slice(1));
  return [
    ...(ofTable.length > 0 ? [statement("dynamodb", ofTable, [arn])] : []),
    ...(indexes.length > 0
      ? [
          statement(
            "dynamodb",
            ["Query"],
            indexes.map((index) => `${arn}/index/${index}`),
          ),
        ]
      : []),
  ];
};

/**
 * Of a ring of signing keys the first signs, and so may the second: a function's versions share its role, and while one
 * takes over from another after a rotation, the former still signs with the key that was first. The older ones' public
 * keys still verify. The key's policy adds the contexts.
 */
const keyStatements = (ring: readonly IKey[], actions: readonly string[]): PolicyStatement[] => {
  const arns = ring.map(({ keyArn }) => keyArn);
  const plain = [...new Set(actions.map((action) => action.split(" ")[0] ?? action))];
  const uses = plain.filter((action) => action !== "GetPublicKey");
  return [
    ...(uses.length > 0 ? [statement("kms", uses, arns.slice(0, 2))] : []),
    ...(plain.includes("GetPublicKey") ? [statement("kms", ["GetPublicKey"], arns)] : []),
  ];
};

/** The function's environment: the variables that it reads and no others. */
export const environmentFor = (definition: FunctionDefinition, resources: Resources): Record<string, string> => {
  const values = valuesOf(resources);
  return Object.fromEntries(variablesOf(definition).map((name) => [name, values[name]]));
};

const valuesOf = ({ config, data, queues: made }: Resources): Record<Variable, string> => {
  const { domain, webhookTargets, notifyUrl, notify } = config;
  const own = {
    PUBLIC_ORIGINS: `https://${domain.name}`,
    WEBHOOK_TARGETS: webhookTargets,
    NOTIFY_URL: notifyUrl,
    NOTIFY_TEMPLATES: emailTemplateNames.map((name) => `${name}=${notify.templates[name]}`).join(","),
    NOTIFY_API_KEY_SEALED: notify.sealedApiKey,
    NOTIFY_CALLBACK_TOKEN_DIGEST: notify.callbackTokenDigest,
  };
  return {
    ...own,
    ...Object.fromEntries(entries(data.tables).map(([name, table]) => [tables[name].variable, table.tableName])),
    ...Object.fromEntries(
      keyPurposes.map((purpose) => [keys[purpose].variable, data.keys[purpose].map(({ keyArn }) => keyArn).join(",")]),
    ),
    ...Object.fromEntries(
      entries(made).flatMap(([name, { queue, deadLetters }]) => [
        [queues[name].variable, queue.queueUrl],
        [queues[name].deadLetterVariable, deadLetters.queueUrl],
      ]),
    ),
  } as Record<Variable, string>;
};

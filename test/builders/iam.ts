import { runSimulation } from "@cloud-copilot/iam-simulate";
import { type FunctionDefinition, functions, type QueueName } from "../../infra/functions.ts";
import { type KeyPurpose, keys } from "../../infra/keys.ts";
import { queues } from "../../shared/queue/queues.ts";
import { type TableName, tables } from "../../shared/store/tables.ts";
import { account, type Cloud, type Properties, type Resource } from "./cloud.ts";
import type { AwsCall } from "./deployed.ts";

/** What somebody asks of IAM: to do this with that thing, with what the request says about itself. */
export type Ask = { action: string; resource: string; context: Record<string, string | string[]> };

type Statement = {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Principal?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
};
export type Policy = { Statement: Statement[] };

export const many = <Value>(value: Value | Value[]): Value[] => [value].flat() as Value[];

/** IAM as the templates of production make it. */
export const iamOf = (cloud: Cloud) => {
  const ofType = (type: string): readonly Resource[] => cloud.ofType("production", type);
  const roleArn = (name: string) => `arn:aws:iam::${account}:role/production-cme-${name}`;

  const policyOf = (name: string): Policy => {
    const role = ofType("AWS::IAM::Role").find(({ properties }) => properties.RoleName === `production-cme-${name}`);
    const [inline, ...others] = (role?.properties.Policies ?? []) as { PolicyDocument: Policy }[];
    if (!inline || others.length > 0 || role?.properties.ManagedPolicyArns) {
      throw new TypeError(`${name} should have one policy, its own`);
    }
    return inline.PolicyDocument;
  };

  const keyArn = (purpose: KeyPurpose): string => {
    const alias = ofType("AWS::KMS::Alias").find(
      ({ properties }) => properties.AliasName === `alias/production-${keys[purpose].alias}`,
    );
    return String(alias?.properties.TargetKeyId);
  };
  const tableArn = (name: TableName): string =>
    `arn:aws:dynamodb:eu-west-2:${account}:table/production-${tables[name].name}`;
  const queueArn = (name: string): string => `arn:aws:sqs:eu-west-2:${account}:production-${name}`;

  const keyPolicy = (arn: string): Policy => {
    const key = ofType("AWS::KMS::Key").find(({ logicalId }) => arn.endsWith(`key/${logicalId}`));
    return key?.properties.KeyPolicy as Policy;
  };
  const tablePolicy = (arn: string): Policy | undefined => {
    const table = ofType("AWS::DynamoDB::Table").find(({ properties }) => arn.endsWith(`/${properties.TableName}`));
    return (table?.properties.ResourcePolicy as { PolicyDocument?: Policy } | undefined)?.PolicyDocument;
  };

  /** @param policy what the role itself is allowed */
  const allows = async (role: string, policy: Policy, { action, resource, context }: Ask): Promise<boolean> => {
    const resourcePolicy = action.startsWith("kms:") ? keyPolicy(resource) : tablePolicy(resource);
    const simulation = {
      request: {
        action,
        principal: role,
        resource: { resource, accountId: account },
        contextVariables: { "aws:PrincipalArn": role, "kms:CallerAccount": account, ...context },
      },
      identityPolicies: [{ name: "own", policy: { Version: "2012-10-17", ...policy } }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy && { resourcePolicy }),
    };
    const answer = await runSimulation(withContextAsTags(simulation), {});
    if (answer.resultType === "error") throw new TypeError(`${action} on ${resource}: ${answer.errors.message}`);
    return answer.overallResult === "Allowed";
  };

  return {
    roleArn,
    policyOf,
    keyArn,
    tableArn,
    queueArn,
    keyPolicy,
    mayFunction: (name: string, ask: Ask) => allows(roleArn(name), policyOf(name), ask),
    /** Somebody whose own policy allows everything, such as the account's administrator. */
    mayAdministrator: (ask: Ask) =>
      allows(
        `arn:aws:iam::${account}:role/administrator`,
        { Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
        ask,
      ),
    /** What a call to the engines asks of IAM in production. */
    asksOf: (call: AwsCall): Ask[] => asksOf(call, { keyArn, tableArn, queueArn }),
  };
};

/**
 * The simulator knows a key whose name goes on with something of one's own only where that follows a slash. So the members
 * of an encryption context are put to it as tags, in policies and requests alike: the operators are the same.
 */
const withContextAsTags = <Value>(simulation: Value): Value =>
  JSON.parse(JSON.stringify(simulation).replaceAll('"kms:EncryptionContext:', '"aws:RequestTag/'));

export type Iam = ReturnType<typeof iamOf>;

type Names = Pick<Iam, "keyArn" | "tableArn" | "queueArn">;

const asksOf = ({ service, operation, input }: AwsCall, names: Names): Ask[] => {
  if (service === "dynamodb") return dynamoAsks(operation, input, names);
  if (service === "kms") return [kmsAsk(operation, input, names)];
  const queue = Object.values(queues)
    .flatMap((each) => [
      { variable: each.variable, name: each.name },
      { variable: each.deadLetterVariable, name: each.deadLetterName },
    ])
    .find(({ variable }) => process.env[variable] === input.QueueUrl);
  if (!queue) throw new TypeError(`${input.QueueUrl} is no queue of the exchange`);
  return [{ action: `sqs:${operation.replace(/Batch$/, "")}`, resource: names.queueArn(queue.name), context: {} }];
};

/** A transaction needs the actions of its items: "Using IAM with DynamoDB transactions", DynamoDB Developer Guide. */
const dynamoAsks = (operation: string, input: Properties, { tableArn }: Names): Ask[] => {
  const on = (action: string, tableName: unknown, index?: unknown): Ask => {
    const [name] = Object.entries(tables).find(([, table]) => table.name === tableName) ?? [];
    if (!name) throw new TypeError(`${String(tableName)} is no table of the exchange`);
    const arn = tableArn(name as TableName);
    return { action: `dynamodb:${action}`, resource: index ? `${arn}/index/${index}` : arn, context: {} };
  };
  if (operation === "BatchGetItem") return Object.keys(input.RequestItems as object).map((name) => on(operation, name));
  if (operation === "TransactWriteItems") {
    return (input.TransactItems as Record<string, { TableName: string }>[]).flatMap((item) =>
      Object.entries(item).map(([kind, { TableName }]) =>
        on(kind === "ConditionCheck" ? "ConditionCheckItem" : `${kind}Item`, TableName),
      ),
    );
  }
  return [on(operation, input.TableName, input.IndexName)];
};

const kmsAsk = (operation: string, input: Properties, { keyArn }: Names): Ask => {
  const [purpose] = Object.entries(keys).find(([, { variable }]) => process.env[variable] === input.KeyId) ?? [];
  if (!purpose) throw new TypeError(`${String(input.KeyId)} is no key of the exchange`);
  const context = (input.EncryptionContext ?? {}) as Record<string, string>;
  const members = Object.keys(context);
  return {
    action: `kms:${operation}`,
    resource: keyArn(purpose as KeyPurpose),
    context: {
      ...(members.length > 0 && { "kms:EncryptionContextKeys": members }),
      ...Object.fromEntries(members.map((name) => [`kms:EncryptionContext:${name}`, String(context[name])])),
      ...(input.SigningAlgorithm !== undefined && { "kms:SigningAlgorithm": String(input.SigningAlgorithm) }),
      ...(input.MessageType !== undefined && { "kms:MessageType": String(input.MessageType) }),
      ...(input.MacAlgorithm !== undefined && { "kms:MacAlgorithm": String(input.MacAlgorithm) }),
    },
  };
};

export const definitionOf = (name: string): FunctionDefinition => {
  const found = functions.find((each) => each.name === name);
  if (!found) throw new TypeError(`There is no function ${name}`);
  return found;
};

export type { QueueName };

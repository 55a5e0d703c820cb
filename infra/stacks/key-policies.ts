import type { Stack } from "aws-cdk-lib";
import {
  AccountRootPrincipal,
  AnyPrincipal,
  PolicyDocument,
  PolicyStatement,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import type { Stage } from "../config.ts";
import { roleArn } from "../constructs/names.ts";
import { type FunctionDefinition, functions } from "../functions.ts";
import { type KeyDefinition, type KeyPurpose, keys } from "../keys.ts";

/**
 * What the account's administrators may do with a key: everything but use it, hand its use on by a grant, or delete it.
 * Whoever wants that has to change this policy first, which CloudTrail shows.
 */
const administration = [
  "kms:CancelKeyDeletion",
  "kms:CreateAlias",
  "kms:DeleteAlias",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:EnableKey",
  "kms:EnableKeyRotation",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListAliases",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListKeyRotations",
  "kms:ListResourceTags",
  "kms:PutKeyPolicy",
  "kms:RevokeGrant",
  "kms:RotateKeyOnDemand",
  "kms:TagResource",
  "kms:UntagResource",
  "kms:UpdateAlias",
  "kms:UpdateKeyDescription",
];

const toTheAccount = (sid: string, actions: string[], conditions: Record<string, unknown> = {}): PolicyStatement =>
  new PolicyStatement({ sid, actions, resources: ["*"], principals: [new AccountRootPrincipal()], conditions });

const administered = (): PolicyStatement => toTheAccount("Administer", administration);

/** The roles of the functions that may do this with the key, and nobody else whatever an IAM policy says. */
const onlyRolesOf = (stack: Stack, stage: Stage, allowed: readonly FunctionDefinition[]) => ({
  ArnEquals: { "aws:PrincipalArn": allowed.map(({ name }) => roleArn(stack, stage, name)) },
});

const allowedTo = (purpose: KeyPurpose, action: string): FunctionDefinition[] =>
  functions.filter(({ permissions }) =>
    (permissions.keys?.[purpose] as readonly string[] | undefined)?.includes(action),
  );

const sealingStatements = (stack: Stack, stage: Stage, purpose: KeyPurpose): PolicyStatement[] => {
  const { contexts = {} }: KeyDefinition = keys[purpose];
  return Object.entries(contexts).flatMap(([context, { always, sometimes = [] }]) => {
    const demanded = {
      Null: Object.fromEntries(always.map((member) => [`kms:EncryptionContext:${member}`, "false"])),
      "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": [...always, ...sometimes] },
    };
    return (["GenerateDataKey", "Decrypt"] as const).flatMap((action) => {
      const allowed = allowedTo(purpose, `${action} ${context}`);
      if (allowed.length === 0) return [];
      const conditions = { ...onlyRolesOf(stack, stage, allowed), ...demanded };
      return [toTheAccount(`${action}Of${context}`, [`kms:${action}`], conditions)];
    });
  });
};

/** Sealing one's own settings is the administrators'; opening them is the function's that needs them. */
const settingsSealed = (): PolicyStatement =>
  toTheAccount("SealSettings", ["kms:GenerateDataKey"], {
    Null: { "kms:EncryptionContext:setting": "false" },
    "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["setting"] },
  });

const signingStatements = (stack: Stack, stage: Stage, purpose: KeyPurpose): PolicyStatement[] => {
  const allowed = allowedTo(purpose, "Sign");
  const { message }: KeyDefinition = keys[purpose];
  const publicKey = toTheAccount("PublicKey", ["kms:GetPublicKey"]);
  if (allowed.length === 0) return [publicKey];
  const conditions = {
    ...onlyRolesOf(stack, stage, allowed),
    StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": message },
  };
  return [publicKey, toTheAccount("Sign", ["kms:Sign"], conditions)];
};

const macStatements = (stack: Stack, stage: Stage, purpose: KeyPurpose): PolicyStatement[] => {
  const allowed = allowedTo(purpose, "GenerateMac");
  if (allowed.length === 0) return [];
  const conditions = { ...onlyRolesOf(stack, stage, allowed), StringEquals: { "kms:MacAlgorithm": "HMAC_SHA_256" } };
  return [toTheAccount("GenerateMac", ["kms:GenerateMac"], conditions)];
};

const statementsByUsage = {
  ENCRYPT_DECRYPT: sealingStatements,
  SIGN_VERIFY: signingStatements,
  GENERATE_VERIFY_MAC: macStatements,
} as const;

/** The policy of a key of that purpose. Without a statement here no IAM policy can allow anything. */
export const keyPolicy = (stack: Stack, stage: Stage, purpose: KeyPurpose): PolicyDocument =>
  new PolicyDocument({
    statements: [
      administered(),
      ...(purpose === "secrets" ? [settingsSealed()] : []),
      ...statementsByUsage[keys[purpose].usage](stack, stage, purpose),
    ],
  });

/**
 * The policy of the key of tables, queues and logs: AWS's own services use it, on behalf of whoever in this account may
 * use the table, the queue or the log group. So nobody needs the key itself.
 */
export const storageKeyPolicy = (stack: Stack): PolicyDocument => {
  const { account, region, partition } = stack;
  const through = (sid: string, service: string, actions: string[]) =>
    new PolicyStatement({
      sid,
      actions,
      resources: ["*"],
      principals: [new AnyPrincipal()],
      conditions: {
        StringEquals: { "kms:CallerAccount": account, "kms:ViaService": `${service}.${region}.amazonaws.com` },
      },
    });
  const logs = new PolicyStatement({
    sid: "Logs",
    actions: [
      "kms:Encrypt",
      "kms:Decrypt",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
      "kms:GenerateDataKey",
      "kms:DescribeKey",
    ],
    resources: ["*"],
    principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
    conditions: {
      ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:*` },
    },
  });
  return new PolicyDocument({
    statements: [
      administered(),
      through("Tables", "dynamodb", [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:DescribeKey",
        "kms:CreateGrant",
      ]),
      through("Queues", "sqs", ["kms:GenerateDataKey", "kms:Decrypt"]),
      logs,
    ],
  });
};

import { beforeAll, describe, expect, it } from "vitest";
import { functions, operationsWithoutRow, rowsWithoutOperation, variablesOf } from "../../infra/functions.ts";
import { type KeyDefinition, type KeyPurpose, keys } from "../../infra/keys.ts";
import { useCloud } from "../builders/cloud.ts";
import { useDeployedFunctions } from "../builders/deployed.ts";
import { everyFunction } from "../builders/every-function.ts";
import { useExchange } from "../builders/exchange.ts";
import { type Ask, type Iam, iamOf, many, type Policy } from "../builders/iam.ts";
import { useReceiver } from "../builders/receiver.ts";

const cloud = useCloud();
const deployed = useDeployedFunctions();
const receiver = useReceiver();
const exchange = useExchange({ telling: true, publishing: true });

let iam: Iam;
let wrong: string[];
/** What each function asked of AWS while every operation was called and every background function ran. */
const asked = new Map<string, Ask[]>();

beforeAll(async () => {
  wrong = await everyFunction({ exchange, receiver });
  iam = iamOf(cloud);
  for (const call of deployed.calls) {
    asked.set(call.function, [...(asked.get(call.function) ?? []), ...iam.asksOf(call)]);
  }
}, 240_000);

/** `dynamodb:PutItem table/production-cme-events` */
const shown = ({ action, resource }: Pick<Ask, "action" | "resource">): string =>
  `${action} ${resource.split(":").slice(5).join(":")}`;

const grantsOf = ({ Statement }: Policy): { action: string; resource: string }[] =>
  Statement.flatMap(({ Action, Resource }) =>
    many(Action).flatMap((action) => many(Resource).map((resource) => ({ action, resource }))),
  );

/**
 * What AWS's services do under a function's role, not the function: its log, its traces, and reading its stream or queue.
 * Sources: "Lambda execution role", "Using Lambda with DynamoDB", "… with Amazon SQS", AWS Lambda Developer Guide.
 */
const byLambdaItself = (name: string): string[] => [
  `logs:CreateLogStream log-group:/aws/lambda/production-cme-${name}:*`,
  `logs:PutLogEvents log-group:/aws/lambda/production-cme-${name}:*`,
  "xray:PutTraceSegments *",
  "xray:PutTelemetryRecords *",
  ...(sources[name] ?? []),
];
const consumed = (queue: string) => [
  `sqs:ReceiveMessage ${queue}`,
  `sqs:DeleteMessage ${queue}`,
  `sqs:GetQueueAttributes ${queue}`,
];
const sources: Record<string, string[]> = {
  "fan-out": [
    "dynamodb:DescribeStream table/production-cme-outbox/stream/2026-11-21T00:00:00.000",
    "dynamodb:GetRecords table/production-cme-outbox/stream/2026-11-21T00:00:00.000",
    "dynamodb:GetShardIterator table/production-cme-outbox/stream/2026-11-21T00:00:00.000",
    "dynamodb:ListStreams *",
    "sqs:SendMessage production-cme-left-over",
  ],
  "deliver-webhook": consumed("production-cme-webhooks"),
  "send-email": consumed("production-cme-emails"),
};

const shownGrant = ({ action, resource }: { action: string; resource: string }): string =>
  resource === "*" ? `${action} *` : shown({ action, resource });

describe("the rows of infra/functions.ts", () => {
  it("are there for every operation, and for no other", () => {
    expect({ operationsWithoutRow, rowsWithoutOperation }).toEqual({
      operationsWithoutRow: [],
      rowsWithoutOperation: [],
    });
  });

  it("were all called, with the variables that they name and no others", () => {
    const notCalled = functions.map(({ name }) => name).filter((name) => !deployed.started.has(name));
    expect({ notCalled, wrong, faults: deployed.faults }).toEqual({ notCalled: [], wrong: [], faults: [] });
  });

  it("name no variable twice and none that is not read", () => {
    const unread = functions.flatMap((definition) =>
      variablesOf(definition)
        .filter((name) => !deployed.read.get(definition.name)?.has(name))
        .map((name) => `${definition.name} ${name}`),
    );
    expect(unread).toEqual([]);
  });
});

describe("least privilege", () => {
  it("every action that a function uses is granted to it", async () => {
    const refused = new Set<string>();
    for (const [name, asks] of asked) {
      const distinct = new Map(asks.map((ask) => [`${shown(ask)} ${Object.keys(ask.context).sort()}`, ask]));
      for (const ask of distinct.values()) {
        if (!(await iam.mayFunction(name, ask))) refused.add(`${name} ${shown(ask)}`);
      }
    }
    expect([...refused]).toEqual([]);
  });

  it("every action that is granted to a function is used by it", () => {
    const unused = functions.flatMap(({ name }) => {
      const used = new Set([...(asked.get(name) ?? []).map(shown), ...byLambdaItself(name)]);
      return grantsOf(iam.policyOf(name))
        .map(shownGrant)
        .filter((grant) => !used.has(grant))
        .map((grant) => `${name} ${grant}`);
    });
    expect(unused).toEqual([]);
  });
});

describe("the encryption contexts of keys' policies", () => {
  const membersOf = ({ context }: Ask) => [context["kms:EncryptionContextKeys"] ?? []].flat();

  it("are each used by each function that they are allowed to", () => {
    const unused = functions.flatMap(({ name, permissions }) =>
      Object.entries(permissions.keys ?? {}).flatMap(([purpose, actions]) =>
        (actions as readonly string[]).flatMap((each) => {
          const [action = "", context] = each.split(" ");
          const { contexts = {} }: KeyDefinition = keys[purpose as KeyPurpose];
          const always = context === undefined ? undefined : contexts[context]?.always;
          if (context === undefined || !always) return [];
          const used = (asked.get(name) ?? []).some(
            (ask) => ask.action === `kms:${action}` && always.every((member) => membersOf(ask).includes(member)),
          );
          return used ? [] : [`${name} ${action} ${context}`];
        }),
      ),
    );
    expect(unused).toEqual([]);
  });
});

const referralContext = {
  "kms:EncryptionContextKeys": ["referral", "sender", "recipient"],
  "kms:EncryptionContext:referral": "01a1ff62-0406-7039-ba8f-74a5a22e6892",
  "kms:EncryptionContext:sender": "201",
  "kms:EncryptionContext:recipient": "330",
};
const withoutRecipient = {
  "kms:EncryptionContextKeys": ["referral", "sender"],
  "kms:EncryptionContext:referral": "01a1ff62-0406-7039-ba8f-74a5a22e6892",
  "kms:EncryptionContext:sender": "201",
};
const es256 = (message: "RAW" | "DIGEST") => ({
  "kms:SigningAlgorithm": "ECDSA_SHA_256",
  "kms:MessageType": message,
});

/** The functions that IAM and the key's or the table's own policy let do it. */
const whoMay = async (ask: Ask): Promise<string[]> => {
  const may: string[] = [];
  for (const { name } of functions) if (await iam.mayFunction(name, ask)) may.push(name);
  return may.sort();
};

describe("what is allowed to nobody else", () => {
  const decrypt = (context: Ask["context"]): Ask => ({
    action: "kms:Decrypt",
    resource: iam.keyArn("records"),
    context,
  });

  it("opening a child's record or notes is the readers' alone", async () => {
    expect(await whoMay(decrypt(referralContext))).toEqual([
      "addTemporaryEntry",
      "attachCommonTransferFile",
      "closeEntry",
      "getEntryEvidencePack",
      "getEvidencePack",
      "listUpns",
      "openEnquiry",
      "readChildRecord",
      "readCommonTransferFile",
      "readEntryChild",
      "readMessages",
      "readNotes",
      "referEnquiry",
    ]);
  });

  it("no record is opened without saying whose it is", async () => {
    for (const context of [
      {},
      withoutRecipient,
      { ...referralContext, "kms:EncryptionContextKeys": ["referral", "x"] },
    ]) {
      expect(await whoMay(decrypt(context))).toEqual([]);
    }
  });

  it("submitting seals a record and can't open it", async () => {
    const seal: Ask = { ...decrypt(referralContext), action: "kms:GenerateDataKey" };
    expect(await iam.mayFunction("submitReferral", seal)).toBe(true);
    expect(await iam.mayFunction("submitReferral", decrypt(referralContext))).toBe(false);
    expect(await iam.mayFunction("submitReferral", { ...seal, context: {} })).toBe(false);
  });

  it("each signing key is one purpose's", async () => {
    const sign = (purpose: "accessTokens" | "evidence" | "publications", message: "RAW" | "DIGEST"): Ask => ({
      action: "kms:Sign",
      resource: iam.keyArn(purpose),
      context: es256(message),
    });
    expect(await whoMay(sign("accessTokens", "RAW"))).toEqual(["issueToken"]);
    expect(await whoMay(sign("evidence", "RAW"))).toEqual([
      "confirmReceipt",
      "getEntryEvidencePack",
      "getEvidencePack",
      "removeFromList",
    ]);
    expect(await whoMay(sign("publications", "DIGEST"))).toEqual(["publish-contact-list", "publishContactList"]);
    expect(await whoMay(sign("evidence", "DIGEST"))).toEqual([]);
  });

  it("an administrator neither opens, signs nor seals, and hands no key's use on", async () => {
    for (const [purpose, actions] of [
      ["records", ["Decrypt", "GenerateDataKey", "Encrypt", "ReEncryptFrom", "CreateGrant"]],
      ["secrets", ["Decrypt", "Encrypt", "CreateGrant"]],
      ["accessTokens", ["Sign", "CreateGrant"]],
      ["evidence", ["Sign", "CreateGrant"]],
      ["publications", ["Sign", "CreateGrant"]],
      ["fingerprints", ["GenerateMac", "CreateGrant"]],
    ] as const) {
      for (const action of actions) {
        const ask = {
          action: `kms:${action}`,
          resource: iam.keyArn(purpose),
          context: { ...referralContext, ...es256("RAW") },
        };
        expect(await iam.mayAdministrator(ask), `${purpose} ${action}`).toBe(false);
      }
      const deletion = { action: "kms:ScheduleKeyDeletion", resource: iam.keyArn(purpose), context: {} };
      expect(await iam.mayAdministrator(deletion), purpose).toBe(false);
    }
  });

  it("a setting is sealed by administrators and opened by the function that sends emails", async () => {
    const context = { "kms:EncryptionContextKeys": ["setting"], "kms:EncryptionContext:setting": "NOTIFY_API_KEY" };
    const resource = iam.keyArn("secrets");
    expect(await iam.mayAdministrator({ action: "kms:GenerateDataKey", resource, context })).toBe(true);
    expect(await whoMay({ action: "kms:Decrypt", resource, context })).toEqual(["send-email"]);
  });

  it("an event is never changed or deleted, by administrators either", async () => {
    for (const table of ["events", "changes"] as const) {
      for (const action of ["UpdateItem", "DeleteItem", "BatchWriteItem"]) {
        const ask = { action: `dynamodb:${action}`, resource: iam.tableArn(table), context: {} };
        expect(await whoMay(ask)).toEqual([]);
        expect(await iam.mayAdministrator(ask)).toBe(false);
      }
    }
  });

  it("no function deletes, changes or copies a table, or reads all of one", async () => {
    for (const action of ["DeleteTable", "UpdateTable", "Scan", "ExportTableToPointInTime", "PutResourcePolicy"]) {
      const ask = { action: `dynamodb:${action}`, resource: iam.tableArn("records"), context: {} };
      expect(await whoMay(ask), action).toEqual([]);
    }
  });

  it("the directory's functions touch no record and no key that opens one", async () => {
    for (const name of ["listAuthorities", "getAuthority", "listContacts"]) {
      const grants = grantsOf(iam.policyOf(name)).map(shownGrant);
      expect(grants.filter((grant) => /records|RecordsKey|SecretsKey|Decrypt|GenerateDataKey/.test(grant))).toEqual([]);
    }
  });
});

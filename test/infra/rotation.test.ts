import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { describe, expect, inject, it } from "vitest";
import { stages } from "../../infra/config.ts";
import { statementsFor } from "../../infra/constructs/permissions.ts";
import { functions } from "../../infra/functions.ts";
import { DataStack } from "../../infra/stacks/data.ts";
import { newApp } from "../../infra/stacks/exchange.ts";

/** The keys by their logical ids that a function may use so, where the ring of evidence has these names. */
const keysFor = (action: string, evidence: readonly [string, ...string[]]): string[] => {
  const config = { ...stages.production, signingKeys: { ...stages.production.signingKeys, evidence } };
  const app = newApp(mkdtempSync(join(inject("runFolder"), "rotation-")));
  const data = new DataStack(app, "production-cme-data", { stage: "production", config });
  const queue = Queue.fromQueueArn(data, "Queue", "arn:aws:sqs:eu-west-2:111122223333:any");
  const pair = { queue, deadLetters: queue };
  const definition = functions.find(({ name }) => name === "confirmReceipt");
  if (!definition) throw new TypeError("There is no confirmReceipt");
  return statementsFor(definition, { config, data, queues: { webhooks: pair, emails: pair } })
    .filter(({ actions }) => actions.includes(action))
    .flatMap(({ resources }) => resources.map((arn) => JSON.stringify(data.resolve(arn))))
    .flatMap((arn) => /EvidenceKey(?:First|Second|Third)/.exec(arn) ?? []);
};

describe("while a signing key is rotated, two versions of a function share one role", () => {
  it("before it, only the one key signs", () => {
    expect(keysFor("kms:Sign", ["first"])).toEqual(["EvidenceKeyFirst"]);
  });

  it("both may sign as soon as the next key is published", () => {
    expect(keysFor("kms:Sign", ["first", "second"])).toEqual(["EvidenceKeyFirst", "EvidenceKeySecond"]);
  });

  it("the former version still signs with the former key when the next one has taken over", () => {
    expect(keysFor("kms:Sign", ["second", "first"])).toEqual(["EvidenceKeySecond", "EvidenceKeyFirst"]);
  });

  it("older ones sign nothing any more, and are still read", () => {
    expect(keysFor("kms:Sign", ["third", "second", "first"])).toEqual(["EvidenceKeyThird", "EvidenceKeySecond"]);
    expect(keysFor("kms:GetPublicKey", ["third", "second", "first"])).toEqual([
      "EvidenceKeyThird",
      "EvidenceKeySecond",
      "EvidenceKeyFirst",
    ]);
  });
});

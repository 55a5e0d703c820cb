import { App, Tags, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import type { Bundles } from "../bundle.ts";
import { type Stage, type StageConfig, stages } from "../config.ts";
import { physicalName } from "../constructs/names.ts";
import { ApiStack } from "./api.ts";
import { AsyncStack } from "./async.ts";
import { DataStack } from "./data.ts";
import { ObservabilityStack } from "./observability.ts";

export type Exchange = { data: DataStack; telling: AsyncStack; api: ApiStack; observability: ObservabilityStack };

/** One stage of the exchange: an account of its own is best, though the names would allow two in one. */
export const addExchange = (app: App, stage: Stage, config: StageConfig, bundles: Bundles): Exchange => {
  const common = {
    stage,
    config,
    env: { region: config.region },
    // Neither a slip nor a script deletes a stack in which the data of children is.
    terminationProtection: true,
  };
  const idOf = (name: string) => physicalName(stage, name);
  const data = new DataStack(app, idOf("data"), { ...common, description: "CME Referral Exchange: tables and keys" });
  const telling = new AsyncStack(app, idOf("async"), {
    ...common,
    data,
    bundles,
    description: "CME Referral Exchange: stream, queues and schedules",
  });
  const api = new ApiStack(app, idOf("api"), {
    ...common,
    data,
    telling,
    bundles,
    description: "CME Referral Exchange: what authorities' systems call",
  });
  const observability = new ObservabilityStack(app, idOf("observability"), {
    ...common,
    api,
    telling,
    description: "CME Referral Exchange: alarms and dashboard",
  });
  for (const stack of [data, telling, api, observability]) {
    Tags.of(stack).add("service", "cme-referral-exchange");
    Tags.of(stack).add("stage", stage);
  }
  return { data, telling, api, observability };
};

export const newApp = (outdir?: string): App =>
  new App({
    ...(outdir !== undefined && { outdir }),
    context: {
      // Strong: CloudFormation refuses to take away a table or a key that another stack still uses.
      "@aws-cdk/core:defaultCrossStackReferences": "strong",
      // As the CDK's command line has it, so that templates are the same without it.
      "aws:cdk:enable-path-metadata": true,
      "aws:cdk:enable-asset-metadata": true,
    },
  });

/** Both stages, checked against the rules of AWS's Solutions Library: a finding fails the synthesis. */
export const addExchanges = (app: App, bundles: Bundles): Record<Stage, Exchange> => {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return {
    sandbox: addExchange(app, "sandbox", stages.sandbox, bundles),
    production: addExchange(app, "production", stages.production, bundles),
  };
};

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";
import type { Stage } from "../../infra/config.ts";
import { addExchanges, newApp } from "../../infra/stacks/exchange.ts";
import { bundlesOfRun } from "./bundles.ts";

/** What was accepted of cdk-nag's findings, where and why. */
export type Accepted = { path: string; id: string; reason: string };
/** Of a stage, in the file about.json beside its templates. */
export type Synthesised = { templateFiles: string[]; accepted: Accepted[] };

/** Synthesises both stages; a finding of cdk-nag fails it. */
export const synthesise = async (folder: string): Promise<void> => {
  const app = newApp(folder);
  const exchanges = addExchanges(app, await bundlesOfRun());
  app.synth();
  const about = (Object.keys(exchanges) as Stage[]).map((stage): [Stage, Synthesised] => {
    const stacks = Object.values(exchanges[stage]);
    return [
      stage,
      { templateFiles: stacks.map(({ templateFile }) => templateFile), accepted: stacks.flatMap(acceptedIn) },
    ];
  });
  await writeFile(join(folder, "about.json"), JSON.stringify(about));
};

const acceptedIn = (stack: IConstruct): Accepted[] =>
  stack.node.findAll().flatMap((construct) =>
    construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) =>
        Object.entries(data as Record<string, string>).map(([name, reason]) => ({
          id: name.replace("Annotation::", ""),
          path: construct.node.path,
          reason,
        })),
      ),
  );

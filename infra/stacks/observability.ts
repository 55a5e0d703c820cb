import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { Stage } from "../config.ts";
import { functions } from "../functions.ts";
import { observe } from "../observability.ts";
import type { ApiStack } from "./api.ts";
import type { AsyncStack } from "./async.ts";

export type ObservabilityStackProps = StackProps & { stage: Stage; api: ApiStack; telling: AsyncStack };

/** Alarms and the dashboard over what the other stacks run. */
export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, { stage, api, telling, ...props }: ObservabilityStackProps) {
    super(scope, id, props);
    observe(this, {
      stage,
      restApi: api.restApi,
      webAcl: api.webAcl.metricName,
      functions: new Map([...api.functions, ...telling.functions].map(([name, made]) => [name, made.function])),
      schedules: functions.flatMap(({ name, trigger }) =>
        trigger.kind === "schedule" ? [{ name, everyMinutes: trigger.everyMinutes }] : [],
      ),
      leftOver: telling.leftOver,
      queues: Object.entries(telling.queues).map(([name, { queue, deadLetters }]) => ({ name, queue, deadLetters })),
    });
  }
}

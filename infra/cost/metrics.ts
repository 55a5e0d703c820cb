import { routes } from "../../shared/contract/routes.ts";
import { metrics } from "../../shared/observability/metrics.ts";
import { england, officeHours, schoolDays } from "./volumes.ts";

type Dimension = (typeof metrics)[keyof typeof metrics]["dimensions"][number][number];

/** So many values a dimension can have. */
const values: Record<Dimension, number> = {
  operation: routes.length,
  outcome: 4,
  clientId: england.authorities + 2,
  fault: 2,
  authority: england.authorities,
  urgency: 2,
  rung: 3,
  channel: 2,
  result: 4,
  code: 30,
};

/** CloudWatch charges for the hours in which a metric is sent: operations in those of the office. */
const officeShare = (officeHours * schoolDays) / (24 * 365);
/** Metrics by who or what failed: an hour a day of each. */
const failing: ReadonlySet<Dimension> = new Set(["clientId", "authority", "code"]);
const failingShare = 1 / 24;

const shareOf = (set: readonly Dimension[]): number => {
  if (set.some((each) => failing.has(each))) return failingShare;
  return set.includes("operation") ? officeShare : 1;
};

type Definition = { dimensions: readonly (readonly Dimension[])[] };

/** Custom metrics that CloudWatch charges a month for: one for each combination of dimensions, by the hours it is sent. */
export const metricMonths = (definitions: readonly Definition[] = Object.values(metrics)): number =>
  definitions
    .flatMap(({ dimensions }) => dimensions)
    .reduce((sum, set) => {
      const combinations = set.reduce((product, each) => product * values[each], 1);
      return sum + combinations * shareOf(set);
    }, 0);

/** API Gateway's metrics of a method: calls, two latencies and two kinds of error. */
const ofAMethod = 5;

export const gatewayMetricMonths = (): number => routes.length * ofAMethod * officeShare;

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What stands there all month, as the templates have it. */
export type Standing = {
  keys: number;
  tables: number;
  /** Queues under a key of our own. */
  sealedQueues: number;
  webAcls: number;
  webRules: number;
  alarms: number;
  dashboards: number;
  secrets: number;
  /** Does the gateway keep metrics by method? CloudWatch charges for them as for our own. */
  detailedGatewayMetrics: boolean;
  /** Do functions get only those of a stream's records that they asked for? */
  streamsAreFiltered: boolean;
  /** Queues that a function is fed from. */
  polledQueues: number;
  schedules: number;
  scheduledRunsAMonth: number;
};

type Resource = { Type: string; Properties?: Record<string, unknown> };
export type Template = { Resources?: Record<string, Resource> };

const minutesAMonth = 730 * 60;

/** Counts what the CloudFormation templates of one stage have. An alarm is charged for by the metrics it watches. */
export const standingOf = (templates: readonly Template[]): Standing => {
  const resources = templates.flatMap(({ Resources = {} }) => Object.values(Resources));
  const of = (...types: string[]) => resources.filter(({ Type }) => types.includes(Type));
  const webAcls = of("AWS::WAFv2::WebACL");
  const schedules = of("AWS::Scheduler::Schedule", "AWS::Events::Rule").flatMap(({ Properties }) =>
    typeof Properties?.ScheduleExpression === "string" ? [Properties.ScheduleExpression] : [],
  );
  const alarms = of("AWS::CloudWatch::Alarm");
  const mappings = of("AWS::Lambda::EventSourceMapping");
  return {
    keys: of("AWS::KMS::Key").length,
    tables: of("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable").length,
    sealedQueues: of("AWS::SQS::Queue").filter(({ Properties }) => Properties?.KmsMasterKeyId).length,
    webAcls: webAcls.length,
    webRules: webAcls.reduce((sum, { Properties }) => sum + ((Properties?.Rules as unknown[]) ?? []).length, 0),
    alarms: alarms.reduce((sum, { Properties }) => sum + metricsOf(Properties), 0),
    dashboards: of("AWS::CloudWatch::Dashboard").length,
    secrets: of("AWS::SecretsManager::Secret").length,
    detailedGatewayMetrics: of("AWS::ApiGateway::Stage").some(({ Properties }) =>
      ((Properties?.MethodSettings as { MetricsEnabled?: boolean }[] | undefined) ?? []).some(
        ({ MetricsEnabled }) => MetricsEnabled === true,
      ),
    ),
    streamsAreFiltered: mappings
      .filter(({ Properties = {} }) => "StartingPosition" in Properties)
      .every(({ Properties = {} }) => "FilterCriteria" in Properties),
    polledQueues: mappings.filter(({ Properties }) => !("StartingPosition" in (Properties ?? {}))).length,
    schedules: schedules.length,
    scheduledRunsAMonth: schedules.reduce((sum, expression) => sum + minutesAMonth / minutesOf(expression), 0),
  };
};

const metricsOf = ({ Metrics }: { Metrics?: { MetricStat?: unknown }[] } = {}): number =>
  Metrics ? Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length : 1;

const minutes = { minute: 1, hour: 60, day: 24 * 60 } as const;

/** @throws TypeError for another expression than `rate(…)` or one of cron's that runs at most once a day */
const minutesOf = (expression: string): number => {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (count && unit) return Number(count) * minutes[unit as keyof typeof minutes];
  if (/^cron\(\d+ \d+ /.test(expression)) return minutes.day;
  throw new TypeError(`No schedule that is understood: ${expression}`);
};

/** The production stage's templates in a folder that `cdk synth` wrote. */
export const readTemplates = async (folder: string): Promise<Template[]> => {
  const files = (await readdir(folder, { recursive: true })).filter((name) =>
    /production.*\.template\.json$/i.test(name),
  );
  return Promise.all(
    files.map(async (name): Promise<Template> => JSON.parse(await readFile(join(folder, name), "utf8"))),
  );
};

import { keptFor } from "../../shared/store/deliveries.ts";
import { type TableDefinition, tables } from "../../shared/store/tables.ts";
import { functions } from "../functions.ts";
import { tracedRequests } from "../stacks/tracing.ts";
import { assumptions as given } from "./assumptions.ts";
import type { Life, StepCount } from "./journey.ts";
import { gatewayMetricMonths, metricMonths } from "./metrics.ts";
import { type Quantities, sumOf, times } from "./prices.ts";
import type { AwsCall } from "./recorder.ts";
import type { Standing } from "./standing.ts";
import { type Image, storedBytes } from "./units.ts";
import { england, meanRate } from "./volumes.ts";

const gb = 1024 ** 3;

/** How often a function that runs so many times a second finds no instance, where its runs come at random. */
export const coldShare = (perSecond: number): number => Math.exp(-perSecond * given.keepWarmSeconds);

/** The share of a function's runs that X-Ray records: of requests what the sampling rule says, of the others none. */
export const tracedShare = (kind: StepCount["kind"]): number =>
  kind === "request" || kind === "standing-request" ? tracedRequests : 0;

/** What KMS, DynamoDB and SQS charge for calls. Public keys are fetched by starts, so they are counted there. */
export const callQuantities = (calls: readonly AwsCall[]): Quantities =>
  sumOf(
    ...calls.map(({ service, operation, readUnits, writeUnits }): Quantities => {
      if (service === "dynamodb") return { readUnit: readUnits, writeUnit: writeUnits };
      if (service === "sqs") return { sqsRequest: 1 };
      if (operation === "GetPublicKey") return {};
      return operation === "Sign" ? { kmsAsymmetric: 1 } : { kmsSymmetric: 1 };
    }),
  );

/** The largest memory of the functions that run such a step. */
const memoryGb = (kind: StepCount["kind"]): number => {
  const asked = kind === "request" || kind === "standing-request";
  const sizes = functions.filter(({ trigger }) => (trigger.kind === "request") === asked);
  return Math.max(...sizes.map(({ memoryMiB }) => memoryMiB)) / 1024;
};

/**
 * A run of a function: its start if it had to, its time, its log lines and its trace.
 * @param run.publicKeys that an instance fetches when it starts
 */
const runOf = (run: { kind: StepCount["kind"]; perSecond: number; ms: number; publicKeys: number }): Quantities => {
  const cold = coldShare(run.perSecond);
  return {
    lambdaRequest: 1,
    lambdaGbSecond: ((given.ownMs + run.ms + cold * given.coldStartMs) / 1000) * memoryGb(run.kind),
    trace: tracedShare(run.kind),
    kmsAsymmetric: cold * run.publicKeys,
    ...logs(given.lambdaLogBytes),
  };
};

const logs = (bytes: number): Quantities => ({
  logGb: bytes / gb,
  logStorageGbMonth: (bytes / gb) * given.logMonthsKept,
});

const request: Quantities = { apiRequest: 1, webRequest: 1, ...logs(given.accessLogBytes) };

/** A message that was sent is also received and deleted. */
const message: Quantities = { sqsRequest: 2 };

/** How often a second the function of each kind of run is called. */
type Rates = { request: number; event: number; webhook: number; email: number };

/**
 * What a step takes, where its functions run so often.
 * @param calls of the step, however often it was played
 */
const stepQuantities = (step: StepCount, calls: readonly AwsCall[], rates: Rates): Quantities => {
  const { kind, requests, streamed: events, webhooks, emails, logBytes, bytesOut } = step;
  const runs = requests + events + webhooks + emails;
  const ms = (calls.length / runs) * given.awsCallMs;
  // The access token's, which the other steps had fetched before, and those of evidence, which the step fetched itself.
  const publicKeys = 1 + calls.filter(({ operation }) => operation === "GetPublicKey").length;
  const told = { kind, publicKeys: 0 };
  return sumOf(
    callQuantities(calls),
    times(runOf({ kind, perSecond: rates.request, ms, publicKeys }), requests),
    times(runOf({ ...told, perSecond: rates.event, ms }), events),
    times(runOf({ ...told, perSecond: rates.webhook, ms: ms + given.farEndMs }), webhooks),
    times(runOf({ ...told, perSecond: rates.email, ms: ms + given.farEndMs }), emails),
    times(request, requests),
    times(message, webhooks + emails),
    { ...logs(logBytes), transferGb: bytesOut / gb, email: emails },
  );
};

export type Line = { name: string; quantities: Quantities };

const secondsAMonth = given.minutesAMonth * 60;
const tokensAMonth = (england.authorities * given.minutesAMonth) / given.tokenEveryMinutes;
const readingsAMonth = (england.authorities * given.minutesAMonth) / given.feedEveryMinutes;

/** A referral's life step by step, at so many referrals a year; steps of one name are one line. */
export const lifeLines = (
  life: Life,
  { streamsAreFiltered }: Pick<Standing, "streamsAreFiltered">,
  referralsAYear: number,
): Line[] => {
  const counts = life.steps
    .filter(({ kind }) => kind === "request" || kind === "told")
    .map((step) => ({ ...step, streamed: streamsAreFiltered ? step.events : step.streamed }));
  const mean = meanRate(referralsAYear);
  const all = added(counts);
  const lines = [...new Set(counts.map(({ step }) => step))].map((name): Line => {
    const same = counts.filter(({ step }) => step === name);
    const calls = life.calls.filter(({ step }) => step === name);
    const rates = {
      request: same.length * mean + (name === "token" ? tokensAMonth / secondsAMonth : 0),
      event: all.streamed * mean,
      webhook: all.webhooks * mean,
      email: all.emails * mean,
    };
    return { name, quantities: stepQuantities(added(same), calls, rates) };
  });
  return [
    ...lines,
    { name: "a year’s storage, with recovery", quantities: times(storageAMonth(life), 12) },
    {
      name: "storage of deliveries while they are kept",
      quantities: times(stored(leftBehind(life, (name) => name === tables.deliveries.name)), keptFor / secondsAMonth),
    },
  ];
};

const added = (counts: readonly StepCount[]): StepCount =>
  counts.reduce(({ step, kind, ...sum }, each) => ({
    step,
    kind,
    requests: sum.requests + each.requests,
    events: sum.events + each.events,
    streamed: sum.streamed + each.streamed,
    webhooks: sum.webhooks + each.webhooks,
    emails: sum.emails + each.emails,
    logBytes: sum.logBytes + each.logBytes,
    bytesOut: sum.bytesOut + each.bytesOut,
  }));

const forGood = (_name: string, { timeToLive }: TableDefinition): boolean => !timeToLive;

/** Bytes that one referral leaves behind in each of these tables, and its indexes: for good, unless asked otherwise. */
export const leftBehind = (
  { writes, steps }: Life,
  of: (name: string, definition: TableDefinition) => boolean = forGood,
): Map<string, { own: number; withIndexes: number }> => {
  const standing = new Set(steps.filter(({ kind }) => kind === "standing-request").map(({ step }) => step));
  const definitions: readonly TableDefinition[] = Object.values(tables);
  const left = new Map<string, { own: number; withIndexes: number }>();
  for (const definition of definitions) {
    if (!of(definition.name, definition)) continue;
    const first = new Map<string, Image | undefined>();
    const last = new Map<string, Image | undefined>();
    for (const { step, table, key, before, after } of writes) {
      if (table !== definition.name || standing.has(step)) continue;
      if (!first.has(key)) first.set(key, before);
      last.set(key, after);
    }
    const images = [...last].flatMap(([key, image]) => (image && !first.get(key) ? [image] : []));
    if (images.length === 0) continue;
    const { indexes: _, ...bare } = definition;
    left.set(definition.name, {
      own: images.reduce((sum, image) => sum + storedBytes(bare, image), 0),
      withIndexes: images.reduce((sum, image) => sum + storedBytes(definition, image), 0),
    });
  }
  return left;
};

/** Recovery is charged for the tables alone, storage for their indexes too. */
export const storageAMonth = (life: Life): Quantities => stored(leftBehind(life));

const stored = (left: ReturnType<typeof leftBehind>): Quantities => {
  const bytes = [...left.values()];
  return {
    storageGbMonth: bytes.reduce((sum, { withIndexes }) => sum + withIndexes, 0) / gb,
    recoveryGbMonth: bytes.reduce((sum, { own }) => sum + own, 0) / gb,
  };
};

/** What is paid each month though no child is referred: what stands there, what polls and what is scheduled. */
export const monthlyLines = (life: Life, standing: Standing): Line[] => {
  const step = (name: string) => {
    const counts = life.steps.filter((each) => each.step === name);
    return { count: added(counts), calls: life.calls.filter((each) => each.step === name) };
  };
  const all = (name: string, aMonth: number): Quantities => {
    const { count, calls } = step(name);
    const rates = { request: aMonth / secondsAMonth, event: 0, webhook: 0, email: 0 };
    return times(stepQuantities(count, calls, rates), aMonth);
  };
  const scheduled = standing.scheduledRunsAMonth;
  const schedules = step("schedules");
  const perSchedule = Math.max(standing.schedules, 1);
  return [
    { name: "keys", quantities: { keyMonth: standing.keys } },
    {
      name: "tables’ and queues’ use of their key",
      quantities: {
        kmsSymmetric: ((standing.tables + 2 * standing.sealedQueues) * given.minutesAMonth) / given.keyUseEveryMinutes,
      },
    },
    { name: "web firewall", quantities: { webAclMonth: standing.webAcls, webRuleMonth: standing.webRules } },
    { name: "alarms", quantities: { alarmMonth: standing.alarms } },
    { name: "dashboard", quantities: { dashboardMonth: standing.dashboards } },
    { name: "metrics of our own", quantities: { metricMonth: metricMonths() } },
    {
      name: "the gateway’s metrics by method",
      quantities: { metricMonth: standing.detailedGatewayMetrics ? gatewayMetricMonths() : 0 },
    },
    { name: "secrets", quantities: { secretMonth: standing.secrets } },
    {
      name: "empty queues",
      quantities: { sqsRequest: standing.polledQueues * given.emptyReceivesAMinute * given.minutesAMonth },
    },
    {
      name: "schedules",
      quantities: sumOf(
        { scheduledInvocation: scheduled },
        times(
          runOf({
            kind: "schedules",
            perSecond: 1 / 60,
            ms: (schedules.calls.length / perSchedule) * given.awsCallMs,
            publicKeys: 0,
          }),
          scheduled,
        ),
        times(callQuantities(schedules.calls), scheduled / perSchedule),
      ),
    },
    {
      name: `${england.authorities} systems reading their feed`,
      quantities: all("standing feed", readingsAMonth),
    },
    {
      name: `${england.authorities} systems’ tokens`,
      quantities: all("standing token", tokensAMonth),
    },
  ];
};

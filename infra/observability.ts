import { Duration, type Stack } from "aws-cdk-lib";
import type { RestApiBase } from "aws-cdk-lib/aws-apigateway";
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  TextWidget,
} from "aws-cdk-lib/aws-cloudwatch";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { AlarmingCode } from "../shared/observability/log.ts";
import { type Dimensions, type MetricName, namespace } from "../shared/observability/metrics.ts";
import type { Stage } from "./config.ts";
import { idOf, physicalName } from "./constructs/names.ts";
import { UserImpactAlarm, type UserImpactAlarmProps } from "./constructs/user-impact-alarm.ts";

export type Watched = {
  stage: Stage;
  restApi: RestApiBase;
  /** The metric name of the web ACL in front of the API. */
  webAcl: string;
  /** By operation or, of background functions, by file: `fan-out`. */
  functions: ReadonlyMap<string, IFunction>;
  /** Functions that run on a schedule, at least once a day. */
  schedules: readonly { name: string; everyMinutes: number }[];
  queues: readonly { name: string; queue: IQueue; deadLetters: IQueue }[];
  /** What the stream's function or a schedule could not be given. */
  leftOver: IQueue;
};

type AlarmRow = Omit<UserImpactAlarmProps, "topic" | "alarmName"> & { id: string };

const minutes = (count: number): Duration => Duration.minutes(count);
const once = { breaching: 1, of: 1 };
const twiceInThree = { breaching: 2, of: 3 };

type Reading = { statistic: string; period: Duration };
const total = (period: Duration): Reading => ({ statistic: "Sum", period });
const samples = (period: Duration): Reading => ({ statistic: "SampleCount", period });
const highest = (period: Duration): Reading => ({ statistic: "Maximum", period });

/** One of the exchange's own metrics; `about` is one of the sets of dimensions that its catalogue keeps it by. */
const ours = <Name extends MetricName>(metricName: Name, about: Partial<Dimensions<Name>>, reading: Reading): Metric =>
  new Metric({ namespace, metricName, dimensionsMap: about as Record<string, string>, ...reading });

/** Over all functions of the account, which is one stage's: an alarm's sum can't name more than ten of them. */
const ofAllFunctions = (metricName: string, reading: Reading): Metric =>
  new Metric({ namespace: "AWS/Lambda", metricName, ...reading });

/** A query over whatever there is: nobody has to add a table or a client to it. */
const query = (expression: string, period: Duration): IMetric => new MathExpression({ expression, period });

/** Requests that the firewall has turned away. */
const blockedBy = (webAcl: string): Metric =>
  new Metric({
    namespace: "AWS/WAFV2",
    metricName: "BlockedRequests",
    dimensionsMap: { WebACL: webAcl, Region: "eu-west-2", Rule: "ALL" },
    ...total(minutes(5)),
  });

const apiAlarms = ({ restApi, webAcl }: Watched): AlarmRow[] => [
  {
    id: "api-fails",
    runbook: "the-api-fails",
    usersFeel: "Authorities' systems get 5xx answers; referrals and receipts are not taken.",
    metric: new MathExpression({
      expression: "IF(failures >= 5, 100 * failures / requests, 0)",
      usingMetrics: {
        failures: restApi.metricServerError(total(minutes(5))),
        requests: restApi.metricCount(total(minutes(5))),
      },
      period: minutes(5),
      label: "5xx answers, %",
    }),
    when: { reaches: 1 },
    periods: twiceInThree,
  },
  {
    id: "api-slow",
    runbook: "the-api-is-slow",
    usersFeel: "One in twenty requests takes three seconds or longer; officers wait in front of their screens.",
    metric: restApi.metricLatency({ statistic: "p95", period: minutes(5) }),
    when: { reaches: 3_000 },
    periods: { breaching: 3, of: 3 },
  },
  {
    id: "firewall-blocks",
    runbook: "the-firewall-blocks-many-requests",
    usersFeel: "Somebody floods or probes the API, or an authority's system is blocked by mistake.",
    metric: blockedBy(webAcl),
    when: { reaches: 500 },
    periods: twiceInThree,
  },
  {
    id: "client-turned-away",
    runbook: "a-client-is-turned-away",
    usersFeel:
      "One authority's system is refused again and again (401, 403): its officers can't work, or it is misused.",
    metric: query(
      `SELECT SUM(AuthorisationFailures) FROM SCHEMA(${namespace}, clientId) WHERE clientId != 'unverified' ` +
        "GROUP BY clientId ORDER BY SUM() DESC",
      minutes(5),
    ),
    when: { reaches: 20 },
    periods: once,
  },
  {
    id: "callers-unverified",
    runbook: "many-callers-cannot-be-verified",
    usersFeel:
      "Requests whose token, proof or assertion does not verify: a system after a change of keys, or an attack.",
    metric: ours("AuthorisationFailures", { clientId: "unverified" }, total(minutes(5))),
    when: { reaches: 200 },
    periods: twiceInThree,
  },
];

const functionAlarms = ({ functions, schedules }: Watched): AlarmRow[] => [
  {
    id: "functions-fail",
    runbook: "functions-fail",
    usersFeel: "Functions crash or time out: requests get 502 or 504, and whoever is to be told is told late.",
    metric: ofAllFunctions("Errors", total(minutes(5))),
    when: { reaches: 5 },
    periods: once,
  },
  {
    id: "functions-throttled",
    runbook: "functions-are-throttled",
    usersFeel: "Lambda starts no more functions: requests get 5xx, webhook calls and emails wait.",
    metric: ofAllFunctions("Throttles", total(minutes(5))),
    when: { reaches: 10 },
    periods: twiceInThree,
  },
  ...schedules.map(
    ({ name, everyMinutes }): AlarmRow => ({
      id: `schedule-stopped-${name}`,
      runbook: "a-schedule-has-stopped",
      usersFeel: feltWithout(name),
      metric: succeeded(named(functions, name), minutes(Math.max(everyMinutes, 5))),
      when: { staysBelow: 1 },
      periods: { breaching: 3, of: 3 },
    }),
  ),
];

/** A run that fails is an invocation too: a function that fails each time does as little as one that nobody runs. */
const succeeded = (job: IFunction, period: Duration): IMetric =>
  new MathExpression({
    expression: "runs - failed",
    usingMetrics: { runs: job.metricInvocations(total(period)), failed: job.metricErrors(total(period)) },
    period,
    label: "runs that succeed",
  });

/** What users feel when a scheduled function does not run. A new one wants a line here before it can be watched. */
const felt: Record<string, string> = {
  "find-matches": "Match enquiries are not compared, and none lapses: a child on another list is not recognised.",
  "raise-overdue": "Silence is not escalated: nobody is reminded of children who have been waiting too long.",
  "apply-reorganisations":
    "An authority has ended, and its referrals and children stay with nobody who can act: they pass to no successor.",
  "erase-retained": "Details of children past school leaving age are kept longer than they may be.",
  "lapse-enquiries":
    "What enquiries told of children stays with authorities that never answered, and nobody else can be asked instead.",
  "reconcile-outbox": "Events that were left behind stay so: somebody never learns of a child referred to them.",
  "ask-verification": "Nobody is asked whether the contact list is still right: referrals go to people who have left.",
  "settle-imports": "Authorities that an import left half-way can't change their contacts or confirm receipts.",
  "publish-contact-list":
    "The contact list that systems read and circulate stays as it was: it names people who have left.",
  "erase-notices": "What school admission notices tell of children is kept after its time, and no notice lapses.",
  "release-due-deliveries": "Webhook calls and emails that wait longer than a quarter of an hour are never made.",
};

const feltWithout = (name: string): string => {
  const sentence = felt[name];
  if (!sentence) throw new TypeError(`infra/observability.ts does not say what users feel without ${name}`);
  return sentence;
};

const named = (functions: Watched["functions"], name: string): IFunction => {
  const found = functions.get(name);
  if (!found) throw new TypeError(`Nobody gave the function ${name} to be watched`);
  return found;
};

/** CloudWatch shows nothing for what did not happen: zero, in a sum. */
const attempts = (channel: "webhook" | "email") =>
  new MathExpression({
    expression:
      "IF(FILL(failed, 0) + FILL(givenUp, 0) >= 10, " +
      "100 * (FILL(failed, 0) + FILL(givenUp, 0)) / (FILL(failed, 0) + FILL(givenUp, 0) + FILL(delivered, 0)), 0)",
    usingMetrics: {
      failed: ours("DeliveryDuration", { channel, result: "failed" }, samples(minutes(15))),
      givenUp: ours("DeliveryDuration", { channel, result: "given-up" }, samples(minutes(15))),
      delivered: ours("DeliveryDuration", { channel, result: "delivered" }, samples(minutes(15))),
    },
    period: minutes(15),
    label: "attempts that fail, %",
  });

const tellingAlarms = ({ functions, queues, leftOver }: Watched): AlarmRow[] => [
  {
    id: "events-held-up",
    runbook: "events-are-told-late",
    usersFeel: "Feeds, webhooks and emails stand still: recipients don't learn of children referred to them.",
    metric: named(functions, "fan-out").metric("IteratorAge", highest(minutes(1))),
    when: { reaches: 120_000 },
    periods: { breaching: 3, of: 3 },
  },
  {
    id: "events-late",
    runbook: "events-are-told-late",
    usersFeel: "An event reached the feeds five minutes late or later: a recipient learns late of a child.",
    metric: ours("EventLag", {}, highest(minutes(5))),
    when: { reaches: 300 },
    periods: once,
  },
  ...(["webhook", "email"] as const).map(
    (channel): AlarmRow => ({
      id: `deliveries-fail-${channel}`,
      runbook: "deliveries-fail",
      usersFeel:
        channel === "webhook"
          ? "Half of all webhook calls fail: authorities' systems learn of their referrals late."
          : "Half of all emails fail: officers without a connected system are told of nothing.",
      metric: attempts(channel),
      when: { reaches: 50 },
      periods: twiceInThree,
    }),
  ),
  {
    id: "left-over",
    runbook: "something-is-left-over",
    usersFeel: "A run of a schedule or a batch of the stream was given up: reminders or events may come late.",
    metric: leftOver.metricApproximateNumberOfMessagesVisible(highest(minutes(5))),
    when: { reaches: 1 },
    periods: once,
  },
  ...queues.flatMap(({ name, queue, deadLetters }): AlarmRow[] => [
    {
      id: `dead-letters-${name}`,
      runbook: "dead-letters",
      usersFeel: "Somebody was not told and will not be until these are brought back; the feed has what they missed.",
      metric: deadLetters.metricApproximateNumberOfMessagesVisible(highest(minutes(5))),
      when: { reaches: 1 },
      periods: once,
    },
    {
      id: `queue-old-${name}`,
      runbook: "a-queue-stands-still",
      usersFeel: "Webhook calls or emails have waited half an hour: people learn late of what concerns them.",
      // Twice the longest wait that SQS is ever asked for: what is older is not waiting on purpose.
      metric: queue.metricApproximateAgeOfOldestMessage(highest(minutes(5))),
      when: { reaches: 1_800 },
      periods: twiceInThree,
    },
  ]),
];

const dependencyAlarms: AlarmRow[] = [
  {
    id: "aws-throttles",
    runbook: "aws-throttles-the-exchange",
    usersFeel: "Requests get 503 because KMS or DynamoDB takes no more calls; systems repeat them and succeed later.",
    metric: ours("DependencyFailures", { fault: "throttled" }, total(minutes(5))),
    when: { reaches: 5 },
    periods: twiceInThree,
  },
  {
    id: "aws-unavailable",
    runbook: "an-aws-service-does-not-answer",
    usersFeel: "Requests get 503 because KMS, DynamoDB or SQS fails or does not answer.",
    metric: ours("DependencyFailures", { fault: "unavailable" }, total(minutes(5))),
    when: { reaches: 5 },
    periods: twiceInThree,
  },
  {
    id: "tables-throttled",
    runbook: "aws-throttles-the-exchange",
    usersFeel: "A table takes no more calls: requests take longer and, once all tries are used up, get 503.",
    metric: query('SELECT SUM(ThrottledRequests) FROM SCHEMA("AWS/DynamoDB", Operation, TableName)', minutes(5)),
    when: { reaches: 20 },
    periods: twiceInThree,
  },
];

const handoffAlarms: AlarmRow[] = [
  {
    id: "overdue-third-rung",
    runbook: "a-recipient-is-silent-for-good",
    usersFeel: "A child has been waiting for three times the response time and no recipient has confirmed receipt.",
    metric: ours("OverdueRungs", { rung: "3" }, total(Duration.hours(1))),
    when: { reaches: 1 },
    periods: once,
  },
  {
    id: "gate-refuses-many",
    runbook: "the-gate-refuses-many-removals",
    usersFeel: "Authorities try again and again to take children off their lists before the receipt, and are refused.",
    metric: ours("GateRefusals", {}, total(Duration.hours(1))),
    when: { reaches: 50 },
    periods: once,
  },
];

/** What the log marks as never to happen: a code without an alarm is a type error here. One line is enough to ring. */
const alarmOfCode: Record<AlarmingCode, { runbook: string; usersFeel: string }> = {
  "record-unreadable": {
    runbook: "a-record-cannot-be-opened",
    usersFeel: "A recipient can't read a child's record: it was altered, moved or lost, or its key refuses to open it.",
  },
  "delivery-failed": {
    runbook: "deliveries-are-given-up",
    usersFeel: "An authority's webhook or a contact's email has failed for good; its contacts were told by email.",
  },
  "item-unreadable": {
    runbook: "an-item-cannot-be-read",
    usersFeel: "A stored referral, delivery or event is passed over because it is not what the code expects.",
  },
  "rung-failed": {
    runbook: "a-rung-cannot-be-raised",
    usersFeel: "An overdue referral is not escalated: nobody is reminded of the child.",
  },
  "erasure-failed": {
    runbook: "a-retained-record-cannot-be-erased",
    usersFeel: "A child's details are kept longer than the guidance lets an authority keep them.",
  },
  "lapse-failed": {
    runbook: "an-enquiry-cannot-lapse",
    usersFeel: "An authority that never answered keeps a child's data, and the asker can't ask another one instead.",
  },
  "passing-failed": {
    runbook: "something-cannot-pass-to-a-successor",
    usersFeel: "An authority has ended, and a referral or a child of its list stays where nobody can act on it.",
  },
  "match-failed": {
    runbook: "matches-cannot-be-found",
    usersFeel: "A child who is on two lists is not recognised: neither who asked nor who holds the child learns of it.",
  },
  "outbox-left": {
    runbook: "events-are-left-behind",
    usersFeel: "An event could not be told of at once; it waits for the reconciler and is told of minutes late.",
  },
  "outbox-reconciled": {
    runbook: "events-are-left-behind",
    usersFeel: "An event was told of five minutes late or later, or still could not be.",
  },
};

const codeAlarms = Object.entries(alarmOfCode).map(
  ([code, { runbook, usersFeel }]): AlarmRow => ({
    id: `alert-${code}`,
    runbook,
    usersFeel,
    metric: ours("Alerts", { code }, total(minutes(5))),
    when: { reaches: 1 },
    periods: once,
  }),
);

/** Every alarm of a stage. */
const alarmsFor = (watched: Watched): AlarmRow[] => [
  ...handoffAlarms,
  ...codeAlarms,
  ...apiAlarms(watched),
  ...functionAlarms(watched),
  ...tellingAlarms(watched),
  ...dependencyAlarms,
];

/** Makes the alarms, the dashboard and the topic that tells whoever is on duty; who that is, the caller subscribes. */
export const observe = (stack: Stack, watched: Watched): { topic: Topic; alarms: UserImpactAlarm[] } => {
  const { stage } = watched;
  const topic = alarmTopic(stack, stage);
  const alarms = alarmsFor(watched).map(
    ({ id, ...row }) => new UserImpactAlarm(stack, idOf(id), { ...row, alarmName: physicalName(stage, id), topic }),
  );
  new Dashboard(stack, "Dashboard", {
    dashboardName: physicalName(stage, "referral-exchange"),
    defaultInterval: Duration.days(1),
    widgets: widgets(watched, alarms),
  });
  return { topic, alarms };
};

/** CloudWatch must be let at the key and the topic by name: the defaults know nothing of it. */
const alarmTopic = (stack: Stack, stage: Stage): Topic => {
  const cloudWatch = new ServicePrincipal("cloudwatch.amazonaws.com");
  const conditions = { StringEquals: { "aws:SourceAccount": stack.account } };
  const key = new Key(stack, "AlarmKey", { enableKeyRotation: true, description: "Alarms on their way to people" });
  // In a key's own policy `*` is this key.
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [cloudWatch],
      actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
      resources: ["*"],
      conditions,
    }),
  );
  const topic = new Topic(stack, "Alarms", {
    masterKey: key,
    enforceSSL: true,
    displayName: `CME Referral Exchange (${stage})`,
  });
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [cloudWatch],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions,
    }),
  );
  return topic;
};

const graph = (title: string, left: IMetric[], right: IMetric[] = []): GraphWidget =>
  new GraphWidget({ title, left, right, width: 12, height: 6, liveData: true });

/** A graph of one line for each value of a dimension, whichever there are. */
const search = (pattern: string, statistic: string, period = 300): MathExpression =>
  new MathExpression({ expression: `SEARCH('${pattern}', '${statistic}', ${period})`, label: "" });

const widgets = ({ restApi, queues, functions, webAcl }: Watched, alarms: UserImpactAlarm[]): IWidget[][] => [
  [
    new TextWidget({
      markdown: "# CME Referral Exchange\nWhat rings and what to do: `infra/runbook.md`.",
      width: 24,
      height: 2,
    }),
  ],
  [new AlarmStatusWidget({ title: "Alarms", alarms, width: 24, height: 4 })],
  [
    graph("Time to receipt, hours", [
      new MathExpression({
        expression: "median / 3600",
        usingMetrics: { median: ours("TimeToReceipt", {}, { statistic: "p50", period: Duration.days(1) }) },
        period: Duration.days(1),
        label: "median",
      }),
      new MathExpression({
        expression: "slow / 3600",
        usingMetrics: { slow: ours("TimeToReceipt", {}, { statistic: "p90", period: Duration.days(1) }) },
        period: Duration.days(1),
        label: "90th percentile",
      }),
    ]),
    graph(
      "Silence (rungs raised) and refusals at the gate",
      ["1", "2", "3"].map((rung) => ours("OverdueRungs", { rung }, total(Duration.hours(1)))),
      [ours("GateRefusals", {}, total(Duration.hours(1)))],
    ),
  ],
  [
    graph("Requests by outcome", [search(`{${namespace},outcome} MetricName="RequestDuration"`, "SampleCount")]),
    graph("Duration by operation, 95th percentile, ms", [
      restApi.metricLatency({ statistic: "p95", period: minutes(5), label: "at the gateway" }),
      search(`{${namespace},operation} MetricName="RequestDuration"`, "p95"),
    ]),
  ],
  [
    graph("Turned away, by client", [search(`{${namespace},clientId} MetricName="AuthorisationFailures"`, "Sum")]),
    graph("What must never happen, by code", [search(`{${namespace},code} MetricName="Alerts"`, "Sum")]),
  ],
  [
    graph("Attempts at deliveries", [
      search(`{${namespace},channel,result} MetricName="DeliveryDuration"`, "SampleCount"),
    ]),
    graph("From the event to the feeds, seconds", [
      ours("EventLag", {}, { statistic: "p50", period: minutes(5) }),
      ours("EventLag", {}, highest(minutes(5))),
      ours("OutboxRowAge", {}, highest(minutes(5))),
    ]),
  ],
  [
    graph(
      "Queues: waiting, and the age of the oldest in seconds",
      queues.map(({ queue }) => queue.metricApproximateNumberOfMessagesVisible(highest(minutes(5)))),
      queues.map(({ queue }) => queue.metricApproximateAgeOfOldestMessage(highest(minutes(5)))),
    ),
    graph(
      "Dead letters, and the age of the oldest in seconds",
      queues.map(({ deadLetters }) => deadLetters.metricApproximateNumberOfMessagesVisible(highest(minutes(5)))),
      queues.map(({ deadLetters }) => deadLetters.metricApproximateAgeOfOldestMessage(highest(minutes(5)))),
    ),
  ],
  [
    graph(
      "Functions: errors and throttles, and what runs at once",
      [ofAllFunctions("Errors", total(minutes(5))), ofAllFunctions("Throttles", total(minutes(5)))],
      [ofAllFunctions("ConcurrentExecutions", highest(minutes(5)))],
    ),
    graph("The fan-out's lag, ms", [named(functions, "fan-out").metric("IteratorAge", highest(minutes(5)))]),
  ],
  [
    graph("Services that fail requests", [search(`{${namespace},fault} MetricName="DependencyFailures"`, "Sum")]),
    graph(
      "KMS calls a minute, and requests that the firewall blocks",
      ["CryptographicOperationsSymmetric", "CryptographicOperationsEcc"].map(
        (Resource) =>
          new Metric({
            namespace: "AWS/Usage",
            metricName: "CallCount",
            dimensionsMap: { Service: "KMS", Type: "API", Class: "None", Resource },
            label: Resource,
            ...total(minutes(1)),
          }),
      ),
      [blockedBy(webAcl)],
    ),
  ],
];

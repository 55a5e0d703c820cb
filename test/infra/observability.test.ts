import { Stack } from "aws-cdk-lib";
import { Match } from "aws-cdk-lib/assertions";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { Topic } from "aws-cdk-lib/aws-sns";
import { describe, expect, it } from "vitest";
import { UserImpactAlarm } from "../../infra/constructs/user-impact-alarm.ts";
import { metrics } from "../../shared/observability/metrics.ts";
import { newApp, watched } from "../builders/watched.ts";

const template = watched();

type Alarm = {
  AlarmName: string;
  MetricName?: string;
  Namespace?: string;
  Dimensions?: { Name: string }[];
  Metrics?: { Expression?: string; MetricStat?: { Metric: { Namespace: string; MetricName: string } & Alarm } }[];
  AlarmActions: unknown[];
  OKActions: unknown[];
};
const alarms = Object.values(template.findResources("AWS::CloudWatch::Alarm")).map(
  ({ Properties }) => Properties as Alarm,
);
const alarm = (name: string, properties: object): void =>
  template.hasResourceProperties("AWS::CloudWatch::Alarm", { AlarmName: `production-cme-${name}`, ...properties });

describe("alarms", () => {
  it("are these", () => {
    expect(alarms.map(({ AlarmName }) => AlarmName.slice("production-cme-".length)).sort()).toEqual([
      "alert-delivery-failed",
      "alert-erasure-failed",
      "alert-item-unreadable",
      "alert-lapse-failed",
      "alert-match-failed",
      "alert-outbox-left",
      "alert-outbox-reconciled",
      "alert-passing-failed",
      "alert-record-unreadable",
      "alert-rung-failed",
      "api-fails",
      "api-slow",
      "aws-throttles",
      "aws-unavailable",
      "callers-unverified",
      "client-turned-away",
      "dead-letters-emails",
      "dead-letters-webhooks",
      "deliveries-fail-email",
      "deliveries-fail-webhook",
      "events-held-up",
      "events-late",
      "firewall-blocks",
      "functions-fail",
      "functions-throttled",
      "gate-refuses-many",
      "left-over",
      "overdue-third-rung",
      "queue-old-emails",
      "queue-old-webhooks",
      "schedule-stopped-apply-reorganisations",
      "schedule-stopped-raise-overdue",
      "schedule-stopped-reconcile-outbox",
      "schedule-stopped-release-due-deliveries",
      "tables-throttled",
    ]);
  });

  it("tell the topic when they ring and when they end", () => {
    const [topic] = Object.keys(template.findResources("AWS::SNS::Topic"));
    for (const { AlarmActions, OKActions } of alarms) {
      expect([AlarmActions, OKActions]).toEqual([[{ Ref: topic }], [{ Ref: topic }]]);
    }
  });

  it("watch the exchange's own metrics by dimensions that these are written with", () => {
    const own = alarms
      .flatMap((each) => [each, ...(each.Metrics ?? []).flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])])
      .filter(({ Namespace }) => Namespace === "CmeReferralExchange");
    expect(own).toHaveLength(22);
    const catalogue: Record<string, { dimensions: readonly (readonly string[])[] }> = metrics;
    for (const { MetricName = "", Dimensions = [] } of own) {
      const written = catalogue[MetricName]?.dimensions.map((names) => [...names].sort().join(" "));
      expect(written).toContain(
        Dimensions.map(({ Name }) => Name)
          .sort()
          .join(" "),
      );
    }
  });

  it("of a record that can't be opened ring at the first", () => {
    alarm("alert-record-unreadable", {
      Namespace: "CmeReferralExchange",
      MetricName: "Alerts",
      Dimensions: [{ Name: "code", Value: "record-unreadable" }],
      Statistic: "Sum",
      Period: 300,
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      TreatMissingData: "notBreaching",
      AlarmDescription:
        "A recipient can't read a child's record: it was altered, moved or lost, or its key refuses to open it. " +
        "What to do: infra/runbook.md#a-record-cannot-be-opened",
    });
  });

  it("of a schedule ring when no run of three of its turns has succeeded, whether none began or all failed", () => {
    const ofRaiseOverdue = (MetricName: string, Id: string) => ({
      Id,
      MetricStat: {
        Metric: {
          Namespace: "AWS/Lambda",
          MetricName,
          Dimensions: [{ Name: "FunctionName", Value: "production-cme-raise-overdue" }],
        },
        Period: 300,
        Stat: "Sum",
      },
      ReturnData: false,
    });
    alarm("schedule-stopped-raise-overdue", {
      Metrics: [
        { Expression: "runs - failed", Id: "expr_1", Label: "runs that succeed", ReturnData: true },
        ofRaiseOverdue("Invocations", "runs"),
        ofRaiseOverdue("Errors", "failed"),
      ],
      Threshold: 1,
      ComparisonOperator: "LessThanThreshold",
      EvaluationPeriods: 3,
      DatapointsToAlarm: 3,
      TreatMissingData: "breaching",
    });
  });

  it("of the API ring at one failure in a hundred, where there are five at least", () => {
    alarm("api-fails", {
      Threshold: 1,
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: "IF(failures >= 5, 100 * failures / requests, 0)", ReturnData: true }),
        Match.objectLike({
          Id: "failures",
          MetricStat: Match.objectLike({
            Metric: {
              Namespace: "AWS/ApiGateway",
              MetricName: "5XXError",
              Dimensions: [{ Name: "ApiName", Value: "production-cme-api" }],
            },
            Period: 300,
            Stat: "Sum",
          }),
        }),
      ]),
    });
    alarm("api-slow", { MetricName: "Latency", ExtendedStatistic: "p95", Threshold: 3000, EvaluationPeriods: 3 });
  });

  it("of functions and tables need no list of them", () => {
    alarm("functions-fail", {
      Namespace: "AWS/Lambda",
      MetricName: "Errors",
      Dimensions: Match.absent(),
      Threshold: 5,
    });
    alarm("functions-throttled", { MetricName: "Throttles", Dimensions: Match.absent(), Threshold: 10 });
    alarm("tables-throttled", {
      Metrics: [
        {
          Expression: 'SELECT SUM(ThrottledRequests) FROM SCHEMA("AWS/DynamoDB", Operation, TableName)',
          Id: "expr_1",
          Period: 300,
          ReturnData: true,
        },
      ],
    });
  });

  it("of clients ring for each verified one by itself", () => {
    alarm("client-turned-away", {
      Metrics: [
        {
          Expression:
            "SELECT SUM(AuthorisationFailures) FROM SCHEMA(CmeReferralExchange, clientId) " +
            "WHERE clientId != 'unverified' GROUP BY clientId ORDER BY SUM() DESC",
          Id: "expr_1",
          Period: 300,
          ReturnData: true,
        },
      ],
      Threshold: 20,
    });
    alarm("callers-unverified", { Dimensions: [{ Name: "clientId", Value: "unverified" }], Threshold: 200 });
  });

  it("of queues ring at the first dead letter, and at half an hour of waiting", () => {
    for (const name of ["webhooks", "emails"]) {
      alarm(`dead-letters-${name}`, {
        MetricName: "ApproximateNumberOfMessagesVisible",
        Dimensions: [{ Name: "QueueName", Value: `production-cme-${name}-dead` }],
        Statistic: "Maximum",
        Threshold: 1,
        EvaluationPeriods: 1,
      });
      alarm(`queue-old-${name}`, {
        MetricName: "ApproximateAgeOfOldestMessage",
        Dimensions: [{ Name: "QueueName", Value: `production-cme-${name}` }],
        Threshold: 1800,
      });
    }
    alarm("events-held-up", {
      MetricName: "IteratorAge",
      Dimensions: [{ Name: "FunctionName", Value: "production-cme-fan-out" }],
      Threshold: 120_000,
    });
  });

  it("of the ladder's last rung and of the firewall", () => {
    alarm("overdue-third-rung", {
      MetricName: "OverdueRungs",
      Dimensions: [{ Name: "rung", Value: "3" }],
      Period: 3600,
    });
    alarm("firewall-blocks", {
      Namespace: "AWS/WAFV2",
      MetricName: "BlockedRequests",
      Dimensions: [
        { Name: "Region", Value: "eu-west-2" },
        { Name: "Rule", Value: "ALL" },
        { Name: "WebACL", Value: "production-cme-api" },
      ],
    });
  });
});

it("an alarm by itself says what users feel and what to do", () => {
  const stack = new Stack(newApp(), "Alone");
  const { node } = new UserImpactAlarm(stack, "Rings", {
    alarmName: "rings",
    usersFeel: "It rings.",
    runbook: "it-rings",
    metric: new Metric({ namespace: "Any", metricName: "Any" }),
    when: { staysBelow: 1 },
    periods: { breaching: 1, of: 2 },
    topic: new Topic(stack, "Topic"),
  });
  expect(stack.resolve((node.defaultChild as { alarmDescription?: string } | undefined)?.alarmDescription)).toBe(
    "It rings. What to do: infra/runbook.md#it-rings",
  );
});

describe("the topic", () => {
  const cloudWatch = {
    Effect: "Allow",
    Principal: { Service: "cloudwatch.amazonaws.com" },
    Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
  };

  it("is encrypted under a key of its own, rotated, that CloudWatch of this account may use", () => {
    template.resourceCountIs("AWS::KMS::Key", 1);
    const [key] = Object.keys(template.findResources("AWS::KMS::Key"));
    template.hasResourceProperties("AWS::SNS::Topic", { KmsMasterKeyId: { "Fn::GetAtt": [key, "Arn"] } });
    template.hasResourceProperties("AWS::KMS::Key", {
      EnableKeyRotation: true,
      KeyPolicy: {
        Statement: Match.arrayWith([{ ...cloudWatch, Action: ["kms:Decrypt", "kms:GenerateDataKey*"], Resource: "*" }]),
      },
    });
  });

  it("takes nothing but over TLS, and from CloudWatch of this account", () => {
    const [topic] = Object.keys(template.findResources("AWS::SNS::Topic"));
    template.hasResourceProperties("AWS::SNS::TopicPolicy", {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: "Deny",
            Action: "sns:Publish",
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          }),
          { ...cloudWatch, Action: "sns:Publish", Resource: { Ref: topic } },
        ],
      },
    });
  });
});

it("one dashboard shows every metric of the catalogue and every alarm", () => {
  template.resourceCountIs("AWS::CloudWatch::Dashboard", 1);
  const [{ Properties } = { Properties: {} }] = Object.values(template.findResources("AWS::CloudWatch::Dashboard"));
  const body = JSON.stringify(Properties);
  expect(Properties).toMatchObject({ DashboardName: "production-cme-referral-exchange" });
  expect(Object.keys(metrics).filter((name) => !body.includes(name))).toEqual([]);
  for (const id of Object.keys(template.findResources("AWS::CloudWatch::Alarm")))
    expect(body).toContain(`"${id}","Arn"`);
});

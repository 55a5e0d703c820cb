import { beforeAll, describe, expect, it } from "vitest";
import { callQuantities, coldShare, storageAMonth, tracedShare } from "../../infra/cost/bill.ts";
import { type Life, recordLife } from "../../infra/cost/journey.ts";
import { metricMonths } from "../../infra/cost/metrics.ts";
import { prices, sumOf, times, usdOf } from "../../infra/cost/prices.ts";
import { standingOf } from "../../infra/cost/standing.ts";
import { type Image, partitionWrites, sizeOf, storedBytes } from "../../infra/cost/units.ts";
import { meanRate, referralsFrom } from "../../infra/cost/volumes.ts";
import { type TableDefinition, tables } from "../../shared/store/tables.ts";

const key = (name: string) => ({ name, type: "S" }) as const;
const table: TableDefinition = {
  variable: "THINGS_TABLE",
  name: "cme-things",
  partitionKey: key("id"),
  indexes: {
    "by-owner": { partitionKey: key("owner"), sortKey: key("at") },
    waiting: { partitionKey: key("bucket"), sortKey: key("at") },
  },
};
/** 2 + 36 for the id, 5 + 3 for the owner, 2 + 1 for the time, 4 and the text itself. */
const thing = (text: string, more: Image = {}): Image => ({
  id: { S: "01a1ff62-0406-7039-ba8f-74a5a22e6892" },
  owner: { S: "330" },
  at: { S: "1" },
  text: { S: text },
  ...more,
});

describe("an item's size", () => {
  it.each<[string, Image, number]>([
    ["texts in UTF-8", { ab: { S: "é" } }, 2 + 2],
    ["a number of three digits", { n: { N: "123" } }, 1 + 3],
    ["a negative number of four digits", { n: { N: "-12.34" } }, 1 + 3],
    ["true and null", { a: { BOOL: true }, b: { NULL: true } }, 1 + 1 + 1 + 1],
    ["bytes", { a: { B: "AAECAw==" } }, 1 + 4],
    ["a list of two", { a: { L: [{ S: "x" }, { S: "yz" }] } }, 1 + 3 + 2 + 3],
    ["a map of one", { a: { M: { b: { S: "c" } } } }, 1 + 3 + 1 + 2],
    ["the thing", thing("x".repeat(47)), 100],
  ])("%s", (_, image, bytes) => {
    expect(sizeOf(image)).toBe(bytes);
  });

  it("what is stored is the item and its one entry in an index, with 100 bytes more each", () => {
    expect(storedBytes(table, thing("x".repeat(47)))).toBe(400);
  });
});

describe("write units by partition", () => {
  const small = thing("x");
  const large = thing("x".repeat(1_024));
  const id = "01a1ff62-0406-7039-ba8f-74a5a22e6892";

  it("a new item: one each for the table and the index it has keys of", () => {
    expect(partitionWrites(table, { after: small, transactional: false })).toEqual([
      { index: undefined, partition: id, units: 1, more: 1 },
      { index: "by-owner", partition: "330", units: 1, more: 1 },
    ]);
  });

  it("in a transaction the table's are double, by the kilobyte begun", () => {
    expect(partitionWrites(table, { after: large, transactional: true })).toEqual([
      { index: undefined, partition: id, units: 4, more: 1 },
      { index: "by-owner", partition: "330", units: 2, more: 1 },
    ]);
  });

  it("a smaller item is charged as the larger that was there", () => {
    expect(partitionWrites(table, { before: large, after: small, transactional: false })).toEqual([
      { index: undefined, partition: id, units: 2, more: 0 },
      { index: "by-owner", partition: "330", units: 2, more: 0 },
    ]);
  });

  it("another index key: the entry goes and comes", () => {
    const after = { ...small, at: { S: "2" } };
    expect(partitionWrites(table, { before: small, after, transactional: false })).toEqual([
      { index: undefined, partition: id, units: 1, more: 0 },
      { index: "by-owner", partition: "330", units: 1, more: -1 },
      { index: "by-owner", partition: "330", units: 1, more: 1 },
    ]);
  });

  it("a sparse index is left", () => {
    const before = thing("x", { bucket: { S: "due#3" } });
    expect(partitionWrites(table, { before, after: small, transactional: false })).toContainEqual({
      index: "waiting",
      partition: "due#3",
      units: 1,
      more: -1,
    });
  });

  it("a condition that is checked: the table's, and nothing of the indexes", () => {
    expect(partitionWrites(table, { before: small, after: { ...small }, transactional: true })).toEqual([
      { index: undefined, partition: id, units: 2, more: 0 },
    ]);
  });
});

describe("quantities and prices", () => {
  it("calls are charged by their service", () => {
    const call = { step: "submit", readUnits: 0, writeUnits: 0 };
    expect(
      callQuantities([
        { ...call, service: "dynamodb", operation: "BatchGetItem", readUnits: 3 },
        { ...call, service: "dynamodb", operation: "TransactWriteItems", writeUnits: 27 },
        { ...call, service: "kms", operation: "GenerateDataKey" },
        { ...call, service: "kms", operation: "Sign" },
        { ...call, service: "kms", operation: "GetPublicKey" },
        { ...call, service: "sqs", operation: "SendMessageBatch" },
      ]),
    ).toEqual({ readUnit: 3, writeUnit: 27, kmsSymmetric: 1, kmsAsymmetric: 1, sqsRequest: 1 });
  });

  it("a sum, a multiple and what they cost", () => {
    const quantities = times(sumOf({ apiRequest: 1, keyMonth: 2 }, { apiRequest: 3 }), 10);
    expect(quantities).toEqual({ apiRequest: 40, keyMonth: 20 });
    const list = { ...prices.prices };
    list.apiRequest = { ...list.apiRequest, usd: 0.25 };
    list.keyMonth = { ...list.keyMonth, usd: 1.5 };
    expect(usdOf(quantities, list)).toBe(40);
  });

  it("starts: e^-1 of the runs at one in five minutes, and none worth naming at one a second", () => {
    expect(coldShare(1 / 300)).toBeCloseTo(0.3679, 4);
    expect(coldShare(1)).toBeLessThan(1e-9);
  });

  it("traces: one request in twenty, and nothing of what runs without a caller", () => {
    expect(tracedShare("request")).toBe(0.05);
    expect(tracedShare("told")).toBe(0);
    expect(tracedShare("schedules")).toBe(0);
  });

  it("storage: what was made and stayed, but nothing that was there before or expires", () => {
    const image: Image = { referralId: { S: "r" }, sequence: { N: "1" }, padding: { S: "x".repeat(73) } };
    const write = { step: "submit", transactional: true, before: undefined };
    const quantities = storageAMonth({
      calls: [],
      steps: [],
      writes: [
        { ...write, table: "cme-events", key: "new", after: image },
        { ...write, table: "cme-events", key: "old", before: image, after: image },
        { ...write, table: "cme-proofs", key: "expires", after: image },
      ],
    });
    // 10 + 1, 8 + 2 and 7 + 73 for the item, and 100 for keeping it.
    expect(quantities).toEqual({ storageGbMonth: 201 / 2 ** 30, recoveryGbMonth: 201 / 2 ** 30 });
  });

  it("metrics: a product of its dimensions' values, by the hours it is sent", () => {
    expect(metricMonths([{ dimensions: [[], ["urgency"], ["channel", "result"]] }])).toBe(1 + 2 + 8);
    expect(metricMonths([{ dimensions: [["authority"]] }])).toBe(153 / 24);
  });
});

describe("the price list", () => {
  it("is of London, in dollars, dated, and each price says how sure it is", () => {
    expect(prices.region).toBe("eu-west-2");
    expect(prices.date).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(prices.gbpPerUsd.rate).toBeGreaterThan(0.5);
    expect(prices.gbpPerUsd.rate).toBeLessThan(1);
    for (const { status, service, usageType } of Object.values(prices.prices)) {
      expect(Object.keys(prices.statuses)).toContain(status);
      expect(service && usageType).toBeTruthy();
    }
  });
});

describe("England's volume", () => {
  it("100 of 2,000 on a day, of 10,000 in the year: 500 referrals", () => {
    expect(referralsFrom({ inTheYear: 10_000, onCensusDay: 2_000, believedMoved: 100 })).toBe(500);
  });

  it("a referral a second is 5,472,000 a year of 190 days of 8 hours", () => {
    expect(meanRate(5_472_000)).toBe(1);
  });
});

describe("what stands there", () => {
  it("is counted from the templates", () => {
    const rule = (ScheduleExpression: string) => ({
      Type: "AWS::Scheduler::Schedule",
      Properties: { ScheduleExpression },
    });
    expect(
      standingOf([
        {
          Resources: {
            a: { Type: "AWS::KMS::Key" },
            b: { Type: "AWS::KMS::Key" },
            c: { Type: "AWS::DynamoDB::Table" },
          },
        },
        {
          Resources: {
            acl: { Type: "AWS::WAFv2::WebACL", Properties: { Rules: [{}, {}, {}] } },
            plain: { Type: "AWS::CloudWatch::Alarm", Properties: { MetricName: "Errors" } },
            joined: {
              Type: "AWS::CloudWatch::Alarm",
              Properties: { Metrics: [{ Expression: "a/b" }, { MetricStat: {} }, { MetricStat: {} }] },
            },
            board: { Type: "AWS::CloudWatch::Dashboard" },
            stream: { Type: "AWS::Lambda::EventSourceMapping", Properties: { StartingPosition: "TRIM_HORIZON" } },
            queue: { Type: "AWS::Lambda::EventSourceMapping", Properties: { BatchSize: 1 } },
            sealed: { Type: "AWS::SQS::Queue", Properties: { KmsMasterKeyId: "key" } },
            unsealed: { Type: "AWS::SQS::Queue" },
            stage: { Type: "AWS::ApiGateway::Stage", Properties: { MethodSettings: [{ MetricsEnabled: true }] } },
            minutely: rule("rate(1 minute)"),
            daily: rule("cron(0 3 * * ? *)"),
          },
        },
        {},
      ]),
    ).toEqual({
      keys: 2,
      tables: 1,
      sealedQueues: 1,
      webAcls: 1,
      webRules: 3,
      alarms: 3,
      dashboards: 1,
      secrets: 0,
      detailedGatewayMetrics: true,
      streamsAreFiltered: false,
      polledQueues: 1,
      schedules: 2,
      scheduledRunsAMonth: 43_800 + 43_800 / 1_440,
    });
  });
});

describe("a life recorded on the embedded engines", () => {
  const recorded = {} as { life: Life };
  beforeAll(async () => {
    recorded.life = await recordLife();
  });
  const callsOf = (step: string) => recorded.life.calls.filter((call) => call.step === step);
  const count = (of: "events" | "webhooks" | "emails") => recorded.life.steps.reduce((sum, each) => sum + each[of], 0);

  it("has six events, each told to both endpoints, and four emails", () => {
    expect({ events: count("events"), webhooks: count("webhooks"), emails: count("emails") }).toEqual({
      events: 6,
      webhooks: 12,
      emails: 4,
    });
  });

  it("tells a request's own calls from those of telling", () => {
    expect(callsOf("submit").map(({ operation }) => operation)).toEqual([
      "BatchGetItem",
      "GenerateDataKey",
      // The UPN and six texts of the names.
      ...Array.from({ length: 7 }, () => "GenerateMac"),
      "TransactWriteItems",
    ]);
    expect(callsOf("standing feed").map(({ operation }) => operation)).toEqual(["Query"]);
    expect(callsOf("telling of submit").filter(({ service }) => service === "sqs")).toHaveLength(2);
  });

  it("comes to the write units that the engine counts, step by step", () => {
    const { life } = recorded;
    const definitions: readonly TableDefinition[] = Object.values(tables);
    for (const { step } of life.steps) {
      const counted = callsOf(step).reduce((sum, { writeUnits }) => sum + writeUnits, 0);
      const worked = life.writes
        .filter((write) => write.step === step)
        .flatMap((write) =>
          definitions.filter(({ name }) => name === write.table).map((each) => partitionWrites(each, write)),
        )
        .flat()
        .reduce((sum, { units }) => sum + units, 0);
      expect(worked, step).toBe(counted);
    }
  });
});

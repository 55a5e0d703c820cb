import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { log } from "../../shared/observability/log.ts";
import { measure, measureDependency, measureRequest, secondsBetween } from "../../shared/observability/metrics.ts";

const lines: string[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-21T18:32:56.062Z") });
  vi.spyOn(process.stdout, "write").mockImplementation((text) => lines.push(String(text)) > 0);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  lines.length = 0;
});

/** The lines as they were written, without the part that says what they are. */
const values = () => lines.map((line) => ({ ...(JSON.parse(line) as Record<string, unknown>), _aws: undefined }));

const request = {
  operation: "confirmReceipt",
  status: 201,
  durationMs: 41,
  clientId: "cme-330",
  authority: "330",
  refusal: undefined,
};

it("writes one line in the embedded metric format", () => {
  measure("TimeToReceipt", 3724.5, { urgency: "urgent" });
  expect(lines).toEqual([
    '{"_aws":{"Timestamp":1795285976062,"CloudWatchMetrics":[{"Namespace":"CmeReferralExchange",' +
      '"Dimensions":[[],["urgency"]],"Metrics":[{"Name":"TimeToReceipt","Unit":"Seconds"}]}]},' +
      '"urgency":"urgent","TimeToReceipt":3724.5}\n',
  ]);
});

it("writes a line without dimensions", () => {
  measure("EventLag", 0.25, {});
  expect(lines).toEqual([
    '{"_aws":{"Timestamp":1795285976062,"CloudWatchMetrics":[{"Namespace":"CmeReferralExchange",' +
      '"Dimensions":[[]],"Metrics":[{"Name":"EventLag","Unit":"Seconds"}]}]},"EventLag":0.25}\n',
  ]);
});

it("writes a line whose dimensions belong together", () => {
  measure("DeliveryDuration", 812, { channel: "webhook", result: "given-up" });
  expect(lines).toEqual([
    '{"_aws":{"Timestamp":1795285976062,"CloudWatchMetrics":[{"Namespace":"CmeReferralExchange",' +
      '"Dimensions":[["channel","result"]],"Metrics":[{"Name":"DeliveryDuration","Unit":"Milliseconds"}]}]},' +
      '"channel":"webhook","result":"given-up","DeliveryDuration":812}\n',
  ]);
});

describe("what a dimension may not say", () => {
  it.each(["Amina Okafor", "H801200001001", "330\n", "", "x".repeat(65), "cme_330", "AMINA"])(
    "a client of the name %j is written as other",
    (clientId) => {
      measure("AuthorisationFailures", 1, { clientId });
      expect(values()).toEqual([{ clientId: "other", AuthorisationFailures: 1 }]);
    },
  );

  it.each(["33", "3300", "Birmingham", "DFE", "", "dfe "])("an authority %j is written as other", (authority) => {
    measure("GateRefusals", 1, { authority });
    expect(values()).toEqual([{ authority: "other", GateRefusals: 1 }]);
  });

  it.each(["0", "4", "11", ""])("a rung %j is written as other", (rung) => {
    measure("OverdueRungs", 1, { rung });
    expect(values()).toEqual([{ rung: "other", OverdueRungs: 1 }]);
  });

  it("a word that is not on the list is written as other", () => {
    measure("DeliveryDuration", 1, { channel: "pigeon" as "email", result: "delivered" });
    expect(values()).toEqual([{ channel: "other", result: "delivered", DeliveryDuration: 1 }]);
  });

  it("a dimension that the metric does not have is not written", () => {
    const more = { rung: "3", surname: "Okafor" };
    measure("OverdueRungs", 1, more);
    expect(values()).toEqual([{ rung: "3", OverdueRungs: 1 }]);
  });
});

describe("a finished request", () => {
  it.each([
    [200, "answered"],
    [201, "answered"],
    [304, "answered"],
    [400, "refused"],
    [409, "refused"],
    [429, "refused"],
    [500, "failed"],
    [502, "failed"],
    [503, "unavailable"],
  ])("that ends with %i counts as %s", (status, outcome) => {
    measureRequest({ ...request, status });
    expect(values()).toEqual([{ operation: "confirmReceipt", outcome, RequestDuration: 41 }]);
  });

  it.each([401, 403])("that is turned away with %i counts against its verified client", (status) => {
    measureRequest({ ...request, status, refusal: "not-your-role" });
    expect(values()).toEqual([
      { operation: "confirmReceipt", outcome: "refused", RequestDuration: 41 },
      { clientId: "cme-330", AuthorisationFailures: 1 },
    ]);
  });

  it("that nobody is verified to have sent counts against no client", () => {
    measureRequest({ ...request, status: 401, clientId: undefined, authority: undefined, refusal: "token-expired" });
    expect(values()[1]).toEqual({ clientId: "unverified", AuthorisationFailures: 1 });
  });

  it("that the gate refuses counts for its authority", () => {
    const removal = { ...request, operation: "removeFromList", status: 409, clientId: "cme-201", authority: "201" };
    measureRequest({ ...removal, refusal: "removal-not-permitted" });
    expect(values()).toEqual([
      { operation: "removeFromList", outcome: "refused", RequestDuration: 41 },
      { authority: "201", GateRefusals: 1 },
    ]);
  });
});

it.each([
  ["ThrottlingException", "throttled"],
  ["ProvisionedThroughputExceededException", "throttled"],
  ["RequestLimitExceeded", "throttled"],
  ["TimeoutError", "unavailable"],
  ["KMSInternalException", "unavailable"],
  ["Okafor", "unavailable"],
])("a service's %s counts as %s", (errorName, fault) => {
  measureDependency(errorName);
  expect(values()).toEqual([{ fault, DependencyFailures: 1 }]);
});

describe("the log", () => {
  it("counts what must never happen, by its code", () => {
    log("record-unreadable", { requestId: "r", referralId: "i", because: "missing", alarm: true });
    expect(lines).toEqual([
      '{"level":"error","code":"record-unreadable","at":"2026-11-21T18:32:56.062Z","requestId":"r","referralId":"i",' +
        '"because":"missing","alarm":true}\n',
      '{"_aws":{"Timestamp":1795285976062,"CloudWatchMetrics":[{"Namespace":"CmeReferralExchange",' +
        '"Dimensions":[["code"]],"Metrics":[{"Name":"Alerts","Unit":"Count"}]}]},"code":"record-unreadable","Alerts":1}\n',
    ]);
  });

  it("counts nothing else", () => {
    log("rung-raised", { referralId: "i", rung: 1 });
    expect(lines).toHaveLength(1);
  });
});

it.each([
  ["2026-11-21T18:32:56.062Z", "2026-11-21T19:34:56.562Z", 3720.5],
  ["2026-11-21T18:32:56.062Z", "2026-11-21T18:32:56.062Z", 0],
])("from %s to %s it is %d seconds", (from, to, seconds) => {
  expect(secondsBetween(from, to)).toBe(seconds);
});

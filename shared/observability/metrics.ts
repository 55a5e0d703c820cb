/** The one namespace of the exchange's own metrics; which stage they are of is a matter of the account they are in. */
export const namespace = "CmeReferralExchange";

/**
 * What a dimension may say: words of a list, or an identifier of ours. So no child's data can reach a metric (R6), and
 * nobody outside can make up new ones, each of which would be paid for.
 */
const vocabulary = {
  /** The `operationId` of a route. */
  operation: /^[a-z][A-Za-z]{1,63}$/,
  outcome: ["answered", "refused", "unavailable", "failed"],
  /** A client that a verified token names, or `unverified`: anybody can write any name into what does not verify. */
  clientId: /^[a-z0-9][a-z0-9-]{0,63}$/,
  /** A DfE number, or `dfe`. */
  authority: /^(?:\d{3}|dfe)$/,
  fault: ["throttled", "unavailable"],
  urgency: ["standard", "urgent"],
  rung: /^[1-3]$/,
  channel: ["webhook", "email"],
  result: ["delivered", "failed", "given-up", "dropped"],
  /** A code of the log's catalogue. */
  code: /^[a-z][a-z-]{1,63}$/,
} as const satisfies Record<string, RegExp | readonly string[]>;

type Vocabulary = typeof vocabulary;
type Dimension = keyof Vocabulary;
type Value<D extends Dimension> = Vocabulary[D] extends readonly (infer Word)[] ? Word : string;

type Metric = {
  unit: "Seconds" | "Milliseconds" | "Count";
  /**
   * The sets of dimensions by which it is kept. CloudWatch charges for each combination of values, so what nobody watches
   * together is not crossed; the lines themselves stay in the logs and can be counted in any other way there.
   */
  dimensions: readonly (readonly Dimension[])[];
  /** What users feel of it. */
  felt: string;
};

/** Everything the exchange measures of itself. The number of samples is the number of times it happened. */
export const metrics = {
  RequestDuration: {
    unit: "Milliseconds",
    dimensions: [["operation"], ["outcome"]],
    felt: "How long an authority's system waits for an answer, and whether it gets one.",
  },
  AuthorisationFailures: {
    unit: "Count",
    dimensions: [["clientId"]],
    felt: "An authority's system is turned away (401 or 403) and its officers can't send or receive referrals.",
  },
  GateRefusals: {
    unit: "Count",
    dimensions: [[], ["authority"]],
    felt: "An authority asked to take a child off its list too early and was refused.",
  },
  DependencyFailures: {
    unit: "Count",
    dimensions: [["fault"]],
    felt: "A request was answered 503 because AWS throttled the exchange or did not answer.",
  },
  TimeToReceipt: {
    unit: "Seconds",
    dimensions: [[], ["urgency"]],
    felt: "How long a child waited, from the referral to the recipient's receipt.",
  },
  OverdueRungs: {
    unit: "Count",
    dimensions: [["rung"]],
    felt: "A recipient has been silent for once, twice or three times the response time.",
  },
  DeliveryDuration: {
    unit: "Milliseconds",
    dimensions: [["channel", "result"]],
    felt: "Whether webhook calls and emails arrive, and how long each attempt takes.",
  },
  EventLag: {
    unit: "Seconds",
    dimensions: [[]],
    felt: "How long after an event it stands in the feeds and its webhook calls and emails are on their way.",
  },
  OutboxRowAge: {
    unit: "Seconds",
    dimensions: [[]],
    felt: "An event was left behind for so long before anybody was told of it.",
  },
  Alerts: {
    unit: "Count",
    dimensions: [["code"]],
    felt: "Something that must never happen did; the code in the log says what.",
  },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;
/** What a metric wants to know with each value. */
export type Dimensions<Name extends MetricName> = {
  [D in (typeof metrics)[Name]["dimensions"][number][number]]: Value<D>;
};

/**
 * Writes one value as one line of CloudWatch's embedded metric format, from which CloudWatch Logs makes the metric: no
 * call, nothing to wait for. What a dimension may not say is written as `other`.
 */
export const measure = <Name extends MetricName>(name: Name, value: number, about: Dimensions<Name>): void => {
  const { unit, dimensions }: Metric = metrics[name];
  const given = about as Record<string, string>;
  const directive = { Namespace: namespace, Dimensions: dimensions, Metrics: [{ Name: name, Unit: unit }] };
  const line: Record<string, unknown> = { _aws: { Timestamp: Date.now(), CloudWatchMetrics: [directive] } };
  for (const dimension of dimensions.flat()) line[dimension] = inVocabulary(dimension, given[dimension] ?? "");
  line[name] = value;
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const inVocabulary = (dimension: Dimension, value: string): string => {
  const known: RegExp | readonly string[] = vocabulary[dimension];
  const allowed = known instanceof RegExp ? known.test(value) : known.includes(value);
  return allowed ? value : "other";
};

/** @param from RFC 3339 @param to RFC 3339 @returns seconds, to the millisecond */
export const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

type FinishedRequest = {
  operation: string;
  status: number;
  durationMs: number;
  /** Of a verified caller. */
  clientId: string | undefined;
  authority: string | undefined;
  refusal: string | undefined;
};

/** What one finished request adds up to, from the very facts that its line in the log tells. */
export const measureRequest = (request: FinishedRequest): void => {
  const { operation, status, durationMs, clientId = "unverified", authority = "", refusal } = request;
  measure("RequestDuration", durationMs, { operation, outcome: outcomeOf(status) });
  if (status === 401 || status === 403) measure("AuthorisationFailures", 1, { clientId });
  if (refusal === "removal-not-permitted") measure("GateRefusals", 1, { authority });
};

const outcomeOf = (status: number): Value<"outcome"> => {
  if (status === 503) return "unavailable";
  if (status >= 500) return "failed";
  return status >= 400 ? "refused" : "answered";
};

/** A service failed a request: @param errorName of the SDK's error */
export const measureDependency = (errorName: string): void =>
  measure("DependencyFailures", 1, { fault: throttling.has(errorName) ? "throttled" : "unavailable" });

const throttling = new Set([
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestLimitExceeded",
  "ProvisionedThroughputExceededException",
]);

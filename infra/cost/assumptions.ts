/** What a journey on one machine can't tell. Each is on the dear side; the command prints them. */
export const assumptions = {
  /** Milliseconds of a warm function: its own work, and each AWS call one after the other. */
  ownMs: 20,
  awsCallMs: 12,
  /** An authority's endpoint, or Notify, takes so long to answer. */
  farEndMs: 500,
  /** Milliseconds billed for a start, and seconds after which an idle instance is gone. */
  coldStartMs: 800,
  keepWarmSeconds: 300,
  /** Bytes of Lambda's own three log lines, and of the gateway's access log line. */
  lambdaLogBytes: 450,
  accessLogBytes: 500,
  logMonthsKept: 12,
  /** Every authority's system reads its feed on and renews its token, day and night. */
  feedEveryMinutes: 5,
  tokenEveryMinutes: 10,
  /** Lambda's pollers of a queue that is empty: five, each asking three times a minute. */
  emptyReceivesAMinute: 15,
  /** DynamoDB asks KMS for a table's key anew after five minutes of use, SQS for a queue's data key to seal and to open. */
  keyUseEveryMinutes: 5,
  minutesAMonth: 730 * 60,
} as const;

/**
 * Everything the exchange may log: a code, its level and the only fields it may carry. There is no field in which a
 * body, a header or a name could stand, so no child's data can reach a log (R6).
 */
const catalogue = {
  "request-completed": {
    level: "info",
    fields: ["requestId", "operation", "status", "durationMs", "clientId", "authority", "refusal"],
  },
  "request-failed": { level: "error", fields: ["requestId", "operation", "errorName", "errorOrigin"] },
  "dependency-failed": { level: "warn", fields: ["requestId", "operation", "errorName"] },
  "record-unreadable": { level: "error", fields: ["requestId", "referralId", "because", "alarm"] },
  "token-issued": { level: "info", fields: ["requestId", "clientId", "authority"] },
  "message-failed": { level: "error", fields: ["consumer", "messageId", "errorName"] },
  "delivery-attempted": {
    level: "info",
    fields: ["deliveryId", "channel", "authority", "status", "failure", "durationMs", "nextAttemptAt"],
  },
  "delivery-failed": { level: "error", fields: ["deliveryId", "channel", "authority", "because", "alarm"] },
  "item-unreadable": { level: "error", fields: ["table", "alarm"] },
  "rung-failed": { level: "error", fields: ["referralId", "errorName", "alarm"] },
  "outbox-left": { level: "error", fields: ["referralId", "sequence", "alarm"] },
  "outbox-reconciled": { level: "warn", fields: ["referralId", "sequence", "told", "alarm"] },
  "rung-raised": { level: "warn", fields: ["referralId", "rung"] },
  "token-refused": { level: "warn", fields: ["requestId", "check"] },
} as const satisfies Record<string, { level: "info" | "warn" | "error"; fields: readonly string[] }>;

type Catalogue = typeof catalogue;
type Fields<Code extends keyof Catalogue> = {
  [Name in Catalogue[Code]["fields"][number]]?: string | number | boolean | undefined;
};

/** Writes one line of JSON with the fields that the catalogue allows and no others. */
export const log = <Code extends keyof Catalogue>(code: Code, fields: Fields<Code>): void => {
  const { level, fields: allowed } = catalogue[code];
  const line: Record<string, unknown> = { level, code, at: new Date().toISOString() };
  for (const name of allowed) {
    const value = (fields as Record<string, unknown>)[name];
    if (value !== undefined) line[name] = value;
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

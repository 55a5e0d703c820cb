import { measure } from "./metrics.ts";

/**
 * Everything the exchange may log: a code, its level and the only fields it may carry. There is no field in which a
 * body, a header or a name could stand, so no child's data can reach a log (R6).
 */
export const catalogue = {
  "request-completed": {
    level: "info",
    fields: ["requestId", "operation", "status", "durationMs", "clientId", "authority", "refusal"],
  },
  "request-failed": { level: "error", fields: ["requestId", "operation", "errorName", "errorOrigin"] },
  "dependency-failed": { level: "warn", fields: ["requestId", "operation", "errorName"] },
  "record-unreadable": {
    level: "error",
    fields: ["requestId", "referralId", "entryId", "enquiryId", "noticeId", "because", "alarm"],
  },
  "token-issued": { level: "info", fields: ["requestId", "clientId", "authority"] },
  "message-failed": { level: "error", fields: ["consumer", "messageId", "errorName"] },
  "delivery-attempted": {
    level: "info",
    fields: ["deliveryId", "channel", "authority", "status", "failure", "durationMs", "nextAttemptAt"],
  },
  "delivery-failed": { level: "error", fields: ["deliveryId", "channel", "authority", "because", "alarm"] },
  "item-unreadable": { level: "error", fields: ["table", "alarm"] },
  "passing-failed": {
    level: "error",
    fields: ["reorganisationId", "referralId", "entryId", "enquiryId", "noticeId", "errorName", "alarm"],
  },
  "erasure-failed": { level: "error", fields: ["entryId", "noticeId", "errorName", "alarm"] },
  "lapse-failed": { level: "error", fields: ["enquiryId", "errorName", "alarm"] },
  "rung-failed": { level: "error", fields: ["referralId", "errorName", "alarm"] },
  "match-failed": { level: "error", fields: ["subject", "errorName", "alarm"] },
  "outbox-left": { level: "error", fields: ["subject", "sequence", "alarm"] },
  "outbox-reconciled": { level: "warn", fields: ["subject", "sequence", "told", "alarm"] },
  "email-undelivered": { level: "warn", fields: ["deliveryId", "authority", "failure"] },
  "email-status-unknown": { level: "warn", fields: ["notificationId"] },
  "contact-unreachable": { level: "warn", fields: ["authority", "contactId"] },
  "verification-asked": { level: "info", fields: ["authority", "contactId", "times"] },
  "asking-failed": { level: "error", fields: ["authority", "errorName"] },
  "rung-raised": { level: "warn", fields: ["referralId", "rung"] },
  "contact-list-published": { level: "info", fields: ["publication", "authorities", "contacts"] },
  "import-left": { level: "warn", fields: ["requestId", "importId", "errorName"] },
  "import-concluded": { level: "warn", fields: ["importId", "state"] },
  "token-refused": { level: "warn", fields: ["requestId", "check"] },
} as const satisfies Record<string, { level: "info" | "warn" | "error"; fields: readonly string[] }>;

type Catalogue = typeof catalogue;
/** Codes of what must never happen: each has an alarm of its own. */
export type AlarmingCode = {
  [Code in keyof Catalogue]: "alarm" extends Catalogue[Code]["fields"][number] ? Code : never;
}[keyof Catalogue];
type Fields<Code extends keyof Catalogue> = {
  [Name in Catalogue[Code]["fields"][number]]?: string | number | boolean | undefined;
};

/** Writes one line of JSON with the fields that the catalogue allows and no others; what is marked `alarm` is counted. */
export const log = <Code extends keyof Catalogue>(code: Code, fields: Fields<Code>): void => {
  const { level, fields: allowed } = catalogue[code];
  const line: Record<string, unknown> = { level, code, at: new Date().toISOString() };
  for (const name of allowed) {
    const value = (fields as Record<string, unknown>)[name];
    if (value !== undefined) line[name] = value;
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (line.alarm === true) measure("Alerts", 1, { code });
};

/** What an error is called in the log: never its message, which may quote what was sent. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

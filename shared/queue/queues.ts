/** Every queue of the exchange, once, like the tables. What can't be handled goes to its dead-letter queue. */
export type QueueDefinition = {
  /** The environment variables in which a function finds the queues' addresses. */
  variable: `${string}_QUEUE_URL`;
  deadLetterVariable: `${string}_QUEUE_URL`;
  name: string;
  deadLetterName: string;
  /** How often a message is handed out before it is set aside. */
  maxReceiveCount: number;
  /** As long as a consumer may take over a batch. */
  visibilityTimeoutSeconds: number;
};

/** Seconds for which a queue keeps a message: the longest that SQS allows, as a dead letter waits for a person. */
export const retention = 14 * 24 * 60 * 60;

export const queues = {
  /** Webhook calls to be made: one message for each authority and event, with the delivery's id alone (R6). */
  webhooks: {
    variable: "WEBHOOKS_QUEUE_URL",
    deadLetterVariable: "WEBHOOKS_DEAD_LETTER_QUEUE_URL",
    name: "cme-webhooks",
    deadLetterName: "cme-webhooks-dead",
    maxReceiveCount: 5,
    visibilityTimeoutSeconds: 90,
  },
  /** Emails to be sent: one message for each contact and event, with the delivery's id alone. */
  emails: {
    variable: "EMAILS_QUEUE_URL",
    deadLetterVariable: "EMAILS_DEAD_LETTER_QUEUE_URL",
    name: "cme-emails",
    deadLetterName: "cme-emails-dead",
    maxReceiveCount: 5,
    visibilityTimeoutSeconds: 90,
  },
} as const satisfies Record<string, QueueDefinition>;

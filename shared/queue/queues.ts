/** Every queue of the exchange, once, like the tables. What can't be handled goes to its dead-letter queue. */
export type QueueDefinition = {
  /** The environment variable in which a function finds the queue's address. */
  variable: `${string}_QUEUE_URL`;
  name: string;
  deadLetterName: string;
  /** How often a message is handed out before it is set aside. */
  maxReceiveCount: number;
};

export const queues = {
  /** One message for each addressee and channel of an event; ids only (R6). */
  deliveries: {
    variable: "DELIVERIES_QUEUE_URL",
    name: "cme-deliveries",
    deadLetterName: "cme-deliveries-dead",
    maxReceiveCount: 5,
  },
} as const satisfies Record<string, QueueDefinition>;

/**
 * Every table of the exchange, once: the stack and the local engines are both made from this. One table for each thing
 * that a function is or is not allowed to touch, so that "may not read a record" and "may not change the trail" are
 * plain IAM grants. Nothing in a key, an index or a plain attribute tells who a child is (R6).
 */
export type KeyAttribute = { name: string; type: "S" | "N" };
export type IndexDefinition = { partitionKey: KeyAttribute; sortKey: KeyAttribute };
export type TableDefinition = {
  /** The environment variable in which a function finds the table's name. */
  variable: `${string}_TABLE`;
  name: string;
  partitionKey: KeyAttribute;
  sortKey?: KeyAttribute;
  indexes?: Record<string, IndexDefinition>;
  /** The attribute with the second after which DynamoDB may delete an item. */
  timeToLive?: string;
  /** Changes are streamed to the fan-out. */
  stream?: true;
};

const text = (name: string): KeyAttribute => ({ name, type: "S" });
const number = (name: string): KeyAttribute => ({ name, type: "N" });

export const tables = {
  /** Authorities with their named contacts: one item an authority, so one read answers for both. */
  directory: {
    variable: "DIRECTORY_TABLE",
    name: "cme-directory",
    partitionKey: text("code"),
    indexes: { "by-listing": { partitionKey: text("listing"), sortKey: text("code") } },
  },
  /** Every change of the contact list, its authorities and the clients: written once, never changed. */
  changes: {
    variable: "CHANGES_TABLE",
    name: "cme-changes",
    partitionKey: text("subject"),
    sortKey: number("sequence"),
  },
  /** Imports of the contact list, by id: what says whether what was staged is in effect. */
  imports: { variable: "IMPORTS_TABLE", name: "cme-imports", partitionKey: text("importId") },
  /** The publications of the contact list, in parts that fit an item; the newest also under the name `newest`. */
  publications: {
    variable: "PUBLICATIONS_TABLE",
    name: "cme-publications",
    partitionKey: text("publication"),
    sortKey: text("part"),
  },
  /** Reorganisations of local government, with what is assigned to which successor. */
  reorganisations: {
    variable: "REORGANISATIONS_TABLE",
    name: "cme-reorganisations",
    partitionKey: text("reorganisationId"),
    sortKey: text("part"),
    indexes: {
      "by-date": { partitionKey: text("listing"), sortKey: text("effectiveOn") },
      /** Only what is still to take effect or to be carried out, by its date. */
      pending: { partitionKey: text("pending"), sortKey: text("effectiveOn") },
    },
  },
  /** OAuth clients: whose they are, their public keys and scopes. */
  clients: {
    variable: "CLIENTS_TABLE",
    name: "cme-clients",
    partitionKey: text("clientId"),
    indexes: {
      "by-listing": { partitionKey: text("listing"), sortKey: text("clientId") },
      "by-authority": { partitionKey: text("authority"), sortKey: text("clientId") },
    },
  },
  /** The `jti` of every assertion and proof that was used, for as long as it could be used again. */
  proofs: {
    variable: "PROOFS_TABLE",
    name: "cme-proofs",
    partitionKey: text("proof"),
    timeToLive: "expiresAt",
  },
  /** Recorded answers by client and Idempotency-Key, kept as long as the thing that was made. */
  answers: { variable: "ANSWERS_TABLE", name: "cme-answers", partitionKey: text("intent") },
  referrals: {
    variable: "REFERRALS_TABLE",
    name: "cme-referrals",
    partitionKey: text("referralId"),
    indexes: {
      inbox: { partitionKey: text("recipient"), sortKey: text("dueKey") },
      "inbox-by-state": { partitionKey: text("recipientState"), sortKey: text("dueKey") },
      outbox: { partitionKey: text("sender"), sortKey: text("submittedKey") },
      "outbox-by-state": { partitionKey: text("senderState"), sortKey: text("submittedKey") },
      /** Only those with a family in temporary accommodation, by the authority where that is. */
      temporary: { partitionKey: text("temporary"), sortKey: text("submittedKey") },
      /** Only what awaits receipt and has a rung of the ladder ahead, by the moment of that rung. */
      "by-deadline": { partitionKey: text("deadlineBucket"), sortKey: text("nextRungAt") },
    },
  },
  /** The audit trail: written once, never changed. */
  events: {
    variable: "EVENTS_TABLE",
    name: "cme-events",
    partitionKey: text("referralId"),
    sortKey: number("sequence"),
  },
  /** The audit trail of entries, enquiries and notices: written once, never changed. */
  caseEvents: {
    variable: "CASE_EVENTS_TABLE",
    name: "cme-case-events",
    partitionKey: text("subject"),
    sortKey: number("sequence"),
  },
  /** Enquiries between authorities, and of the exchange itself; what they say of a child is among the records. */
  enquiries: {
    variable: "ENQUIRIES_TABLE",
    name: "cme-enquiries",
    partitionKey: text("enquiryId"),
    indexes: {
      inbox: { partitionKey: text("asked"), sortKey: text("openedKey") },
      outbox: { partitionKey: text("asker"), sortKey: text("openedKey") },
      /** Only what is still open, by the moment at which it lapses. */
      lapsing: { partitionKey: text("lapsingBucket"), sortKey: text("lapsesAt") },
    },
  },
  /** Notices from one authority to another, such as a school admission. */
  notices: {
    variable: "NOTICES_TABLE",
    name: "cme-notices",
    partitionKey: text("noticeId"),
    indexes: {
      inbox: { partitionKey: text("recipient"), sortKey: text("sentKey") },
      outbox: { partitionKey: text("sender"), sortKey: text("sentKey") },
      /** Only what still keeps something of a child, by the moment at which that is erased. */
      erasing: { partitionKey: text("erasingBucket"), sortKey: text("erasesAt") },
    },
  },
  /** Which entries bear a fingerprint: an HMAC by a key of KMS, which says nothing of who a child is without that key. */
  fingerprints: {
    variable: "FINGERPRINTS_TABLE",
    name: "cme-fingerprints",
    partitionKey: text("fingerprint"),
    sortKey: text("entryId"),
  },
  /** Figures that are counted as things happen, so that none needs a look at anybody's record. */
  counters: {
    variable: "COUNTERS_TABLE",
    name: "cme-counters",
    partitionKey: text("counter"),
    sortKey: text("bucket"),
  },
  /** Encrypted records and notes: the only place that tells who a child is. */
  records: {
    variable: "RECORDS_TABLE",
    name: "cme-records",
    partitionKey: text("subject"),
    sortKey: text("part"),
  },
  entries: {
    variable: "ENTRIES_TABLE",
    name: "cme-entries",
    partitionKey: text("entryId"),
    indexes: {
      "by-authority": { partitionKey: text("list"), sortKey: text("openedKey") },
      /** Only retained records, by the day on which they are to be erased. */
      retained: { partitionKey: text("retainedBucket"), sortKey: text("retainedUntil") },
    },
  },
  /**
   * What still has to be told to somebody: one row an event, written in the event's own transaction. The rows of one
   * subject, such as a referral, share a partition, so that their stream keeps their order.
   */
  outbox: {
    variable: "OUTBOX_TABLE",
    name: "cme-outbox",
    partitionKey: text("subject"),
    sortKey: number("sequence"),
    /** Only what has not left yet, oldest first. */
    indexes: { unsent: { partitionKey: text("unsent"), sortKey: text("at") } },
    stream: true,
  },
  /** What concerns each authority, numbered without gaps. */
  feed: { variable: "FEED_TABLE", name: "cme-feed", partitionKey: text("authority"), sortKey: number("position") },
  /** One webhook for each authority that wants one. */
  subscriptions: { variable: "SUBSCRIPTIONS_TABLE", name: "cme-subscriptions", partitionKey: text("authority") },
  /** Each webhook call and email that is to be made, with every attempt at it. */
  deliveries: {
    variable: "DELIVERIES_TABLE",
    name: "cme-deliveries",
    partitionKey: text("deliveryId"),
    timeToLive: "expiresAt",
    indexes: {
      "by-authority": { partitionKey: text("authority"), sortKey: text("createdKey") },
      "by-state": { partitionKey: text("authorityState"), sortKey: text("createdKey") },
      /** Only what is to be attempted, by the moment of the next attempt: waits longer than SQS's live here. */
      due: { partitionKey: text("dueBucket"), sortKey: text("nextAttemptAt") },
    },
  },
} as const satisfies Record<string, TableDefinition>;

export type TableName = keyof typeof tables;

import type { Route } from "../shared/contract/route.ts";
import { routes } from "../shared/contract/routes.ts";
import { queues } from "../shared/queue/queues.ts";
import { type TableName, tables } from "../shared/store/tables.ts";
import type { StageConfig } from "./config.ts";
import { type ContextOf, type KeyPurpose, keys } from "./keys.ts";

/**
 * Every Lambda function of the exchange with what it is allowed: the stacks, their tests and the proof of least privilege
 * all read this. An action that is not here is not granted to anybody.
 */
export type FunctionDefinition = {
  /** The operation's `operationId`, or the name of the module. */
  name: string;
  handler: `functions/${string}.ts`;
  trigger: Trigger;
  memoryMiB: number;
  timeoutSeconds: number;
  permissions: Permissions;
  /** Variables that the function reads, besides those that name what it may use. */
  settings: readonly Variable[];
};

export type Trigger =
  | { kind: "request"; route: Route }
  | { kind: "stream"; table: TableName; reservedConcurrency: keyof StageConfig["concurrency"] }
  | { kind: "queue"; queue: QueueName; reservedConcurrency: keyof StageConfig["concurrency"] }
  /** `at`: a time of day in England, for what runs once a day. */
  | { kind: "schedule"; everyMinutes: number; at?: `${number}:${number}` };

export type QueueName = keyof typeof queues;

type IndexOf<Name extends TableName> = (typeof tables)[Name] extends { indexes: infer Indexes }
  ? keyof Indexes & string
  : never;

/** DynamoDB's actions by item, as IAM names them: a transaction's are those of its items. `Query x` is of the index x. */
export type TableAction<Name extends TableName = TableName> =
  | "BatchGetItem"
  | "GetItem"
  | "Query"
  | "PutItem"
  | "UpdateItem"
  | "DeleteItem"
  | "ConditionCheckItem"
  | `Query ${IndexOf<Name>}`;
/** `Decrypt x` is under the encryption context x alone. */
export type KeyAction<Purpose extends KeyPurpose = KeyPurpose> =
  | `${"GenerateDataKey" | "Decrypt"} ${ContextOf<Purpose>}`
  | "Sign"
  | "GetPublicKey"
  | "GenerateMac";
export type QueueAction = "SendMessage";

export type Permissions = {
  tables?: { readonly [Name in TableName]?: readonly TableAction<Name>[] };
  keys?: { readonly [Purpose in KeyPurpose]?: readonly KeyAction<Purpose>[] };
  queues?: { readonly [Name in QueueName]?: readonly QueueAction[] };
  /** The queues' dead letters. */
  deadLetters?: { readonly [Name in QueueName]?: readonly QueueAction[] };
};

/** What the stage's configuration gives a function by an environment variable. */
export type Setting =
  | "PUBLIC_ORIGINS"
  | "WEBHOOK_TARGETS"
  | "NOTIFY_URL"
  | "NOTIFY_TEMPLATES"
  | "NOTIFY_API_KEY_SEALED"
  | "NOTIFY_CALLBACK_TOKEN_DIGEST";
export type Variable =
  | Setting
  | (typeof tables)[TableName]["variable"]
  | (typeof keys)[KeyPurpose]["variable"]
  | (typeof queues)[QueueName]["variable" | "deadLetterVariable"];

type Row = Permissions & { settings?: readonly Variable[]; memoryMiB?: number; timeoutSeconds?: number };

/** A step of a referral: the referral, its event and its outbox row, and the entries on either side. */
const step = {
  directory: ["BatchGetItem"],
  referrals: ["BatchGetItem", "PutItem"],
  entries: ["BatchGetItem", "PutItem"],
  events: ["PutItem"],
  outbox: ["PutItem"],
} as const;
/** A step of an entry's own life. */
const entryStep = {
  entries: ["BatchGetItem", "PutItem"],
  caseEvents: ["PutItem"],
  outbox: ["PutItem"],
} as const;
const entryRead = {
  clients: ["BatchGetItem"],
  entries: ["BatchGetItem", "PutItem"],
  records: ["BatchGetItem"],
  referrals: ["BatchGetItem"],
  caseEvents: ["PutItem"],
} as const;
const named = { directory: ["BatchGetItem", "ConditionCheckItem"] } as const;
const noted = { tables: { records: ["PutItem"] }, keys: { records: ["GenerateDataKey referral"] } } as const;
const disclosed = {
  referrals: ["BatchGetItem", "PutItem"],
  events: ["PutItem"],
  outbox: ["PutItem"],
} as const;

/** A notice with its link in the trail and its outbox row. */
const noticed = { notices: ["PutItem"], caseEvents: ["PutItem"], outbox: ["PutItem"] } as const;

/** An entry becomes one that can be matched, by its fingerprints. */
const findable = { fingerprints: ["PutItem"] } as const;
/** An entry comes off its list, and what was asked about it ends; or a newer record tells of the child otherwise. */
const unfindable = { fingerprints: ["PutItem", "DeleteItem"] } as const;
const fingerprinted = { fingerprints: ["GenerateMac"] } as const;
/** What the closing of an entry or its referral does to the enquiries about the child: they end and tell no more of it. */
const enquiriesEnded = {
  enquiries: ["BatchGetItem", "PutItem"],
  caseEvents: ["PutItem"],
  records: ["PutItem", "DeleteItem"],
} as const;
/** An action on an enquiry. */
const enquiryStep = {
  enquiries: ["BatchGetItem", "PutItem"],
  entries: ["BatchGetItem", "PutItem"],
  caseEvents: ["PutItem"],
  outbox: ["PutItem"],
  records: ["DeleteItem"],
} as const;
const enquiryNoted = { ...named, ...enquiryStep } as const;
const enquiryRead = {
  enquiries: ["BatchGetItem", "PutItem"],
  caseEvents: ["PutItem"],
  records: ["BatchGetItem"],
  clients: ["BatchGetItem"],
} as const;

/** Referrals and entries that pass to a successor. */
const passing = {
  referrals: ["BatchGetItem", "PutItem"],
  entries: ["BatchGetItem", "PutItem"],
  events: ["PutItem"],
  caseEvents: ["PutItem"],
  outbox: ["PutItem"],
} as const;

/** An authority by its code, or by one of its GSS codes, with its contacts in force. */
const ofAuthority = { directory: ["BatchGetItem", "Query by-listing"], imports: ["BatchGetItem"] } as const;

/** A change of the contact list with its link in the chain of changes. */
const listChanged = { directory: ["BatchGetItem", "PutItem", "UpdateItem"], changes: ["PutItem"] } as const;

/** An import of the contact list, staged and then put in place or taken back. */
const listImported = {
  directory: ["BatchGetItem", "PutItem", "UpdateItem"],
  changes: ["PutItem"],
  imports: ["BatchGetItem", "PutItem", "UpdateItem", "ConditionCheckItem"],
} as const;

const publishing = {
  tables: {
    directory: ["BatchGetItem", "ConditionCheckItem"],
    publications: ["BatchGetItem", "PutItem", "DeleteItem"],
    outbox: ["PutItem"],
  },
  keys: { publications: ["GetPublicKey", "Sign"] },
} as const satisfies Row;

/** A change of a client with its link in the chain of changes. */
const clientChanged = {
  clients: ["BatchGetItem", "PutItem", "ConditionCheckItem"],
  changes: ["PutItem"],
  directory: ["BatchGetItem", "ConditionCheckItem"],
} as const;

/**
 * By `operationId`. What authentication, the Idempotency-Key and the proof need comes with the route: see
 * {@link withRoute}.
 */
const operations: Record<string, Row> = {
  getAuthorizationServerMetadata: { settings: ["PUBLIC_ORIGINS", "ACCESS_TOKEN_KEYS"] },
  getJwks: {
    keys: { accessTokens: ["GetPublicKey"], evidence: ["GetPublicKey"], publications: ["GetPublicKey"] },
  },
  issueToken: {
    tables: { clients: ["BatchGetItem"], proofs: ["PutItem"] },
    keys: { accessTokens: ["GetPublicKey", "Sign"] },
    settings: ["PUBLIC_ORIGINS"],
  },
  listClients: { tables: { clients: ["Query by-listing", "Query by-authority"] } },
  registerClient: { tables: clientChanged },
  getClient: { tables: { clients: ["BatchGetItem"] } },
  changeClient: { tables: clientChanged },
  listClientChanges: { tables: { changes: ["Query"] } },
  listAuthorities: { tables: { directory: ["Query by-listing"] }, settings: ["IMPORTS_TABLE"] },
  getAuthority: { tables: ofAuthority },
  listContacts: { tables: ofAuthority },
  changeAuthority: { tables: listChanged },
  listAuthorityChanges: { tables: { changes: ["Query"] } },
  getContact: { tables: { directory: ["BatchGetItem"], imports: ["BatchGetItem"] } },
  addContact: { tables: listChanged },
  changeContact: { tables: listChanged },
  retireContact: { tables: listChanged },
  verifyContact: { tables: listChanged },
  registerReorganisation: { tables: { ...listChanged, reorganisations: ["PutItem"] } },
  listReorganisations: { tables: { reorganisations: ["Query by-date"] } },
  getReorganisation: { tables: { reorganisations: ["BatchGetItem"] } },
  assignToSuccessor: {
    tables: {
      reorganisations: ["BatchGetItem", "ConditionCheckItem", "PutItem"],
      ...passing,
      referrals: [...passing.referrals, "Query outbox"],
      enquiries: ["BatchGetItem", "PutItem", "Query inbox", "Query outbox"],
      notices: ["BatchGetItem", "PutItem", "Query inbox"],
    },
  },
  cancelReorganisation: {
    tables: {
      ...listChanged,
      reorganisations: ["BatchGetItem", "PutItem"],
      clients: ["BatchGetItem", "PutItem", "Query by-authority"],
    },
  },
  getEmailDomains: { tables: { directory: ["BatchGetItem"] } },
  changeEmailDomains: { tables: { directory: ["BatchGetItem", "PutItem"], changes: ["PutItem"] } },
  importContactList: { tables: listImported },
  getContactList: { tables: { publications: ["Query"] } },
  publishContactList: publishing,
  listPublications: { tables: { publications: ["Query"] } },
  getPublication: { tables: { publications: ["Query"] } },
  listContactListChanges: { tables: { publications: ["Query"] } },
  submitReferral: {
    tables: { ...step, ...named, ...enquiriesEnded, ...unfindable },
    keys: { ...noted.keys, ...fingerprinted },
  },
  listReferrals: {
    tables: {
      referrals: ["Query inbox", "Query inbox-by-state", "Query outbox", "Query outbox-by-state", "Query temporary"],
    },
  },
  getReferral: { tables: { referrals: ["BatchGetItem"] } },
  readChildRecord: {
    tables: { ...disclosed, records: ["BatchGetItem"], clients: ["BatchGetItem"] },
    keys: { records: ["Decrypt referral"] },
  },
  readNotes: {
    tables: { ...disclosed, records: ["Query"], clients: ["BatchGetItem"] },
    keys: { records: ["Decrypt referral"] },
  },
  confirmReceipt: {
    tables: { ...step, ...named, entries: ["PutItem"], ...noted.tables, ...findable },
    keys: { ...noted.keys, evidence: ["GetPublicKey", "Sign"] },
  },
  getReceipt: { tables: { referrals: ["BatchGetItem"] } },
  returnReferral: { tables: { ...step, ...noted.tables }, keys: noted.keys },
  withdrawReferral: { tables: { ...step, ...noted.tables }, keys: noted.keys },
  recordFinding: { tables: { ...step, ...named, ...enquiriesEnded, ...unfindable }, keys: noted.keys },
  concludeReferral: { tables: { ...step, ...enquiriesEnded, ...unfindable }, keys: noted.keys },
  getRemoval: { tables: { referrals: ["BatchGetItem"], entries: ["BatchGetItem"] } },
  removeFromList: {
    tables: { ...step, ...named, ...enquiriesEnded, records: ["DeleteItem"], ...unfindable },
    keys: { evidence: ["GetPublicKey", "Sign"] },
    settings: ["RECORD_KEY"],
  },
  attachCommonTransferFile: {
    tables: {
      referrals: ["BatchGetItem", "PutItem"],
      records: ["BatchGetItem", "PutItem"],
      events: ["PutItem"],
      outbox: ["PutItem"],
    },
    keys: { records: ["Decrypt referral", "GenerateDataKey referral"] },
    settings: ["DIRECTORY_TABLE", "ENTRIES_TABLE"],
  },
  readCommonTransferFile: {
    tables: { ...disclosed, records: ["BatchGetItem"], clients: ["BatchGetItem"] },
    keys: { records: ["Decrypt referral"] },
  },
  addTemporaryEntry: {
    tables: {
      referrals: ["BatchGetItem", "PutItem"],
      records: ["BatchGetItem", "PutItem"],
      entries: ["PutItem"],
      fingerprints: ["PutItem"],
      events: ["PutItem"],
      caseEvents: ["PutItem"],
      outbox: ["PutItem"],
    },
    keys: { records: ["Decrypt referral", "GenerateDataKey entry"] },
  },
  listEvents: { tables: { referrals: ["BatchGetItem"], events: ["Query"] } },
  writeMessage: {
    tables: {
      ...named,
      referrals: ["BatchGetItem", "PutItem"],
      events: ["BatchGetItem", "PutItem"],
      outbox: ["PutItem"],
      ...noted.tables,
    },
    keys: noted.keys,
    settings: ["ENTRIES_TABLE"],
  },
  readMessages: {
    tables: { ...disclosed, events: ["BatchGetItem", "PutItem"], records: ["Query"], clients: ["BatchGetItem"] },
    keys: { records: ["Decrypt referral"] },
  },
  correctRecord: {
    tables: { ...step, ...named, ...noted.tables, ...unfindable },
    keys: { ...noted.keys, ...fingerprinted },
  },
  listRecordVersions: { tables: { referrals: ["BatchGetItem"] } },
  readStepsOfReferral: {
    tables: { ...disclosed, entries: ["BatchGetItem"], records: ["BatchGetItem"], clients: ["BatchGetItem"] },
    keys: { records: ["Decrypt entry"] },
  },
  getEvidencePack: {
    tables: {
      ...disclosed,
      events: ["BatchGetItem", "Query", "PutItem"],
      entries: ["BatchGetItem"],
      caseEvents: ["Query"],
      records: ["BatchGetItem", "Query"],
      clients: ["BatchGetItem"],
    },
    keys: { records: ["Decrypt referral", "Decrypt entry"], evidence: ["GetPublicKey", "Sign"] },
  },
  getEntryEvidencePack: {
    tables: {
      clients: ["BatchGetItem"],
      entries: ["BatchGetItem", "PutItem"],
      caseEvents: ["Query", "PutItem"],
      records: ["BatchGetItem", "Query"],
      referrals: ["BatchGetItem", "Query outbox"],
      events: ["Query"],
      enquiries: ["BatchGetItem", "Query inbox", "Query outbox"],
      notices: ["Query inbox"],
    },
    keys: { records: ["Decrypt entry", "Decrypt referral"], evidence: ["GetPublicKey", "Sign"] },
  },
  listEntries: { tables: { entries: ["Query by-authority"] } },
  addEntry: {
    tables: {
      directory: ["BatchGetItem"],
      entries: ["PutItem"],
      records: ["PutItem"],
      caseEvents: ["PutItem"],
      outbox: ["PutItem"],
      ...findable,
    },
    keys: { records: ["GenerateDataKey entry"], ...fingerprinted },
  },
  getEntry: { tables: { entries: ["BatchGetItem"] } },
  readEntryChild: { tables: entryRead, keys: { records: ["Decrypt entry", "Decrypt referral"] } },
  recordStep: { tables: { ...entryStep, records: ["PutItem"] }, keys: { records: ["GenerateDataKey entry"] } },
  listSteps: {
    tables: {
      clients: ["BatchGetItem"],
      entries: ["BatchGetItem", "PutItem"],
      caseEvents: ["PutItem"],
      records: ["BatchGetItem"],
    },
    keys: { records: ["Decrypt entry"] },
  },
  recordSteps: { tables: entryStep },
  closeEntry: {
    tables: {
      ...step,
      ...entryStep,
      directory: [],
      notices: ["BatchGetItem"],
      enquiries: ["BatchGetItem", "PutItem"],
      records: ["BatchGetItem", "PutItem", "DeleteItem"],
      ...unfindable,
    },
    keys: { records: ["GenerateDataKey entry", "Decrypt entry", "Decrypt referral"] },
    settings: ["DIRECTORY_TABLE"],
  },
  eraseRecord: { tables: { ...entryStep, records: ["Query", "DeleteItem"], fingerprints: ["DeleteItem"] } },
  listEntryEvents: { tables: { entries: ["BatchGetItem"], caseEvents: ["Query"] } },
  listUpns: {
    tables: { ...entryRead, entries: ["Query by-authority", "PutItem"] },
    keys: { records: ["Decrypt entry", "Decrypt referral"] },
  },
  sendSchoolAdmissionNotice: {
    tables: { ...named, ...noticed, records: ["PutItem"] },
    keys: { records: ["GenerateDataKey notice"] },
  },
  listNotices: { tables: { notices: ["Query inbox", "Query outbox"] } },
  getNotice: { tables: { notices: ["BatchGetItem"] } },
  readNoticedChild: {
    tables: {
      notices: ["BatchGetItem", "PutItem"],
      caseEvents: ["PutItem"],
      records: ["BatchGetItem"],
      clients: ["BatchGetItem"],
    },
    keys: { records: ["Decrypt notice"] },
  },
  acknowledgeNotice: {
    tables: { ...named, ...noticed, notices: ["BatchGetItem", "PutItem"], entries: ["BatchGetItem"] },
  },
  listNoticeEvents: { tables: { notices: ["BatchGetItem"], caseEvents: ["Query"] } },
  openEnquiry: {
    tables: {
      ...enquiryNoted,
      enquiries: ["PutItem"],
      entries: [...enquiryNoted.entries, "ConditionCheckItem"],
      records: ["BatchGetItem", "PutItem"],
      referrals: ["BatchGetItem"],
      counters: ["BatchGetItem", "UpdateItem"],
      fingerprints: ["PutItem", "Query"],
    },
    keys: { ...fingerprinted, records: ["GenerateDataKey enquiry", "Decrypt entry", "Decrypt referral"] },
  },
  listEnquiries: { tables: { enquiries: ["Query inbox", "Query outbox"] } },
  getEnquiry: { tables: { enquiries: ["BatchGetItem"] } },
  readEnquiredChild: { tables: enquiryRead, keys: { records: ["Decrypt enquiry"] } },
  readEnquiryNotes: { tables: enquiryRead, keys: { records: ["Decrypt enquiry"] } },
  answerEnquiry: {
    tables: { ...enquiryNoted, records: ["PutItem", "DeleteItem"] },
    keys: { records: ["GenerateDataKey enquiry"] },
  },
  closeEnquiry: { tables: { ...enquiryStep, ...findable } },
  referEnquiry: {
    tables: { ...step, ...named, ...enquiriesEnded, records: ["BatchGetItem", "PutItem", "DeleteItem"], ...unfindable },
    keys: {
      ...fingerprinted,
      records: ["GenerateDataKey referral", "Decrypt entry", "Decrypt referral", "Decrypt enquiry"],
    },
  },
  listEnquiryEvents: { tables: { enquiries: ["BatchGetItem"], caseEvents: ["Query"] } },
  readEventFeed: { tables: { feed: ["Query"] } },
  putSubscription: {
    tables: { subscriptions: ["BatchGetItem", "PutItem"] },
    keys: { secrets: ["GenerateDataKey subscription", "GenerateDataKey answer", "Decrypt answer"] },
    settings: ["WEBHOOK_TARGETS"],
  },
  getSubscription: { tables: { subscriptions: ["BatchGetItem"] } },
  deleteSubscription: { tables: { subscriptions: ["BatchGetItem", "DeleteItem"] } },
  testSubscription: {
    tables: { subscriptions: ["BatchGetItem"], deliveries: ["PutItem"] },
    queues: { webhooks: ["SendMessage"] },
    settings: ["EMAILS_QUEUE_URL", "WEBHOOKS_DEAD_LETTER_QUEUE_URL", "EMAILS_DEAD_LETTER_QUEUE_URL"],
  },
  listDeliveries: { tables: { deliveries: ["Query by-authority", "Query by-state"] } },
  retryDelivery: {
    tables: { deliveries: ["BatchGetItem", "PutItem"] },
    queues: { webhooks: ["SendMessage"], emails: ["SendMessage"] },
    settings: ["WEBHOOKS_DEAD_LETTER_QUEUE_URL", "EMAILS_DEAD_LETTER_QUEUE_URL"],
  },
  recordEmailStatus: {
    tables: { ...listChanged, deliveries: ["BatchGetItem", "PutItem"], outbox: ["PutItem"] },
    settings: ["NOTIFY_CALLBACK_TOKEN_DIGEST"],
  },
  getOverview: { tables: { directory: ["Query by-listing"], imports: ["BatchGetItem"], counters: ["Query"] } },
  getStatistics: { tables: { directory: ["BatchGetItem", "Query by-listing"], counters: ["Query"] } },
  getHealth: { tables: { directory: ["BatchGetItem"] } },
  getOpenapi: { settings: ["PUBLIC_ORIGINS", "ACCESS_TOKEN_KEYS"] },
};

/** What telling of an event takes, by the stream or by the net under it. */
const telling = {
  tables: {
    outbox: ["Query", "UpdateItem"],
    feed: ["GetItem", "PutItem", "UpdateItem"],
    deliveries: ["PutItem"],
    subscriptions: ["BatchGetItem"],
    directory: ["BatchGetItem"],
    referrals: ["BatchGetItem"],
    counters: ["UpdateItem"],
  },
  queues: { webhooks: ["SendMessage"], emails: ["SendMessage"] },
  settings: ["WEBHOOKS_DEAD_LETTER_QUEUE_URL", "EMAILS_DEAD_LETTER_QUEUE_URL"],
} as const satisfies Row;

const background: Record<string, Row & { handler: FunctionDefinition["handler"]; trigger: Trigger }> = {
  "fan-out": {
    handler: "functions/delivery/fan-out.ts",
    trigger: { kind: "stream", table: "outbox", reservedConcurrency: "fanOut" },
    ...telling,
  },
  "reconcile-outbox": {
    handler: "functions/delivery/reconcile-outbox.ts",
    trigger: { kind: "schedule", everyMinutes: 5 },
    ...telling,
    tables: { ...telling.tables, outbox: ["Query", "Query unsent", "UpdateItem"] },
  },
  "release-due-deliveries": {
    handler: "functions/delivery/release-due-deliveries.ts",
    trigger: { kind: "schedule", everyMinutes: 1 },
    tables: { deliveries: ["Query due"] },
    queues: telling.queues,
    settings: telling.settings,
  },
  "settle-imports": {
    handler: "functions/contact-list/settle-imports.ts",
    trigger: { kind: "schedule", everyMinutes: 1 },
    tables: { ...listImported, imports: ["BatchGetItem", "UpdateItem"] },
  },
  "publish-contact-list": {
    handler: "functions/contact-list/publish-on-schedule.ts",
    trigger: { kind: "schedule", everyMinutes: 1_440, at: "06:00" },
    ...publishing,
    settings: ["PUBLIC_ORIGINS", "ACCESS_TOKEN_KEYS"],
  },
  "apply-reorganisations": {
    handler: "functions/contact-list/apply-reorganisations.ts",
    trigger: { kind: "schedule", everyMinutes: 1 },
    tables: {
      ...passing,
      ...listChanged,
      reorganisations: ["BatchGetItem", "PutItem", "Query pending"],
      referrals: [...passing.referrals, "Query inbox", "Query inbox-by-state", "Query outbox", "Query temporary"],
      entries: [...passing.entries, "Query by-authority"],
      clients: ["BatchGetItem", "PutItem", "Query by-authority"],
      enquiries: ["BatchGetItem", "PutItem", "Query inbox", "Query outbox"],
      notices: ["BatchGetItem", "PutItem", "Query inbox", "Query outbox"],
    },
  },
  "erase-retained": {
    handler: "functions/cme-list/erase-retained.ts",
    trigger: { kind: "schedule", everyMinutes: 60 },
    tables: {
      entries: ["Query retained", "PutItem"],
      records: ["Query", "DeleteItem"],
      caseEvents: ["PutItem"],
      outbox: ["PutItem"],
      fingerprints: ["DeleteItem"],
    },
  },
  "find-matches": {
    handler: "functions/enquiries/find-matches.ts",
    trigger: { kind: "schedule", everyMinutes: 1 },
    tables: {
      fingerprints: ["Query", "DeleteItem"],
      entries: ["BatchGetItem", "PutItem"],
      enquiries: ["BatchGetItem", "PutItem", "Query lapsing"],
      caseEvents: ["PutItem"],
      outbox: ["PutItem"],
    },
  },
  "raise-overdue": {
    handler: "functions/delivery/raise-overdue.ts",
    trigger: { kind: "schedule", everyMinutes: 1 },
    tables: { referrals: ["Query by-deadline", "PutItem"], events: ["PutItem"], outbox: ["PutItem"] },
  },
  "erase-notices": {
    handler: "functions/enquiries/erase-notices.ts",
    trigger: { kind: "schedule", everyMinutes: 60 },
    tables: { ...noticed, notices: ["Query erasing", "PutItem"], records: ["DeleteItem"] },
  },
  "lapse-enquiries": {
    handler: "functions/enquiries/lapse-enquiries.ts",
    trigger: { kind: "schedule", everyMinutes: 15 },
    tables: { ...enquiryStep, enquiries: ["Query lapsing", "BatchGetItem", "PutItem"] },
  },
  /** Four times on each day of which its rule speaks, so that a run that failed is made up for on the same day. */
  "ask-verification": {
    handler: "functions/contact-list/ask-verification.ts",
    trigger: { kind: "schedule", everyMinutes: 360 },
    tables: {
      directory: ["Query by-listing", "BatchGetItem", "PutItem", "UpdateItem"],
      changes: ["PutItem"],
      deliveries: ["PutItem"],
    },
    queues: { emails: ["SendMessage"] },
    settings: ["WEBHOOKS_QUEUE_URL", "WEBHOOKS_DEAD_LETTER_QUEUE_URL", "EMAILS_DEAD_LETTER_QUEUE_URL"],
  },
  "deliver-webhook": {
    handler: "functions/delivery/deliver-webhook.ts",
    trigger: { kind: "queue", queue: "webhooks", reservedConcurrency: "deliverWebhook" },
    tables: {
      deliveries: ["BatchGetItem", "PutItem"],
      subscriptions: ["BatchGetItem", "UpdateItem", "PutItem"],
      directory: ["BatchGetItem"],
    },
    keys: { secrets: ["Decrypt subscription"] },
    queues: { webhooks: ["SendMessage"], emails: ["SendMessage"] },
    deadLetters: { webhooks: ["SendMessage"] },
    settings: ["WEBHOOK_TARGETS", "EMAILS_DEAD_LETTER_QUEUE_URL"],
  },
  "send-email": {
    handler: "functions/delivery/send-email.ts",
    trigger: { kind: "queue", queue: "emails", reservedConcurrency: "sendEmail" },
    tables: {
      deliveries: ["BatchGetItem", "PutItem"],
      directory: ["BatchGetItem"],
      referrals: ["BatchGetItem"],
      notices: ["BatchGetItem"],
      enquiries: ["BatchGetItem"],
    },
    keys: { secrets: ["Decrypt setting"] },
    queues: { emails: ["SendMessage"] },
    deadLetters: { emails: ["SendMessage"] },
    settings: [
      "PUBLIC_ORIGINS",
      "ACCESS_TOKEN_KEYS",
      "NOTIFY_URL",
      "NOTIFY_API_KEY_SEALED",
      "NOTIFY_TEMPLATES",
      "WEBHOOKS_QUEUE_URL",
      "WEBHOOKS_DEAD_LETTER_QUEUE_URL",
    ],
  },
};

/**
 * Seconds: a caller hears from the function or, at the worst, that it took too long, within the gateway's 29. An AWS call
 * has three tries of at most five seconds (shared/aws/client-settings.ts).
 */
const requestTimeout = 28;
/** Seconds: a webhook's endpoint has 15 to answer, and SQS hands the message out again after 90. */
const backgroundTimeout = 60;

/** What the steps around every operation do (shared/http/serve.ts) and what commits once (shared/store/commit-once.ts). */
const withRoute = ({ access, method }: Route, row: Row): Row => {
  if (access.kind !== "token") return row;
  return {
    ...row,
    tables: {
      ...row.tables,
      ...(access.proof === "committed" && { proofs: ["PutItem"] }),
      ...(method !== "GET" && { answers: ["BatchGetItem", "PutItem"] }),
    },
    keys: { accessTokens: ["GetPublicKey"], ...row.keys },
    settings: ["PUBLIC_ORIGINS", ...(row.settings ?? [])],
  };
};

const definition = (
  name: string,
  handler: FunctionDefinition["handler"],
  trigger: Trigger,
  { settings = [], memoryMiB, timeoutSeconds, tables, keys, queues, deadLetters }: Row,
): FunctionDefinition => ({
  name,
  handler,
  trigger,
  memoryMiB: memoryMiB ?? (trigger.kind === "request" ? 1024 : 512),
  timeoutSeconds: timeoutSeconds ?? (trigger.kind === "request" ? requestTimeout : backgroundTimeout),
  permissions: {
    ...(tables && { tables }),
    ...(keys && { keys }),
    ...(queues && { queues }),
    ...(deadLetters && { deadLetters }),
  },
  settings,
});

const ofRoute = (route: Route): FunctionDefinition[] => {
  const row = operations[route.operationId];
  return row ? [definition(route.operationId, route.handler, { kind: "request", route }, withRoute(route, row))] : [];
};

export const functions: readonly FunctionDefinition[] = [
  ...routes.flatMap(ofRoute),
  ...Object.entries(background).map(([name, { handler, trigger, ...row }]) => definition(name, handler, trigger, row)),
];

/** Operations that somebody added without saying what they are allowed: the stack can't be made until there is a row. */
export const operationsWithoutRow: readonly string[] = routes
  .map(({ operationId }) => operationId)
  .filter((operationId) => !Object.hasOwn(operations, operationId));

/** Rows of operations that there are no more. */
export const rowsWithoutOperation: readonly string[] = Object.keys(operations).filter(
  (name) => !routes.some(({ operationId }) => operationId === name),
);

/** Every variable that the function reads: what it may use is named to it, and nothing else. */
export const variablesOf = ({ permissions, settings }: FunctionDefinition): Variable[] => {
  const { tables: ofTables = {}, keys: ofKeys = {}, queues: ofQueues = {}, deadLetters = {} } = permissions;
  return [
    ...new Set([
      ...(Object.keys(ofTables) as TableName[]).map((name) => tables[name].variable),
      ...(Object.keys(ofKeys) as KeyPurpose[]).map((name) => keys[name].variable),
      ...(Object.keys(ofQueues) as QueueName[]).map((name) => queues[name].variable),
      ...(Object.keys(deadLetters) as QueueName[]).map((name) => queues[name].deadLetterVariable),
      ...settings,
    ]),
  ].sort();
};

import type { EmailTemplate } from "../shared/domain/who-is-told.ts";
import type { SigningPurpose } from "./keys.ts";

/** What differs from stage to stage, typed; nothing in the code asks where it runs. */
export type Stage = "sandbox" | "production";

/** Requests a second, and how many may come at once. */
export type Throttle = { perSecond: number; burst: number };

export type StageConfig = {
  region: "eu-west-2";
  /** Where webhooks may go: see shared/webhooks/target.ts. A deployed exchange calls nothing but the public internet. */
  webhookTargets: "public-https";
  notifyUrl: "https://api.notifications.service.gov.uk";
  notify: {
    /** The API key as `npm run -s seal -- NOTIFY_API_KEY` answers it: only the function that sends emails can open it. */
    sealedApiKey: string;
    /**
     * The SHA-256 of the bearer token that Notify shows in its callbacks, as `sha-256:` and base64url: 32 random bytes that
     * stand in Notify's settings and nowhere else. Two between commas while one takes over from another.
     */
    callbackTokenDigest: string;
    /** Each template's id in the GOV.UK Notify service. */
    templates: Record<EmailTemplate, string>;
  };
  /** The public address, its certificate in AWS Certificate Manager, and with mutual TLS the bundle of accepted CAs. */
  domain: { name: string; certificateArn: string; mutualTls?: { bucket: string; key: string; version: string } };
  /**
   * The signing keys of each purpose, newest first: the first signs, all of them verify. Rotation puts a new name before
   * the others; a name that is taken out is a key that nobody can use any more and that nobody has deleted.
   */
  signingKeys: Record<SigningPurpose, readonly [string, ...string[]]>;
  /** What all callers together may ask of one operation that reads, or that acts. */
  throttling: { reading: Throttle; acting: Throttle };
  /** How many run at once at most, so that a backlog never takes the callers' share of the account's concurrency. */
  concurrency: { fanOut: number; deliverWebhook: number; sendEmail: number };
  logRetentionDays: 30 | 365;
  /** How a new version takes over: at once, or by a tenth of the calls for five minutes and taken back if the API fails. */
  shift: "at-once" | "a-tenth-first";
};

const everywhere = {
  region: "eu-west-2",
  webhookTargets: "public-https",
  notifyUrl: "https://api.notifications.service.gov.uk",
  signingKeys: { accessTokens: ["first"], evidence: ["first"], publications: ["first"] },
} as const;

/**
 * The names, ARNs and ids here are examples (AWS's example account, example.org): whoever deploys puts their own, which
 * are no secrets. Deployed as they stand, CloudFormation refuses the certificate.
 */
export const stages: Record<Stage, StageConfig> = {
  sandbox: {
    ...everywhere,
    notify: {
      sealedApiKey: "not-sealed-yet",
      callbackTokenDigest: "not-chosen-yet",
      templates: {
        "referral-awaits": "5a5a5a5a-0000-4000-8000-000000000001",
        "referral-received": "5a5a5a5a-0000-4000-8000-000000000002",
        "referral-returned": "5a5a5a5a-0000-4000-8000-000000000003",
        "referral-withdrawn": "5a5a5a5a-0000-4000-8000-000000000004",
        "not-located": "5a5a5a5a-0000-4000-8000-000000000005",
        concluded: "5a5a5a5a-0000-4000-8000-000000000006",
        overdue: "5a5a5a5a-0000-4000-8000-000000000007",
        "overdue-lead": "5a5a5a5a-0000-4000-8000-000000000008",
        "webhook-failing": "5a5a5a5a-0000-4000-8000-000000000009",
        "contact-verification": "5a5a5a5a-0000-4000-8000-000000000010",
        "contact-unreachable": "5a5a5a5a-0000-4000-8000-000000000011",
        "referral-temporary": "5a5a5a5a-0000-4000-8000-000000000032",
        "transfer-awaits": "5a5a5a5a-0000-4000-8000-000000000033",
        "transfer-received": "5a5a5a5a-0000-4000-8000-000000000034",
        "transfer-overdue": "5a5a5a5a-0000-4000-8000-000000000035",
        "transfer-overdue-lead": "5a5a5a5a-0000-4000-8000-000000000036",
        "notice-awaits": "5a5a5a5a-0000-4000-8000-000000000037",
        "notice-lapsed": "5a5a5a5a-0000-4000-8000-000000000038",
        "enquiry-awaits": "5a5a5a5a-0000-4000-8000-000000000017",
        "enquiry-answered": "5a5a5a5a-0000-4000-8000-000000000018",
        "enquiry-lapsed": "5a5a5a5a-0000-4000-8000-000000000019",
        "enquiry-matched": "5a5a5a5a-0000-4000-8000-000000000020",
        "enquiry-match-known": "5a5a5a5a-0000-4000-8000-000000000021",
        "retained-child-found": "5a5a5a5a-0000-4000-8000-000000000022",
        "referral-message": "5a5a5a5a-0000-4000-8000-000000000030",
        "record-corrected": "5a5a5a5a-0000-4000-8000-000000000031",
      },
    },
    domain: {
      name: "sandbox.cme-exchange.example.org",
      certificateArn: "arn:aws:acm:eu-west-2:111122223333:certificate/5a5a5a5a-0000-4000-8000-000000000001",
    },
    throttling: { reading: { perSecond: 100, burst: 200 }, acting: { perSecond: 50, burst: 100 } },
    concurrency: { fanOut: 2, deliverWebhook: 5, sendEmail: 2 },
    logRetentionDays: 30,
    shift: "at-once",
  },
  production: {
    ...everywhere,
    notify: {
      sealedApiKey: "not-sealed-yet",
      callbackTokenDigest: "not-chosen-yet",
      templates: {
        "referral-awaits": "9c9c9c9c-0000-4000-8000-000000000001",
        "referral-received": "9c9c9c9c-0000-4000-8000-000000000002",
        "referral-returned": "9c9c9c9c-0000-4000-8000-000000000003",
        "referral-withdrawn": "9c9c9c9c-0000-4000-8000-000000000004",
        "not-located": "9c9c9c9c-0000-4000-8000-000000000005",
        concluded: "9c9c9c9c-0000-4000-8000-000000000006",
        overdue: "9c9c9c9c-0000-4000-8000-000000000007",
        "overdue-lead": "9c9c9c9c-0000-4000-8000-000000000008",
        "webhook-failing": "9c9c9c9c-0000-4000-8000-000000000009",
        "contact-verification": "9c9c9c9c-0000-4000-8000-000000000010",
        "contact-unreachable": "9c9c9c9c-0000-4000-8000-000000000011",
        "referral-temporary": "9c9c9c9c-0000-4000-8000-000000000032",
        "transfer-awaits": "9c9c9c9c-0000-4000-8000-000000000033",
        "transfer-received": "9c9c9c9c-0000-4000-8000-000000000034",
        "transfer-overdue": "9c9c9c9c-0000-4000-8000-000000000035",
        "transfer-overdue-lead": "9c9c9c9c-0000-4000-8000-000000000036",
        "notice-awaits": "9c9c9c9c-0000-4000-8000-000000000037",
        "notice-lapsed": "9c9c9c9c-0000-4000-8000-000000000038",
        "enquiry-awaits": "9c9c9c9c-0000-4000-8000-000000000017",
        "enquiry-answered": "9c9c9c9c-0000-4000-8000-000000000018",
        "enquiry-lapsed": "9c9c9c9c-0000-4000-8000-000000000019",
        "enquiry-matched": "9c9c9c9c-0000-4000-8000-000000000020",
        "enquiry-match-known": "9c9c9c9c-0000-4000-8000-000000000021",
        "retained-child-found": "9c9c9c9c-0000-4000-8000-000000000022",
        "referral-message": "9c9c9c9c-0000-4000-8000-000000000030",
        "record-corrected": "9c9c9c9c-0000-4000-8000-000000000031",
      },
    },
    domain: {
      name: "cme-exchange.example.org",
      certificateArn: "arn:aws:acm:eu-west-2:111122223333:certificate/9c9c9c9c-0000-4000-8000-000000000001",
    },
    throttling: { reading: { perSecond: 1_000, burst: 2_000 }, acting: { perSecond: 500, burst: 1_000 } },
    concurrency: { fanOut: 10, deliverWebhook: 50, sendEmail: 10 },
    logRetentionDays: 365,
    shift: "a-tenth-first",
  },
};

/**
 * Every KMS key of the exchange by its purpose, so that each function can be allowed to use just the one it needs: the
 * stack and the local engine are both made from this.
 */
export type KeyDefinition = {
  /** The environment variable in which a function finds the key's ARN; of signing keys, all of them, the signing one first. */
  variable: `${string}_KEY` | `${string}_KEYS`;
  alias: `cme-${string}`;
  spec: "SYMMETRIC_DEFAULT" | "ECC_NIST_P256" | "HMAC_256";
  usage: "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "GENERATE_VERIFY_MAC";
  /** What it signs: a message as it is, or the digest of one that is too long for KMS. */
  message?: "RAW" | "DIGEST";
  /**
   * The encryption contexts under which it seals, by name: the members that each must have and those that it may have. The
   * key's policy demands one of them, so that nothing is sealed or opened without saying what it belongs to.
   */
  contexts?: Readonly<Record<string, { always: readonly string[]; sometimes?: readonly string[] }>>;
};

const signing = { spec: "ECC_NIST_P256", usage: "SIGN_VERIFY" } as const;
const sealing = { spec: "SYMMETRIC_DEFAULT", usage: "ENCRYPT_DECRYPT" } as const;

export const keys = {
  /** Seals children's records and notes; the contexts are those of shared/store/records.ts. */
  records: {
    variable: "RECORD_KEY",
    alias: "cme-records",
    ...sealing,
    contexts: {
      referral: { always: ["referral", "sender", "recipient"], sometimes: ["part"] },
      entry: { always: ["entry", "authority"], sometimes: ["part"] },
      enquiry: { always: ["enquiry", "asker", "asked"], sometimes: ["part"] },
      notice: { always: ["notice", "sender", "recipient"] },
    },
  },
  /** Seals webhook secrets, the answers that show them, and the exchange's own secrets among its settings. */
  secrets: {
    variable: "SECRETS_KEY",
    alias: "cme-secrets",
    ...sealing,
    contexts: {
      subscription: { always: ["subscription"] },
      answer: { always: ["answer"] },
      setting: { always: ["setting"] },
    },
  },
  accessTokens: { variable: "ACCESS_TOKEN_KEYS", alias: "cme-access-tokens", ...signing, message: "RAW" },
  /** Signs receipts and removal certificates. */
  evidence: { variable: "EVIDENCE_KEYS", alias: "cme-evidence", ...signing, message: "RAW" },
  /** Signs the publications of the contact list. */
  publications: { variable: "PUBLICATION_KEYS", alias: "cme-publications", ...signing, message: "DIGEST" },
  /** Makes the fingerprints by which a child is matched without saying who it is. */
  fingerprints: {
    variable: "FINGERPRINT_KEY",
    alias: "cme-fingerprints",
    spec: "HMAC_256",
    usage: "GENERATE_VERIFY_MAC",
  },
} as const satisfies Record<string, KeyDefinition>;

export type KeyPurpose = keyof typeof keys;
export type ContextOf<Purpose extends KeyPurpose> = (typeof keys)[Purpose] extends { contexts: infer Contexts }
  ? keyof Contexts & string
  : never;
export type SigningPurpose = {
  [Purpose in KeyPurpose]: (typeof keys)[Purpose]["usage"] extends "SIGN_VERIFY" ? Purpose : never;
}[KeyPurpose];

export const keyPurposes = Object.keys(keys) as KeyPurpose[];

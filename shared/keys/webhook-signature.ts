import { createHmac } from "node:crypto";

const prefix = "whsec_";
const secretBytes = 32;

/** The least that Standard Webhooks allows a secret to be. */
const fewestSecretBytes = 24;

/** A webhook's signing secret, as its receiver is shown it: `whsec_` and base64. */
export type WebhookSecret = `whsec_${string}`;

/** The headers by which a receiver tells who sent a message, when, and that nothing was changed. */
export type SignatureHeaders = Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>;

/**
 * A new secret from random bytes.
 * @param random 32 bytes from a cryptographic source
 * @throws RangeError if there are more or fewer
 */
export const newWebhookSecret = (random: Uint8Array): WebhookSecret => {
  if (random.length !== secretBytes) throw new RangeError(`A webhook secret is made of ${secretBytes} random bytes.`);
  return `${prefix}${Buffer.from(random).toString("base64")}`;
};

/**
 * Signs one attempt: HMAC-SHA256 over `id.timestamp.body`, one signature for each secret, so that a receiver may hold
 * either of two while they are rotated. Each attempt is signed afresh: same id, its own timestamp.
 * Source: Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers".
 *
 * @param id the message's own, the same at every attempt. Without full stops: they part what is signed
 * @param timestampSeconds whole seconds since 1970 at this attempt
 * @param body exactly the text that is sent, in UTF-8
 * @throws RangeError for no secret, a malformed or short one, or an id or timestamp that may not be signed. A message
 * never leaves unsigned, and no message of an error repeats a secret
 */
export const signatureHeaders = (message: {
  id: string;
  timestampSeconds: number;
  body: string;
  secrets: readonly string[];
}): SignatureHeaders => {
  const { id, timestampSeconds, body, secrets } = message;
  if (id === "" || id.includes(".")) throw new RangeError("A webhook's id must not be empty or contain full stops.");
  if (!Number.isSafeInteger(timestampSeconds)) throw new RangeError("A webhook's timestamp must be whole seconds.");
  if (secrets.length === 0) throw new RangeError("A webhook must be signed with at least one secret.");
  const signatures = secrets.map((secret) =>
    createHmac("sha256", keyOf(secret)).update(`${id}.${timestampSeconds}.${body}`, "utf8").digest("base64"),
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": `${timestampSeconds}`,
    "webhook-signature": signatures.map((signature) => `v1,${signature}`).join(" "),
  };
};

const keyOf = (secret: string): Buffer => {
  const key = Buffer.from(secret.slice(prefix.length), "base64");
  if (!secret.startsWith(prefix) || key.length < fewestSecretBytes) {
    throw new RangeError(`A webhook secret must be ${prefix} and base64 of at least ${fewestSecretBytes} bytes.`);
  }
  return key;
};

import { SignJWT } from "jose";
import * as z from "zod";

export type Email = {
  templateId: string;
  emailAddress: string;
  personalisation: Record<string, string>;
  /** What Notify keeps beside the notification: an id, never a person's data. It does not stop a repeat. */
  reference: string;
};

/**
 * What became of one attempt. `errors` are Notify's names for what is wrong, such as `BadRequestError`, or the status
 * (`status-404`) where it names nothing: its messages are left out, because they may repeat what was sent.
 */
export type EmailOutcome =
  | { outcome: "sent"; notificationId: string }
  | { outcome: "refused"; errors: string[] }
  | { outcome: "try-later"; retryAfterSeconds?: number };

export type NotifyClient = { sendEmail(email: Email): Promise<EmailOutcome> };

/** Milliseconds for a whole attempt, the answer's body included. */
const timeOut = 10_000;

/**
 * Sends emails through GOV.UK Notify's HTTP API. An attempt never rejects for what the network or Notify does. An answer
 * that is lost counts as `try-later`, so that an email may arrive twice but is never missing.
 *
 * Source: https://docs.notifications.service.gov.uk/rest-api.html#send-an-email
 *
 * @param options.url Notify's base address
 * @param options.apiKey `{name}-{service id}-{secret key}`, as Notify shows it when the key is made
 * @throws TypeError if the address or the API key does not have that form
 */
export const notifyClient = (options: { url: string; apiKey: string; fetch?: typeof fetch }): NotifyClient => {
  const { serviceId, secret } = partsOf(options.apiKey);
  const address = new URL("v2/notifications/email", options.url.endsWith("/") ? options.url : `${options.url}/`);
  const send = options.fetch ?? fetch;
  return {
    sendEmail: async ({ templateId, emailAddress, personalisation, reference }) => {
      const request = {
        method: "POST",
        headers: {
          authorization: `Bearer ${await freshToken(serviceId, secret)}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ template_id: templateId, email_address: emailAddress, personalisation, reference }),
        // Followed, a redirect would take the address elsewhere.
        redirect: "error",
        signal: AbortSignal.timeout(timeOut),
      } as const;
      try {
        const response = await send(address, request);
        const body: unknown = await response.json().catch(() => undefined);
        return outcomeOf(response, body);
      } catch {
        return { outcome: "try-later" };
      }
    },
  };
};

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const apiKeyForm = new RegExp(`^.+-(${uuid})-(${uuid})$`, "i");

const partsOf = (apiKey: string): { serviceId: string; secret: Uint8Array } => {
  const [, serviceId, secret] = apiKeyForm.exec(apiKey) ?? [];
  if (!serviceId || !secret) throw new TypeError("The Notify API key must be {name}-{service id}-{secret key}");
  return { serviceId, secret: new TextEncoder().encode(secret) };
};

/** Notify takes a token for 30 seconds: each attempt has its own. */
const freshToken = (serviceId: string, secret: Uint8Array): Promise<string> =>
  new SignJWT().setProtectedHeader({ typ: "JWT", alg: "HS256" }).setIssuer(serviceId).setIssuedAt().sign(secret);

const accepted = z.object({ id: z.uuid() });
const refusal = z.object({ errors: z.array(z.object({ error: z.string().regex(/^[A-Za-z]{1,64}$/) })).min(1) });

const outcomeOf = ({ status, headers }: Response, body: unknown): EmailOutcome => {
  if (status === 201) {
    const { data } = accepted.safeParse(body);
    return data ? { outcome: "sent", notificationId: data.id } : { outcome: "try-later" };
  }
  if (status >= 400 && status < 500 && status !== 429) {
    const { data } = refusal.safeParse(body);
    return { outcome: "refused", errors: data?.errors.map(({ error }) => error) ?? [`status-${status}`] };
  }
  const retryAfter = headers.get("retry-after") ?? "";
  return { outcome: "try-later", ...(delaySeconds.test(retryAfter) && { retryAfterSeconds: Number(retryAfter) }) };
};

/** RFC 9110 section 10.2.3, in its form of seconds; a date is left to the sender's own schedule. */
const delaySeconds = /^[0-9]{1,6}$/;

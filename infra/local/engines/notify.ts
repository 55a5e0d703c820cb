import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import * as z from "zod";

const mailSchema = z.strictObject({
  id: z.uuid(),
  sentAt: z.iso.datetime(),
  emailAddress: z.string(),
  /** The template's name. */
  template: z.string(),
  subject: z.string(),
  body: z.string(),
  reference: z.string().nullable(),
});
export type Mail = z.infer<typeof mailSchema>;

export type LocalTemplate = { id: string; name: string; subject: string; body: string };

export type LocalNotify = {
  url: string;
  /** Every mail that was accepted, the oldest first. */
  mailbox(): Mail[];
  /** When every callback that is due was made; how many since the last time told of an email that did not arrive. */
  settled(): Promise<{ failures: number }>;
  close(): Promise<void>;
};

/** What Notify may tell of an email in the end. */
export type EmailStatus = "delivered" | "permanent-failure" | "temporary-failure" | "technical-failure";

export type Callback = {
  url: string;
  /** What is shown as `Authorization: Bearer`. */
  token: string;
  statusOf: (email: EmailRequest) => EmailStatus;
  /** Milliseconds between one try and the next; Notify's own five minutes if absent. */
  retryMs?: number;
};

type Service = {
  id: string;
  secret: Uint8Array;
  templates: readonly LocalTemplate[];
  mailbox: ReturnType<typeof openMailbox>;
  respond: (email: EmailRequest) => number | undefined;
  callbacks: ReturnType<typeof openCallbacks>;
};

/**
 * GOV.UK Notify's `POST /v2/notifications/email` on this machine: what it accepts goes into a mailbox instead of out.
 * Checks and answers are those of github.com/alphagov/notifications-api (app/authentication/auth.py, app/v2). It knows
 * neither conditional placeholders nor lists in the personalisation. On loopback only.
 *
 * @param options.mailboxFile keeps the mails over a restart; without it they live as long as the process
 * @param options.apiKey `{name}-{service id}-{secret key}`
 * @param options.respond a status to fail a sound request with
 * @param options.callback whom to tell what became of each email, once its request was answered
 * @throws Error if the file is there but is not a mailbox
 */
export const startLocalNotify = async (options: {
  port?: number;
  mailboxFile?: string;
  apiKey: string;
  templates: readonly LocalTemplate[];
  respond?: (email: EmailRequest) => number | undefined;
  callback?: Callback;
}): Promise<LocalNotify> => {
  const service: Service = {
    id: options.apiKey.slice(-73, -37),
    secret: new TextEncoder().encode(options.apiKey.slice(-36)),
    templates: options.templates,
    mailbox: openMailbox(options.mailboxFile),
    respond: options.respond ?? (() => undefined),
    callbacks: openCallbacks(options.callback),
  };
  const server = createServer(async (request, response) => {
    const { status, answer, afterwards } = await answerTo(service, request);
    // A connection kept alive would hold up close() for as long as its client likes.
    if (!server.listening) response.setHeader("connection", "close");
    if (afterwards) response.once("close", afterwards);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    mailbox: service.mailbox.all,
    settled: service.callbacks.settled,
    close: async () => {
      service.callbacks.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** An error as Notify names it; it may have several messages. */
class NotifyError extends Error {
  readonly status: number;
  readonly messages: readonly string[];
  constructor(status: number, name: string, ...messages: string[]) {
    super(messages.join("; "));
    this.status = status;
    this.name = name;
    this.messages = messages;
  }
}

type Answer = { status: number; answer: object; afterwards?: () => void };

const answerTo = async (service: Service, request: IncomingMessage): Promise<Answer> => {
  const sent = await text(request).catch(() => "");
  try {
    if (request.method !== "POST" || request.url !== "/v2/notifications/email") {
      throw new NotifyError(404, "NotFound", "Not found");
    }
    await authenticate(service, request.headers.authorization);
    const email = parse(sent);
    const { answer, mail } = accept(service, email, `http://${request.headers.host}`);
    return { status: 201, answer, afterwards: service.callbacks.prepare(email, mail) };
  } catch (error) {
    const { status, name, messages } =
      error instanceof NotifyError ? error : new NotifyError(500, "Exception", "Internal server error");
    return { status, answer: { status_code: status, errors: messages.map((message) => ({ error: name, message })) } };
  }
};

const authFailed = (message: string, status = 403): NotifyError => new NotifyError(status, "AuthError", message);
const tokenUnfit = () =>
  authFailed(
    "Invalid token: make sure your API token matches the example at https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header",
  );
const keyUnknown = () => authFailed("Invalid token: API key not found");
const clockWrong = () => authFailed("Error: Your system clock must be accurate to within 30 seconds");

/** Seconds, either way, that a token's `iat` may be off. */
const clockTolerance = 30;

const authenticate = async (service: Service, authorization: string | undefined): Promise<void> => {
  if (!authorization) throw authFailed("Unauthorized: authentication token must be provided", 401);
  if (!/^Bearer /i.test(authorization)) {
    throw authFailed("Unauthorized: authentication bearer scheme must be used", 401);
  }
  const token = authorization.slice("Bearer ".length);
  const issuer = issuerOf(token);
  if (issuer === undefined) throw authFailed("Invalid token: iss field not provided");
  if (!z.guid().safeParse(issuer).success) {
    throw authFailed("Invalid token: service id is not the right data type");
  }
  if (issuer !== service.id) throw authFailed("Invalid token: service not found");
  const { iat } = await verifiedClaims(service, token);
  // Notify passes over a token without iat as if another key had signed it.
  if (iat === undefined) throw keyUnknown();
  if (Math.abs(Math.floor(Date.now() / 1000) - Math.trunc(iat)) > clockTolerance) throw clockWrong();
};

const issuerOf = (token: string): string | undefined => {
  try {
    return decodeJwt(token).iss;
  } catch {
    throw tokenUnfit();
  }
};

const verifiedClaims = async (service: Service, token: string): Promise<JWTPayload> => {
  try {
    return (await jwtVerify(token, service.secret, { algorithms: ["HS256"], clockTolerance })).payload;
  } catch (error) {
    if (error instanceof errors.JOSEAlgNotAllowed) throw authFailed("Invalid token: algorithm used is not HS256");
    if (error instanceof errors.JWSSignatureVerificationFailed) throw keyUnknown();
    if (error instanceof errors.JWTClaimValidationFailed) throw clockWrong();
    throw tokenUnfit();
  }
};

/** Notify's own rules for an address (notifications-utils, recipient_validation/email_address.py), in ASCII. */
const addressForm =
  /^(?!.*\.\.)[\w.!#$%&'*+/=?^`{|}~-]+@(?:[a-z0-9]+(?:--?[a-z0-9]+)*\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]*[a-z0-9])$/i;

// Strict: a member this endpoint does not know is refused, lest it seem to have been honoured.
const emailRequest = z.strictObject({
  template_id: z.guid("is not a valid UUID"),
  email_address: z.string().max(320, "Not a valid email address").regex(addressForm, "Not a valid email address"),
  personalisation: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  reference: z.string().max(1000, "is too long").nullable().default(null),
});
export type EmailRequest = z.output<typeof emailRequest>;

const parse = (sent: string): EmailRequest => {
  const parsed = emailRequest.safeParse(jsonFrom(sent));
  if (parsed.success) return parsed.data;
  const messages = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(" "));
  throw new NotifyError(400, "ValidationError", ...messages);
};

const jsonFrom = (sent: string): unknown => {
  try {
    return JSON.parse(sent);
  } catch {
    throw new NotifyError(400, "BadRequestError", "Invalid JSON supplied in POST data");
  }
};

const accept = (service: Service, email: EmailRequest, origin: string): { answer: object; mail: Mail } => {
  const status = service.respond(email);
  if (status !== undefined) throw new NotifyError(status, errorNames.get(status) ?? "Exception", "Made to fail");
  const template = service.templates.find(({ id }) => id === email.template_id);
  if (!template) throw new NotifyError(400, "BadRequestError", "Template not found");
  const values = new Map(Object.entries(email.personalisation).map(([name, value]) => [key(name), String(value)]));
  const missing = placeholdersOf(template).filter((name) => !values.has(key(name)));
  if (missing.length > 0) {
    throw new NotifyError(400, "BadRequestError", `Missing personalisation: ${missing.join(", ")}`);
  }
  const fill = (content: string) => content.replace(placeholder, (whole, name) => values.get(key(name)) ?? whole);
  const { reference } = email;
  const [id, subject, body] = [randomUUID(), fill(template.subject), fill(template.body)];
  const sentAt = new Date().toISOString();
  const mail = {
    id,
    sentAt,
    emailAddress: email.email_address,
    template: template.name,
    subject,
    body,
    reference,
  };
  service.mailbox.put(mail);
  const answer = {
    id,
    reference,
    content: { from_email: "cme.referral.exchange@notify.invalid", subject, body, one_click_unsubscribe_url: null },
    uri: `${origin}/v2/notifications/${id}`,
    template: { id: template.id, version: 1, uri: `${origin}/services/${service.id}/templates/${template.id}` },
    scheduled_for: null,
    sanitised_content: {},
  };
  return { answer, mail };
};

/** As often as Notify tries again, and how long it waits for that (app/celery/service_callback_tasks.py). */
const mostRetries = 5;
const retryEvery = 5 * 60_000;

/**
 * Tells of each email by `POST`, and again where that fails as Notify understands it: no answer, 429 or 5xx. Source:
 * https://docs.notifications.service.gov.uk/rest-api.html#delivery-receipts
 */
const openCallbacks = (callback: Callback | undefined) => {
  const closing = new AbortController();
  const { signal } = closing;
  const underWay = new Set<Promise<boolean>>();
  let failures = 0;

  const post = async (target: Callback, body: string): Promise<boolean> => {
    const headers = { authorization: `Bearer ${target.token}`, "content-type": "application/json" };
    const answer = await fetch(target.url, { method: "POST", headers, body, signal }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer !== undefined && answer.status !== 429 && answer.status < 500;
  };
  const tracked = (posting: Promise<boolean>): Promise<boolean> => {
    underWay.add(posting);
    return posting.finally(() => underWay.delete(posting));
  };
  const tell = async (target: Callback, body: string, answered: Promise<void>): Promise<void> => {
    let told = await tracked(answered.then(() => post(target, body)));
    for (let retries = 0; retries < mostRetries && !told && !signal.aborted; retries += 1) {
      await pause(target.retryMs ?? retryEvery, undefined, { signal, ref: false }).catch(() => {});
      told = await tracked(post(target, body));
    }
  };

  return {
    /** @returns what is to be called when the email's request was answered */
    prepare: (email: EmailRequest, { id, sentAt, reference }: Mail): (() => void) => {
      if (!callback) return () => {};
      const status = callback.statusOf(email);
      if (status !== "delivered") failures += 1;
      const at = sentAt.replace("Z", "000Z");
      const body = {
        id,
        reference,
        to: email.email_address,
        status,
        created_at: at,
        completed_at: at,
        sent_at: at,
        notification_type: "email",
        template_id: email.template_id,
        template_version: 1,
      };
      const answered = Promise.withResolvers<void>();
      void tell(callback, JSON.stringify(body), answered.promise);
      return answered.resolve;
    },
    settled: async (): Promise<{ failures: number }> => {
      while (underWay.size > 0) await Promise.all(underWay);
      const told = { failures };
      failures = 0;
      return told;
    },
    close: (): void => closing.abort(),
  };
};

const errorNames: ReadonlyMap<number, string> = new Map([
  [400, "BadRequestError"],
  [403, "AuthError"],
  [429, "RateLimitError"],
]);

const placeholder = /\(\(([^()]+)\)\)/g;

const placeholdersOf = ({ subject, body }: LocalTemplate): string[] => [
  ...new Set(Array.from(`${subject}\n${body}`.matchAll(placeholder), ([, name = ""]) => name)),
];

/** Notify takes `First name`, `first_name` and `first-name` for one placeholder. */
const key = (name: string): string => name.replace(/[ _-]/g, "").toLowerCase();

/** One line of JSON for each mail, written at once before the mail is answered for. */
const openMailbox = (file: string | undefined) => {
  const mails = file === undefined ? [] : readMails(file);
  return {
    all: (): Mail[] => [...mails],
    put: (mail: Mail): void => {
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(mail)}\n`, { mode: 0o600 });
      mails.push(mail);
    },
  };
};

const readMails = (file: string): Mail[] => {
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) return [];
  const written = readFileSync(file, "utf8");
  const whole = written.slice(0, written.lastIndexOf("\n") + 1);
  // A process that was killed may leave half a line: a mail that was never answered for.
  if (whole !== written) truncateSync(file, Buffer.byteLength(whole));
  try {
    return whole.split("\n").flatMap((line) => (line ? [mailSchema.parse(JSON.parse(line))] : []));
  } catch {
    throw new Error(`${file} is not a readable mailbox: delete it and all mails in it`);
  }
};

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type EmailStatus, type LocalNotify, startLocalNotify } from "../../infra/local/engines/notify.ts";
import { type Email, notifyClient } from "../../shared/email/notify.ts";
import { emailTemplates } from "../../shared/email/templates.ts";

const serviceId = "26785a09-ab16-4eb0-8407-a37497a57506";
const secret = "3d844edf-8d35-48ac-975b-e847b4f122b0";
const apiKey = `cme_test-key-${serviceId}-${secret}`;
const templateId = "9d751e0e-f929-4891-82a1-a3e1c3c18ee3";
const templates = [{ id: templateId, name: "referral-awaits", ...emailTemplates["referral-awaits"] }];

const email: Email = {
  templateId,
  emailAddress: "cme.inbox@birmingham.example",
  personalisation: {
    authority: "City of London",
    deadline: "26 November 2026 at 9:30am",
    link: "https://exchange.example/v1/referrals/0198f0c0-1111-7000-8000-00000000beef",
    reference: "0198f0c0-1111-7000-8000-00000000beef",
  },
  reference: "0198f0c0-1111-7000-8000-00000000beef#1",
};

const writtenBody = `City of London has referred a child missing education to you, because there is evidence that the child has moved to your area.

Please confirm receipt by 26 November 2026 at 9:30am. If the referral should not have come to you, return it and say why.

Your CME system shows the referral under this reference:

0198f0c0-1111-7000-8000-00000000beef

Its address at the exchange:

https://exchange.example/v1/referrals/0198f0c0-1111-7000-8000-00000000beef

---

The CME Referral Exchange sent this email. It contains no details of a child, and none may be sent by email: please do not reply to it.`;

/** What a test opens is closed after it. */
const opened: { close(): unknown }[] = [];
const open = <T extends { close(): unknown }>(thing: T): T => {
  opened.push(thing);
  return thing;
};
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const each of opened.splice(0)) await each.close();
});

const startServer = async (listener: RequestListener): Promise<string> => {
  const server: Server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  open({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
  startServer((_request, response) => response.writeHead(status, headers).end(body));

describe("a Notify client", () => {
  let notify: LocalNotify;
  beforeEach(async () => {
    notify = open(await startLocalNotify({ apiKey, templates }));
  });

  it("sends an email that Notify renders", async () => {
    const outcome = await notifyClient({ url: notify.url, apiKey }).sendEmail(email);

    const [mail] = notify.mailbox();
    expect(notify.mailbox()).toHaveLength(1);
    expect(outcome).toEqual({ outcome: "sent", notificationId: mail?.id });
    expect(mail).toMatchObject({
      emailAddress: "cme.inbox@birmingham.example",
      template: "referral-awaits",
      subject: "A referral from City of London awaits you",
      body: writtenBody,
      reference: "0198f0c0-1111-7000-8000-00000000beef#1",
    });
  });

  it("takes a base address that ends in a slash", async () => {
    expect(await notifyClient({ url: `${notify.url}/`, apiKey }).sendEmail(email)).toMatchObject({ outcome: "sent" });
  });

  it("signs a fresh token with the API key's secret, in what Notify documents", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_568_818_578_900 });
    const requests: unknown[] = [];
    const url = await startServer(async (request, response) => {
      const { method, url, headers } = request;
      requests.push({ method, url, type: headers["content-type"], body: await json(request) });
      requests.push(headers.authorization);
      response.writeHead(201).end('{"id":"740e5834-3a29-46b4-9a6f-16142fde533a"}');
    });

    expect(await notifyClient({ url, apiKey }).sendEmail(email)).toEqual({
      outcome: "sent",
      notificationId: "740e5834-3a29-46b4-9a6f-16142fde533a",
    });

    expect(requests[0]).toEqual({
      method: "POST",
      url: "/v2/notifications/email",
      type: "application/json",
      body: {
        template_id: templateId,
        email_address: "cme.inbox@birmingham.example",
        personalisation: email.personalisation,
        reference: "0198f0c0-1111-7000-8000-00000000beef#1",
      },
    });
    const [header = "", claims = "", signature] = String(requests[1])
      .replace(/^Bearer /, "")
      .split(".");
    expect(decoded(header)).toEqual({ typ: "JWT", alg: "HS256" });
    expect(decoded(claims)).toEqual({ iss: serviceId, iat: 1_568_818_578 });
    expect(signature).toBe(createHmac("sha256", secret).update(`${header}.${claims}`).digest("base64url"));
  });

  it.each([
    ["an unknown template", { templateId: "9d751e0e-f929-4891-82a1-a3e1c3c18e00" }, "BadRequestError"],
    ["a missing placeholder", { personalisation: { authority: "Camden" } }, "BadRequestError"],
    ["a bad address", { emailAddress: "nobody" }, "ValidationError"],
    ["a reference that is too long", { reference: "0".repeat(1001) }, "ValidationError"],
  ])("is refused for %s", async (_what, change, code) => {
    expect(await notifyClient({ url: notify.url, apiKey }).sendEmail({ ...email, ...change })).toEqual({
      outcome: "refused",
      errors: [code],
    });
    expect(notify.mailbox()).toEqual([]);
  });

  it("is refused with another secret", async () => {
    const client = notifyClient({ url: notify.url, apiKey: `cme-${serviceId}-9d751e0e-f929-4891-82a1-a3e1c3c18e00` });
    expect(await client.sendEmail(email)).toEqual({ outcome: "refused", errors: ["AuthError"] });
    expect(notify.mailbox()).toEqual([]);
  });

  it.each([429, 500, 503])("tries later after %i, and is sent then", async (status) => {
    let failures = 1;
    const unwell = open(
      await startLocalNotify({ apiKey, templates, respond: () => (failures-- > 0 ? status : undefined) }),
    );
    const client = notifyClient({ url: unwell.url, apiKey });
    expect(await client.sendEmail(email)).toEqual({ outcome: "try-later" });
    expect(unwell.mailbox()).toEqual([]);
    expect(await client.sendEmail(email)).toMatchObject({ outcome: "sent" });
    expect(unwell.mailbox()).toHaveLength(1);
  });

  it.each([
    ["120", { outcome: "try-later", retryAfterSeconds: 120 }],
    ["0", { outcome: "try-later", retryAfterSeconds: 0 }],
    ["Fri, 31 Dec 2027 23:59:59 GMT", { outcome: "try-later" }],
    ["-1", { outcome: "try-later" }],
    ["1e3", { outcome: "try-later" }],
  ])("reads Retry-After: %s", async (retryAfter, outcome) => {
    const url = await answering(429, "{}", { "retry-after": retryAfter });
    expect(await notifyClient({ url, apiKey }).sendEmail(email)).toEqual(outcome);
  });

  it.each([
    ["a page instead of Notify's 403", 403, "<html>", { outcome: "refused", errors: ["status-403"] }],
    ["a 404 that names nothing", 404, '{"errors":[]}', { outcome: "refused", errors: ["status-404"] }],
    [
      "several errors",
      400,
      '{"status_code":400,"errors":[{"error":"ValidationError","message":"a"},{"error":"BadRequestError","message":"b"}]}',
      { outcome: "refused", errors: ["ValidationError", "BadRequestError"] },
    ],
    ["a page instead of Notify's 502", 502, "<html>", { outcome: "try-later" }],
    ["a 201 that is not Notify's", 201, "<html>", { outcome: "try-later" }],
    ["a 200 that is not Notify's", 200, '{"id":"740e5834-3a29-46b4-9a6f-16142fde533a"}', { outcome: "try-later" }],
  ])("understands %s", async (_what, status, body, outcome) => {
    const url = await answering(status, body);
    expect(await notifyClient({ url, apiKey }).sendEmail(email)).toEqual(outcome);
  });

  it("does not follow a redirect", async () => {
    const url = await answering(307, "", { location: `${notify.url}/v2/notifications/email` });
    expect(await notifyClient({ url, apiKey }).sendEmail(email)).toEqual({ outcome: "try-later" });
    expect(notify.mailbox()).toEqual([]);
  });

  it("tries later where nobody listens", async () => {
    await notify.close();
    expect(await notifyClient({ url: notify.url, apiKey }).sendEmail(email)).toEqual({ outcome: "try-later" });
  });

  it("tries later where the connection is reset", async () => {
    const url = await startServer((request) => request.socket.resetAndDestroy());
    expect(await notifyClient({ url, apiKey }).sendEmail(email)).toEqual({ outcome: "try-later" });
  });

  describe("waits ten seconds", () => {
    /** Instead of ten seconds the test waits for the moment that it means, and lets the time run out then. */
    const tenSeconds = () => {
      const clock = new AbortController();
      const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(clock.signal);
      return { timeout, runOut: () => clock.abort(new DOMException("Timed out", "TimeoutError")) };
    };

    it("for a Notify that does not answer", async () => {
      const { timeout, runOut } = tenSeconds();
      const url = await startServer(runOut);
      expect(await notifyClient({ url, apiKey }).sendEmail(email)).toEqual({ outcome: "try-later" });
      expect(timeout.mock.calls).toEqual([[10_000]]);
    });

    it("for a Notify that stops amid its answer", async () => {
      const { timeout, runOut } = tenSeconds();
      const url = await startServer((_request, response) => response.writeHead(201).write('{"id":"740e5834'));
      const client = notifyClient({
        url,
        apiKey,
        fetch: async (...request) => {
          const response = await fetch(...request);
          runOut();
          return response;
        },
      });
      expect(await client.sendEmail(email)).toEqual({ outcome: "try-later" });
      expect(timeout.mock.calls).toEqual([[10_000]]);
    });
  });

  it.each([
    ["a refusal's words", '{"errors":[{"error":"BadRequestError","message":"no cme.inbox@birmingham.example"}]}'],
    ["a refusal's name", '{"errors":[{"error":"cme.inbox@birmingham.example","message":"no"}]}'],
  ])("never tells the address, though it stood in %s", async (_where, body) => {
    const url = await answering(400, body);
    const outcome = await notifyClient({ url, apiKey }).sendEmail(email);
    expect(outcome.outcome).toBe("refused");
    expect(JSON.stringify(outcome)).not.toContain("birmingham");
  });

  it("never tells the address, though it stood in a network error", async () => {
    const client = notifyClient({
      url: notify.url,
      apiKey,
      fetch: () => Promise.reject(new TypeError("can't reach cme.inbox@birmingham.example")),
    });
    expect(await client.sendEmail(email)).toEqual({ outcome: "try-later" });
  });

  it.each(["", secret, `${serviceId}-${secret}`, `name-${serviceId}-${secret}0`, `name-${serviceId}_${secret}`])(
    "is not made with an API key of another form, nor is the key repeated: %j",
    (wrong) => {
      expect(() => notifyClient({ url: notify.url, apiKey: wrong })).toThrow(
        new TypeError("The Notify API key must be {name}-{service id}-{secret key}"),
      );
    },
  );
});

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const decoded = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
const jwt = (claims: unknown, { alg = "HS256", key = secret } = {}): string => {
  const input = `${encoded({ typ: "JWT", alg })}.${encoded(claims)}`;
  return `${input}.${createHmac("sha256", key).update(input).digest("base64url")}`;
};

describe("the local Notify", () => {
  /** 2026-11-26T09:30:00Z */
  const now = 1_795_685_400;
  let notify: LocalNotify;
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: now * 1000 });
    notify = open(await startLocalNotify({ apiKey, templates }));
  });

  const post = async (authorization: string | undefined, body: unknown): Promise<[number, unknown]> => {
    const answer = await fetch(`${notify.url}/v2/notifications/email`, {
      method: "POST",
      headers: { ...(authorization !== undefined && { authorization }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return [answer.status, await answer.json()];
  };
  const bearer = (token: string) => `Bearer ${token}`;
  const sound = () => bearer(jwt({ iss: serviceId, iat: now }));
  const request = {
    template_id: templateId,
    email_address: "cme.inbox@birmingham.example",
    personalisation: email.personalisation,
  };

  it.each([-30, 0, 30])("takes a token whose iat is %i seconds off", async (seconds) => {
    const [status] = await post(bearer(jwt({ iss: serviceId, iat: now + seconds })), request);
    expect(status).toBe(201);
    expect(notify.mailbox()).toHaveLength(1);
  });

  const clock = "Error: Your system clock must be accurate to within 30 seconds";
  const shape =
    "Invalid token: make sure your API token matches the example at https://docs.notifications.service.gov.uk/rest-api.html#authorisation-header";
  it.each([
    ["no header", undefined, 401, "Unauthorized: authentication token must be provided"],
    ["another scheme", "DPoP abc", 401, "Unauthorized: authentication bearer scheme must be used"],
    ["no token", "Bearer nonsense", 403, shape],
    ["no iss", bearer(jwt({ iat: now })), 403, "Invalid token: iss field not provided"],
    [
      "an iss that is no id",
      bearer(jwt({ iss: "cme", iat: now })),
      403,
      "Invalid token: service id is not the right data type",
    ],
    ["another service", bearer(jwt({ iss: secret, iat: now })), 403, "Invalid token: service not found"],
    [
      "another key",
      bearer(jwt({ iss: serviceId, iat: now }, { key: serviceId })),
      403,
      "Invalid token: API key not found",
    ],
    [
      "another algorithm",
      bearer(jwt({ iss: serviceId, iat: now }, { alg: "HS512" })),
      403,
      "Invalid token: algorithm used is not HS256",
    ],
    [
      "no signature",
      bearer(`${encoded({ alg: "none" })}.${encoded({ iss: serviceId, iat: now })}.`),
      403,
      "Invalid token: algorithm used is not HS256",
    ],
    ["no iat", bearer(jwt({ iss: serviceId })), 403, "Invalid token: API key not found"],
    ["an iat that is no number", bearer(jwt({ iss: serviceId, iat: "now" })), 403, clock],
    ["an iat 31 seconds ago", bearer(jwt({ iss: serviceId, iat: now - 31 })), 403, clock],
    ["an iat 31 seconds ahead", bearer(jwt({ iss: serviceId, iat: now + 31 })), 403, clock],
  ])("refuses a request with %s", async (_what, authorization, status, message) => {
    expect(await post(authorization, request)).toEqual([
      status,
      { status_code: status, errors: [{ error: "AuthError", message }] },
    ]);
    expect(notify.mailbox()).toEqual([]);
  });

  it.each([
    ["a body that is no JSON", "{", "BadRequestError", "Invalid JSON supplied in POST data"],
    ["an unknown template", { ...request, template_id: serviceId }, "BadRequestError", "Template not found"],
    [
      "a template's id that is none",
      { ...request, template_id: "awaits" },
      "ValidationError",
      "template_id is not a valid UUID",
    ],
    [
      "missing personalisation",
      { ...request, personalisation: { authority: "Camden", link: "https://exchange.example" } },
      "BadRequestError",
      "Missing personalisation: deadline, reference",
    ],
    [
      "a bad address",
      { ...request, email_address: "a..b@c.example" },
      "ValidationError",
      "email_address Not a valid email address",
    ],
    [
      "a reference that is too long",
      { ...request, reference: "0".repeat(1001) },
      "ValidationError",
      "reference is too long",
    ],
  ])("refuses %s", async (_what, body, error, message) => {
    expect(await post(sound(), body)).toEqual([400, { status_code: 400, errors: [{ error, message }] }]);
    expect(notify.mailbox()).toEqual([]);
  });

  it.each(["nobody", "a@b", "a b@c.example", "a@-c.example", "a@c.e1", "a@c..example", "@c.example"])(
    "refuses the address %j",
    async (address) => {
      expect((await post(sound(), { ...request, email_address: address }))[0]).toBe(400);
    },
  );

  it.each(["o'neill+cme@kent.gov.uk", "A.B@xn--bcher-kva.example", "a_b-c@sub.long-name.example"])(
    "takes the address %s",
    async (address) => {
      expect((await post(sound(), { ...request, email_address: address }))[0]).toBe(201);
    },
  );

  it("answers in Notify's shape", async () => {
    const [status, answer] = await post(sound(), { ...request, reference: "r1" });
    const [mail] = notify.mailbox();
    expect(status).toBe(201);
    expect(answer).toEqual({
      id: mail?.id,
      reference: "r1",
      content: {
        from_email: "cme.referral.exchange@notify.invalid",
        subject: "A referral from City of London awaits you",
        body: writtenBody,
        one_click_unsubscribe_url: null,
      },
      uri: `${notify.url}/v2/notifications/${mail?.id}`,
      template: {
        id: templateId,
        version: 1,
        uri: `${notify.url}/services/${serviceId}/templates/${templateId}`,
      },
      scheduled_for: null,
      sanitised_content: {},
    });
    expect(mail?.sentAt).toBe("2026-11-26T09:30:00.000Z");
  });

  it("fills in once: what a value says is no placeholder", async () => {
    await post(sound(), { ...request, personalisation: { ...request.personalisation, authority: "((link)) $& $1" } });
    expect(notify.mailbox()[0]?.subject).toBe("A referral from ((link)) $& $1 awaits you");
  });

  it("knows no other address", async () => {
    const answer = await fetch(`${notify.url}/v2/notifications/sms`, { method: "POST", body: "{}" });
    expect(answer.status).toBe(404);
  });

  it("listens on loopback only", () => {
    expect(notify.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});

describe("the local mailbox", () => {
  let directory: string;
  let mailboxFile: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "local-notify-"));
    mailboxFile = join(directory, "mail", "mailbox.jsonl");
    open({ close: () => rmSync(directory, { recursive: true }) });
  });

  const start = () => startLocalNotify({ apiKey, templates, mailboxFile });
  const restarted = async (running: LocalNotify): Promise<LocalNotify> => {
    await running.close();
    return start();
  };
  const send = (notify: LocalNotify) => notifyClient({ url: notify.url, apiKey }).sendEmail(email);

  it("survives restarts, and keeps what was sent twice twice", async () => {
    let notify = await start();
    await send(notify);
    await send(notify);
    const before = notify.mailbox();
    expect(before).toHaveLength(2);
    notify = await restarted(notify);
    expect(notify.mailbox()).toEqual(before);
    await send(notify);
    notify = await restarted(notify);
    expect(notify.mailbox()).toHaveLength(3);
    expect(notify.mailbox().slice(0, 2)).toEqual(before);
    expect(statSync(mailboxFile).mode & 0o777).toBe(0o600);
    await notify.close();
  });

  it("drops the half line of a process that was killed, and goes on after it", async () => {
    let notify = await start();
    await send(notify);
    const before = notify.mailbox();
    appendFileSync(mailboxFile, '{"id":"740e5834-3a29-46b4-9a6f-16142fde533a","subj');
    notify = await restarted(notify);
    expect(notify.mailbox()).toEqual(before);
    await send(notify);
    notify = await restarted(notify);
    expect(notify.mailbox()).toHaveLength(2);
    await notify.close();
  });

  it("is not made of a file that is none, and leaves that alone", async () => {
    await (await start()).close();
    writeFileSync(mailboxFile, "not a mailbox\n");
    await expect(start()).rejects.toThrow(`${mailboxFile} is not a readable mailbox`);
    expect(readFileSync(mailboxFile, "utf8")).toBe("not a mailbox\n");
  });
});

describe("a callback of the local Notify", () => {
  type Call = {
    method: string | undefined;
    authorization: string | undefined;
    type: string | undefined;
    body: unknown;
  };

  /** Answers each call with the next of the statuses, and with the last of them from then on. */
  const startExchange = async (...statuses: number[]): Promise<{ url: string; calls: Call[] }> => {
    const calls: Call[] = [];
    const url = await startServer(async (request, response) => {
      const { method, headers } = request;
      const { authorization, "content-type": type } = headers;
      calls.push({ method, authorization, type, body: await json(request) });
      response.writeHead(statuses[Math.min(calls.length, statuses.length) - 1] ?? 200).end("{}");
    });
    return { url: `${url}/notify/delivery-status`, calls };
  };

  const startTelling = async (url: string, status: EmailStatus): Promise<LocalNotify> => {
    const callback = { url, token: "s3cret", statusOf: () => status, retryMs: 5 };
    return open(await startLocalNotify({ apiKey, templates, callback }));
  };
  const send = (notify: LocalNotify) => notifyClient({ url: notify.url, apiKey }).sendEmail(email);

  it("tells what became of an email, as Notify documents it", async () => {
    const { url, calls } = await startExchange();
    const notify = await startTelling(url, "permanent-failure");
    await send(notify);
    expect(await notify.settled()).toEqual({ failures: 1 });
    const [mail] = notify.mailbox();
    const at = mail?.sentAt.replace(/Z$/, "000Z");
    expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(calls).toEqual([
      {
        method: "POST",
        authorization: "Bearer s3cret",
        type: "application/json",
        body: {
          id: mail?.id,
          reference: "0198f0c0-1111-7000-8000-00000000beef#1",
          to: "cme.inbox@birmingham.example",
          status: "permanent-failure",
          created_at: at,
          completed_at: at,
          sent_at: at,
          notification_type: "email",
          template_id: "9d751e0e-f929-4891-82a1-a3e1c3c18ee3",
          template_version: 1,
        },
      },
    ]);
    expect(await notify.settled()).toEqual({ failures: 0 });
  });

  it("that an email has arrived is no failure", async () => {
    const { url, calls } = await startExchange();
    const notify = await startTelling(url, "delivered");
    await send(notify);
    expect(await notify.settled()).toEqual({ failures: 0 });
    expect(calls).toMatchObject([{ body: { status: "delivered" } }]);
  });

  it.each([
    ["is not repeated where it was taken", [200], 1],
    ["is not repeated where it was refused", [401], 1],
    ["is repeated after 503", [503, 503, 200], 3],
    ["is repeated after 429", [429, 200], 2],
    ["is repeated five times at most", [500], 6],
  ])("%s", async (_what, statuses, times) => {
    const { url, calls } = await startExchange(...statuses);
    const notify = await startTelling(url, "delivered");
    await send(notify);
    await vi.waitFor(() => expect(calls).toHaveLength(times));
    await pause(50);
    expect(calls).toHaveLength(times);
  });

  it("is not waited for when Notify is closed", async () => {
    const { url } = await startExchange(503);
    const callback = { url, token: "s3cret", statusOf: () => "delivered" as const };
    const notify = await startLocalNotify({ apiKey, templates, callback });
    await send(notify);
    await notify.settled();
    await notify.close();
  });
});

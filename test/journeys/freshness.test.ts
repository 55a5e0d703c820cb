import { PutCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { v7 as uuidV7 } from "uuid";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { handler as askVerification } from "../../functions/contact-list/ask-verification.ts";
import { deliveryQueues } from "../../functions/delivery/delivery-queues.ts";
import { handOver } from "../../functions/delivery/hand-over.ts";
import type { Mail } from "../../infra/local/engines/notify.ts";
import { digestOfText } from "../../shared/domain/canonical.ts";
import type { Change } from "../../shared/domain/changes.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { linkFault } from "../../shared/domain/event-chain.ts";
import { sqsClient } from "../../shared/queue/send.ts";
import { type Delivery, newDelivery, putNewDelivery } from "../../shared/store/deliveries.ts";
import { authorityItem, readAuthority } from "../../shared/store/directory.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/** Everybody in the list was verified on this Monday, but for whom a test makes older. The clock moves only when told. */
const monday = "2026-01-12T09:30:00.000Z";
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(monday) });
});
const exchange = useExchange({ telling: true });
afterAll(() => {
  vi.useRealTimers();
});

/** Looks at that moment for whom to ask, and waits until everyone who is to be told has been. */
const at = async (time: string): Promise<void> => {
  vi.setSystemTime(time);
  await exchange.telling?.tick("ask-verification");
  await exchange.telling?.idle();
};

/** As if the contact had last been verified then. */
const verifiedLast = async (code: string, contactId: string, verifiedAt: string): Promise<void> => {
  const authority = await readAuthority(dynamoClient(), "cme-directory", code);
  const contact = authority?.contacts[contactId];
  if (!authority || !contact) throw new TypeError(`No ${contactId}`);
  const contacts = { ...authority.contacts, [contactId]: { ...contact, verifiedAt } };
  const Item = authorityItem({ ...authority, contacts });
  await dynamoClient().send(new PutCommand({ TableName: "cme-directory", Item }));
};

const contactOf = async (code: string, contactId: string): Promise<Contact> => {
  const answer = await (await exchange.client("dfe")).get(`/v1/authorities/${code}/contacts/${contactId}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Contact;
};

/** The chain of the authority's changes after it was added, whole and verified: oldest first. */
const changesOf = async (code: string): Promise<Change[]> => {
  const answer = await (await exchange.client("dfe")).get(`/v1/authorities/${code}/changes?limit=100`);
  const { items } = answer.json() as { items: Change[] };
  expect(linkFault(items)).toBeUndefined();
  return items.slice(1);
};

type Item = {
  authority: string;
  name: string;
  contacts: { inEffect: number; unverified: object[]; unreachable: object[] };
};
type Overview = { asOf: string; totals: object; items: Item[]; next: string | null };

const overview = async (query = "?limit=100"): Promise<Overview> => {
  const answer = await (await exchange.client("dfe")).get(`/v1/overview${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as Overview;
};
const inOverview = async (code: string): Promise<Item | undefined> => {
  for (let page = await overview(); ; page = await overview(`?limit=100&cursor=${page.next}`)) {
    const found = page.items.find(({ authority }) => authority === code);
    if (found || page.next === null) return found;
  }
};

const mailsTo = (emailAddress: string): string[] =>
  exchange
    .mailbox()
    .filter((mail) => mail.emailAddress === emailAddress)
    .map(({ template }) => template);

describe("the overview", () => {
  it("shows the DfE every authority that exists, by pages, with the totals of them all", async () => {
    const first = await overview();
    expect(first.asOf).toBe(monday);
    const totals = { authorities: 208, contacts: { inEffect: 416, unverified: 0, unreachable: 0 } };
    expect(first.totals).toMatchObject(totals);
    expect(first.items[0]).toMatchObject({
      authority: "201",
      name: "City of London",
      contacts: { inEffect: 2, unverified: [], unreachable: [] },
    });
    const second = await overview(`?limit=100&cursor=${first.next}`);
    const third = await overview(`?limit=100&cursor=${second.next}`);
    expect([first.items.length, second.items.length, third.items.length, third.next]).toEqual([100, 100, 8, null]);
    expect(third.totals).toEqual(first.totals);
  });

  it("is the DfE's alone", async () => {
    const answer = await (await exchange.client("330")).get("/v1/overview");
    expect([answer.status, (answer.json() as { code: string }).code]).toEqual([403, "scope-missing"]);
  });
});

describe("a contact that nobody verifies", () => {
  it("is asked after 90 and 104 days, once each, and shown to the DfE after 120, until it is verified", async () => {
    await verifiedLast("330", "330-lead", "2025-12-01T15:30:00.000Z");
    const lead = "cme-lead@la-330.example.org";
    const before = await contactOf("330", "330-lead");

    await at("2026-02-28T23:59:59.999Z");
    expect(mailsTo(lead)).toEqual([]);
    await at("2026-03-01T00:00:00.000Z");
    await at("2026-03-01T06:00:00.000Z");
    await at("2026-03-14T23:59:59.999Z");
    expect(mailsTo(lead)).toEqual(["contact-verification"]);
    await at("2026-03-15T00:00:00.000Z");
    await at("2026-03-20T00:00:00.000Z");
    expect(mailsTo(lead)).toEqual(["contact-verification", "contact-verification"]);

    // British Summer Time has begun on 29 March: the 120th day begins an hour before UTC's.
    vi.setSystemTime("2026-03-30T22:59:59.999Z");
    expect((await inOverview("330"))?.contacts.unverified).toEqual([]);
    vi.setSystemTime("2026-03-30T23:00:00.000Z");
    expect((await inOverview("330"))?.contacts).toEqual({
      inEffect: 2,
      unverified: [{ contactId: "330-lead", role: "lead", verifiedAt: "2025-12-01T15:30:00.000Z" }],
      unreachable: [],
    });
    expect((await overview()).totals).toMatchObject({ contacts: { inEffect: 416, unverified: 1, unreachable: 0 } });
    // Nothing of it is published, so whoever had read the contact may still change it.
    expect(await contactOf("330", "330-lead")).toEqual(before);

    const birmingham = await exchange.client("330");
    const verified = await birmingham.post("/v1/authorities/330/contacts/330-lead/verification", {});
    expect(verified.status, verified.text).toBe(201);
    expect((await inOverview("330"))?.contacts.unverified).toEqual([]);
    await at("2026-03-31T06:00:00.000Z");
    expect(mailsTo(lead)).toHaveLength(2);

    const changes = await changesOf("330");
    expect(
      changes.map(({ type, at: when, actor, after }) => [
        type,
        when,
        actor.clientId,
        (after as Contact).verificationAsked,
      ]),
    ).toEqual([
      ["contact.asked", "2026-03-01T00:00:00.000Z", "exchange", 1],
      ["contact.asked", "2026-03-15T00:00:00.000Z", "exchange", 2],
      ["contact.verified", "2026-03-30T23:00:00.000Z", "cme-330", 0],
    ]);
  });

  it("is told where the entry is, how to verify it, and what happens otherwise", async () => {
    const [mail] = exchange.mailbox().filter(({ template }) => template === "contact-verification");
    expect(mail?.subject).toBe("Is your entry in the CME contact list still correct?");
    const entry = `${exchange.origin}/v1/authorities/330/contacts/330-lead`;
    expect(mail?.body).toContain(`The entry is at this address (GET):\n\n${entry}\n\n`);
    expect(mail?.body).toContain(`calling this address (POST):\n\n${entry}/verification\n\n`);
    expect(mail?.body).toContain("as a contact of Birmingham");
    expect(mail?.body).toContain("is shown to the Department for Education: this one from 31 March 2026.");
  });

  it("is shown among the deliveries of its authority", async () => {
    const answer = await (await exchange.client("330")).get("/v1/deliveries");
    expect((answer.json() as { items: object[] }).items).toEqual(
      Array(2).fill(
        expect.objectContaining({
          channel: "email",
          contactId: "330-lead",
          type: "contact.asked",
          data: { authority: "330", contactId: "330-lead" },
          state: "delivered",
        }),
      ),
    );
  });

  it("is asked in the other nations too", async () => {
    await verifiedLast("S12000036", "S12000036-inbox", "2025-12-31T09:00:00.000Z");
    await at("2026-03-31T09:00:00.000Z");
    expect(mailsTo("cme-inbox@la-s12000036.example.org")).toEqual(["contact-verification"]);
  });

  it("is asked once where both days were missed", async () => {
    await verifiedLast("331", "331-lead", "2025-12-01T09:00:00.000Z");
    await at("2026-03-31T10:00:00.000Z");
    await at("2026-03-31T16:00:00.000Z");
    expect(mailsTo("cme-lead@la-331.example.org")).toEqual(["contact-verification"]);
    const changes = await changesOf("331");
    expect(changes.map(({ type, after }) => [type, (after as Contact).verificationAsked])).toEqual([
      ["contact.asked", 2],
    ]);
  });

  it("is not asked when it no longer is a contact, or not yet one", async () => {
    const halton = await exchange.client("876");
    await verifiedLast("876", "876-lead", "2025-12-01T09:00:00.000Z");
    const retired = await halton.post("/v1/authorities/876/contacts/876-lead/retirement", {});
    expect(retired.status, retired.text).toBe(201);
    await at("2026-03-31T17:00:00.000Z");
    expect(mailsTo("cme-lead@la-876.example.org")).toEqual([]);
    expect((await inOverview("876"))?.contacts).toEqual({ inEffect: 1, unverified: [], unreachable: [] });
  });

  it("is asked though it fails at another authority, which is asked by the next run", async () => {
    await verifiedLast("801", "801-lead", "2025-12-01T09:00:00.000Z");
    await verifiedLast("802", "802-lead", "2025-12-01T09:00:00.000Z");
    const bristol = await readAuthority(dynamoClient(), "cme-directory", "801");
    if (!bristol) throw new TypeError("No 801");
    const put = (staged?: { importId: string; contacts: Record<string, Contact> }) =>
      dynamoClient().send(
        new PutCommand({ TableName: "cme-directory", Item: authorityItem({ ...bristol, ...(staged && { staged }) }) }),
      );

    // An import that has come to a standstill: nothing else can be changed there.
    await put({ importId: "0198f0c0-1111-7000-8000-00000000beef", contacts: bristol.contacts });
    await expect(askVerification()).rejects.toThrow("The contacts of 1 authorities could not be asked");
    await exchange.telling?.idle();
    expect(mailsTo("cme-lead@la-801.example.org")).toEqual([]);
    expect(mailsTo("cme-lead@la-802.example.org")).toEqual(["contact-verification"]);
    expect(exchange.logLines.filter((line) => line.includes('"asking-failed"'))).toEqual([
      expect.stringContaining('"authority":"801"'),
    ]);

    await put();
    await askVerification();
    await exchange.telling?.idle();
    expect(mailsTo("cme-lead@la-801.example.org")).toEqual(["contact-verification"]);
    expect(mailsTo("cme-lead@la-802.example.org")).toEqual(["contact-verification"]);
  });

  it("gets one email however many look at once", async () => {
    await verifiedLast("803", "803-lead", "2025-12-01T09:00:00.000Z");
    await Promise.all([askVerification(), askVerification(), askVerification()]);
    await exchange.telling?.idle();
    expect(mailsTo("cme-lead@la-803.example.org")).toEqual(["contact-verification"]);
  });

  it("gets no email that was overtaken by its verification", async () => {
    const delivery = emailTo("805", "805-lead");
    await commit(dynamoClient(), [putNewDelivery("cme-deliveries", delivery)]);
    await handOver(sqsClient(), deliveryQueues(), delivery);
    await exchange.telling?.idle();
    expect(mailsTo("cme-lead@la-805.example.org")).toEqual([]);
    expect(await deliveryWith("805", delivery.deliveryId)).toMatchObject({
      state: "failed",
      attempts: [{ status: null, failure: "answered" }],
    });
  });
});

/** An email that asks for verification, as yet to be sent. */
const emailTo = (authority: string, contactId: string): Delivery => {
  const now = new Date().toISOString();
  return newDelivery({
    deliveryId: uuidV7(),
    channel: "email",
    authority,
    contactId,
    template: "contact-verification",
    type: "contact.asked",
    at: now,
    data: { authority, contactId },
    createdAt: now,
  });
};

const deliveriesOf = async (owner: string): Promise<(Delivery & { deliveryId: string })[]> => {
  const answer = await (await exchange.client(owner)).get("/v1/deliveries?limit=100");
  return (answer.json() as { items: Delivery[] }).items;
};
const deliveryWith = async (owner: string, deliveryId: string): Promise<Delivery | undefined> =>
  (await deliveriesOf(owner)).find((each) => each.deliveryId === deliveryId);

/** Gives the contact another address, as its authority does. */
const readdress = async (owner: string, contactId: string, email: string): Promise<Contact> => {
  const client = await exchange.client(owner);
  const path = `/v1/authorities/${owner}/contacts/${contactId}`;
  const { name, role, telephone, version } = (await client.get(path)).json() as Contact;
  const answer = await client.put(path, { name, role, telephone, email }, { headers: { "if-match": `"${version}"` } });
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Contact;
};

/** A referral to that authority, when everybody has been told of it and Notify has told what became of that. */
const refer = async (recipient: string): Promise<void> => {
  vi.setSystemTime(Date.now() + 60_000);
  await submit(await exchange.client("201"), { recipient });
  await exchange.telling?.idle();
};

const feedOf = async (owner: string): Promise<{ type: string; data: object }[]> => {
  const answer = await (await exchange.client(owner)).get("/v1/events?limit=100");
  return (answer.json() as { items: { type: string; data: object }[] }).items;
};

describe("a contact whose emails come back", () => {
  it("is unreachable: the DfE, its authority and its colleagues are told, and it is passed over", async () => {
    await readdress("202", "202-inbox", "perm-fail@la-202.example.org");
    vi.setSystemTime("2026-03-31T20:00:00.000Z");
    await submit(await exchange.client("201"), { recipient: "202" });
    await exchange.telling?.idle();

    const contact = await contactOf("202", "202-inbox");
    expect(contact).toMatchObject({ unreachableSince: "2026-03-31T20:00:00.000Z", version: 3 });
    const told = { type: "contact.unreachable", data: { authority: "202", contactId: "202-inbox" } };
    expect((await feedOf("dfe")).filter(({ type }) => type === "contact.unreachable")).toEqual([
      expect.objectContaining(told),
    ]);
    expect((await feedOf("202")).filter(({ type }) => type === "contact.unreachable")).toEqual([
      expect.objectContaining(told),
    ]);
    expect((await feedOf("201")).filter(({ type }) => type === "contact.unreachable")).toEqual([]);
    expect(mailsTo("cme-lead@la-202.example.org")).toEqual(["referral-awaits", "contact-unreachable"]);
    expect(mailsTo("perm-fail@la-202.example.org")).toEqual(["referral-awaits"]);
    expect((await inOverview("202"))?.contacts).toEqual({
      inEffect: 2,
      unverified: [],
      unreachable: [{ contactId: "202-inbox", role: "inbox", unreachableSince: "2026-03-31T20:00:00.000Z" }],
    });
    const [change] = (await changesOf("202")).slice(-1);
    expect(change).toMatchObject({
      type: "contact.unreachable",
      actor: { authority: "exchange", clientId: "exchange", contactId: null },
      before: { contactId: "202-inbox", unreachableSince: null },
      after: { contactId: "202-inbox", unreachableSince: "2026-03-31T20:00:00.000Z" },
    });
    const [email] = (await deliveriesOf("202")).filter(({ contactId }) => contactId === "202-inbox");
    expect(email).toMatchObject({
      state: "failed",
      attempts: [
        { status: 201, failure: null },
        { status: null, failure: "permanent-failure" },
      ],
    });

    await refer("202");
    expect(mailsTo("cme-lead@la-202.example.org")).toEqual([
      "referral-awaits",
      "contact-unreachable",
      "referral-awaits",
    ]);
    expect(mailsTo("perm-fail@la-202.example.org")).toHaveLength(1);
  });

  it("says in the email to its colleagues which entry to correct", () => {
    const [mail] = exchange.mailbox().filter(({ template }) => template === "contact-unreachable");
    expect(mail?.subject).toBe("Emails to a CME contact of Camden come back");
    expect(mail?.body).toContain(`\n\n${exchange.origin}/v1/authorities/202/contacts/202-inbox\n\n`);
    expect(mail?.body).not.toContain("perm-fail");
  });

  it("is reachable again as soon as its address is another", async () => {
    const contact = await readdress("202", "202-inbox", "cme@la-202.example.org");
    expect(contact.unreachableSince).toBeNull();
    expect((await inOverview("202"))?.contacts.unreachable).toEqual([]);
    await refer("202");
    expect(mailsTo("cme@la-202.example.org")).toEqual(["referral-awaits"]);
  });

  it("and all its colleagues: its authority still receives referrals, and all are tried", async () => {
    await readdress("203", "203-inbox", "perm-fail@la-203.example.org");
    await readdress("203", "203-lead", "perm-fail@lead.la-203.example.org");
    await refer("203");
    expect((await inOverview("203"))?.contacts.unreachable).toHaveLength(2);
    await refer("203");
    expect(mailsTo("perm-fail@la-203.example.org").filter((each) => each === "referral-awaits")).toHaveLength(2);
    expect(mailsTo("perm-fail@lead.la-203.example.org").filter((each) => each === "referral-awaits")).toHaveLength(2);
    expect((await changesOf("203")).map(({ type }) => type)).toEqual([
      "contact.changed",
      "contact.changed",
      "contact.unreachable",
      "contact.unreachable",
    ]);
  });

  it("is not one whose inbox was full for three days: the email failed and may be sent again", async () => {
    await readdress("204", "204-inbox", "temp-fail@la-204.example.org");
    await refer("204");
    expect(await contactOf("204", "204-inbox")).toMatchObject({ unreachableSince: null });
    const [email] = (await deliveriesOf("204")).filter(({ contactId }) => contactId === "204-inbox");
    expect(email).toMatchObject({ state: "failed", attempts: [{ status: 201 }, { failure: "temporary-failure" }] });
    const again = await (await exchange.client("204")).post(`/v1/deliveries/${email?.deliveryId}/retry`, {});
    expect(again.status, again.text).toBe(201);
    await exchange.telling?.idle();
    expect(mailsTo("temp-fail@la-204.example.org")).toEqual(["referral-awaits", "referral-awaits"]);
  });

  it("is not one to which Notify did not send: the email is sent again by the schedule", async () => {
    await readdress("205", "205-inbox", "tech-fail@la-205.example.org");
    await refer("205");
    const [email] = (await deliveriesOf("205")).filter(({ contactId }) => contactId === "205-inbox");
    expect(email).toMatchObject({ state: "pending", attempts: [{ status: 201 }, { failure: "technical-failure" }] });
    vi.setSystemTime(Date.now() + 60_000);
    await exchange.telling?.tick("release-due-deliveries");
    await exchange.telling?.idle();
    expect(mailsTo("tech-fail@la-205.example.org")).toEqual(["referral-awaits", "referral-awaits"]);
    expect(await contactOf("205", "205-inbox")).toMatchObject({ unreachableSince: null });
  });
});

describe("a callback", () => {
  const token = "a token that was entered in Notify's settings".replaceAll(" ", "-");
  /** The tokens of Notify on this machine and of this test: two are known while one takes over from another. */
  beforeAll(() => {
    process.env.NOTIFY_CALLBACK_TOKEN_DIGEST += `,${digestOfText(token)}`;
  });

  /** What Notify tells of a mail, as its documentation shows it. */
  const bodyOf = ({ id, reference, emailAddress }: Mail, status = "permanent-failure") => ({
    id,
    reference,
    to: emailAddress,
    status,
    created_at: "2026-03-31T20:00:00.000000Z",
    completed_at: "2026-03-31T20:00:00.000000Z",
    sent_at: "2026-03-31T20:00:00.000000Z",
    notification_type: "email",
    template_id: "f33517ff-2a88-4f6e-b855-c550268ce08a",
    template_version: 1,
  });

  const call = async (body: unknown, headers: Record<string, string> = { authorization: `Bearer ${token}` }) => {
    const answer = await fetch(`${exchange.origin}/notify/delivery-status`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    return { status: answer.status, challenge: answer.headers.get("www-authenticate"), text: await answer.text() };
  };

  /** The mail to that authority's lead about a referral of its own. */
  const mailTo = async (recipient: string): Promise<Mail> => {
    await refer(recipient);
    const mail = exchange
      .mailbox()
      .findLast(({ emailAddress }) => emailAddress.endsWith(`lead@la-${recipient}.example.org`));
    if (!mail) throw new TypeError("No mail");
    return mail;
  };

  let real: Mail | undefined;
  it.each([
    ["no token", {}],
    ["another token", { authorization: "Bearer another-token" }],
    ["part of the token", { authorization: `Bearer ${token.slice(0, -1)}` }],
    ["an empty token", { authorization: "Bearer " }],
    ["the digest", { authorization: `Bearer ${digestOfText(token)}` }],
    ["another scheme", { authorization: `Basic ${token}` }],
  ] as const)("with %s is refused, and nothing comes of it", async (_what, headers) => {
    real ??= await mailTo("206");
    const answer = await call(bodyOf(real), headers);
    expect([answer.status, answer.challenge]).toEqual([401, "Bearer"]);
    expect(answer.text).toContain('"code":"callback-token"');
    expect(await contactOf("206", "206-lead")).toMatchObject({ unreachableSince: null });
    expect(await deliveryWith("206", String(real.reference))).toMatchObject({ state: "delivered" });
  });

  it("that comes again changes nothing more, not even after the contact was verified", async () => {
    const mail = await mailTo("207");
    const body = bodyOf(mail);
    expect(await call(body)).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect(await call(body)).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    expect((await changesOf("207")).map(({ type }) => type)).toEqual(["contact.unreachable"]);

    vi.setSystemTime(Date.now() + 60_000);
    const kensington = await exchange.client("207");
    await kensington.post("/v1/authorities/207/contacts/207-lead/verification", {});
    expect((await call(body)).status).toBe(200);
    expect(await contactOf("207", "207-lead")).toMatchObject({ unreachableSince: null });
    expect((await deliveryWith("207", String(mail.reference)))?.attempts).toHaveLength(2);
  });

  it("of many at once counts once", async () => {
    const mail = await mailTo("208");
    const answers = await Promise.all(Array.from({ length: 5 }, () => call(bodyOf(mail))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    await exchange.telling?.idle();
    expect((await changesOf("208")).map(({ type }) => type)).toEqual(["contact.unreachable"]);
    expect(
      (await feedOf("dfe")).filter(({ data }) => "contactId" in data && data.contactId === "208-lead"),
    ).toHaveLength(1);
  });

  it("about an address that was changed meanwhile says nothing of the contact", async () => {
    const mail = await mailTo("209");
    vi.setSystemTime(Date.now() + 60_000);
    await readdress("209", "209-lead", "head.of.cme@la-209.example.org");
    expect((await call(bodyOf(mail))).status).toBe(200);
    expect(await contactOf("209", "209-lead")).toMatchObject({ unreachableSince: null });
    expect(await deliveryWith("209", String(mail.reference))).toMatchObject({ state: "failed" });
  });

  it("about a sending before the contact was verified says nothing of it", async () => {
    const mail = await mailTo("210");
    vi.setSystemTime(Date.now() + 60_000);
    await (await exchange.client("210")).post("/v1/authorities/210/contacts/210-lead/verification", {});
    expect((await call(bodyOf(mail))).status).toBe(200);
    expect(await contactOf("210", "210-lead")).toMatchObject({ unreachableSince: null });
  });

  it("that it arrived, late, takes nothing back", async () => {
    const mail = await mailTo("211");
    await call(bodyOf(mail));
    expect((await call(bodyOf(mail, "delivered"))).status).toBe(200);
    expect((await contactOf("211", "211-lead")).unreachableSince).not.toBeNull();
    expect(await deliveryWith("211", String(mail.reference))).toMatchObject({ state: "failed" });
  });

  it("about another sending of the same email is of no matter", async () => {
    const mail = await mailTo("212");
    expect((await call({ ...bodyOf(mail), id: "740e5834-3a29-46b4-9a6f-16142fde533a" })).status).toBe(200);
    expect(await deliveryWith("212", String(mail.reference))).toMatchObject({ state: "delivered" });
  });

  it.each([
    ["an email of nobody's", { reference: "0198f0c0-1111-7000-8000-00000000beef" }],
    ["a reference that is none of ours", { reference: "12345678" }],
    ["no reference", { reference: null }],
    ["what it adds one day", { reference: null, delivered_by: "carrier pigeon", more: { of: ["it"] } }],
  ])("about %s is taken, with a line in the log", async (_what, change) => {
    const mail = { id: "740e5834-3a29-46b4-9a6f-16142fde533b", emailAddress: "nobody@la-213.example.org" } as Mail;
    const before = exchange.logLines.length;
    expect(await call({ ...bodyOf(mail), ...change })).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    const lines = exchange.logLines.slice(before).filter((line) => line.includes('"email-status-unknown"'));
    expect(lines).toEqual([expect.stringContaining('"notificationId":"740e5834-3a29-46b4-9a6f-16142fde533b"')]);
  });

  it.each([
    ["another status", { status: "pigeonholed" }],
    ["no address", { to: undefined }],
    ["no id", { id: "12345678" }],
    ["a reference that is no text", { reference: 12345678 }],
  ])("with %s is refused without repeating it", async (_what, change) => {
    const mail = { id: "740e5834-3a29-46b4-9a6f-16142fde533b", emailAddress: "nobody@la-213.example.org" } as Mail;
    const answer = await call({ ...bodyOf(mail), reference: null, ...change });
    expect(answer.status, answer.text).toBe(422);
    expect(answer.text).not.toMatch(/pigeonholed|nobody@|12345678/);
  });

  it("that is quicker than the note of the sending is asked to come again", async () => {
    const delivery = { ...emailTo("213", "213-lead"), nextAttemptAt: "2026-12-31T00:00:00.000Z" };
    await commit(dynamoClient(), [putNewDelivery("cme-deliveries", delivery)]);
    const mail = { id: "740e5834-3a29-46b4-9a6f-16142fde533c", reference: delivery.deliveryId } as Mail;
    const answer = await call(bodyOf({ ...mail, emailAddress: "cme-lead@la-213.example.org" }));
    expect(answer.status).toBe(503);
    expect(await contactOf("213", "213-lead")).toMatchObject({ unreachableSince: null });
  });
});

describe("of all this", () => {
  it("nothing tells who a child is, and no log and no delivery whom an email went to", async () => {
    const surname = String(exampleReferral().child.identity.surname);
    expect(surname.length).toBeGreaterThan(3);
    const written = [...exchange.logLines, ...exchange.metricLines, ...exchange.mailbox().map((each) => each.body)];
    for (const TableName of ["cme-deliveries", "cme-outbox", "cme-feed", "cme-changes"]) {
      const { Items = [] } = await dynamoClient().send(new ScanCommand({ TableName }));
      written.push(JSON.stringify(Items));
    }
    expect(written.filter((each) => each.includes(surname))).toEqual([]);
    const { Items = [] } = await dynamoClient().send(new ScanCommand({ TableName: "cme-deliveries" }));
    expect([...exchange.logLines, JSON.stringify(Items)].filter((each) => each.includes("@"))).toEqual([]);
  });
});

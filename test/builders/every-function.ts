import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { expect } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import { bucketOf } from "../../shared/store/buckets.ts";
import { tables } from "../../shared/store/tables.ts";
import { sendFile } from "./contact-file.ts";
import type { TestExchange } from "./exchange.ts";
import { guidanceSteps } from "./guidance-steps.ts";
import { newSigner } from "./oauth.ts";
import type { Receiver } from "./receiver.ts";
import { anotherChild, exampleReferral, submit } from "./referral.ts";

type Scene = { exchange: TestExchange; receiver: Receiver };
type Body = Record<string, unknown>;

/**
 * Calls every operation and runs every background function, on each way that asks something else of AWS. What is not
 * reached here counts as granted without need (test/infra/least-privilege.test.ts): a new operation gets a line.
 * @returns which part went wrong, and how: the others ran all the same
 */
export const everyFunction = async (scene: Scene): Promise<string[]> => {
  const wrong: string[] = [];
  for (const part of parts) {
    try {
      await part(scene);
    } catch (error) {
      wrong.push(`${part.name}: ${String(error)}`);
    }
  }
  return wrong;
};

const done = (answer: Answer, status: number): Body => {
  expect(answer.status, answer.text).toBe(status);
  return answer.headers.get("content-type")?.includes("json") ? (answer.json() as Body) : {};
};

const get = async (client: Client, path: string): Promise<Body> => done(await client.get(path), 200);
const post = async (client: Client, path: string, body: object): Promise<Body> =>
  done(await client.post(path, body), 201);

/** Changes a thing under the version that it has. */
const change = async (client: Client, path: string, body: (present: Body) => Body): Promise<void> => {
  const present = await client.get(path);
  const headers = { "if-match": present.headers.get("etag") ?? "" };
  done(await client.put(path, body(done(present, 200)), { headers }), 201);
};

const publicPages = async ({ exchange }: Scene): Promise<void> => {
  const paths = ["/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/openapi.json", "/healthz"];
  for (const path of paths) expect((await fetch(`${exchange.origin}${path}`)).status, path).toBe(200);
};

const directory = async ({ exchange }: Scene): Promise<void> => {
  const client = await exchange.client("201");
  const { gssCode } = await get(client, "/v1/authorities/330");
  await get(client, `/v1/authorities/${gssCode}`);
  await get(client, "/v1/authorities?q=birm");
  for (const code of ["330", gssCode]) await get(client, `/v1/authorities/${code}/contacts`);
  await get(client, "/v1/authorities/330/contacts/330-lead");
  await get(client, "/v1/contact-list/email-domains");
};

const factsOf = ({ gssCode, name, councilName, type, region, neighbours }: Body): Body => ({
  gssCode,
  name,
  councilName,
  type,
  region,
  neighbours,
});

const contactList = async ({ exchange }: Scene): Promise<void> => {
  const [own, dfe] = [await exchange.client("203"), await exchange.client("dfe")];
  const facts = { name: "CME team", role: "deputy", email: "cme@greenwich.gov.uk", telephone: "020 8921 4477" };
  const { contactId } = await post(own, "/v1/authorities/203/contacts", facts);
  const path = `/v1/authorities/203/contacts/${contactId}`;
  await change(own, path, () => ({ ...facts, name: "CME team, first floor" }));
  await post(own, `${path}/verification`, {});
  await post(own, `${path}/retirement`, {});
  await get(own, "/v1/authorities/203/changes");
  await change(dfe, "/v1/authorities/203", factsOf);
  await change(dfe, "/v1/contact-list/email-domains", ({ domains }) => ({ domains }));
};

/** Reads of an authority for which an import has staged what is not in force yet. */
const stagedContacts = async ({ exchange }: Scene): Promise<void> => {
  const [client, dfe] = [await exchange.client("201"), await exchange.client("dfe")];
  const staged = { importId: "01a1ff62-0406-7039-ba8f-000000000000", contacts: {} };
  await edit(tables.directory.name, { code: "207" }, { staged });
  for (const path of ["", "/contacts", "/contacts/207-lead"]) await get(client, `/v1/authorities/207${path}`);
  await get(dfe, "/v1/overview");
  await edit(tables.directory.name, { code: "207" }, { staged: undefined });
};

/** The schedule publishes too, and may be first: then there is nothing new, and the list is changed once more. */
const publications = async ({ exchange }: Scene): Promise<void> => {
  const [client, dfe] = [await exchange.client("201"), await exchange.client("dfe")];
  const path = "/v1/contact-list";
  const newest = { publication: "newest", part: "head" };
  const changeList = () =>
    change(dfe, "/v1/authorities/204", (present) => factsOf({ ...present, councilName: `Hackney ${randomUUID()}` }));
  const shrinkingList = async () => {
    // As if the list had taken up more parts than it does now.
    await edit(tables.publications.name, newest, { parts: { json: 2, csv: 2 } });
    await changeList();
  };
  for (const prepare of [changeList, shrinkingList]) {
    let status = 200;
    while (status === 200) {
      await prepare();
      ({ status } = await dfe.post(`${path}/publications`, {}));
    }
    expect(status).toBe(201);
  }
  await shrinkingList();
  await exchange.telling?.tick("publish-contact-list");
  await get(client, path);
  await get(client, `${path}/publications`);
  await get(client, `${path}/publications/1`);
  await get(client, `${path}/changes?since=1`);
};

const clients = async ({ exchange }: Scene): Promise<void> => {
  const dfe = await exchange.client("dfe");
  const signer = await newSigner();
  const keys = [{ ...signer.publicJwk, kid: signer.kid, alg: signer.alg, use: "sig" }];
  const { clientId } = await post(dfe, "/v1/clients", {
    authority: "203",
    name: "A system",
    scopes: ["referrals"],
    keys,
  });
  const path = `/v1/clients/${clientId}`;
  for (const active of [true, false]) {
    await change(dfe, path, () => ({ name: "A system", scopes: ["referrals"], keys, active }));
  }
  for (const list of ["/v1/clients", "/v1/clients?authority=203", path, `${path}/changes`, "/v1/overview"]) {
    await get(dfe, list);
  }
  for (const query of ["", "&authority=203"]) await get(dfe, `/v1/statistics?term=2026-autumn${query}`);
};

const attachFile = async (sender: Client, path: string): Promise<void> => {
  const body = readFileSync(new URL("../data/ctf-sample.xml", import.meta.url), "utf8");
  const headers = { "content-type": "application/xml" };
  done(await sender.send("POST", `${path}/common-transfer-file`, { body, headers }), 201);
};

const handoff = async ({ exchange }: Scene): Promise<void> => {
  const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
  const { entryId } = (await post(sender, "/v1/cme-list", { child: exampleReferral().child })) as { entryId: string };
  const { id } = await submit(sender, { entryId, temporaryAuthority: "202" });
  const path = `/v1/referrals/${id}`;
  const lists = ["inbox", "outbox"].flatMap((box) => [`box=${box}`, `box=${box}&state=awaiting-receipt`]);
  for (const list of [...lists, "box=temporary"]) await get(recipient, `/v1/referrals?${list}`);
  await post(await exchange.client("202"), `${path}/temporary-entry`, {});
  await get(recipient, path);
  await get(recipient, `${path}/child`);
  await post(recipient, `${path}/receipt`, { confirmedBy: "330-lead", note: "We know the family." });
  await get(sender, `${path}/receipt`);
  await get(sender, `${path}/notes`);
  await get(sender, `${path}/removal`);
  await attachFile(sender, path);
  await get(recipient, `${path}/common-transfer-file`);
  await post(sender, `${path}/removal`, { removedBy: "201-lead" });
  await post(recipient, `${path}/finding`, { finding: "located", foundBy: "330-lead", note: "At his aunt's." });
  await post(recipient, `${path}/conclusion`, { outcome: "suitable-education-otherwise", provision: "At home." });
  await get(sender, `${path}/events`);
};

const otherEndings = async ({ exchange }: Scene): Promise<void> => {
  const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
  const returned = await submit(sender);
  await post(recipient, `/v1/referrals/${returned.id}/return`, { reason: "wrong-authority", note: "Moved on." });
  const received = await submit(sender);
  await post(recipient, `/v1/referrals/${received.id}/receipt`, { confirmedBy: "330-lead" });
  const onwards = await submit(recipient, { recipient: "202", followsReferralId: received.id });
  await post(recipient, `/v1/referrals/${onwards.id}/withdrawal`, { reason: "The child is back." });
  const lost = await submit(sender);
  await post(recipient, `/v1/referrals/${lost.id}/receipt`, { confirmedBy: "330-lead" });
  await post(recipient, `/v1/referrals/${lost.id}/finding`, { finding: "not-located", foundBy: "330-lead" });
};

/** A child of the authority's own, and one who came by a referral: from the list to what is retained and erased. */
const cmeList = async ({ exchange }: Scene): Promise<void> => {
  const [sender, client] = [await exchange.client("201"), await exchange.client("211")];
  const { entryId: own } = await post(client, "/v1/cme-list", { child: exampleReferral().child });
  const { id } = await submit(sender, { recipient: "211" });
  await post(client, `/v1/referrals/${id}/receipt`, { confirmedBy: "211-lead" });
  const { items } = (await get(client, "/v1/cme-list")) as { items: Body[] };
  const received = items.find(({ referralId }) => referralId === id)?.entryId;
  done(await client.get("/v1/cme-list/upns"), 200);
  const date = "2026-11-20";
  for (const entryId of [own, received]) {
    const path = `/v1/cme-list/${entryId}`;
    await get(client, path);
    await get(client, `${path}/child`);
    const bulk = { items: [{ entryId, step: "check-giap", date, outcome: "nothing-found" }] };
    await post(client, "/v1/cme-list/enquiry-steps", bulk);
    for (const step of guidanceSteps) {
      await post(client, `${path}/enquiry-steps`, { step, date, outcome: "nothing-found", note: "Nobody there." });
    }
    await get(client, `${path}/enquiry-steps`);
    await post(client, `${path}/closure`, { as: "enquiries-exhausted", note: "Nobody knows the family." });
    await get(client, `${path}/events`);
  }
  await post(client, `/v1/cme-list/${own}/erasure`, { because: "located" });
  await edit(
    tables.entries.name,
    { entryId: received },
    { retained: { until: "2026-06-26", erasedAt: null }, retainedUntil: "2026-06-26" },
  );
  await exchange.telling?.tick("erase-retained");
};

const getFile = async (client: Client, path: string): Promise<void> => {
  done(await client.get(path, { headers: { accept: "application/zip" } }), 200);
};

/** What the two sides write to each other, a corrected record, and all of it in packs. */
const correspondence = async ({ exchange }: Scene): Promise<void> => {
  const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
  const { child } = exampleReferral();
  const { entryId } = (await post(sender, "/v1/cme-list", { child })) as { entryId: string };
  const step = { step: "home-visit", date: "2026-11-20", outcome: "no-answer", note: "The flat is empty." };
  await post(sender, `/v1/cme-list/${entryId}/enquiry-steps`, step);
  const { id } = await submit(sender, { entryId });
  const path = `/v1/referrals/${id}`;
  const question = { kind: "question", text: "Is the birthday right?", by: "330-lead" };
  const { number } = await post(recipient, `${path}/messages`, question);
  await post(sender, `${path}/messages`, { kind: "answer", text: "No.", by: "201-lead", answers: number });
  await get(recipient, `${path}/messages`);
  const corrected = { ...child, identity: { ...child.identity, dateOfBirth: "2016-05-18" } };
  await post(sender, `${path}/child`, { child: corrected, by: "201-lead" });
  for (const query of ["", "?version=1", "/versions"]) await get(recipient, `${path}/child${query}`);
  await get(recipient, `${path}/enquiry-steps`);
  await post(recipient, `${path}/receipt`, { confirmedBy: "330-lead", note: "We know the family." });
  for (const client of [sender, recipient]) await getFile(client, `${path}/evidence-pack`);
  const enquired = (await post(sender, "/v1/cme-list", { child })) as { entryId: string };
  const enquiry = { kind: "targeted", entryId: enquired.entryId, asked: "330", reason: "kin", openedBy: "201-lead" };
  await post(sender, "/v1/enquiries", enquiry);
  for (const each of [entryId, enquired.entryId]) await getFile(sender, `/v1/cme-list/${each}/evidence-pack`);
  const received = await get(recipient, "/v1/cme-list?limit=1");
  const [entry] = received.items as { entryId: string }[];
  await getFile(recipient, `/v1/cme-list/${entry?.entryId}/evidence-pack`);
};

const notices = async ({ exchange }: Scene): Promise<void> => {
  const [sender, recipient] = [await exchange.client("202"), await exchange.client("206")];
  const { entryId } = await post(recipient, "/v1/cme-list", { child: exampleReferral().child });
  const admission = { schoolUrn: "100012", startDate: "2026-11-02" };
  const child = { identity: { surname: "O’Neill", dateOfBirth: "2016-02-29", sex: "F" } };
  const notice = { ...admission, recipient: "206", sentBy: "202-lead", child };
  const { id } = await post(sender, "/v1/notices/school-admission", notice);
  const { id: unheeded } = await post(sender, "/v1/notices/school-admission", notice);
  const path = `/v1/notices/${id}`;
  for (const box of ["inbox", "outbox"]) await get(recipient, `/v1/notices?box=${box}`);
  await get(recipient, path);
  await get(recipient, `${path}/child`);
  await exchange.telling?.idle();
  await post(recipient, `${path}/acknowledgement`, { acknowledgedBy: "206-lead", entryId });
  await get(sender, `${path}/events`);
  await post(recipient, `/v1/cme-list/${entryId}/closure`, { as: "on-school-register", ...admission, noticeId: id });
  for (const noticeId of [id, unheeded]) await edit(tables.notices.name, { noticeId }, { erasesAt: longAgo });
  await exchange.telling?.tick("erase-notices");
};

/** Targeted enquiries, with each way in which a child's entry leaves a list while somebody is asked about it. */
const enquiries = async ({ exchange }: Scene): Promise<void> => {
  const [asker, asked] = [await exchange.client("201"), await exchange.client("330")];
  const listed = async () => String((await post(asker, "/v1/cme-list", { child: anotherChild() })).entryId);
  const ask = async (client: Client, entryId: unknown, whom: string): Promise<string> => {
    const openedBy = `${client.file.authority}-lead`;
    const question = { kind: "targeted", entryId, asked: whom, reason: "kin", openedBy, note: "An aunt there." };
    return `/v1/enquiries/${(await post(client, "/v1/enquiries", question)).id}`;
  };
  const answer = async (client: Client, path: string, said: string) =>
    post(client, `${path}/answers`, {
      answer: said,
      answeredBy: `${client.file.authority}-lead`,
      note: "At a school.",
    });
  const entryUnder = async (client: Client, referralId: string) =>
    ((await get(client, "/v1/cme-list?limit=100")).items as Body[]).find((each) => each.referralId === referralId)
      ?.entryId;

  /** Asks the exchange besides, so that what ends with the entry is more than one thing. */
  const askExchange = async (client: Client, entryId: unknown): Promise<string> => {
    const question = { kind: "match", entryId, openedBy: `${client.file.authority}-lead` };
    return `/v1/enquiries/${(await post(client, "/v1/enquiries", question)).id}`;
  };

  const entryId = await listed();
  await askExchange(asker, entryId);
  const known = await ask(asker, entryId, "330");
  for (const box of ["inbox", "outbox"]) await get(asked, `/v1/enquiries?box=${box}`);
  for (const part of ["", "/child", "/notes", "/events"]) await get(asked, `${known}${part}`);
  await answer(asked, known, "known");
  await answer(asked, await ask(asker, await listed(), "330"), "not-known");
  await post(asker, `${await ask(asker, entryId, "202")}/closure`, { reason: "no-longer-needed" });
  await ask(asker, entryId, "204");
  await post(asker, `${known}/referral`, { sentBy: "201-lead" });

  const submitted = await listed();
  await ask(asker, submitted, "330");
  await submit(asker, { entryId: submitted });
  const closed = await listed();
  await ask(asker, closed, "330");
  await askExchange(asker, closed);
  await post(asker, `/v1/cme-list/${closed}/closure`, { as: "suitable-education-otherwise", provision: "At home." });

  const received = async () => {
    const { id } = await submit(asker);
    await post(asked, `/v1/referrals/${id}/receipt`, { confirmedBy: "330-lead" });
    return { id, entryId: await entryUnder(asked, id) };
  };
  const lost = await received();
  await ask(asked, lost.entryId, "202");
  await askExchange(asked, lost.entryId);
  await post(asked, `/v1/referrals/${lost.id}/finding`, { finding: "not-located", foundBy: "330-lead" });
  const found = await received();
  await post(asked, `/v1/referrals/${found.id}/finding`, { finding: "located", foundBy: "330-lead" });
  await ask(asked, found.entryId, "202");
  await askExchange(asked, found.entryId);
  const conclusion = { outcome: "suitable-education-otherwise", provision: "At home." };
  await post(asked, `/v1/referrals/${found.id}/conclusion`, conclusion);
  const moved = await entryUnder(asker, found.id);
  await ask(asker, moved, "202");
  await askExchange(asker, moved);
  await post(asker, `/v1/referrals/${found.id}/removal`, { removedBy: "201-lead" });
  const movedOn = await received();
  const onwards = await ask(asked, movedOn.entryId, "202");
  await answer(await exchange.client("202"), onwards, "known");
  await post(asked, `${onwards}/referral`, { sentBy: "330-lead" });

  const unanswered = (await ask(asker, await listed(), "330")).slice("/v1/enquiries/".length);
  await exchange.telling?.idle();
  await edit(tables.enquiries.name, { enquiryId: unanswered }, { lapsesAt: longAgo });
  await exchange.telling?.tick("lapse-enquiries");
};

/** Records that tell of a child so differently that what was known of it first is kept no longer. */
const manyNames = async ({ exchange }: Scene): Promise<void> => {
  const [sender, recipient] = [await exchange.client("201"), await exchange.client("330")];
  const child = anotherChild();
  const names = { surname: "Adeyemi-Kaur-Nowak-Silva", formerSurnames: ["Hussain-Okafor-Reid"] };
  const born = (dateOfBirth: string) => ({
    child: { ...child, identity: { ...child.identity, ...names, dateOfBirth } },
  });
  const { entryId } = await post(sender, "/v1/cme-list", born("2015-05-05"));
  for (const dateOfBirth of ["2015-05-06", "2015-05-07"]) {
    const { id } = await submit(sender, { entryId, ...born(dateOfBirth) });
    await post(sender, `/v1/referrals/${id}/withdrawal`, { reason: "That was another birthday." });
  }
  const enquiry = { kind: "targeted", entryId, asked: "330", reason: "kin", openedBy: "201-lead" };
  const { id } = await post(sender, "/v1/enquiries", enquiry);
  await post(recipient, `/v1/enquiries/${id}/answers`, { answer: "known", answeredBy: "330-lead" });
  await post(sender, `/v1/enquiries/${id}/referral`, { sentBy: "201-lead" });
};

/** A child whom one asks about and another retains comes onto a third list; one question is closed, one lapses. */
const matches = async ({ exchange }: Scene): Promise<void> => {
  const { child } = exampleReferral();
  const born = (dateOfBirth: string) => ({ child: { ...child, identity: { ...child.identity, dateOfBirth } } });
  const listed = async (owner: string, dateOfBirth: string): Promise<string> =>
    String((await post(await exchange.client(owner), "/v1/cme-list", born(dateOfBirth))).entryId);
  const ask = async (entryId: string): Promise<string> => {
    const question = { kind: "match", entryId, openedBy: "208-lead" };
    return String((await post(await exchange.client("208"), "/v1/enquiries", question)).id);
  };
  const [lapsing, closing] = [await listed("208", "2015-03-03"), await listed("208", "2015-03-04")];
  const retained = await listed("209", "2015-03-03");
  await edit(
    tables.entries.name,
    { entryId: retained },
    { status: "closed", retained: { until: "2031-06-27", erasedAt: null } },
  );
  const [open, closed] = [await ask(lapsing), await ask(closing)];
  await listed("210", "2015-03-03");
  await post(await exchange.client("208"), `/v1/enquiries/${closed}/closure`, { reason: "child-located" });
  await exchange.telling?.tick("find-matches");
  await edit(tables.enquiries.name, { enquiryId: open }, { lapsesAt: longAgo });
  await exchange.telling?.tick("find-matches");
};

const subscription = async ({ exchange, receiver }: Scene): Promise<void> => {
  const client = await exchange.client("330");
  const body = { url: receiver.url("330") };
  const key = randomUUID();
  done(await client.put("/v1/subscription", body, { key }), 201);
  done(await client.put("/v1/subscription", body, { key }), 201);
  await get(client, "/v1/subscription");
  await post(client, "/v1/subscription/test", {});
  await submit(await exchange.client("201"));
  await exchange.telling?.idle();
  expect(receiver.calls("330").length).toBeGreaterThan(0);
  await get(client, "/v1/events");
  await get(client, "/v1/deliveries");
  await get(client, "/v1/deliveries?state=delivered");
  done(await client.delete("/v1/subscription"), 200);
};

type Delivery = { deliveryId: string; channel: string; state: string };

const deliveriesOf = async (client: Client): Promise<Delivery[]> =>
  (await get(client, "/v1/deliveries?limit=100")).items as Delivery[];

const store = () =>
  DynamoDBDocumentClient.from(new DynamoDBClient(), { marshallOptions: { removeUndefinedValues: true } });

const itemOf = async (TableName: string, Key: Body): Promise<Body> => {
  const { Item = {} } = await store().send(new GetCommand({ TableName, Key }));
  return Item;
};

const edit = async (TableName: string, Key: Body, changes: Body): Promise<void> => {
  const item = await itemOf(TableName, Key);
  await store().send(new PutCommand({ TableName, Item: { ...item, ...changes } }));
};

/** Endpoints that answer with a failure and with the end of the subscription, and emails that nobody can be sent. */
const deliveriesThatFail = async ({ exchange, receiver }: Scene): Promise<void> => {
  const client = await exchange.client("202");
  const sender = await exchange.client("201");
  done(await client.put("/v1/subscription", { url: receiver.url("202") }), 201);
  for (const status of [500, 410]) {
    receiver.answer("202", status);
    await submit(sender, { recipient: "202" });
    await exchange.telling?.idle();
  }
  const found = await deliveriesOf(client);
  const failed = found.find(({ channel, state }) => channel === "webhook" && state === "failed");
  expect(failed).toBeDefined();
  await post(client, `/v1/deliveries/${failed?.deliveryId}/retry`, {});
  const [nobody, broken] = found.filter(({ channel, state }) => channel === "email" && state === "delivered");
  const referralId = "01a1ff62-0406-7039-ba8f-000000000000";
  await store().send(new PutCommand({ TableName: tables.referrals.name, Item: { referralId } }));
  const edits: [Delivery | undefined, Body][] = [
    [nobody, { contactId: null }],
    [broken, { data: { referralId, sequence: 1 } }],
  ];
  for (const [delivery, changes] of edits) {
    const key = { deliveryId: delivery?.deliveryId };
    await edit(tables.deliveries.name, key, { ...changes, state: "failed" });
    await post(client, `/v1/deliveries/${delivery?.deliveryId}/retry`, {});
  }
  await exchange.telling?.idle();
};

const longAgo = "2026-01-05T09:00:00.000Z";

/** A deadline that is past, deliveries that are due, and an event that was never told of. */
const schedules = async ({ exchange, receiver }: Scene): Promise<void> => {
  const [sender, recipient] = [await exchange.client("201"), await exchange.client("204")];
  done(await recipient.put("/v1/subscription", { url: receiver.url("204") }), 201);
  const [silent, untold] = [await submit(sender), await submit(sender, { recipient: "204" })];
  await exchange.telling?.idle();
  for (const channel of ["webhook", "email"]) {
    const deliveryId = (await deliveriesOf(recipient)).find((each) => each.channel === channel)?.deliveryId ?? "";
    const due = { state: "pending", nextAttemptAt: longAgo, dueBucket: bucketOf("due", deliveryId) };
    await edit(tables.deliveries.name, { deliveryId }, due);
  }
  await edit(tables.referrals.name, { referralId: silent.id }, { nextRungAt: longAgo });
  await store().send(
    new UpdateCommand({
      TableName: tables.outbox.name,
      Key: { subject: untold.id, sequence: 1 },
      UpdateExpression: "SET unsent = :unsent, #at = :at REMOVE deliveries",
      ExpressionAttributeNames: { "#at": "at" },
      ExpressionAttributeValues: { ":unsent": bucketOf("unsent", untold.id), ":at": longAgo },
    }),
  );
  for (const each of ["raise-overdue", "reconcile-outbox", "release-due-deliveries"])
    await exchange.telling?.tick(each);
  await exchange.telling?.idle();
};

/** One that is cancelled, and one whose day has come: with what passes by its entry, and what has none. */
const reorganisations = async ({ exchange }: Scene): Promise<void> => {
  const [client, dfe] = [await exchange.client("205"), await exchange.client("dfe")];
  const successors = [{ code: "206" }, { code: "207" }];
  const plan = { predecessor: "205", effectiveOn: "2199-04-01", successors, remainderTo: "206" };
  const beginning = {
    code: "998",
    gssCode: "E08000998",
    name: "Never",
    councilName: "Never Council",
    type: "Unitary authority",
    region: "London",
    neighbours: [],
    contacts: [{ name: "CME team", role: "inbox", email: "cme@never.gov.uk", telephone: "020 8359 2000" }],
  };
  const cancelled = await post(dfe, "/v1/reorganisations", { ...plan, successors: [{ code: "206" }, beginning] });
  const { publicJwk, kid, alg } = await newSigner();
  const keys = [{ ...publicJwk, kid, alg, use: "sig" }];
  await post(dfe, "/v1/clients", { authority: "998", name: "A system", scopes: ["referrals"], keys });
  await post(dfe, `/v1/reorganisations/${cancelled.reorganisationId}/cancellation`, {});
  const { reorganisationId } = await post(dfe, "/v1/reorganisations", plan);
  const path = `/v1/reorganisations/${reorganisationId}`;
  await get(client, path);
  await get(client, "/v1/reorganisations");
  const [to, from] = [await submit(await exchange.client("201"), { recipient: "205" }), await submit(client)];
  await submit(await exchange.client("201"), { temporaryAuthority: "205" });
  const { entryId: own } = await post(client, "/v1/cme-list", { child: exampleReferral().child });
  const asker = await exchange.client("201");
  const { entryId } = await post(asker, "/v1/cme-list", { child: exampleReferral().child });
  const question = { kind: "targeted", reason: "neighbouring-area" };
  await post(asker, "/v1/enquiries", { ...question, entryId, asked: "205", openedBy: "201-lead" });
  await post(client, "/v1/enquiries", { ...question, entryId: own, asked: "201", openedBy: "205-lead" });
  const { id: noticeId } = await post(asker, "/v1/notices/school-admission", {
    recipient: "205",
    sentBy: "201-lead",
    schoolUrn: "100012",
    startDate: "2026-01-05",
    child: { identity: { surname: "O’Neill", dateOfBirth: "2016-02-29", sex: "F" } },
  });
  await post(client, `/v1/notices/${noticeId}/acknowledgement`, { acknowledgedBy: "205-lead", entryId: own });
  await post(client, `${path}/assignments`, { referralId: to.id, successor: "207" });
  await edit(tables.reorganisations.name, { reorganisationId, part: "reorganisation" }, { effectiveOn: "2026-01-05" });
  await exchange.telling?.tick("apply-reorganisations");
  await exchange.telling?.tick("apply-reorganisations");
  const successor = await exchange.client("206");
  await post(successor, `${path}/assignments`, { referralId: from.id, successor: "207" });
  await post(successor, `${path}/assignments`, { entryId: own, successor: "207" });
  await exchange.telling?.idle();
};

/** A file that is imported, and imports that were left half-way: one to be taken back, one to be put in place. */
const imports = async ({ exchange }: Scene): Promise<void> => {
  const dfe = await exchange.client("dfe");
  const file = "LA code,Name,Role,Email,Telephone\r\n212,CME team,inbox,cme@la-212.example.org,020 8871 6000\r\n";
  done(await sendFile(dfe, file, { dryRun: true }), 200);
  done(await sendFile(dfe, file), 201);
  const { contacts } = await itemOf(tables.directory.name, { code: "213" });
  const actor = { authority: "dfe", clientId: "cme-dfe", contactId: null };
  for (const state of ["staging", "committed"]) {
    const importId = randomUUID();
    const left = { importId, state, startedAt: longAgo, actor, codes: ["213"], version: 1 };
    await store().send(new PutCommand({ TableName: tables.imports.name, Item: left }));
    await edit(tables.directory.name, { code: "213" }, { staged: { importId, contacts } });
    await edit(tables.imports.name, { importId: "under-way" }, { underWay: importId });
    await exchange.telling?.tick("settle-imports");
  }
};

/** A contact whom nobody has verified for long, and one whose address does not exist. */
const freshness = async ({ exchange }: Scene): Promise<void> => {
  const [dfe, sender] = [await exchange.client("dfe"), await exchange.client("201")];
  const { contacts } = (await itemOf(tables.directory.name, { code: "301" })) as { contacts: Record<string, Body> };
  const unverified = { ...contacts, "301-lead": { ...contacts["301-lead"], verifiedAt: longAgo } };
  await edit(tables.directory.name, { code: "301" }, { contacts: unverified });
  await exchange.telling?.tick("ask-verification");
  const facts = { name: "CME team", role: "inbox", email: "perm-fail@la-302.example.org", telephone: "020 8359 2000" };
  await change(dfe, "/v1/authorities/302/contacts/302-inbox", () => facts);
  await submit(sender, { recipient: "302" });
  await exchange.telling?.idle();
};

const parts = [
  publicPages,
  directory,
  contactList,
  stagedContacts,
  publications,
  imports,
  freshness,
  clients,
  handoff,
  otherEndings,
  cmeList,
  correspondence,
  notices,
  enquiries,
  manyNames,
  matches,
  subscription,
  deliveriesThatFail,
  schedules,
  reorganisations,
];

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { v7 as uuidV7 } from "uuid";
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, clientFile } from "../../infra/local/client.ts";
import { routes } from "../../shared/contract/routes.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { signingKey } from "../../shared/keys/signing.ts";
import { newDelivery, putNewDelivery } from "../../shared/store/deliveries.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
import { guidanceSteps } from "../builders/guidance-steps.ts";
import {
  type Answer,
  handMade,
  newSigner,
  nowInSeconds,
  proofOf,
  publicPem,
  type Signer,
  send,
  tokenFor,
} from "../builders/oauth.ts";
import { exampleReferral, submit } from "../builders/referral.ts";

/**
 * What every route answers to everybody, written by hand. The referral is from City of London (201, the sender) to
 * Birmingham (330, the recipient); Camden (202) is a third authority, which only the referral of a temporary entry names
 * (all that a temporary authority may is in temporary-authority.test.ts). From `scope` on, the caller is the one who may,
 * and only what the column names is wrong: a token for another scope, an expired one, one for another API, a proof by
 * another key, a proof used before, a token unsigned or signed with the published key as an HMAC secret, no token.
 * 403! is a refusal for want of the scope: that role never gets it.
 */
const table = `
route                                         sender  recipient  third  dfe  scope  expired  audience  key  replayed  none  hs256  no-token
GET /.well-known/oauth-authorization-server   200     200        200    200  200    200      200       200  200       200   200    200
GET /.well-known/jwks.json                    200     200        200    200  200    200      200       200  200       200   200    200
POST /oauth2/token                            400     400        400    400  400    400      400       400  400       400   400    400
POST /notify/delivery-status                  401     401        401    401  401    401      401       401  401       401   401    401
GET /v1/clients                               403!    403!       403!   200  403    401      401       401  401       401   401    401
POST /v1/clients                              403!    403!       403!   201  403    401      401       401  401       401   401    401
GET /v1/clients/{clientId}                    403!    403!       403!   200  403    401      401       401  401       401   401    401
PUT /v1/clients/{clientId}                    403!    403!       403!   201  403    401      401       401  401       401   401    401
GET /v1/clients/{clientId}/changes            403!    403!       403!   200  403    401      401       401  401       401   401    401
GET /v1/authorities                           200     200        200    200  403    401      401       401  401       401   401    401
GET /v1/authorities/{code}                    200     200        200    200  403    401      401       401  401       401   401    401
PUT /v1/authorities/{code}                    403!    403!       403!   201  403    401      401       401  401       401   401    401
GET /v1/authorities/{code}/changes            403     200        403    200  403    401      401       401  401       401   401    401
GET /v1/authorities/{code}/contacts           200     200        200    200  403    401      401       401  401       401   401    401
POST /v1/authorities/{code}/contacts          403     201        403    201  403    401      401       401  401       401   401    401
GET /v1/authorities/{code}/contacts/{contactId}  200  200        200    200  403    401      401       401  401       401   401    401
PUT /v1/authorities/{code}/contacts/{contactId}  403  201        403    201  403    401      401       401  401       401   401    401
POST /v1/authorities/{code}/contacts/{contactId}/retirement  403  201  403  201  403  401  401  401  401  401  401  401
POST /v1/authorities/{code}/contacts/{contactId}/verification  403  201  403  201  403  401  401  401  401  401  401  401
POST /v1/reorganisations                      403!    403!       403!   201  403    401      401       401  401       401   401    401
GET /v1/reorganisations                       200     200        200    200  403    401      401       401  401       401   401    401
GET /v1/reorganisations/{id}                  200     200        200    200  403    401      401       401  401       401   401    401
POST /v1/reorganisations/{id}/assignments     201     403        403    403!  403   401      401       401  401       401   401    401
POST /v1/reorganisations/{id}/cancellation    403!    403!       403!   201  403    401      401       401  401       401   401    401
GET /v1/contact-list                          200     200        200    200  403    401      401       401  401       401   401    401
POST /v1/contact-list/imports                 403!    403!       403!   200  403    401      401       401  401       401   401    401
POST /v1/contact-list/publications            403!    403!       403!   200  403    401      401       401  401       401   401    401
GET /v1/contact-list/publications             200     200        200    200  403    401      401       401  401       401   401    401
GET /v1/contact-list/publications/{number}    200     200        200    200  403    401      401       401  401       401   401    401
GET /v1/contact-list/changes                  200     200        200    200  403    401      401       401  401       401   401    401
GET /v1/contact-list/email-domains            200     200        200    200  403    401      401       401  401       401   401    401
PUT /v1/contact-list/email-domains            403!    403!       403!   201  403    401      401       401  401       401   401    401
POST /v1/referrals                            201     422        422    403  403    401      401       401  401       401   401    401
GET /v1/referrals                             200     200        200    403  403    401      401       401  401       401   401    401
GET /v1/referrals/{id}                        200     200        404    403  403    401      401       401  401       401   401    401
GET /v1/referrals/{id}/child                  200     200        404    403  403    401      401       401  401       401   401    401
GET /v1/referrals/{id}/notes                  200     200        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/receipt               403     201        404    403  403    401      401       401  401       401   401    401
GET /v1/referrals/{id}/receipt                200     200        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/return                403     201        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/withdrawal            201     403        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/finding               403     201        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/conclusion            403     201        404    403  403    401      401       401  401       401   401    401
GET /v1/referrals/{id}/removal                200     403        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/removal               201     403        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/common-transfer-file  201     403        404    403  403    401      401       401  401       401   401    401
GET /v1/referrals/{id}/common-transfer-file   200     200        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/temporary-entry       403     403        201    403  403    401      401       401  401       401   401    401
GET /v1/referrals/{id}/events                 200     200        404    403  403    401      401       401  401       401   401    401
POST /v1/referrals/{id}/messages              201  422  404  403  403  401  401  401  401  401  401  401
GET /v1/referrals/{id}/messages               200  200  404  403  403  401  401  401  401  401  401  401
POST /v1/referrals/{id}/child                 201  422  404  403  403  401  401  401  401  401  401  401
GET /v1/referrals/{id}/child/versions         200  200  404  403  403  401  401  401  401  401  401  401
GET /v1/referrals/{id}/enquiry-steps          200  200  404  403  403  401  401  401  401  401  401  401
GET /v1/referrals/{id}/evidence-pack          200  200  404  403  403  401  401  401  401  401  401  401
GET /v1/cme-list/{entryId}/evidence-pack      200  404  404  403  403  401  401  401  401  401  401  401
GET /v1/cme-list                              200     200        200    403  403    401      401       401  401       401   401    401
POST /v1/cme-list                             201     201        201    403  403    401      401       401  401       401   401    401
GET /v1/cme-list/{entryId}                    200     404        404    403  403    401      401       401  401       401   401    401
GET /v1/cme-list/{entryId}/child              200     404        404    403  403    401      401       401  401       401   401    401
POST /v1/cme-list/{entryId}/enquiry-steps     201     404        404    403  403    401      401       401  401       401   401    401
GET /v1/cme-list/{entryId}/enquiry-steps      200     404        404    403  403    401      401       401  401       401   401    401
POST /v1/cme-list/enquiry-steps               201     422        422    403  403    401      401       401  401       401   401    401
POST /v1/cme-list/{entryId}/closure           201     404        404    403  403    401      401       401  401       401   401    401
POST /v1/cme-list/{entryId}/erasure           201     404        404    403  403    401      401       401  401       401   401    401
GET /v1/cme-list/{entryId}/events             200     404        404    403  403    401      401       401  401       401   401    401
GET /v1/cme-list/upns                         200     200        200    403  403    401      401       401  401       401   401    401
GET /v1/overview                              403!    403!       403!   200  403    401      401       401  401       401   401    401
GET /v1/statistics                            200     403        403    200  403    401      401       401  401       401   401    401
POST /v1/notices/school-admission             201     422        422    403  403    401      401       401  401       401   401    401
GET /v1/notices                               200     200        200    403  403    401      401       401  401       401   401    401
GET /v1/notices/{id}                          200     200        404    403  403    401      401       401  401       401   401    401
GET /v1/notices/{id}/child                    200     200        404    403  403    401      401       401  401       401   401    401
POST /v1/notices/{id}/acknowledgement         403     201        404    403  403    401      401       401  401       401   401    401
GET /v1/notices/{id}/events                   200     200        404    403  403    401      401       401  401       401   401    401
POST /v1/enquiries                            201     422        422    403  403    401      401       401  401       401   401    401
GET /v1/enquiries                             200     200        200    403  403    401      401       401  401       401   401    401
GET /v1/enquiries/{id}                        200     200        404    403  403    401      401       401  401       401   401    401
GET /v1/enquiries/{id}/child                  200     200        404    403  403    401      401       401  401       401   401    401
GET /v1/enquiries/{id}/notes                  200     200        404    403  403    401      401       401  401       401   401    401
POST /v1/enquiries/{id}/answers               403     201        404    403  403    401      401       401  401       401   401    401
POST /v1/enquiries/{id}/closure               201     403        404    403  403    401      401       401  401       401   401    401
POST /v1/enquiries/{id}/referral              201     403        404    403  403    401      401       401  401       401   401    401
GET /v1/enquiries/{id}/events                 200     200        404    403  403    401      401       401  401       401   401    401
GET /v1/events                                200     200        200    200  403    401      401       401  401       401   401    401
PUT /v1/subscription                          201     201        201    403  403    401      401       401  401       401   401    401
GET /v1/subscription                          200     404        404    403  403    401      401       401  401       401   401    401
DELETE /v1/subscription                       200     404        404    403  403    401      401       401  401       401   401    401
POST /v1/subscription/test                    201     404        404    403  403    401      401       401  401       401   401    401
GET /v1/deliveries                            200     200        200    403  403    401      401       401  401       401   401    401
POST /v1/deliveries/{id}/retry                201     404        404    403  403    401      401       401  401       401   401    401
GET /healthz                                  200     200        200    200  200    200      200       200  200       200   200    200
GET /openapi.json                             200     200        200    200  200    200      200       200  200       200   200    200
`;

const exchange = useExchange();

type Owner = "201" | "330" | "202" | "dfe";
const callers = { sender: "201", recipient: "330", third: "202", dfe: "dfe" } as const;

/** What a refusal in a column says, so that it is refused for what the column names and nothing else. */
const codes: Record<string, Record<number, string>> = {
  sender: { 403: "not-your-role" },
  recipient: { 403: "not-your-role", 404: "not-found", 422: "validation-failed" },
  third: { 403: "not-your-role", 404: "not-found", 422: "validation-failed" },
  dfe: { 403: "scope-missing" },
  scope: { 403: "scope-missing" },
  expired: { 401: "token-expired" },
  audience: { 401: "token-audience" },
  key: { 401: "dpop-key-binding" },
  replayed: { 401: "dpop-replayed" },
  none: { 401: "token-algorithm" },
  hs256: { 401: "token-algorithm" },
  "no-token": { 401: "token-missing" },
};

/** What a request is about. */
type Subject = {
  code: string;
  id: string;
  entryId: string;
  contactId: string;
  clientId: string;
  number: string;
  etag: string;
  /** Where the body is about the subject. */
  body?: unknown;
};
const endpoint = "http://127.0.0.1:9/cme";
const directory: Subject = {
  code: "330",
  id: "",
  entryId: "",
  contactId: "330-lead",
  clientId: "cme-330",
  number: "1",
  etag: '"1"',
};

const submitted = async (): Promise<Subject> => {
  const { id } = await submit(await exchange.client("201"));
  return { ...directory, id };
};
const transferFile = readFileSync(new URL("../data/ctf-sample.xml", import.meta.url), "utf8");
const withTransferFile = async (): Promise<Subject> => {
  const subject = await submitted();
  const attached = await (await exchange.client("201")).send(
    "POST",
    `/v1/referrals/${subject.id}/common-transfer-file`,
    {
      body: transferFile,
      headers: { "content-type": "text/xml" },
    },
  );
  expect(attached.status, attached.text).toBe(201);
  return subject;
};
const inTemporaryAccommodation = async (): Promise<Subject> => {
  const { id } = await submit(await exchange.client("201"), { temporaryAuthority: "202" });
  return { ...directory, id };
};
const received = async (): Promise<Subject> => {
  const subject = await submitted();
  await done(await exchange.client("330"), `/v1/referrals/${subject.id}/receipt`, { confirmedBy: "330-lead" });
  return subject;
};
const located = async (): Promise<Subject> => {
  const subject = await received();
  const finding = { finding: "located", foundBy: "330-lead" };
  await done(await exchange.client("330"), `/v1/referrals/${subject.id}/finding`, finding);
  return subject;
};
/** The sender has a subscription and the others have none. */
const subscribed = async (): Promise<Subject> => {
  const sender = await exchange.client("201");
  const answer = await sender.put("/v1/subscription", { url: endpoint });
  expect(answer.status, answer.text).toBe(201);
  for (const other of ["330", "202"]) await (await exchange.client(other)).delete("/v1/subscription");
  return directory;
};
const failed = async (): Promise<Subject> => {
  const at = new Date().toISOString();
  const delivery = newDelivery({
    deliveryId: uuidV7(),
    channel: "webhook",
    authority: "201",
    type: "subscription.test",
    at,
    createdAt: at,
    state: "failed",
    nextAttemptAt: null,
  });
  expect(await commit(dynamoClient(), [putNewDelivery("cme-deliveries", delivery)])).toEqual({ committed: true });
  return { ...directory, id: delivery.deliveryId };
};
const listed = async (): Promise<Subject> => {
  const entry = await done(await exchange.client("201"), "/v1/cme-list", { child: exampleReferral().child });
  return { ...directory, entryId: String(entry.entryId) };
};
/** A child of the sender's list about whom the recipient can be asked. */
const asking = async (): Promise<Subject> => {
  const subject = await listed();
  const { entryId } = subject;
  return { ...subject, body: { kind: "targeted", entryId, asked: "330", reason: "kin", openedBy: "201-lead" } };
};
const enquired = async (): Promise<Subject> => {
  const subject = await asking();
  const { id } = await done(await exchange.client("201"), "/v1/enquiries", subject.body);
  return { ...directory, id: String(id) };
};
const knownThere = async (): Promise<Subject> => {
  const subject = await enquired();
  const answer = { answer: "known", answeredBy: "330-lead" };
  await done(await exchange.client("330"), `/v1/enquiries/${subject.id}/answers`, answer);
  return subject;
};
/** A child whose enquiries are exhausted: a record is retained. */
const retained = async (): Promise<Subject> => {
  const subject = await listed();
  const sender = await exchange.client("201");
  const path = `/v1/cme-list/${subject.entryId}`;
  for (const step of guidanceSteps) {
    await done(sender, `${path}/enquiry-steps`, { step, date: "2026-11-20", outcome: "nothing-found" });
  }
  await done(sender, `${path}/closure`, { as: "enquiries-exhausted" });
  return subject;
};
const searched = async (): Promise<Subject> => {
  const subject = await listed();
  const item = { entryId: subject.entryId, step: "check-giap", date: "2026-11-20", outcome: "nothing-found" };
  return { ...subject, body: { items: [item] } };
};
const published = async (): Promise<Subject> => {
  const answer = await (await exchange.client("dfe")).post("/v1/contact-list/publications", {});
  expect([200, 201]).toContain(answer.status);
  return directory;
};
const newClient = async () => ({
  authority: "330",
  name: "Another system of Birmingham's",
  scopes: ["referrals"],
  keys: [await newPublicKey()],
});
const newPublicKey = async () => {
  const { publicKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), use: "sig", alg: "ES256" };
};
const registering = async (): Promise<Subject> => ({ ...directory, body: await newClient() });
const registered = async (): Promise<Subject> => {
  const { authority: _, ...facts } = await newClient();
  const client = await done(await exchange.client("dfe"), "/v1/clients", { authority: "330", ...facts });
  return { ...directory, clientId: String(client.clientId), body: { ...facts, active: false } };
};
const admission = {
  recipient: "330",
  sentBy: "201-lead",
  schoolUrn: "100000",
  startDate: "2026-11-02",
  child: { identity: { surname: "O’Neill", dateOfBirth: "2016-02-29", sex: "F" } },
};
const noticed = async (): Promise<Subject> => {
  const { id } = await done(await exchange.client("201"), "/v1/notices/school-admission", admission);
  return { ...directory, id: String(id) };
};
/** Authorities that nothing else here is about: each is reorganised once. */
const others = ["805", "806", "807", "808"];
const reorganisationOf = (predecessor: string, ...successors: string[]) => ({
  predecessor,
  effectiveOn: "2040-04-01",
  successors: successors.map((code) => ({ code })),
  remainderTo: successors[0],
});
const reorganising = async (): Promise<Subject> => {
  const predecessor = others.pop();
  if (predecessor === undefined) throw new TypeError("No authority is left to be reorganised");
  return { ...directory, body: reorganisationOf(predecessor, "873") };
};
const planned = async (): Promise<Subject> => {
  const { body } = await reorganising();
  return {
    ...directory,
    id: String((await done(await exchange.client("dfe"), "/v1/reorganisations", body)).reorganisationId),
  };
};
/** The sender is to be split, and assigns one of its children. */
let split: Promise<Record<string, unknown>> | undefined;
const assigning = async (): Promise<Subject> => {
  const dfe = await exchange.client("dfe");
  split ??= done(dfe, "/v1/reorganisations", reorganisationOf("201", "203", "204"));
  const { entryId } = await listed();
  return { ...directory, id: String((await split).reorganisationId), body: { entryId, successor: "204" } };
};
/** A contact of the recipient's beside the two that it has. */
const appointed = async (): Promise<Subject> => {
  await roomForOne();
  const contact = await done(await exchange.client("330"), "/v1/authorities/330/contacts", newContact);
  return { ...directory, contactId: String(contact.contactId) };
};
/** The recipient has the two contacts that it began with, and room for more. */
const roomForOne = async (): Promise<Subject> => {
  const client = await exchange.client("330");
  const { items } = (await client.get("/v1/authorities/330/contacts?limit=100")).json() as {
    items: { contactId: string }[];
  };
  for (const { contactId } of items.filter((each) => !/^330-(lead|inbox)$/.test(each.contactId))) {
    await done(client, `/v1/authorities/330/contacts/${contactId}/retirement`, {});
  }
  return directory;
};
/** What is changed under `If-Match`, as it is now. */
const present = (path: string) => async (): Promise<Subject> => {
  const { headers } = await (await exchange.client("dfe")).get(path);
  return { ...directory, etag: headers.get("etag") ?? "" };
};
const nothing = async (): Promise<Subject> => directory;

const newContact = {
  name: "Amina Begum",
  role: "deputy",
  email: "amina.begum@birmingham.gov.uk",
  telephone: "0121 303 1234",
};

const done = async (client: Client, path: string, body: unknown): Promise<Record<string, unknown>> => {
  const answer = await client.post(path, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Record<string, unknown>;
};

type Request = {
  /** Who may. */
  as: "201" | "330" | "202" | "dfe";
  given: () => Promise<Subject>;
  query?: string;
  accept?: string;
  body?: unknown;
  /** Instead of a body in JSON. */
  file?: string;
  /** The media type of the file; CSV where none is named. */
  media?: string;
};

/** A request to each route that is right when it is made by the one who may. */
const requests: Record<string, Request> = {
  "GET /.well-known/oauth-authorization-server": { as: "201", given: nothing },
  "GET /.well-known/jwks.json": { as: "201", given: nothing },
  // An access token is no client assertion: what the endpoint asks for is tested in token-endpoint.test.ts.
  "POST /oauth2/token": { as: "201", given: nothing, body: {} },
  // What GOV.UK Notify tells is no client's to tell.
  "POST /notify/delivery-status": { as: "201", given: nothing, body: {} },
  "GET /v1/clients": { as: "dfe", given: nothing, query: "?limit=1" },
  "POST /v1/clients": { as: "dfe", given: registering },
  "GET /v1/clients/{clientId}": { as: "dfe", given: nothing },
  "PUT /v1/clients/{clientId}": { as: "dfe", given: registered },
  "GET /v1/clients/{clientId}/changes": { as: "dfe", given: nothing, query: "?limit=1" },
  "GET /v1/authorities": { as: "201", given: nothing, query: "?limit=1" },
  "GET /v1/authorities/{code}": { as: "201", given: nothing },
  "PUT /v1/authorities/{code}": {
    as: "dfe",
    given: present("/v1/authorities/330"),
    body: {
      gssCode: "E08000025",
      name: "Birmingham",
      councilName: "Birmingham City Council",
      type: "Metropolitan district",
      region: "West Midlands",
      neighbours: ["332", "333", "334", "335", "860", "885", "937"],
    },
  },
  "GET /v1/authorities/{code}/changes": { as: "330", given: nothing, query: "?limit=1" },
  "GET /v1/authorities/{code}/contacts": { as: "201", given: nothing },
  "POST /v1/authorities/{code}/contacts": { as: "330", given: roomForOne, body: newContact },
  "GET /v1/authorities/{code}/contacts/{contactId}": { as: "201", given: nothing },
  "PUT /v1/authorities/{code}/contacts/{contactId}": { as: "330", given: appointed, body: newContact },
  "POST /v1/authorities/{code}/contacts/{contactId}/retirement": { as: "330", given: appointed, body: {} },
  "POST /v1/authorities/{code}/contacts/{contactId}/verification": { as: "330", given: appointed, body: {} },
  "POST /v1/reorganisations": { as: "dfe", given: reorganising },
  "GET /v1/reorganisations": { as: "201", given: nothing, query: "?limit=1" },
  "GET /v1/reorganisations/{id}": { as: "201", given: assigning },
  "POST /v1/reorganisations/{id}/assignments": { as: "201", given: assigning },
  "POST /v1/reorganisations/{id}/cancellation": { as: "dfe", given: planned, body: {} },
  "GET /v1/contact-list": { as: "201", given: published },
  "POST /v1/contact-list/imports": {
    as: "dfe",
    given: nothing,
    query: "?dryRun=true",
    file: "LA code,Name,Role,Email,Telephone\r\n330,CME,inbox,cme-inbox@la-330.example.org,0121 303 1234\r\n",
  },
  "POST /v1/contact-list/publications": { as: "dfe", given: published, body: {} },
  "GET /v1/contact-list/publications": { as: "201", given: published, query: "?limit=1" },
  "GET /v1/contact-list/publications/{number}": { as: "201", given: published },
  "GET /v1/contact-list/changes": { as: "201", given: published, query: "?since=1" },
  "GET /v1/contact-list/email-domains": { as: "201", given: nothing },
  "PUT /v1/contact-list/email-domains": {
    as: "dfe",
    given: present("/v1/contact-list/email-domains"),
    body: { domains: ["eani.org.uk", "example.org", "gov.scot", "gov.uk", "gov.wales", "llyw.cymru"] },
  },
  "POST /v1/referrals": { as: "201", given: nothing, body: exampleReferral() },
  "GET /v1/referrals": { as: "201", given: nothing, query: "?box=inbox&limit=1" },
  "GET /v1/referrals/{id}": { as: "201", given: received },
  "GET /v1/referrals/{id}/child": { as: "330", given: received },
  "GET /v1/referrals/{id}/notes": { as: "330", given: received },
  "POST /v1/referrals/{id}/receipt": { as: "330", given: submitted, body: { confirmedBy: "330-lead" } },
  "GET /v1/referrals/{id}/receipt": { as: "201", given: received },
  "POST /v1/referrals/{id}/return": { as: "330", given: submitted, body: { reason: "wrong-authority" } },
  "POST /v1/referrals/{id}/withdrawal": { as: "201", given: submitted, body: { reason: "The family has come back." } },
  "POST /v1/referrals/{id}/finding": {
    as: "330",
    given: received,
    body: { finding: "located", foundBy: "330-lead" },
  },
  "POST /v1/referrals/{id}/conclusion": {
    as: "330",
    given: located,
    body: { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-02" },
  },
  "GET /v1/referrals/{id}/removal": { as: "201", given: received },
  "POST /v1/referrals/{id}/removal": { as: "201", given: received, body: { removedBy: "201-lead" } },
  "POST /v1/referrals/{id}/common-transfer-file": {
    as: "201",
    given: submitted,
    file: transferFile,
    media: "text/xml",
  },
  "GET /v1/referrals/{id}/common-transfer-file": { as: "330", given: withTransferFile },
  "POST /v1/referrals/{id}/temporary-entry": { as: "202", given: inTemporaryAccommodation, body: {} },
  "GET /v1/referrals/{id}/events": { as: "201", given: received },
  // By a contact of the sender's, who is none of the recipient's.
  "POST /v1/referrals/{id}/messages": {
    as: "201",
    given: received,
    body: { kind: "question", text: "Is the child there?", by: "201-lead" },
  },
  "GET /v1/referrals/{id}/messages": { as: "330", given: received },
  "POST /v1/referrals/{id}/child": {
    as: "201",
    given: received,
    body: { child: { ...exampleReferral().child, siblings: [] }, by: "201-lead" },
  },
  "GET /v1/referrals/{id}/child/versions": { as: "330", given: received },
  "GET /v1/referrals/{id}/enquiry-steps": { as: "330", given: received },
  "GET /v1/referrals/{id}/evidence-pack": { as: "201", given: received, accept: "application/zip" },
  "GET /v1/cme-list/{entryId}/evidence-pack": { as: "201", given: listed, accept: "application/zip" },
  "GET /v1/cme-list": { as: "201", given: nothing, query: "?limit=1" },
  "POST /v1/cme-list": { as: "201", given: nothing, body: { child: exampleReferral().child } },
  "GET /v1/cme-list/{entryId}": { as: "201", given: listed },
  "GET /v1/cme-list/{entryId}/child": { as: "201", given: listed },
  "POST /v1/cme-list/{entryId}/enquiry-steps": {
    as: "201",
    given: listed,
    body: { step: "check-giap", date: "2026-11-20", outcome: "nothing-found" },
  },
  "GET /v1/cme-list/{entryId}/enquiry-steps": { as: "201", given: listed },
  "POST /v1/cme-list/enquiry-steps": { as: "201", given: searched },
  "POST /v1/cme-list/{entryId}/closure": { as: "201", given: listed, body: { as: "deceased" } },
  "POST /v1/cme-list/{entryId}/erasure": { as: "201", given: retained, body: { because: "located" } },
  "GET /v1/cme-list/{entryId}/events": { as: "201", given: listed, query: "?limit=1" },
  "GET /v1/cme-list/upns": { as: "201", given: listed },
  "GET /v1/overview": { as: "dfe", given: nothing, query: "?limit=1" },
  "GET /v1/statistics": { as: "201", given: nothing, query: "?term=2026-autumn&authority=201" },
  "POST /v1/notices/school-admission": { as: "201", given: nothing, body: admission },
  "GET /v1/notices": { as: "201", given: nothing, query: "?box=inbox&limit=1" },
  "GET /v1/notices/{id}": { as: "201", given: noticed },
  "GET /v1/notices/{id}/child": { as: "330", given: noticed },
  "POST /v1/notices/{id}/acknowledgement": { as: "330", given: noticed, body: { acknowledgedBy: "330-lead" } },
  "GET /v1/notices/{id}/events": { as: "201", given: noticed, query: "?limit=1" },
  "POST /v1/enquiries": { as: "201", given: asking },
  "GET /v1/enquiries": { as: "201", given: nothing, query: "?box=outbox&limit=1" },
  "GET /v1/enquiries/{id}": { as: "201", given: enquired },
  "GET /v1/enquiries/{id}/child": { as: "330", given: enquired },
  "GET /v1/enquiries/{id}/notes": { as: "330", given: enquired },
  "POST /v1/enquiries/{id}/answers": {
    as: "330",
    given: enquired,
    body: { answer: "not-known", answeredBy: "330-lead" },
  },
  "POST /v1/enquiries/{id}/closure": { as: "201", given: enquired, body: { reason: "no-longer-needed" } },
  "POST /v1/enquiries/{id}/referral": { as: "201", given: knownThere, body: { sentBy: "201-lead" } },
  "GET /v1/enquiries/{id}/events": { as: "201", given: enquired, query: "?limit=1" },
  "GET /v1/events": { as: "201", given: nothing, query: "?limit=1" },
  "PUT /v1/subscription": { as: "201", given: nothing, body: { url: endpoint } },
  "GET /v1/subscription": { as: "201", given: subscribed },
  "DELETE /v1/subscription": { as: "201", given: subscribed },
  "POST /v1/subscription/test": { as: "201", given: subscribed, body: {} },
  "GET /v1/deliveries": { as: "201", given: nothing, query: "?limit=1" },
  "POST /v1/deliveries/{id}/retry": { as: "201", given: failed, body: {} },
  "GET /healthz": { as: "201", given: nothing },
  "GET /openapi.json": { as: "201", given: nothing },
};

const [headings = [], ...lines] = table
  .trim()
  .split("\n")
  .map((line) => line.trim().split(/\s{2,}/));
const columns = headings.slice(1);
const statusIn = (text: string) => ({ status: Number(text.replace("!", "")), forWantOfScope: text.endsWith("!") });
const rows = lines.map(([route = "", ...statuses]) => ({ route, statuses: statuses.map(statusIn) }));

let signer: Signer;
let stranger: Signer;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  [signer, stranger] = [await newSigner(), await newSigner()];
  for (const owner of Object.values(callers)) {
    const file = await clientFile(exchange.clients, owner);
    tokens[owner] = await tokenFor(file, signer);
    for (const scope of owner === "dfe" ? ["oversight", "contacts:read"] : ["enquiries", "contacts:read"])
      tokens[owner + scope] = await tokenFor(file, signer, scope);
  }
});
const tokenOf = (name: string): string => tokens[name] ?? "";

const partOf = (jwt: string, index: 0 | 1): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split(".")[index] ?? "", "base64url").toString());

/** Reads of the contact list, for which `contacts:read` is the right scope. */
const withContactsRead = (route: string): boolean =>
  /^GET \/v1\/(authorities|contact-list|reorganisations)/.test(route) && !route.endsWith("{code}/changes");

/** The token of a column: right, or wrong in the one way that the column names. */
const tokenIn = async (column: string, route: string, owner: Owner): Promise<string> => {
  const right = tokenOf(owner);
  const [header, claims] = [partOf(right, 0), partOf(right, 1)];
  const signed = (changes: Record<string, unknown>) =>
    signingKey(kmsClient(), "alias/cme-access-tokens").sign("at+jwt", { ...claims, ...changes });
  switch (column) {
    case "scope":
      return tokenOf(
        owner + (withContactsRead(route) ? (owner === "dfe" ? "oversight" : "enquiries") : "contacts:read"),
      );
    case "expired":
      return signed({ iat: nowInSeconds() - 601, exp: nowInSeconds() - 1 });
    case "audience":
      return signed({ aud: "https://exchange.example/v1" });
    case "none":
      return handMade({ ...header, alg: "none" }, claims, signer.privateKey);
    case "hs256":
      return handMade({ ...header, alg: "HS256" }, claims, publicPem(await signingKeyOf(header)));
    default:
      return right;
  }
};
const signingKeyOf = async ({ kid }: Record<string, unknown>) => {
  const { keys } = (await send(`${exchange.origin}/.well-known/jwks.json`)).json() as { keys: JWK[] };
  const jwk = keys.find((each) => each.kid === kid);
  if (!jwk) throw new TypeError("The token's key is not published");
  return jwk;
};

const requestTo = (route: string): Request => {
  const request = requests[route];
  if (!request) throw new TypeError(`No request to ${route}`);
  return request;
};

/** Sends the route's request about the subject, as the column says. */
const sendAs = async (column: string, route: string, subject: Subject): Promise<Answer> => {
  const [method = "", pattern = ""] = route.split(" ");
  const { as, query = "", file, media = "text/csv", accept, ...request } = requestTo(route);
  const body = method === "GET" ? undefined : (request.body ?? subject.body);
  const token = await tokenIn(column, route, column in callers ? callers[column as keyof typeof callers] : as);
  const url = exchange.origin + pattern.replace(/\{(\w+)\}/g, (_all, name) => String(subject[name as keyof Subject]));
  const proof = await proofOf(column === "key" ? stranger : signer, { method, url, token });
  const once = () =>
    send(url + query, {
      method,
      headers: {
        ...(column !== "no-token" && { authorization: `DPoP ${token}` }),
        dpop: proof,
        ...(method !== "GET" && { "idempotency-key": randomUUID() }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(file !== undefined && { "content-type": media }),
        ...(accept !== undefined && { accept }),
        ...(method === "PUT" && { "if-match": subject.etag }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(file !== undefined && { body: file }),
    });
  if (column !== "replayed") return once();
  const first = await once();
  expect(first.status, first.text).toBe(statusOf(route, as));
  return once();
};

/** What the table says to the one who may. */
const statusOf = (route: string, as: Request["as"]): number | undefined =>
  rows.find((row) => row.route === route)?.statuses[columns.indexOf(columnOf(as))]?.status;

const columnOf = (as: Request["as"]): string =>
  ({ "201": "sender", "330": "recipient", "202": "third", dfe: "dfe" })[as];

it("the table has a row and a request for every route, and none for any other", () => {
  const declared = routes.map(({ method, path }) => `${method} ${path}`).sort();
  expect(rows.map(({ route }) => route).sort()).toEqual(declared);
  expect(Object.keys(requests).sort()).toEqual(declared);
});

it("the table has a status for every caller", () => {
  expect(columns).toEqual(Object.keys(codes));
  for (const { statuses } of rows) expect(statuses).toHaveLength(12);
});

/** An authority has one subscription or none, and one place in the list; so what changes these takes turns. */
const takesTurns = ({ route }: { route: string }): boolean =>
  route.includes(" /v1/subscription") || /^(PUT|POST) \/v1\/(authorities|contact-list|reorganisations)/.test(route);

const answersEverybody = ({ route, statuses }: (typeof rows)[number]): void => {
  const request = requestTo(route);
  const acts = /^(POST|PUT|DELETE) \/v1\//.test(route);
  const rightly = columnOf(request.as);
  let shared: Promise<Subject> | undefined;
  /** Who reads a thing or is refused leaves it as it is for the next; who acts on it gets one that nobody has acted on. */
  const sharedSubject = (): Promise<Subject> => {
    shared ??= request.given();
    return shared;
  };

  const cells = columns.map((column, index): [string, number, boolean] => {
    const { status = 0, forWantOfScope = false } = statuses[index] ?? {};
    return [column, status, forWantOfScope];
  });
  const answers = async (column: string, status: number, forWantOfScope: boolean, subject: Subject): Promise<void> => {
    const answer = await sendAs(column, route, subject);
    expect(answer.status, answer.text).toBe(status);
    if (status < 400 || !route.includes(" /v1/")) return;
    expect(answer.json().code).toBe(forWantOfScope ? "scope-missing" : codes[column]?.[status]);
  };
  const acting = cells.filter(([column, status]) => acts && (status < 400 || column === "replayed"));

  it.each(cells.filter((cell) => !acting.includes(cell)))("%s: %i", async (column, status, forWantOfScope) =>
    answers(column, status, forWantOfScope, await sharedSubject()),
  );
  // After all who were refused. What was refused has changed nothing: the one who may still can.
  it.each(acting.filter(([column]) => column === rightly))(
    "%s: %i",
    { concurrent: false },
    async (column, status, forWantOfScope) => answers(column, status, forWantOfScope, await sharedSubject()),
  );
  it.each(acting.filter(([column]) => column !== rightly))(
    "%s: %i",
    { concurrent: false },
    async (column, status, forWantOfScope) => answers(column, status, forWantOfScope, await request.given()),
  );
};
describe.concurrent.each(rows.filter((row) => !takesTurns(row)))("$route", answersEverybody);
describe.each(rows.filter(takesTurns))("$route", answersEverybody);

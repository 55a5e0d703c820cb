import { randomUUID } from "node:crypto";
import type { JWK } from "jose";
import { v7 as uuidV7 } from "uuid";
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, clientFile } from "../../infra/local/client.ts";
import { routes } from "../../shared/contract/routes.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { signingKey } from "../../shared/keys/signing.ts";
import { newDelivery, putNewDelivery } from "../../shared/store/deliveries.ts";
import { commit, dynamoClient } from "../../shared/store/dynamo.ts";
import { useExchange } from "../builders/exchange.ts";
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
 * Birmingham (330, the recipient); Camden (202) is a third authority. From `scope` on, the caller is the one who may,
 * and only what the column names is wrong: a token for another scope, an expired one, one for another API, a proof by
 * another key, a proof used before, a token unsigned or signed with the published key as an HMAC secret, no token.
 */
const table = `
route                                         sender  recipient  third  dfe  scope  expired  audience  key  replayed  none  hs256  no-token
GET /.well-known/oauth-authorization-server   200     200        200    200  200    200      200       200  200       200   200    200
GET /.well-known/jwks.json                    200     200        200    200  200    200      200       200  200       200   200    200
POST /oauth2/token                            400     400        400    400  400    400      400       400  400       400   400    400
GET /v1/authorities                           200     200        200    200  403    401      401       401  401       401   401    401
GET /v1/authorities/{code}                    200     200        200    200  403    401      401       401  401       401   401    401
GET /v1/authorities/{code}/contacts           200     200        200    200  403    401      401       401  401       401   401    401
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
GET /v1/referrals/{id}/events                 200     200        404    403  403    401      401       401  401       401   401    401
GET /v1/cme-list                              200     200        200    403  403    401      401       401  401       401   401    401
POST /v1/cme-list                             201     201        201    403  403    401      401       401  401       401   401    401
GET /v1/cme-list/{entryId}                    200     404        404    403  403    401      401       401  401       401   401    401
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
  third: { 404: "not-found", 422: "validation-failed" },
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
type Subject = { code: string; id: string; entryId: string };
const endpoint = "http://127.0.0.1:9/cme";
const directory: Subject = { code: "330", id: "", entryId: "" };

const submitted = async (): Promise<Subject> => {
  const { id } = await submit(await exchange.client("201"));
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
const nothing = async (): Promise<Subject> => directory;

const done = async (client: Client, path: string, body: unknown): Promise<Record<string, unknown>> => {
  const answer = await client.post(path, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.json() as Record<string, unknown>;
};

type Request = {
  /** Who may. */
  as: "201" | "330";
  given: () => Promise<Subject>;
  query?: string;
  body?: unknown;
};

/** A request to each route that is right when it is made by the one who may. */
const requests: Record<string, Request> = {
  "GET /.well-known/oauth-authorization-server": { as: "201", given: nothing },
  "GET /.well-known/jwks.json": { as: "201", given: nothing },
  // An access token is no client assertion: what the endpoint asks for is tested in token-endpoint.test.ts.
  "POST /oauth2/token": { as: "201", given: nothing, body: {} },
  "GET /v1/authorities": { as: "201", given: nothing, query: "?limit=1" },
  "GET /v1/authorities/{code}": { as: "201", given: nothing },
  "GET /v1/authorities/{code}/contacts": { as: "201", given: nothing },
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
    body: { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-30" },
  },
  "GET /v1/referrals/{id}/removal": { as: "201", given: received },
  "POST /v1/referrals/{id}/removal": { as: "201", given: received, body: { removedBy: "201-lead" } },
  "GET /v1/referrals/{id}/events": { as: "201", given: received },
  "GET /v1/cme-list": { as: "201", given: nothing, query: "?limit=1" },
  "POST /v1/cme-list": { as: "201", given: nothing, body: { child: exampleReferral().child } },
  "GET /v1/cme-list/{entryId}": { as: "201", given: listed },
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
const rows = lines.map(([route = "", ...statuses]) => ({ route, statuses: statuses.map(Number) }));

let signer: Signer;
let stranger: Signer;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  [signer, stranger] = [await newSigner(), await newSigner()];
  for (const owner of Object.values(callers)) {
    const file = await clientFile(exchange.clients, owner);
    tokens[owner] = await tokenFor(file, signer);
    if (owner === "dfe") continue;
    for (const scope of ["enquiries", "contacts:read"]) tokens[owner + scope] = await tokenFor(file, signer, scope);
  }
});
const tokenOf = (name: string): string => tokens[name] ?? "";

const partOf = (jwt: string, index: 0 | 1): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split(".")[index] ?? "", "base64url").toString());

/** The token of a column: right, or wrong in the one way that the column names. */
const tokenIn = async (column: string, route: string, owner: Owner): Promise<string> => {
  const right = tokenOf(owner);
  const [header, claims] = [partOf(right, 0), partOf(right, 1)];
  const signed = (changes: Record<string, unknown>) =>
    signingKey(kmsClient(), "alias/cme-access-tokens").sign("at+jwt", { ...claims, ...changes });
  switch (column) {
    case "scope":
      return tokenOf(owner + (route.includes("/authorities") ? "enquiries" : "contacts:read"));
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
  const { as, query = "", body } = requestTo(route);
  const token = await tokenIn(column, route, column in callers ? callers[column as keyof typeof callers] : as);
  const url = exchange.origin + pattern.replace(/\{(\w+)\}/, (_all, name) => subject[name as keyof Subject]);
  const proof = await proofOf(column === "key" ? stranger : signer, { method, url, token });
  const once = () =>
    send(url + query, {
      method,
      headers: {
        ...(column !== "no-token" && { authorization: `DPoP ${token}` }),
        dpop: proof,
        ...(method !== "GET" && { "content-type": "application/json", "idempotency-key": randomUUID() }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  if (column !== "replayed") return once();
  const first = await once();
  expect(first.status, first.text).toBe(statusOf(route, as));
  return once();
};

/** What the table says to the one who may. */
const statusOf = (route: string, as: Request["as"]): number | undefined =>
  rows.find((row) => row.route === route)?.statuses[columns.indexOf(as === "201" ? "sender" : "recipient")];

it("the table has a row and a request for every route, and none for any other", () => {
  const declared = routes.map(({ method, path }) => `${method} ${path}`).sort();
  expect(rows.map(({ route }) => route).sort()).toEqual(declared);
  expect(Object.keys(requests).sort()).toEqual(declared);
});

it("the table has a status for every caller", () => {
  expect(columns).toEqual(Object.keys(codes));
  for (const { statuses } of rows) expect(statuses).toHaveLength(12);
});

/** An authority has one subscription or none, so these take turns. */
const isOfSubscription = ({ route }: { route: string }): boolean => route.includes(" /v1/subscription");

const answersEverybody = ({ route, statuses }: (typeof rows)[number]): void => {
  const acts = /^(POST|PUT|DELETE) \/v1\//.test(route);

  it.each(columns.map((column, index): [string, number] => [column, statuses[index] ?? 0]))(
    "%s: %i",
    async (column, status) => {
      const { as, given } = requestTo(route);
      const subject = await given();
      const answer = await sendAs(column, route, subject);
      expect(answer.status, answer.text).toBe(status);
      if (status < 400 || !route.includes(" /v1/")) return;
      expect(answer.json().code).toBe(codes[column]?.[status]);
      // What was refused has changed nothing: the one who may still can.
      if (acts && column !== "replayed") {
        const rightly = await sendAs(as === "201" ? "sender" : "recipient", route, subject);
        expect(rightly.status, rightly.text).toBe(statusOf(route, as));
      }
    },
  );
};
describe.concurrent.each(rows.filter((row) => !isOfSubscription(row)))("$route", answersEverybody);
describe.each(rows.filter(isOfSubscription))("$route", answersEverybody);

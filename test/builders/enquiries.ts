import { createHash } from "node:crypto";
import { GetCommand } from "@aws-sdk/lib-dynamodb";
import canonicalize from "canonicalize";
import { expect } from "vitest";
import type { Answer, Client } from "../../infra/local/client.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import type { TestExchange } from "./exchange.ts";
import { anotherChild } from "./referral.ts";

export type Body = Record<string, unknown>;
export type Enquiry = Body & { id: string; state: string };
export type Event = Body & { sequence: number; type: string; previousHash: string | null; hash: string };

export const done = (answer: Answer, status = 201): Body => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json() as Body;
};

export const refusal = (answer: Answer): Body => {
  const { code, errors, state, guidance, enquiryId, enquiries, contacts } = answer.json() as Body;
  const told = { status: answer.status, code, errors, state, guidance, enquiryId, enquiries, contacts };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
};

export const items = async <T = Body>(client: Client, path: string): Promise<T[]> =>
  (done(await client.get(path), 200) as { items: T[] }).items;

export const question = (entryId: string, asked: string, changes: Body = {}): Body => ({
  kind: "targeted",
  entryId,
  asked,
  reason: "kin",
  openedBy: "201-lead",
  ...changes,
});

/** Is there an item of the enquiry in the table of encrypted records? */
export const isKept = async (id: string, part: string): Promise<boolean> => {
  const { Item } = await dynamoClient().send(
    new GetCommand({ TableName: "cme-records", Key: { subject: `enquiry#${id}`, part }, ConsistentRead: true }),
  );
  return Item !== undefined;
};

/** Who is asked about the child, as the entry has it. */
export const askedAbout = async (entryId: string): Promise<string[]> => {
  const { Item } = await dynamoClient().send(
    new GetCommand({ TableName: "cme-entries", Key: { entryId }, ConsistentRead: true }),
  );
  const entry = Item as { enquiries: { asked: string }[] } | undefined;
  return entry?.enquiries.map(({ asked }) => asked) ?? [];
};

/** What the two sides of an enquiry do and see. */
export const sidesOn = (exchange: TestExchange) => {
  const listed = async (owner = "201", changes: Body = {}): Promise<string> => {
    const client = await exchange.client(owner);
    return String(done(await client.post("/v1/cme-list", { child: { ...anotherChild(), ...changes } })).entryId);
  };

  const ask = async (entryId: string, asked: string, changes: Body = {}, owner = "201"): Promise<Enquiry> => {
    const body = question(entryId, asked, { openedBy: `${owner}-lead`, ...changes });
    return done(await (await exchange.client(owner)).post("/v1/enquiries", body)) as Enquiry;
  };

  const answer = async (id: string, by: string, said: string, changes: Body = {}): Promise<Enquiry> =>
    done(
      await (await exchange.client(by)).post(`/v1/enquiries/${id}/answers`, {
        answer: said,
        answeredBy: `${by}-lead`,
        ...changes,
      }),
    ) as Enquiry;

  const of = async (owner: string, id: string): Promise<Enquiry> =>
    done(await (await exchange.client(owner)).get(`/v1/enquiries/${id}`), 200) as Enquiry;

  /** The types of an enquiry's events, after the chain was verified from nothing but its description. */
  const trailOf = async (owner: string, id: string): Promise<string[]> => {
    const events = await items<Event>(await exchange.client(owner), `/v1/enquiries/${id}/events?limit=100`);
    let previousHash: string | null = null;
    for (const [index, { hash, ...event }] of events.entries()) {
      expect([event.subject, event.sequence, event.previousHash]).toEqual([`enquiry#${id}`, index + 1, previousHash]);
      expect(
        `sha-256:${createHash("sha256")
          .update(String(canonicalize(event)))
          .digest("base64url")}`,
      ).toBe(hash);
      previousHash = hash;
    }
    return events.map(({ type }) => type);
  };

  /** What the authority's feed says of the enquiry. */
  const feedOf = async (owner: string, id: string): Promise<string[]> => {
    await exchange.telling?.idle();
    const client = await exchange.client(owner);
    const told: { type: string; data: { enquiryId?: string } }[] = [];
    let after = "";
    for (;;) {
      const page = done(await client.get(`/v1/events?limit=100${after}`), 200) as { items: typeof told; next: string };
      told.push(...page.items);
      after = `&after=${page.next}`;
      if (page.items.length < 100) break;
    }
    return told.filter(({ data }) => data.enquiryId === id).map(({ type }) => type);
  };

  const mailsAbout = async (id: string): Promise<string[]> => {
    await exchange.telling?.idle();
    return exchange
      .mailbox()
      .filter(({ body }) => body.includes(id))
      .map(({ template, subject, emailAddress }) => `${template}: ${subject} -> ${emailAddress}`)
      .sort();
  };

  return { listed, ask, answer, of, trailOf, feedOf, mailsAbout };
};

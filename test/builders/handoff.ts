import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { expect } from "vitest";
import type * as z from "zod";
import type { Answer } from "../../infra/local/client.ts";
import type { entry } from "../../shared/contract/cme-list.ts";
import type { Summary } from "../../shared/contract/referrals.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import type { TestExchange } from "./exchange.ts";
import { exampleReferral, submit } from "./referral.ts";

export type Entry = z.output<typeof entry>;
type Event = { type: string; actor: unknown; details: unknown };

export const onRegister = { outcome: "on-school-register", schoolUrn: "103200", startDate: "2026-11-02" };

/** Writes straight into the directory what the DfE would: from when a contact no longer is one. */
export const retire = (contactId: string, effectiveTo: string) =>
  dynamoClient().send(
    new UpdateCommand({
      TableName: "cme-directory",
      Key: { code: contactId.slice(0, 3) },
      UpdateExpression:
        "SET contacts.#contact.effectiveTo = :at, contacts.#contact.version = contacts.#contact.version + :one",
      ExpressionAttributeNames: { "#contact": contactId },
      ExpressionAttributeValues: { ":at": effectiveTo, ":one": 1 },
    }),
  );

/** What the parties of a referral do and see. */
export const partiesOn = (exchange: TestExchange) => {
  const referFrom = async (owner: string, changes: Record<string, unknown> = {}): Promise<Summary> =>
    submit(await exchange.client(owner), changes);

  const get = async (owner: string, path: string): Promise<Answer> => (await exchange.client(owner)).get(path);

  const act = async (owner: string, id: string, action: string, body: unknown): Promise<Answer> =>
    (await exchange.client(owner)).post(`/v1/referrals/${id}/${action}`, body);

  const acted = async (owner: string, id: string, action: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await act(owner, id, action, body);
    expect(answer.status, answer.text).toBe(201);
    return answer.json() as Record<string, unknown>;
  };

  const receive = (id: string, by = "330") => acted(by, id, "receipt", { confirmedBy: `${by}-lead` });
  const locate = (id: string, by = "330") => acted(by, id, "finding", { finding: "located", foundBy: `${by}-inbox` });
  const lose = (id: string, by = "330") => acted(by, id, "finding", { finding: "not-located", foundBy: `${by}-inbox` });
  const remove = (id: string, by = "201") => acted(by, id, "removal", { removedBy: `${by}-lead` });
  const conclude = (id: string, by = "330") => acted(by, id, "conclusion", onRegister);

  const referral = async (owner: string, id: string): Promise<Summary> =>
    (await get(owner, `/v1/referrals/${id}`)).json() as Summary;

  const entries = async (owner: string, status: "open" | "closed"): Promise<Entry[]> =>
    ((await get(owner, `/v1/cme-list?status=${status}&limit=100`)).json() as { items: Entry[] }).items;

  /** The one entry of an authority that this referral is the newest to concern. */
  const entryUnder = async (owner: string, referralId: string): Promise<Entry> => {
    const all = [...(await entries(owner, "open")), ...(await entries(owner, "closed"))];
    const found = all.filter((each) => each.referralId === referralId);
    expect(found).toHaveLength(1);
    return found[0] as Entry;
  };

  const entryNow = async (owner: string, { entryId }: Entry): Promise<Entry> =>
    (await get(owner, `/v1/cme-list/${entryId}`)).json() as Entry;

  const addToList = async (owner: string): Promise<Entry> => {
    const answer = await (await exchange.client(owner)).post("/v1/cme-list", { child: exampleReferral().child });
    expect(answer.status, answer.text).toBe(201);
    return answer.json() as Entry;
  };

  /** What the trail tells, the same to both parties. */
  const story = async (id: string, [one, other]: readonly [string, string] = ["201", "330"]): Promise<Event[]> => {
    const eventsFor = async (owner: string) =>
      ((await get(owner, `/v1/referrals/${id}/events`)).json() as { items: Event[] }).items;
    const events = await eventsFor(one);
    expect(await eventsFor(other)).toEqual(events);
    return events;
  };
  const types = async (id: string, parties?: readonly [string, string]) =>
    (await story(id, parties)).map(({ type }) => type);

  /** What a refused submission answers. */
  const refused = async (changes: Record<string, unknown>, sender = "201"): Promise<Answer> =>
    (await exchange.client(sender)).post("/v1/referrals", {
      ...exampleReferral(),
      sentBy: `${sender}-lead`,
      ...changes,
    });

  const faultsOf = async (changes: Record<string, unknown>, sender?: string) => {
    const answer = await refused(changes, sender);
    expect(answer.status, answer.text).toBe(422);
    return (answer.json() as { errors: unknown }).errors;
  };

  return {
    referFrom,
    get,
    act,
    acted,
    receive,
    locate,
    lose,
    remove,
    conclude,
    referral,
    entries,
    entryUnder,
    entryNow,
    addToList,
    story,
    types,
    refused,
    faultsOf,
  };
};

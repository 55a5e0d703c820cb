import { createHash } from "node:crypto";
import { BatchGetItemCommand, DynamoDBClient, paginateScan } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { tables } from "../../shared/store/tables.ts";

export type TrailEvent = {
  referralId: string;
  sequence: number;
  type: string;
  at: string;
  actor: { authority: string; clientId: string; contactId: string | null };
  details: Record<string, string>;
  previousHash: string | null;
  hash: string;
};

/** RFC 8785 for what an event holds: objects, strings, whole numbers and null, for which JSON.stringify is canonical. */
const canonical = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`;
};

/** What is wrong with a referral's whole trail (R3, R4), from nothing but its description; `undefined` when it holds. */
export const faultOfTrail = (referralId: string, events: readonly TrailEvent[]): string | undefined => {
  let previous: string | null = null;
  for (const [index, { hash, ...event }] of events.entries()) {
    const fault = (what: string) => `event ${index + 1} of ${referralId}: ${what}`;
    if (event.referralId !== referralId) return fault(`is of ${event.referralId}`);
    if (event.sequence !== index + 1) return fault(`has the sequence ${event.sequence}`);
    if (event.previousHash !== previous) return fault("is not tied to the one before");
    const computed = `sha-256:${createHash("sha256").update(canonical(event)).digest("base64url")}`;
    if (computed !== hash) return fault("does not hash to what it says");
    previous = hash;
  }
  return undefined;
};

/** The events and the outbox as they stand in the database, past everything the exchange answers. */
export type TrailStore = {
  /** All trails, each in order, by referral. */
  trails(): Promise<Map<string, TrailEvent[]>>;
  /** Of these numbers of a referral's events, those that have an outbox row. */
  outboxRowsAmong(referralId: string, sequences: readonly number[]): Promise<number[]>;
  /** Faults of the whole: every trail holds, and the outbox has a row for each event and no other. */
  faults(): Promise<string[]>;
};

const outbox = tables.outbox.name;

export const openTrailStore = (endpoint: string): TrailStore => {
  const dynamo = new DynamoDBClient({
    endpoint,
    region: "eu-west-2",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const scan = async <T>(TableName: string): Promise<T[]> => {
    const items: T[] = [];
    for await (const { Items = [] } of paginateScan({ client: dynamo }, { TableName, ConsistentRead: true })) {
      items.push(...Items.map((item) => unmarshall(item) as T));
    }
    return items;
  };
  const trails = async () => {
    const events = await scan<TrailEvent>(tables.events.name);
    const byReferral = Map.groupBy(events, ({ referralId }) => referralId);
    for (const each of byReferral.values()) each.sort((one, other) => one.sequence - other.sequence);
    return byReferral;
  };
  return {
    trails,
    outboxRowsAmong: async (referralId, sequences) => {
      const Keys = sequences.map((sequence) => ({ referralId: { S: referralId }, sequence: { N: String(sequence) } }));
      const { Responses = {} } = await dynamo.send(
        new BatchGetItemCommand({ RequestItems: { [outbox]: { Keys, ConsistentRead: true } } }),
      );
      return (Responses[outbox] ?? []).map((item) => Number(item.sequence?.N)).sort((one, other) => one - other);
    },
    faults: async () => {
      const all = await trails();
      const rows = new Set(
        (await scan<TrailEvent>(outbox)).map(({ referralId, sequence }) => `${referralId}#${sequence}`),
      );
      const faults = [...all].map(([referralId, events]) => faultOfTrail(referralId, events)).filter((each) => !!each);
      for (const { referralId, sequence } of [...all.values()].flat()) {
        const row = `${referralId}#${sequence}`;
        if (!rows.delete(row)) faults.push(`no outbox row ${row}`);
      }
      return [
        ...faults.filter((each) => each !== undefined),
        ...[...rows].map((row) => `no event for outbox row ${row}`),
      ];
    },
  };
};

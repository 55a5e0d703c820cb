import { createHash } from "node:crypto";
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  paginateQuery,
  paginateScan,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { tables } from "../../shared/store/tables.ts";

type Link = {
  sequence: number;
  type: string;
  at: string;
  actor: { authority: string; clientId: string; contactId: string | null };
  details: Record<string, string>;
  previousHash: string | null;
  hash: string;
};
export type TrailEvent = Link & { referralId: string };
/** Of an entry, an enquiry or a notice: its subject is `entry#`, `enquiry#` or `notice#` and the id. */
export type CaseEvent = Link & { subject: string };

/** RFC 8785 for what an event holds: objects, strings, whole numbers and null, for which JSON.stringify is canonical. */
const canonical = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(",")}}`;
};

const subjectOf = (event: Pick<TrailEvent, "referralId"> | Pick<CaseEvent, "subject">): string =>
  "subject" in event ? event.subject : event.referralId;

/**
 * What is wrong with a whole trail (R3, R4), from nothing but its description; `undefined` when it holds.
 * @param subject a referral's id, or the subject of case events
 */
export const faultOfTrail = (subject: string, events: readonly (TrailEvent | CaseEvent)[]): string | undefined => {
  let previous: string | null = null;
  for (const [index, { hash, ...event }] of events.entries()) {
    const fault = (what: string) => `event ${index + 1} of ${subject}: ${what}`;
    if (subjectOf(event) !== subject) return fault(`is of ${subjectOf(event)}`);
    if (event.sequence !== index + 1) return fault(`has the sequence ${event.sequence}`);
    if (event.previousHash !== previous) return fault("is not tied to the one before");
    const computed = `sha-256:${createHash("sha256").update(canonical(event)).digest("base64url")}`;
    if (computed !== hash) return fault("does not hash to what it says");
    previous = hash;
  }
  return undefined;
};

/** Reads of a child's data are told of in the trail alone. */
const untold = ["entry.child-read", "enquiry.child-read", "enquiry.erased", "notice.child-read", "notice.erased"];
export const isTold = (type: string): boolean => !untold.includes(type);

export type Item = Record<string, unknown>;
export type ItemPlace = { table: keyof typeof tables; key: Item };

/** The events and the outbox as they stand in the database, past everything the exchange answers. */
export type TrailStore = {
  /** All referrals' trails, each in order, by referral. */
  trails(): Promise<Map<string, TrailEvent[]>>;
  /** The trail of a referral, by its id, or of a subject of case events. */
  trailOf(subject: string): Promise<(TrailEvent | CaseEvent)[]>;
  /** Of these numbers of a subject's events, those that have an outbox row. */
  outboxRowsAmong(subject: string, sequences: readonly number[]): Promise<number[]>;
  /** What stands at each of these places, which are different ones. */
  itemsAt(places: readonly ItemPlace[]): Promise<(Item | undefined)[]>;
  /** These authorities may ask the exchange as often as at the beginning of a day. */
  beginDay(authorities: readonly string[]): Promise<void>;
  /** Faults of the whole: every trail holds, and the outbox has a row for each event that is told of, and no other. */
  faults(): Promise<string[]>;
};

const outbox = tables.outbox.name;
const mostAtOnce = 100;

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
  const partition = async <T>(TableName: string, attribute: string, value: string): Promise<T[]> => {
    const items: T[] = [];
    const query = {
      TableName,
      KeyConditionExpression: "#key = :key",
      ExpressionAttributeNames: { "#key": attribute },
      ExpressionAttributeValues: { ":key": { S: value } },
      ConsistentRead: true,
    };
    for await (const { Items = [] } of paginateQuery({ client: dynamo }, query)) {
      items.push(...Items.map((item) => unmarshall(item) as T));
    }
    return items;
  };
  const inOrder = <T extends Link>(events: readonly T[], subject: (event: T) => string): Map<string, T[]> => {
    const bySubject = Map.groupBy(events, subject);
    for (const each of bySubject.values()) each.sort((one, other) => one.sequence - other.sequence);
    return bySubject;
  };
  const trails = async () => inOrder(await scan<TrailEvent>(tables.events.name), subjectOf);
  const caseTrails = async () => inOrder(await scan<CaseEvent>(tables.caseEvents.name), subjectOf);
  const fetchSome = async (places: readonly ItemPlace[]): Promise<(Item | undefined)[]> => {
    const byTable = Map.groupBy(places, ({ table }) => tables[table].name);
    const RequestItems = Object.fromEntries(
      [...byTable].map(([name, each]) => [
        name,
        { Keys: each.map(({ key }) => marshall(key)), ConsistentRead: true as const },
      ]),
    );
    const { Responses = {} } = await dynamo.send(new BatchGetItemCommand({ RequestItems }));
    return places.map(({ table, key }) =>
      (Responses[tables[table].name] ?? [])
        .map((item) => unmarshall(item) as Item)
        .find((item) => Object.entries(key).every(([name, value]) => item[name] === value)),
    );
  };
  return {
    trails,
    trailOf: (subject) =>
      subject.includes("#")
        ? partition<CaseEvent>(tables.caseEvents.name, "subject", subject)
        : partition<TrailEvent>(tables.events.name, "referralId", subject),
    outboxRowsAmong: async (subject, sequences) => {
      const Keys = sequences.map((sequence) => ({ subject: { S: subject }, sequence: { N: String(sequence) } }));
      const { Responses = {} } = await dynamo.send(
        new BatchGetItemCommand({ RequestItems: { [outbox]: { Keys, ConsistentRead: true } } }),
      );
      return (Responses[outbox] ?? []).map((item) => Number(item.sequence?.N)).sort((one, other) => one - other);
    },
    itemsAt: async (places) => {
      const items: (Item | undefined)[] = [];
      for (let from = 0; from < places.length; from += mostAtOnce) {
        items.push(...(await fetchSome(places.slice(from, from + mostAtOnce))));
      }
      return items;
    },
    beginDay: async (authorities) => {
      const counters = authorities.map((authority) => `match-enquiries#${authority}`);
      const used = await Promise.all(counters.map((each) => partition<Item>(tables.counters.name, "counter", each)));
      await Promise.all(
        used.flat().map(({ counter, bucket }) => {
          const Key = marshall({ counter, bucket });
          return dynamo.send(new DeleteItemCommand({ TableName: tables.counters.name, Key }));
        }),
      );
    },
    faults: async () => {
      const all: [string, (TrailEvent | CaseEvent)[]][] = [...(await trails()), ...(await caseTrails())];
      const rows = new Set(
        (await scan<{ subject: string; sequence: number; type: string }>(outbox))
          .filter(({ type }) => /^(?:referral|entry|enquiry|notice)\./.test(type))
          .map(({ subject, sequence }) => `${subject}#${sequence}`),
      );
      const faults = all.map(([subject, events]) => faultOfTrail(subject, events)).filter((each) => !!each);
      for (const event of all.flatMap(([, events]) => events)) {
        const row = `${subjectOf(event)}#${event.sequence}`;
        if (isTold(event.type) && !rows.delete(row)) faults.push(`no outbox row ${row}`);
      }
      return [
        ...faults.filter((each) => each !== undefined),
        ...[...rows].map((row) => `no event for outbox row ${row}`),
      ];
    },
  };
};

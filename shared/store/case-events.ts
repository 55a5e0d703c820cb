import * as z from "zod";
import { type CaseEvent, type CaseKind, caseEventTypes } from "../domain/case-events.ts";
import type { Dynamo, Write } from "./dynamo.ts";
import { readPage } from "./page.ts";

const digest = z.templateLiteral(["sha-256:", z.string()]);

const stored = z.object({
  subject: z.templateLiteral([z.enum(["entry", "enquiry", "notice"]), "#", z.string()]),
  sequence: z.number(),
  type: z.enum(caseEventTypes),
  at: z.string(),
  actor: z.object({ authority: z.string(), clientId: z.string(), contactId: z.string().nullable() }),
  details: z.record(z.string(), z.string()),
  previousHash: digest.nullable(),
  hash: digest,
}) satisfies z.ZodType<CaseEvent>;

/** Written once, in the transaction of what it tells of, and never changed. */
export const putCaseEvent = (table: string, event: CaseEvent): Write => ({
  name: `event ${event.subject}`,
  item: { Put: { TableName: table, Item: event, ConditionExpression: "attribute_not_exists(subject)" } },
});

/** The whole trail. */
export const readCaseTrail = async (
  dynamo: Dynamo,
  table: string,
  subject: { kind: CaseKind; id: string },
): Promise<CaseEvent[]> => {
  const events: CaseEvent[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await readCaseEvents(dynamo, table, subject, { limit: 1_000, cursor });
    events.push(...items);
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  return events;
};

export const readCaseEvents = (
  dynamo: Dynamo,
  table: string,
  { kind, id }: { kind: CaseKind; id: string },
  page: { limit: number; cursor: string | undefined },
): Promise<{ items: CaseEvent[]; next: string | null }> =>
  readPage(
    dynamo,
    {
      TableName: table,
      KeyConditionExpression: "subject = :subject",
      ExpressionAttributeValues: { ":subject": `${kind}#${id}` },
      ConsistentRead: true,
    },
    { list: ["case-events", kind, id], ...page },
    (item) => stored.parse(item),
  );

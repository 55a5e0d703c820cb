import * as z from "zod";
import { type CaseEvent, type CaseKind, caseEventTypes } from "../domain/case-events.ts";
import { isTold } from "../domain/told-events.ts";
import { actor, digest } from "./chain.ts";
import type { Dynamo, Write } from "./dynamo.ts";
import { type OutboxRow, putOutboxRow } from "./outbox.ts";
import { readPage, readWhole } from "./page.ts";

const stored = z.object({
  subject: z.templateLiteral([z.enum(["entry", "enquiry", "notice"]), "#", z.string()]),
  sequence: z.number(),
  type: z.enum(caseEventTypes),
  at: z.string(),
  actor,
  details: z.record(z.string(), z.string()),
  previousHash: digest.nullable(),
  hash: digest,
}) satisfies z.ZodType<CaseEvent>;

/** Written once, in the transaction of what it tells of, and never changed. */
export const putCaseEvent = (table: string, event: CaseEvent): Write => ({
  name: `event ${event.subject}`,
  item: { Put: { TableName: table, Item: event, ConditionExpression: "attribute_not_exists(subject)" } },
});

/** Whom an event concerns, what it is of, and which emails it asks for. */
type Tidings = {
  data: { entryId: string } | { enquiryId: string } | { noticeId: string };
  concerns: readonly string[];
  emails?: OutboxRow["emails"];
};

/** What tells of it: its link in the trail and, where anybody is told, the row for the feeds, webhooks and emails. */
export const caseEventAndOutboxRow = (
  tables: { caseEvents: string; outbox: string },
  event: CaseEvent,
  { data, concerns, emails }: Tidings,
): Write[] => {
  const { subject, sequence, type, at } = event;
  return [
    putCaseEvent(tables.caseEvents, event),
    ...(isTold(type)
      ? [
          putOutboxRow(tables.outbox, {
            subject,
            sequence,
            type,
            at,
            data: { ...data, sequence },
            // Each once: a reorganisation may have united two of them.
            concerns: [...new Set(concerns)],
            ...(emails && { emails }),
          }),
        ]
      : []),
  ];
};

/** The whole trail. */
export const readCaseTrail = (
  dynamo: Dynamo,
  table: string,
  subject: { kind: CaseKind; id: string },
): Promise<CaseEvent[]> => readWhole((page) => readCaseEvents(dynamo, table, subject, page));

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

import type * as z from "zod";
import type { noticeSummary } from "../../shared/contract/notices.ts";
import type { CaseEvent } from "../../shared/domain/case-events.ts";
import type { Notice, NoticeStep } from "../../shared/domain/notice.ts";
import type { EmailTemplate } from "../../shared/domain/who-is-told.ts";
import { caseEventAndOutboxRow } from "../../shared/store/case-events.ts";
import type { Write } from "../../shared/store/dynamo.ts";
import { replaceNotice } from "../../shared/store/notices.ts";

/** A notice as one of its two sides sees it: which entry it is about is the recipient's alone to know. */
export const noticeOf = (notice: Notice, authority: string): z.input<typeof noticeSummary> => ({
  id: notice.noticeId,
  kind: notice.kind,
  sender: notice.sender,
  recipient: notice.recipient,
  schoolUrn: notice.schoolUrn,
  startDate: notice.startDate,
  sentBy: notice.sentBy,
  sentAt: notice.sentAt,
  state: notice.state,
  acknowledgedAt: notice.acknowledgedAt,
  acknowledgedBy: notice.acknowledgedBy,
  entryId: notice.recipient === authority ? notice.entryId : null,
  erasesAt: notice.erasesAt,
  erasedAt: notice.erasedAt,
  version: notice.version,
});

type Tables = Record<"notices" | "caseEvents" | "outbox", string>;

/** A step's writes: the notice as it is after, its event and its outbox row. */
export const noticeStepWrites = (tables: Tables, { action, before, after, event }: NoticeStep): Write[] => [
  replaceNotice(tables.notices, before, after, action),
  ...noticeEventWrites(tables, event, after),
];

/** What tells of it: its link in the trail, and the row for the feeds, webhooks and emails of the two sides. */
export const noticeEventWrites = (
  tables: Pick<Tables, "caseEvents" | "outbox">,
  event: CaseEvent,
  { noticeId, sender, recipient, sentBy, state }: Notice,
): Write[] => {
  const awaits = { authority: recipient, template: "notice-awaits", contactId: null } as const;
  const awaitsAnother = event.details.side === "recipient" && state === "awaiting-acknowledgement";
  const emails: Partial<Record<string, { authority: string; template: EmailTemplate; contactId: string | null }>> = {
    "notice.sent": awaits,
    ...(awaitsAnother && { "notice.reassigned": awaits }),
    "notice.lapsed": { authority: sender, template: "notice-lapsed", contactId: sentBy },
  };
  const email = emails[event.type];
  return caseEventAndOutboxRow(tables, event, {
    data: { noticeId },
    concerns: [sender, recipient],
    ...(email && { emails: [email] }),
  });
};

import type { KMSClient } from "@aws-sdk/client-kms";
import type { CaseEvent } from "../../shared/domain/case-events.ts";
import type { EnquiryStep, TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import type { EmailTemplate } from "../../shared/domain/who-is-told.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { caseEventAndOutboxRow } from "../../shared/store/case-events.ts";
import type { Write } from "../../shared/store/dynamo.ts";
import { replaceEnquiry } from "../../shared/store/enquiries.ts";
import { deleteEnvelope, enquiryContext, notePart, putEnvelope } from "../../shared/store/records.ts";

export type EnquiryTables = Record<"enquiries" | "caseEvents" | "outbox" | "records", string>;

/** A step's writes: the enquiry as it is after, its event and its outbox row, and the deletion of what is erased with it. */
export const enquiryStepWrites = (
  tables: EnquiryTables,
  { action, before, after, event, erased }: EnquiryStep,
): Write[] => {
  const subject = { kind: "enquiry", id: before.enquiryId } as const;
  return [
    replaceEnquiry(tables.enquiries, before, after, action),
    ...enquiryEventWrites(tables, event, after),
    ...(erased.record ? [deleteEnvelope(tables.records, subject, "record")] : []),
    ...erased.notes.map((sequence) => deleteEnvelope(tables.records, subject, notePart(sequence))),
  ];
};

/** What tells of it: its link in the trail, and the row for the feeds, webhooks and emails of the two sides. */
export const enquiryEventWrites = (
  tables: Pick<EnquiryTables, "caseEvents" | "outbox">,
  event: CaseEvent,
  { enquiryId, asker, asked, openedBy }: Pick<TargetedEnquiry, "enquiryId" | "asker" | "asked" | "openedBy">,
): Write[] => {
  const emails: Partial<Record<string, { authority: string; template: EmailTemplate; contactId: string | null }>> = {
    "enquiry.asked": { authority: asked, template: "enquiry-awaits", contactId: null },
    "enquiry.answered": { authority: asker, template: "enquiry-answered", contactId: openedBy },
    "enquiry.lapsed": { authority: asker, template: "enquiry-lapsed", contactId: openedBy },
  };
  const email = emails[event.type];
  return caseEventAndOutboxRow(tables, event, {
    data: { enquiryId },
    concerns: [asker, asked],
    ...(email && { emails: [email] }),
  });
};

/** What an officer wrote, sealed like the record and kept with its event. */
export const noteWrites = async (
  { kms, recordKey, tables }: { kms: KMSClient; recordKey: string; tables: { records: string } },
  enquiry: TargetedEnquiry,
  sequence: number,
  note: string | undefined,
): Promise<Write[]> => {
  if (note === undefined) return [];
  const part = notePart(sequence);
  const envelope = await seal(kms, recordKey, enquiryContext(enquiry, part), note);
  return [putEnvelope(tables.records, { kind: "enquiry", id: enquiry.enquiryId }, part, envelope)];
};

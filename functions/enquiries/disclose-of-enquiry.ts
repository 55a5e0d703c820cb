import { environment } from "../../shared/aws/environment.ts";
import { enquiryRead, type TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Caller, Proof, Reply } from "../../shared/http/call.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { openRecord } from "../../shared/keys/open-record.ts";
import { putCaseEvent } from "../../shared/store/case-events.ts";
import type { Client } from "../../shared/store/clients.ts";
import { discloseOnce } from "../../shared/store/disclose-once.ts";
import { dynamoClient, type Item } from "../../shared/store/dynamo.ts";
import { enquiryFrom, enquiryPlace, replaceEnquiry } from "../../shared/store/enquiries.ts";
import { enquiryContext, envelopeFrom, type Part } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { readableEnquiry } from "./act-on-enquiry.ts";

export const disclosureDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("proofs", "enquiries", "records", "clients", "caseEvents"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
export type DisclosureDependencies = ReturnType<typeof disclosureDependencies>;

type DisclosureCall = { requestId: string; params: { id: string }; caller: Caller; proof: Proof };

/**
 * Shows a side of an enquiry whom it is about or what was written with it: see {@link discloseOnce}.
 * @param what it is, for the event
 * @throws Refusal `token-revoked`, `not-found`, `dpop-replayed`, and whatever `disclose` does
 */
export const discloseOfEnquiry = (
  call: DisclosureCall,
  { dynamo, tables }: DisclosureDependencies,
  what: "record" | "notes",
  disclose: (enquiry: TargetedEnquiry, client: Client) => Promise<Reply>,
): Promise<Reply> =>
  discloseOnce(dynamo, tables, call, [enquiryPlace(tables.enquiries, call.params.id)], async ([item], client) => {
    const enquiry = readableEnquiry(enquiryFrom(item), call.caller);
    const reply = await disclose(enquiry, client);
    const fact = { at: new Date().toISOString(), actor: actorOf(call.caller), details: { what } };
    const { after, event } = enquiryRead(enquiry, fact);
    return {
      reply,
      writes: [replaceEnquiry(tables.enquiries, enquiry, after), putCaseEvent(tables.caseEvents, event)],
    };
  });

/** @throws Refusal `record-unreadable` */
export const openPart = (
  { requestId }: Pick<DisclosureCall, "requestId">,
  deps: Pick<DisclosureDependencies, "kms" | "recordKey">,
  enquiry: TargetedEnquiry,
  part: Part,
  item: Item | undefined,
): Promise<string> => {
  const { enquiryId } = enquiry;
  return openRecord(deps, enquiryContext(enquiry, part), envelopeFrom(item), { requestId, enquiryId });
};

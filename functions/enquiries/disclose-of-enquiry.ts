import { environment } from "../../shared/aws/environment.ts";
import { enquiryRead, type TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import { busy, recordUnreadable, tokenRevoked } from "../../shared/domain/refusals.ts";
import type { Caller, Proof, Reply } from "../../shared/http/call.ts";
import { EnvelopeRefused, open } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { log } from "../../shared/observability/log.ts";
import { putCaseEvent } from "../../shared/store/case-events.ts";
import { clientFrom, clientPlace } from "../../shared/store/clients.ts";
import { attempts, commit, dynamoClient, type Item, readAll } from "../../shared/store/dynamo.ts";
import { enquiryFrom, enquiryPlace, replaceEnquiry } from "../../shared/store/enquiries.ts";
import { proofReplayed, spendInTransaction } from "../../shared/store/proofs.ts";
import { enquiryContext, envelopeFrom, type Part } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { actorOf, readableEnquiry } from "./act-on-enquiry.ts";

export const disclosureDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("proofs", "enquiries", "records", "clients", "caseEvents"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
export type DisclosureDependencies = ReturnType<typeof disclosureDependencies>;

type DisclosureCall = { requestId: string; params: { id: string }; caller: Caller; proof: Proof };

/**
 * Shows a side of an enquiry whom it is about or what was written with it, and never without a trace: the answer leaves
 * only after the read has committed as an event, together with the use of the proof. A client that was deactivated is
 * shown nothing more by the token that it still has.
 * @param what it is, for the event
 * @throws Refusal `token-revoked`, `not-found`, `dpop-replayed`, and whatever `disclose` does
 */
export const discloseOfEnquiry = async (
  call: DisclosureCall,
  { dynamo, tables }: DisclosureDependencies,
  what: "record" | "notes",
  disclose: (enquiry: TargetedEnquiry) => Promise<Reply>,
): Promise<Reply> => {
  for await (const _ of attempts()) {
    const [item, clientItem] = await readAll(dynamo, [
      enquiryPlace(tables.enquiries, call.params.id),
      clientPlace(tables.clients, call.caller.clientId),
    ]);
    if (!clientFrom(clientItem)?.active) throw tokenRevoked();
    const enquiry = readableEnquiry(enquiryFrom(item), call.caller);
    const answer = await disclose(enquiry);
    const fact = { at: new Date().toISOString(), actor: actorOf(call.caller), details: { what } };
    const { after, event } = enquiryRead(enquiry, fact);
    const outcome = await commit(dynamo, [
      spendInTransaction(tables.proofs, call.proof),
      replaceEnquiry(tables.enquiries, enquiry, after),
      putCaseEvent(tables.caseEvents, event),
    ]);
    if (outcome.committed) {
      call.proof.spent = true;
      return answer;
    }
    if (outcome.lost.has("proof")) throw proofReplayed();
  }
  throw busy();
};

/** @throws Refusal `record-unreadable` when it was altered, moved or is missing: nothing is disclosed, the operator is alerted */
export const openPart = async (
  { requestId }: Pick<DisclosureCall, "requestId">,
  { kms, recordKey }: Pick<DisclosureDependencies, "kms" | "recordKey">,
  enquiry: TargetedEnquiry,
  part: Part,
  item: Item | undefined,
): Promise<string> => {
  const unreadable = (because: string) => {
    log("record-unreadable", { requestId, enquiryId: enquiry.enquiryId, because, alarm: true });
    return recordUnreadable();
  };
  const envelope = envelopeFrom(item);
  if (envelope === undefined) throw unreadable("missing");
  try {
    return await open(kms, recordKey, enquiryContext(enquiry, part), envelope);
  } catch (error) {
    throw error instanceof EnvelopeRefused ? unreadable(error.because) : error;
  }
};

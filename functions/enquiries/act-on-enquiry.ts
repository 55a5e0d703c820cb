import { environment } from "../../shared/aws/environment.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import {
  type EnquiryAction,
  enquiryRuleOf,
  isPartyOf,
  mayDo,
  type TargetedEnquiry,
} from "../../shared/domain/enquiry.ts";
import { withoutEnquiry } from "../../shared/domain/entry.ts";
import { type MatchEnquiry, sideOf } from "../../shared/domain/match-enquiry.ts";
import { notFound, notYourRole, stateDoesNotAllow, validationFailed } from "../../shared/domain/refusals.ts";
import type { Caller, Intent, Proof, Reply } from "../../shared/http/call.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { type Attempt, commitOnce } from "../../shared/store/commit-once.ts";
import { type Authority, authorityFrom, authorityPlace, contactsInEffect } from "../../shared/store/directory.ts";
import { type Dynamo, dynamoClient, readAll, type Write } from "../../shared/store/dynamo.ts";
import { type Enquiry, enquiryFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { entryFrom, entryPlace, replaceEntry } from "../../shared/store/entries.ts";
import { matchEnquiryFrom } from "../../shared/store/match-enquiries.ts";
import { tableNames } from "../../shared/store/table-names.ts";

/** What every action on an enquiry needs. */
export const enquiryDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "enquiries", "entries", "caseEvents", "outbox", "records"),
});
export type EnquiryDependencies = ReturnType<typeof enquiryDependencies>;

/** The same for what is done on the word of a named contact, perhaps with a note. */
export const notedEnquiryDependencies = () => {
  const given = enquiryDependencies();
  return {
    ...given,
    tables: { ...given.tables, ...tableNames("directory") },
    kms: kmsClient(),
    recordKey: environment("RECORD_KEY").RECORD_KEY,
  };
};
export type NotedEnquiryDependencies = ReturnType<typeof notedEnquiryDependencies>;

type EnquiryCall = { caller: Caller; intent: Intent; proof: Proof; params: { id: string } };

/**
 * The story of every action on an enquiry: load, see whether side and state permit it, plan, commit once.
 * @param planMatch where the action is there for match enquiries too, which have rules of their own
 */
export const actOnEnquiry = (
  call: EnquiryCall,
  {
    dynamo,
    tables,
  }: { dynamo: Dynamo; tables: Pick<EnquiryDependencies["tables"], "answers" | "proofs" | "enquiries"> },
  action: EnquiryAction,
  plan: (enquiry: TargetedEnquiry, now: string) => Promise<Attempt>,
  planMatch?: (enquiry: MatchEnquiry, now: string) => Promise<Attempt>,
): Promise<Reply> =>
  commitOnce(dynamo, tables, call, [enquiryPlace(tables.enquiries, call.params.id)], async ([item], now) => {
    const match = matchEnquiryFrom(item);
    if (match && planMatch && sideOf(match) === call.caller.authority) return planMatch(match, now);
    const enquiry = readableEnquiry(enquiryFrom(item), call.caller);
    permit(action, enquiry, call.caller);
    return plan(enquiry, now);
  });

/**
 * An enquiry of any kind that is the caller's: of a match enquiry, the side that is its own.
 * @throws Refusal `not-found`, the same whether it is not there or another's
 */
export const ownEnquiry = (enquiry: Enquiry | undefined, caller: Caller): Enquiry => {
  if (enquiry?.kind !== "match") return readableEnquiry(enquiry, caller);
  if (sideOf(enquiry) !== caller.authority) throw notFound();
  return enquiry;
};

/** @throws Refusal `not-found`, the same whether it is not there or of two others */
export const readableEnquiry = (enquiry: TargetedEnquiry | undefined, { authority }: Caller): TargetedEnquiry => {
  if (!enquiry || !isPartyOf(enquiry, authority)) throw notFound();
  return enquiry;
};

/** @throws Refusal `not-your-role`, or the present state with `state-does-not-allow` */
const permit = (action: EnquiryAction, enquiry: TargetedEnquiry, { authority }: Caller): void => {
  const decision = mayDo(action, enquiry, authority);
  if (decision.permitted) return;
  if (decision.because === "role") throw notYourRole(`${enquiryRuleOf(action).by} authority`, "enquiry");
  throw stateDoesNotAllow(enquiry.state, enquiry.version, "enquiry");
};

/**
 * The caller's named contact on whose word this is done.
 * @throws Refusal `validation-failed` unless it is a contact of the caller's authority in effect
 */
export const contactOf = (
  authority: Authority | undefined,
  contactId: string,
  { pointer, now }: { pointer: string; now: string },
): Contact => {
  const contact = authority && contactsInEffect(authority, now).find((each) => each.contactId === contactId);
  if (!contact) throw validationFailed([{ pointer, detail: "is not a named contact of your authority in effect" }]);
  return contact;
};

export const readCaller = async (
  { dynamo, tables }: { dynamo: Dynamo; tables: { directory: string } },
  { authority }: Caller,
): Promise<Authority | undefined> =>
  authorityFrom((await readAll(dynamo, [authorityPlace(tables.directory, authority)]))[0]);

/** The child's entry when an enquiry has ended: another authority may be asked in its place. */
export const freedSlot = async (
  { dynamo, tables }: { dynamo: Dynamo; tables: { entries: string } },
  { entryId, enquiryId }: TargetedEnquiry,
): Promise<Write[]> => {
  const [item] = await readAll(dynamo, [entryPlace(tables.entries, entryId)]);
  const entry = entryFrom(item);
  if (!entry?.enquiries.some((each) => each.enquiryId === enquiryId)) return [];
  return [replaceEntry(tables.entries, entry, withoutEnquiry(entry, enquiryId))];
};

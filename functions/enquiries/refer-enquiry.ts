import { environment } from "../../shared/aws/environment.ts";
import type { ListedChild } from "../../shared/contract/child-record.ts";
import { describeIssues } from "../../shared/contract/describe-issues.ts";
import { referEnquiry as route } from "../../shared/contract/enquiries.ts";
import { summaryOf } from "../../shared/contract/present.ts";
import { newReferral } from "../../shared/contract/referrals.ts";
import { referred, type TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import { validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { authorityFrom, authorityPlace } from "../../shared/store/directory.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { notePart, recordPlace } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { childIn, recordOfEntry } from "../cme-list/record-of-entry.ts";
import { type ReferralRequest, referableEntry } from "../referrals/acceptable-referral.ts";
import { placesOfReferral, planReferral } from "../referrals/plan-referral.ts";
import { actOnEnquiry, notedEnquiryDependencies } from "./act-on-enquiry.ts";
import { openPart } from "./disclose-of-enquiry.ts";
import { enquiryStepWrites } from "./enquiry-writes.ts";

const dependencies = () => {
  const given = notedEnquiryDependencies();
  return {
    ...given,
    tables: { ...given.tables, ...tableNames("referrals", "events", "fingerprints") },
    fingerprintKey: environment("FINGERPRINT_KEY").FINGERPRINT_KEY,
  };
};
type Dependencies = ReturnType<typeof dependencies>;

/** The referral that the asker would submit itself, and the end of the enquiry, in one transaction. */
const referEnquiry: Operation<typeof route, Dependencies> = (call, deps) =>
  actOnEnquiry(call, deps, "refer", async (enquiry, now) => {
    const [entryItem] = await readAll(deps.dynamo, [entryPlace(deps.tables.entries, enquiry.entryId)]);
    const entry = referableEntry(entryFrom(entryItem), call.caller.authority, "/entryId");
    const request = { caller: call.caller, body: await referralOf(call, enquiry, entry, deps) };
    const items = await readAll(deps.dynamo, placesOfReferral(deps.tables, request));
    const { referral, warnings, writes } = await planReferral(request, deps, items, now, enquiry.enquiryId);
    const step = referred(enquiry, referral.referralId, { at: now, actor: actorOf(call.caller) });
    return {
      writes: [...writes, ...enquiryStepWrites(deps.tables, step)],
      reply: reply(
        route,
        201,
        { ...summaryOf(referral, now), warnings },
        { location: `/v1/referrals/${referral.referralId}` },
      ),
    };
  });

/** @throws Refusal `validation-failed` with the pointers of a referral that is submitted */
const referralOf = async (
  call: Call<typeof route>,
  enquiry: TargetedEnquiry,
  entry: Entry,
  deps: Dependencies,
): Promise<ReferralRequest["body"]> => {
  const { sentBy, safeguarding, urgency, temporaryAuthority } = call.body;
  const record = await recordOfEntry(deps, entry, call.requestId);
  if (!record) throw new TypeError("A child on a list without a record");
  const child = childIn(record);
  const fault = safeguardingFault(child, safeguarding);
  if (fault) throw validationFailed([{ pointer: "/safeguarding", detail: fault }]);
  const wanted = {
    recipient: enquiry.asked,
    sentBy,
    entryId: entry.entryId,
    ...(urgency && { urgency }),
    ...(temporaryAuthority && { temporaryAuthority }),
    ...(entry.openedByReferralId && { followsReferralId: entry.openedByReferralId }),
    child: {
      ...child,
      ...(safeguarding && { safeguarding }),
      evidenceOfMove: [...(child.evidenceOfMove ?? []), await evidenceIn(call, enquiry, deps)],
    },
  };
  const schema = newReferral;
  const parsed = schema.safeParse(wanted);
  if (!parsed.success) throw validationFailed(describeIssues(parsed.error, { schema, sent: wanted }));
  return parsed.data;
};

/** It is said once, where the child's record lacks it: what was recorded before is not changed in passing. */
const safeguardingFault = (
  { safeguarding: known }: ListedChild,
  said: Call<typeof route>["body"]["safeguarding"],
): string | undefined => {
  if (known && said) return "must be left out: the record of the child's entry says it already";
  return known || said ? undefined : "is required: the record of the child's entry says nothing about it";
};

type Evidence = NonNullable<ListedChild["evidenceOfMove"]>[number];

/** What the asked authority answered, when, and who it is: what the belief rests on that the child has moved there. */
const evidenceIn = async (
  { requestId }: Call<typeof route>,
  enquiry: TargetedEnquiry,
  deps: Dependencies,
): Promise<Evidence> => {
  const { enquiryId, asked, answer, openedAt, notes } = enquiry;
  // The asker's own note is of the first event.
  const sequence = notes.find((each) => each > 1);
  const part = sequence === undefined ? undefined : notePart(sequence);
  const [askedItem, item] = await readAll(deps.dynamo, [
    authorityPlace(deps.tables.directory, asked),
    ...(part ? [recordPlace(deps.tables.records, { kind: "enquiry", id: enquiryId }, part)] : []),
  ]);
  const name = authorityFrom(askedItem)?.name ?? "authority";
  return {
    kind: "statement-by-other",
    date: dateInEngland(answer?.answeredAt ?? openedAt),
    source: `${name} (${asked}), asked by enquiry ${enquiryId}: it knows the child`,
    ...(part && { note: await openPart({ requestId }, deps, enquiry, part, item) }),
  };
};

export const handler = serve(route, dependencies, referEnquiry);

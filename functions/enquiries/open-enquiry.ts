import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import { enquiredChild, enquiredChildOf } from "../../shared/contract/enquired-child.ts";
import { openEnquiry as route } from "../../shared/contract/enquiries.ts";
import { enquiryOf } from "../../shared/contract/present.ts";
import { canonicalJson } from "../../shared/domain/canonical.ts";
import { opened } from "../../shared/domain/enquiry.ts";
import { withEnquiry } from "../../shared/domain/entry.ts";
import { validationFailed } from "../../shared/domain/refusals.ts";
import { insistOnRoomToAsk } from "../../shared/domain/room-to-ask.ts";
import type { Call, Reply } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { authorityFrom, authorityPlace, contactUnchanged } from "../../shared/store/directory.ts";
import { type Item, readAll } from "../../shared/store/dynamo.ts";
import { putNewEnquiry } from "../../shared/store/enquiries.ts";
import { entryFrom, entryPlace, entryUnchanged, replaceEntry } from "../../shared/store/entries.ts";
import { enquiryContext, putEnvelope } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { childIn, recordOfEntry } from "../cme-list/record-of-entry.ts";
import { referableEntry, successorCodes, whereToTurn, whyNotToSendTo } from "../referrals/acceptable-referral.ts";
import { contactOf, notedEnquiryDependencies } from "./act-on-enquiry.ts";
import { askMatch } from "./ask-match.ts";
import { enquiryEventWrites, noteWrites } from "./enquiry-writes.ts";
import { otherEntriesOf } from "./other-entries.ts";

const dependencies = () => {
  const given = notedEnquiryDependencies();
  return {
    ...given,
    tables: { ...given.tables, ...tableNames("referrals", "fingerprints", "counters") },
    fingerprintKey: environment("FINGERPRINT_KEY").FINGERPRINT_KEY,
  };
};
type Dependencies = ReturnType<typeof dependencies>;
type Body = Call<typeof route>["body"];

type TargetedCall = Omit<Call<typeof route>, "body"> & { body: Extract<Body, { kind: "targeted" }> };

/**
 * Guidance, "Working with other local authorities": where the destination is unknown, potentially relevant authorities are
 * identified and asked, and not a large number of them. Only what the child is known by goes out.
 */
const askAuthority = (call: TargetedCall, deps: Dependencies): Promise<Reply> => {
  const { caller, body } = call;
  const { dynamo, tables, kms, recordKey } = deps;
  const places = [
    authorityPlace(tables.directory, caller.authority),
    authorityPlace(tables.directory, body.asked),
    entryPlace(tables.entries, body.entryId),
  ];
  return commitOnce(dynamo, tables, call, places, async ([ownItem, askedItem, entryItem], now) => {
    const contact = contactOf(authorityFrom(ownItem), body.openedBy, { pointer: "/openedBy", now });
    await checkAsked(call, askedItem, now, deps);
    const entry = referableEntry(entryFrom(entryItem), caller.authority, "/entryId");
    const record = await recordOfEntry(deps, entry, call.requestId);
    if (!record) throw new TypeError("A child on a list without a record");
    const child = childIn(record);
    const others = await otherEntriesOf(entry, child, deps);
    insistOnRoomToAsk(entry, others, body.asked);
    const { enquiry, event } = opened(
      {
        enquiryId: uuidV7(),
        asker: caller.authority,
        asked: body.asked,
        entryId: entry.entryId,
        reason: body.reason,
        openedBy: body.openedBy,
        openedAt: now,
      },
      { clientId: caller.clientId, hasNote: body.note !== undefined },
    );
    // Parsed by the schema of what may go out, so that nothing else can.
    const told = canonicalJson(enquiredChild.parse(enquiredChildOf(child)));
    const envelope = await seal(kms, recordKey, enquiryContext(enquiry, "record"), told);
    const slot = { enquiryId: enquiry.enquiryId, asked: enquiry.asked };
    return {
      writes: [
        contactUnchanged(tables.directory, contact),
        // The versions make it hold at the moment of commit too, however many ask at once.
        replaceEntry(tables.entries, entry, withEnquiry(entry, slot)),
        ...others.map((other) => entryUnchanged(tables.entries, other)),
        putNewEnquiry(tables.enquiries, enquiry),
        ...enquiryEventWrites(tables, event, enquiry),
        putEnvelope(tables.records, { kind: "enquiry", id: enquiry.enquiryId }, "record", envelope),
        ...(await noteWrites(deps, enquiry, event.sequence, body.note)),
      ],
      reply: reply(route, 201, enquiryOf(enquiry, caller.authority), {
        location: `/v1/enquiries/${enquiry.enquiryId}`,
      }),
    };
  });
};

/** @throws Refusal `validation-failed`: nothing about a child is sent to that authority, and where to turn instead */
const checkAsked = async (
  { caller, body }: TargetedCall,
  item: Item | undefined,
  now: string,
  { dynamo, tables }: Dependencies,
): Promise<void> => {
  const asked = authorityFrom(item);
  const codes = successorCodes([asked], now);
  const items = await readAll(
    dynamo,
    codes.map((code) => authorityPlace(tables.directory, code)),
  );
  const successors = items.flatMap((each) => authorityFrom(each) ?? []);
  const detail = whyNotToSendTo({ own: caller.authority, code: body.asked, addressee: asked, successors }, now);
  if (detail === undefined) return;
  throw validationFailed(
    [{ pointer: "/asked", detail }],
    whereToTurn({ recipient: asked, temporary: undefined, successors }, now),
  );
};

const openEnquiry: Operation<typeof route, Dependencies> = (call, deps) => {
  const { body } = call;
  return body.kind === "match" ? askMatch(call, body, deps) : askAuthority({ ...call, body }, deps);
};

export const handler = serve(route, dependencies, openEnquiry);

import { v7 as uuidV7 } from "uuid";
import { environment } from "../../shared/aws/environment.ts";
import { recordWarnings } from "../../shared/contract/child-record.ts";
import { sendSchoolAdmissionNotice as route } from "../../shared/contract/notices.ts";
import { schoolAgeFaults } from "../../shared/contract/school-age-faults.ts";
import { canonicalJson } from "../../shared/domain/canonical.ts";
import { sent } from "../../shared/domain/notice.ts";
import { startDateFaults } from "../../shared/domain/ways-off.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { authorityFrom, authorityPlace, contactUnchanged } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { putNewNotice } from "../../shared/store/notices.ts";
import { noticeContext, putEnvelope } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { acceptableSending, isUnreachable, recipientUnreachable } from "../referrals/acceptable-referral.ts";
import { noticeEventWrites, noticeOf } from "./notice-writes.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "directory", "notices", "caseEvents", "outbox", "records"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
type Dependencies = ReturnType<typeof dependencies>;

/** Guidance, "Working with other local authorities": the authority of the school proactively informs the home authority. */
const sendSchoolAdmissionNotice: Operation<typeof route, Dependencies> = (call, deps) => {
  const { body, caller } = call;
  const { dynamo, tables, kms, recordKey } = deps;
  const places = [caller.authority, body.recipient].map((code) => authorityPlace(tables.directory, code));
  return commitOnce(dynamo, tables, call, places, async (items, now) => {
    const [sender, recipient] = items.map(authorityFrom);
    const faults = [...startDateFaults(body.startDate, now), ...schoolAgeFaults(body.child.identity.dateOfBirth, now)];
    const contact = await acceptableSending(call, { sender, recipient, faults }, now, deps);
    const { notice, event } = sent(
      {
        noticeId: uuidV7(),
        sender: caller.authority,
        recipient: body.recipient,
        schoolUrn: body.schoolUrn,
        startDate: body.startDate,
        sentBy: contact.contactId,
        sentAt: now,
      },
      caller.clientId,
    );
    const envelope = await seal(kms, recordKey, noticeContext(notice), canonicalJson(body.child));
    const warnings = [
      ...(isUnreachable(recipient, now) ? [recipientUnreachable] : []),
      ...recordWarnings({ identity: body.child.identity }),
    ];
    return {
      writes: [
        contactUnchanged(tables.directory, contact),
        putNewNotice(tables.notices, notice),
        ...noticeEventWrites(tables, event, notice),
        putEnvelope(tables.records, { kind: "notice", id: notice.noticeId }, "record", envelope),
      ],
      reply: reply(
        route,
        201,
        { ...noticeOf(notice, caller.authority), warnings },
        { location: `/v1/notices/${notice.noticeId}` },
      ),
    };
  });
};

export const handler = serve(route, dependencies, sendSchoolAdmissionNotice);

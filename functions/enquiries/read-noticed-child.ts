import { environment } from "../../shared/aws/environment.ts";
import { readNoticedChild as route } from "../../shared/contract/notices.ts";
import { noticeRead } from "../../shared/domain/notice.ts";
import { recordErased } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { recordReply } from "../../shared/http/record-reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { openRecord } from "../../shared/keys/open-record.ts";
import { putCaseEvent } from "../../shared/store/case-events.ts";
import { discloseOnce } from "../../shared/store/disclose-once.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { noticePlace, replaceNotice } from "../../shared/store/notices.ts";
import { envelopeFrom, noticeContext, recordPlace } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { partysNotice } from "./readable-notice.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("proofs", "clients", "notices", "records", "caseEvents"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
const readNoticedChild: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) => {
  const { requestId, params, caller } = call;
  const { dynamo, tables } = deps;
  const places = [
    noticePlace(tables.notices, params.id),
    recordPlace(tables.records, { kind: "notice", id: params.id }, "record"),
  ];
  return discloseOnce(dynamo, tables, call, places, async ([item, recordItem], client) => {
    const notice = partysNotice(item, caller);
    const { noticeId, erasedAt } = notice;
    if (erasedAt !== null) throw recordErased();
    const answerWith = recordReply(call.accept, client);
    const envelope = envelopeFrom(recordItem);
    const reply = await answerWith(await openRecord(deps, noticeContext(notice), envelope, { requestId, noticeId }));
    const fact = { at: new Date().toISOString(), actor: actorOf(caller), details: { what: "record" } };
    const { after, event } = noticeRead(notice, fact);
    return { reply, writes: [replaceNotice(tables.notices, notice, after), putCaseEvent(tables.caseEvents, event)] };
  });
};

export const handler = serve(route, dependencies, readNoticedChild);

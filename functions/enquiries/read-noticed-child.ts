import { environment } from "../../shared/aws/environment.ts";
import { readNoticedChild as route } from "../../shared/contract/notices.ts";
import { type Notice, noticeRead } from "../../shared/domain/notice.ts";
import { busy, recordErased, recordUnreadable, tokenRevoked } from "../../shared/domain/refusals.ts";
import type { Call } from "../../shared/http/call.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { EnvelopeRefused, open } from "../../shared/keys/envelope.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { log } from "../../shared/observability/log.ts";
import { putCaseEvent } from "../../shared/store/case-events.ts";
import { clientFrom, clientPlace } from "../../shared/store/clients.ts";
import { attempts, commit, dynamoClient, type Item, readAll } from "../../shared/store/dynamo.ts";
import { noticePlace, replaceNotice } from "../../shared/store/notices.ts";
import { proofReplayed, spendInTransaction } from "../../shared/store/proofs.ts";
import { envelopeFrom, noticeContext, recordPlace } from "../../shared/store/records.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { partysNotice } from "./readable-notice.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("proofs", "clients", "notices", "records", "caseEvents"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
type Dependencies = ReturnType<typeof dependencies>;

/**
 * Never without a trace: the answer leaves only after the read has committed as an event, together with the use of the
 * proof. A client that was deactivated is shown nothing more by the token that it still has.
 */
const readNoticedChild: Operation<typeof route, Dependencies> = async (call, deps) => {
  const { params, caller, proof } = call;
  const { dynamo, tables } = deps;
  for await (const _ of attempts()) {
    const [item, clientItem, recordItem] = await readAll(dynamo, [
      noticePlace(tables.notices, params.id),
      clientPlace(tables.clients, caller.clientId),
      recordPlace(tables.records, { kind: "notice", id: params.id }, "record"),
    ]);
    if (!clientFrom(clientItem)?.active) throw tokenRevoked();
    const notice = partysNotice(item, caller);
    if (notice.erasedAt !== null) throw recordErased();
    const text = await opened(call, deps, notice, recordItem);
    const read = noticeRead(notice, {
      at: new Date().toISOString(),
      actor: { authority: caller.authority, clientId: caller.clientId, contactId: null },
      details: { what: "record" },
    });
    const outcome = await commit(dynamo, [
      spendInTransaction(tables.proofs, proof),
      replaceNotice(tables.notices, read.before, read.after),
      putCaseEvent(tables.caseEvents, read.event),
    ]);
    if (outcome.committed) {
      proof.spent = true;
      return { status: 200, headers: { "content-type": "application/json" }, text };
    }
    if (outcome.lost.has("proof")) throw proofReplayed();
  }
  throw busy();
};

/** @throws Refusal `record-unreadable` when it was altered, moved or is missing: nothing is disclosed */
const opened = async (
  { requestId }: Call<typeof route>,
  { kms, recordKey }: Dependencies,
  notice: Notice,
  item: Item | undefined,
): Promise<string> => {
  const unreadable = (because: string) => {
    log("record-unreadable", { requestId, noticeId: notice.noticeId, because, alarm: true });
    return recordUnreadable();
  };
  const envelope = envelopeFrom(item);
  if (envelope === undefined) throw unreadable("missing");
  try {
    return await open(kms, recordKey, noticeContext(notice), envelope);
  } catch (error) {
    throw error instanceof EnvelopeRefused ? unreadable(error.because) : error;
  }
};

export const handler = serve(route, dependencies, readNoticedChild);

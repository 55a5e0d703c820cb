import { environment } from "../../shared/aws/environment.ts";
import { readEntryChild as route } from "../../shared/contract/cme-list.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { recordReply } from "../../shared/http/record-reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { discloseOfEntry } from "./act-on-entry.ts";
import { recordOfEntry } from "./record-of-entry.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("proofs", "clients", "entries", "records", "referrals", "caseEvents"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});

const readEntryChild: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  discloseOfEntry(call, deps, "record", async (entry, client) => {
    const answer = recordReply(call.accept, client);
    const record = entry.retained?.erasedAt ? undefined : await recordOfEntry(deps, entry, call.requestId);
    if (!record) throw notFound();
    return answer(record.text);
  });

export const handler = serve(route, dependencies, readEntryChild);

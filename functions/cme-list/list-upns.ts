import { environment } from "../../shared/aws/environment.ts";
import { listUpns as route, upnsAPage } from "../../shared/contract/cme-list.ts";
import { advanceEntry, type Entry } from "../../shared/domain/entry.ts";
import { busy, tokenRevoked } from "../../shared/domain/refusals.ts";
import { normaliseUpn } from "../../shared/domain/upn.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { putCaseEvent } from "../../shared/store/case-events.ts";
import { clientFrom, clientPlace } from "../../shared/store/clients.ts";
import { attempts, commit, dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace, readEntries, replaceEntry } from "../../shared/store/entries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { childIn, recordOfEntry } from "./record-of-entry.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("proofs", "clients", "entries", "records", "referrals", "caseEvents"),
  kms: kmsClient(),
  recordKey: environment("RECORD_KEY").RECORD_KEY,
});
type Dependencies = ReturnType<typeof dependencies>;

/** Records opened at once: gentle enough to KMS's account limit, and a page is done well within the gateway's time. */
const atOnce = 40;

const listUpns: Operation<typeof route, Dependencies> = async (call, deps) => {
  const { dynamo, tables } = deps;
  const [clientItem] = await readAll(dynamo, [clientPlace(tables.clients, call.caller.clientId)]);
  if (!clientFrom(clientItem)?.active) throw tokenRevoked();
  const list = { status: "open", limit: upnsAPage, cursor: call.query.cursor } as const;
  const { items, next } = await readEntries(dynamo, tables.entries, call.caller.authority, list);
  const upns: string[] = [];
  for (let at = 0; at < items.length; at += atOnce) {
    const some = items.slice(at, at + atOnce);
    upns.push(...(await Promise.all(some.map((entry) => upnOf(entry, call, deps)))).flat());
  }
  return {
    status: 200,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      ...(next && { link: `</v1/cme-list/upns?cursor=${encodeURIComponent(next)}>; rel="next"` }),
    },
    text: upns.map((upn) => `${upn}\n`).join(""),
  };
};

/** The child's UPN, if its record has one, after the read has committed as an event of the entry (R5). */
const upnOf = async (entry: Entry, call: Call<typeof route>, deps: Dependencies): Promise<string[]> => {
  const record = await recordOfEntry(deps, entry, call.requestId);
  const { upn } = record ? childIn(record).identity : {};
  if (upn === undefined) return [];
  await recordTheRead(entry, call, deps);
  return [normaliseUpn(upn)];
};

const recordTheRead = async (entry: Entry, call: Call<typeof route>, { dynamo, tables }: Dependencies) => {
  let before: Entry | undefined = entry;
  for await (const attempt of attempts()) {
    if (attempt > 0) before = entryFrom((await readAll(dynamo, [entryPlace(tables.entries, entry.entryId)]))[0]);
    if (!before) return;
    const fact = { at: new Date().toISOString(), actor: actorOf(call.caller), details: { what: "upn" } };
    const read = advanceEntry(before, "entry.child-read", fact);
    const { committed } = await commit(dynamo, [
      replaceEntry(tables.entries, before, read.after),
      putCaseEvent(tables.caseEvents, read.event),
    ]);
    if (committed) return;
  }
  throw busy();
};

export const handler = serve(route, dependencies, listUpns);

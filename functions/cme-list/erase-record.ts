import { eraseRecord as route } from "../../shared/contract/cme-list.ts";
import { entryOf } from "../../shared/contract/present.ts";
import { notRetained } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { actOnEntry } from "./act-on-entry.ts";
import { erasureOf } from "./erasure.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "entries", "records", "caseEvents", "outbox", "fingerprints"),
});

/** Guidance, "Working with other local authorities": the record is kept until the child is located. */
const eraseRecord: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  actOnEntry(call, deps, async (entry, now) => {
    if (entry.retained?.erasedAt !== null) throw notRetained();
    const fact = { at: now, actor: actorOf(call.caller), details: { because: call.body.because } };
    const { after, writes } = await erasureOf(deps, entry, fact);
    return { writes, reply: reply(route, 201, entryOf({ ...after, version: entry.version + 1 })) };
  });

export const handler = serve(route, dependencies, eraseRecord);

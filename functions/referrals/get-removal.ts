import { getRemoval as route } from "../../shared/contract/referrals.ts";
import { partyOf } from "../../shared/domain/referral.ts";
import { notOfThisKind, notYourRole } from "../../shared/domain/refusals.ts";
import { reasonsAgainstRemoval } from "../../shared/domain/removal-gate.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { partysReferral } from "./readable-referral.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("referrals", "entries") });

const getRemoval: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, deps) => {
  const referral = await partysReferral(call, deps);
  if (partyOf(referral, call.caller.authority) !== "sender") throw notYourRole("sender");
  if (referral.senderEntryId === null) throw notOfThisKind();
  const [item] = await readAll(deps.dynamo, [entryPlace(deps.tables.entries, referral.senderEntryId)]);
  const senderEntry = entryFrom(item);
  if (!senderEntry) throw new TypeError("A referral without its sender's entry");
  const reasons = reasonsAgainstRemoval(referral, senderEntry);
  return reply(route, 200, { permitted: reasons.length === 0, reasons, certificate: referral.certificate });
};

export const handler = serve(route, dependencies, getRemoval);

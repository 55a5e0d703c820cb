import { defaultLimit } from "../../shared/contract/listing.ts";
import { listEvents as route } from "../../shared/contract/referrals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { readEvents } from "../../shared/store/trail.ts";
import { partysReferral } from "./readable-referral.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("referrals", "events") });

const listEvents: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, deps) => {
  const referral = await partysReferral(call, deps);
  const { limit = defaultLimit, cursor } = call.query;
  const events = await readEvents(deps.dynamo, deps.tables.events, referral.referralId, { limit, cursor });
  return reply(route, 200, events);
};

export const handler = serve(route, dependencies, listEvents);

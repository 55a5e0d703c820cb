import { defaultLimit } from "../../shared/contract/listing.ts";
import { listNoticeEvents as route } from "../../shared/contract/notices.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readCaseEvents } from "../../shared/store/case-events.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { readableNotice } from "./readable-notice.ts";

const dependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("notices", "caseEvents") });

const listNoticeEvents: Operation<typeof route, ReturnType<typeof dependencies>> = async (call, deps) => {
  const { noticeId } = await readableNotice(call, deps);
  const { limit = defaultLimit, cursor } = call.query;
  const subject = { kind: "notice", id: noticeId } as const;
  return reply(route, 200, await readCaseEvents(deps.dynamo, deps.tables.caseEvents, subject, { limit, cursor }));
};

export const handler = serve(route, dependencies, listNoticeEvents);

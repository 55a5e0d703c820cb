import { defaultLimit } from "../../shared/contract/listing.ts";
import { listNotices as route } from "../../shared/contract/notices.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readNoticeBox } from "../../shared/store/notices.ts";
import { noticeOf } from "./notice-writes.ts";
import { type NoticeDependencies, noticeDependencies } from "./readable-notice.ts";

const listNotices: Operation<typeof route, NoticeDependencies> = async ({ query, caller }, { dynamo, tables }) => {
  const { box, state, limit = defaultLimit, cursor } = query;
  const { items, next } = await readNoticeBox(dynamo, tables.notices, caller.authority, { box, state, limit, cursor });
  return reply(route, 200, { items: items.map((notice) => noticeOf(notice, caller.authority)), next });
};

export const handler = serve(route, noticeDependencies, listNotices);

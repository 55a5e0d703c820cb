import { getNotice as route } from "../../shared/contract/notices.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { noticeOf } from "./notice-writes.ts";
import { type NoticeDependencies, noticeDependencies, readableNotice } from "./readable-notice.ts";

const getNotice: Operation<typeof route, NoticeDependencies> = async (call, deps) =>
  reply(route, 200, noticeOf(await readableNotice(call, deps), call.caller.authority));

export const handler = serve(route, noticeDependencies, getNotice);

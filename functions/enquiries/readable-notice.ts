import { isPartyOf, type Notice } from "../../shared/domain/notice.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import type { Caller } from "../../shared/http/call.ts";
import { type Dynamo, dynamoClient, type Item, readAll } from "../../shared/store/dynamo.ts";
import { noticeFrom, noticePlace } from "../../shared/store/notices.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const noticeDependencies = () => ({ dynamo: dynamoClient(), tables: tableNames("notices") });
export type NoticeDependencies = ReturnType<typeof noticeDependencies>;

/** @throws Refusal `not-found`, the same whether it is not there or not the caller's to see (R5) */
export const partysNotice = (item: Item | undefined, { authority }: Caller): Notice => {
  const notice = noticeFrom(item);
  if (!notice || !isPartyOf(notice, authority)) throw notFound();
  return notice;
};

export const readableNotice = async (
  { params, caller }: { params: { id: string }; caller: Caller },
  { dynamo, tables }: { dynamo: Dynamo; tables: { notices: string } },
): Promise<Notice> => {
  const [item] = await readAll(dynamo, [noticePlace(tables.notices, params.id)]);
  return partysNotice(item, caller);
};

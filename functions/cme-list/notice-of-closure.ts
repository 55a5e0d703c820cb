import type { Entry } from "../../shared/domain/entry.ts";
import { type BodyFault, validationFailed } from "../../shared/domain/refusals.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { noticeFrom, noticePlace } from "../../shared/store/notices.ts";

type NamedNotice = { noticeId: string; schoolUrn: string; startDate: string };

/**
 * Sees that the school admission notice that a closure names says what the closure says, to this authority and of this
 * entry. The trail then shows on what the closure rests. A notice that was erased or has lapsed says it still.
 * @throws Refusal `validation-failed`
 */
export const checkNotice = async (
  { dynamo, tables }: { dynamo: Dynamo; tables: { notices: string } },
  { entryId, authority }: Pick<Entry, "entryId" | "authority">,
  { noticeId, schoolUrn, startDate }: NamedNotice,
): Promise<void> => {
  const [item] = await readAll(dynamo, [noticePlace(tables.notices, noticeId)]);
  const notice = noticeFrom(item);
  const fault = (pointer: string, detail: string): BodyFault => ({ pointer, detail });
  if (notice?.recipient !== authority) {
    throw validationFailed([fault("/noticeId", "does not lead to a notice to your authority")]);
  }
  const faults = [
    ...(notice.entryId === null || notice.entryId === entryId
      ? []
      : [fault("/noticeId", "is about another entry of your list")]),
    ...(notice.schoolUrn === schoolUrn ? [] : [fault("/schoolUrn", "is not the school of the notice")]),
    ...(notice.startDate === startDate ? [] : [fault("/startDate", "is not the start date of the notice")]),
  ];
  if (faults.length > 0) throw validationFailed(faults);
};

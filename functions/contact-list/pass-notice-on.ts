import { type Notice, type NoticeParty, noticeReassigned } from "../../shared/domain/notice.ts";
import type { Fact } from "../../shared/domain/referral.ts";
import type { Reorganisation } from "../../shared/domain/reorganisation.ts";
import { attempts, commit, type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { noticeFrom, noticePlace } from "../../shared/store/notices.ts";
import { noticeStepWrites } from "../enquiries/notice-writes.ts";

type Dependencies = { dynamo: Dynamo; tables: Record<"notices" | "entries" | "caseEvents" | "outbox", string> };

/**
 * Passes on whatever sides the predecessor still has of a notice: as the home authority to where the child's entry has gone,
 * if one was found, and otherwise to whoever gets the remainder.
 * @returns whether there were any; not yet, while the entry itself is still to pass
 */
export const passNoticeOn = async (
  { predecessor, remainderTo, reorganisationId }: Reorganisation,
  noticeId: string,
  { dynamo, tables }: Dependencies,
  actor: Fact["actor"],
): Promise<boolean> => {
  let passed = false;
  for await (const _ of attempts()) {
    const notice = noticeFrom((await readAll(dynamo, [noticePlace(tables.notices, noticeId)]))[0]);
    const side = notice && sideOf(notice, predecessor);
    if (!notice || !side) return passed;
    const about = side === "recipient" && notice.entryId !== null ? [entryPlace(tables.entries, notice.entryId)] : [];
    const to = entryFrom((await readAll(dynamo, about))[0])?.authority ?? remainderTo;
    if (to === predecessor) return passed;
    const fact = { at: new Date().toISOString(), actor };
    const step = noticeReassigned(notice, { side, to, reorganisationId }, fact);
    const { committed } = await commit(dynamo, noticeStepWrites(tables, step));
    passed ||= committed;
  }
  return passed;
};

const sideOf = (notice: Notice, authority: string): NoticeParty | undefined =>
  (["recipient", "sender"] as const).find((each) => notice[each] === authority);

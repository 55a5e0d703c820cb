import { type EnquiryParty, enquiryReassigned, type TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import { withEnquiryTo } from "../../shared/domain/entry.ts";
import type { Fact } from "../../shared/domain/referral.ts";
import type { Reorganisation } from "../../shared/domain/reorganisation.ts";
import { attempts, commit, type Dynamo, readAll, type Write } from "../../shared/store/dynamo.ts";
import { enquiryFrom, enquiryPlace, replaceEnquiry } from "../../shared/store/enquiries.ts";
import { entryFrom, entryPlace, replaceEntry } from "../../shared/store/entries.ts";
import { enquiryEventWrites } from "../enquiries/enquiry-writes.ts";
import { passMatchOn } from "./pass-match-on.ts";

type Dependencies = { dynamo: Dynamo; tables: Record<"enquiries" | "entries" | "caseEvents" | "outbox", string> };

/**
 * Passes on whatever sides the predecessor still has of an enquiry: as the asker to where the child's entry has gone, as
 * the asked authority to whoever gets the remainder.
 * @returns whether there were any; not yet, while the entry itself is still to pass
 */
export const passEnquiryOn = async (
  reorganisation: Reorganisation,
  enquiryId: string,
  deps: Dependencies,
  actor: Fact["actor"],
): Promise<boolean> => {
  const { dynamo, tables } = deps;
  if (await passMatchOn(reorganisation, enquiryId, deps, actor)) return true;
  const { predecessor, remainderTo, reorganisationId } = reorganisation;
  let passed = false;
  for await (const _ of attempts()) {
    const enquiry = enquiryFrom((await readAll(dynamo, [enquiryPlace(tables.enquiries, enquiryId)]))[0]);
    const side = enquiry && sideOf(enquiry, predecessor);
    if (!enquiry || !side) return passed;
    const entry = entryFrom((await readAll(dynamo, [entryPlace(tables.entries, enquiry.entryId)]))[0]);
    const to = side === "asked" ? remainderTo : (entry?.authority ?? remainderTo);
    if (to === predecessor) return passed;
    const fact = { at: new Date().toISOString(), actor };
    const step = enquiryReassigned(enquiry, { side, to, reorganisationId }, fact);
    const isAsked = side === "asked" && entry?.enquiries.some((each) => each.enquiryId === enquiryId);
    const slot: Write[] =
      entry && isAsked ? [replaceEntry(tables.entries, entry, withEnquiryTo(entry, enquiryId, to))] : [];
    const { committed } = await commit(dynamo, [
      replaceEnquiry(tables.enquiries, step.before, step.after),
      ...enquiryEventWrites(tables, step.event, step.after),
      ...slot,
    ]);
    passed ||= committed;
  }
  return passed;
};

const sideOf = (enquiry: TargetedEnquiry, authority: string): EnquiryParty | undefined =>
  (["asker", "asked"] as const).find((each) => enquiry[each] === authority);

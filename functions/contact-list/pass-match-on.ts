import type { Actor } from "../../shared/domain/event-chain.ts";
import { matchReassigned, sideOf } from "../../shared/domain/match-enquiry.ts";
import type { Reorganisation } from "../../shared/domain/reorganisation.ts";
import { attempts, commit, type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { enquiryPlace } from "../../shared/store/enquiries.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { matchEnquiryFrom } from "../../shared/store/match-enquiries.ts";
import { type MatchTables, matchStepWrites } from "../enquiries/match-writes.ts";

type Dependencies = { dynamo: Dynamo; tables: MatchTables & { entries: string } };

/**
 * A side of a match enquiry goes with the entry that it is about. The other side learns nothing of it: of a holder who is
 * silent there is nothing to learn.
 * @returns whether it was the predecessor's; not yet, while the entry itself is still to pass
 */
export const passMatchOn = async (
  { predecessor, remainderTo, reorganisationId }: Reorganisation,
  enquiryId: string,
  { dynamo, tables }: Dependencies,
  actor: Actor,
): Promise<boolean> => {
  for await (const _ of attempts()) {
    const enquiry = matchEnquiryFrom((await readAll(dynamo, [enquiryPlace(tables.enquiries, enquiryId)]))[0]);
    if (!enquiry || sideOf(enquiry) !== predecessor) return false;
    const [entryId = ""] = enquiry.entryIds;
    const entry = entryFrom((await readAll(dynamo, [entryPlace(tables.entries, entryId)]))[0]);
    const to = entry?.authority ?? remainderTo;
    if (to === predecessor) return false;
    const step = matchReassigned(enquiry, { to, reorganisationId }, { at: new Date().toISOString(), actor });
    if ((await commit(dynamo, matchStepWrites(tables, step))).committed) return true;
  }
  return false;
};

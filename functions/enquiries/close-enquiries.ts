import { type ClosedFor, closed, isGoingOn } from "../../shared/domain/enquiry.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import type { Actor } from "../../shared/domain/event-chain.ts";
import { mayCloseMatch } from "../../shared/domain/match-enquiry.ts";
import { type Dynamo, readAll, type Write } from "../../shared/store/dynamo.ts";
import { enquiryFrom, enquiryPlace } from "../../shared/store/enquiries.ts";
import { matchEnquiryFrom } from "../../shared/store/match-enquiries.ts";
import { type EnquiryTables, enquiryStepWrites } from "./enquiry-writes.ts";
import { closedMatchWrites } from "./match-writes.ts";

/**
 * Closes whatever enquiries go on about the child of an entry that closes or is referred: five at most, each with its event
 * and its outbox row, and what went out with it is erased. The entry itself is its caller's to write, without them.
 * @param besides one that ends in another way
 */
export const closeEnquiriesOf = async (
  { dynamo, tables }: { dynamo: Dynamo; tables: EnquiryTables & { fingerprints: string } },
  { enquiries, matchEnquiry }: Pick<Entry, "enquiries" | "matchEnquiry">,
  closedFor: Extract<ClosedFor, `entry-${string}`>,
  { at, actor }: { at: string; actor: Actor },
  besides?: string,
): Promise<Write[]> => {
  const goingOn = matchEnquiry ? [...enquiries, matchEnquiry] : enquiries;
  const ids = goingOn.map(({ enquiryId }) => enquiryId).filter((id) => id !== besides);
  const items = await readAll(
    dynamo,
    ids.map((id) => enquiryPlace(tables.enquiries, id)),
  );
  return items.flatMap((item) => {
    const match = matchEnquiryFrom(item);
    if (match) return mayCloseMatch(match) ? closedMatchWrites(tables, match, closedFor, { at, actor }) : [];
    const enquiry = enquiryFrom(item);
    return enquiry && isGoingOn(enquiry.state)
      ? enquiryStepWrites(tables, closed(enquiry, closedFor, { at, actor }))
      : [];
  });
};

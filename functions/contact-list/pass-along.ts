import { enquiryReassigned, type TargetedEnquiry } from "../../shared/domain/enquiry.ts";
import type { Entry } from "../../shared/domain/entry.ts";
import { type MatchEnquiry, matchReassigned, sideOf } from "../../shared/domain/match-enquiry.ts";
import { type Notice, noticeReassigned } from "../../shared/domain/notice.ts";
import type { Fact, Passing } from "../../shared/domain/referral.ts";
import { type Dynamo, readAll, type Write } from "../../shared/store/dynamo.ts";
import { enquiryIdsAbout, enquiryOfAnyKindFrom, enquiryPlace, replaceEnquiry } from "../../shared/store/enquiries.ts";
import { noticeFrom, noticeIdsAbout, noticePlace } from "../../shared/store/notices.ts";
import { enquiryEventWrites } from "../enquiries/enquiry-writes.ts";
import { matchStepWrites } from "../enquiries/match-writes.ts";
import { noticeStepWrites } from "../enquiries/notice-writes.ts";

type Tables = Record<"enquiries" | "notices" | "caseEvents" | "outbox", string>;

/**
 * What goes along with an entry besides its referrals: what its authority has asked about the child, or was told of because
 * of it, and the notices that it has found to be about the child. So whoever has the child on its list has these too.
 */
export type Along = { enquiries: TargetedEnquiry[]; matches: MatchEnquiry[]; notices: Notice[] };

export const whatGoesAlong = async (
  { dynamo, tables }: { dynamo: Dynamo; tables: Pick<Tables, "enquiries" | "notices"> },
  { entryId, authority, enquiries, matchEnquiry }: Entry,
  most: number,
): Promise<Along | "too-much"> => {
  // What goes on the entry names itself: the index may be a moment behind.
  const goingOn = [...enquiries, ...(matchEnquiry ? [matchEnquiry] : [])].map(({ enquiryId }) => enquiryId);
  const indexed = await enquiryIdsAbout(dynamo, tables.enquiries, authority, entryId);
  const enquiryIds = [...new Set([...goingOn, ...indexed])];
  const noticeIds: string[] = [];
  for await (const id of noticeIdsAbout(dynamo, tables.notices, authority, entryId)) noticeIds.push(id);
  if (enquiryIds.length + noticeIds.length > most) return "too-much";
  const items = await readAll(dynamo, [
    ...enquiryIds.map((id) => enquiryPlace(tables.enquiries, id)),
    ...noticeIds.map((id) => noticePlace(tables.notices, id)),
  ]);
  const found = items.slice(0, enquiryIds.length).flatMap((item) => enquiryOfAnyKindFrom(item) ?? []);
  const notices = items.slice(enquiryIds.length).flatMap((item) => noticeFrom(item) ?? []);
  return {
    enquiries: found.filter((each) => each.kind === "targeted").filter(({ asker }) => asker === authority),
    // A holder's side is of the first of its entries that matched, like where a reorganisation passes it on.
    matches: found
      .filter((each) => each.kind === "match")
      .filter((each) => sideOf(each) === authority && each.entryIds[0] === entryId),
    notices: notices.filter(({ recipient }) => recipient === authority),
  };
};

/** All of it, for the transaction in which the entry passes; three writes for each. */
export const alongWrites = (
  tables: Tables,
  { enquiries, matches, notices }: Along,
  passing: Pick<Passing, "to" | "reorganisationId">,
  fact: Omit<Fact, "details">,
): Write[] => [
  ...enquiries.flatMap((each) => {
    const { before, after, event } = enquiryReassigned(each, { ...passing, side: "asker" }, fact);
    return [replaceEnquiry(tables.enquiries, before, after), ...enquiryEventWrites(tables, event, after)];
  }),
  ...matches.flatMap((each) => matchStepWrites(tables, matchReassigned(each, passing, fact))),
  ...notices.flatMap((each) =>
    noticeStepWrites(tables, noticeReassigned(each, { ...passing, side: "recipient" }, fact)),
  ),
];

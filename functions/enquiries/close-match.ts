import { closeEnquiry as route } from "../../shared/contract/enquiries.ts";
import { matchEnquiryOf } from "../../shared/contract/present.ts";
import { type MatchEnquiry, matchClosed, mayCloseMatch } from "../../shared/domain/match-enquiry.ts";
import { notYourRole, stateDoesNotAllow } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import type { Attempt } from "../../shared/store/commit-once.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace, replaceEntry } from "../../shared/store/entries.ts";
import { closedMatchWrites, type MatchTables } from "./match-writes.ts";

/** The asker has no need of an answer any more: nobody can give one from here on, and another question may be asked. */
export const closeMatch = async (
  { caller, body }: Pick<Call<typeof route>, "caller" | "body">,
  { dynamo, tables }: { dynamo: Dynamo; tables: MatchTables & { entries: string; fingerprints: string } },
  enquiry: MatchEnquiry,
  now: string,
): Promise<Attempt> => {
  if (enquiry.asked !== null) throw notYourRole("asker authority", "enquiry");
  if (!mayCloseMatch(enquiry)) throw stateDoesNotAllow(enquiry.state, enquiry.version, "enquiry");
  const items = await readAll(
    dynamo,
    enquiry.entryIds.map((entryId) => entryPlace(tables.entries, entryId)),
  );
  const fact = { at: now, actor: actorOf(caller) };
  const askedAbout = items
    .flatMap((item) => entryFrom(item) ?? [])
    .filter(({ matchEnquiry }) => matchEnquiry?.enquiryId === enquiry.enquiryId);
  return {
    writes: [
      ...closedMatchWrites(tables, enquiry, body.reason, fact),
      ...askedAbout.map((entry) => replaceEntry(tables.entries, entry, { ...entry, matchEnquiry: null })),
    ],
    reply: reply(route, 201, matchEnquiryOf(matchClosed(enquiry, body.reason, fact).after)),
  };
};

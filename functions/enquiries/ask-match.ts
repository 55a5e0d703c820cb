import { v7 as uuidV7 } from "uuid";
import type { openEnquiry } from "../../shared/contract/enquiries.ts";
import { openEnquiry as route } from "../../shared/contract/enquiries.ts";
import { matchEnquiryOf } from "../../shared/contract/present.ts";
import { type Entry, isOnList } from "../../shared/domain/entry.ts";
import { isAskedAbout, isRetained, matchAsked, mostMatchEnquiriesADay } from "../../shared/domain/match-enquiry.ts";
import { alreadyAsked, tooManyRequests, validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland, startOfDayAfter } from "../../shared/domain/working-days.ts";
import type { Call, Reply } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Allowance, allowancePlace, usedOf, useOne } from "../../shared/store/allowances.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { authorityFrom, authorityPlace, contactUnchanged } from "../../shared/store/directory.ts";
import type { Dynamo } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace, replaceEntry } from "../../shared/store/entries.ts";
import { putWaiting } from "../../shared/store/fingerprints.ts";
import { referableEntry } from "../referrals/acceptable-referral.ts";
import { contactOf } from "./act-on-enquiry.ts";
import { type MatchTables, newMatchWrites } from "./match-writes.ts";

type Tables = MatchTables &
  Record<"answers" | "proofs" | "directory" | "entries" | "fingerprints" | "counters", string>;
export type MatchBody = Extract<Call<typeof openEnquiry>["body"], { kind: "match" }>;

/**
 * Asks the exchange itself. The answer is the same and costs the same calls whether anything matches or not, because
 * nothing is compared here: functions/enquiries/find-matches.ts does it within a minute or two.
 */
export const askMatch = (
  call: Pick<Call<typeof route>, "caller" | "intent" | "proof">,
  body: MatchBody,
  { dynamo, tables }: { dynamo: Dynamo; tables: Tables },
): Promise<Reply> => {
  const { authority, clientId } = call.caller;
  const allowance = (at: string): Allowance => ({ what: "match-enquiries", authority, date: dateInEngland(at) });
  const places = [
    authorityPlace(tables.directory, authority),
    entryPlace(tables.entries, body.entryId),
    allowancePlace(tables.counters, allowance(new Date().toISOString())),
  ];
  return commitOnce(dynamo, tables, call, places, async ([own, entryItem, usedItem], now) => {
    const contact = contactOf(authorityFrom(own), body.openedBy, { pointer: "/openedBy", now });
    const entry = askableEntry(entryFrom(entryItem), authority, now);
    if (usedOf(usedItem) >= mostMatchEnquiriesADay) throw tooManyRequests(secondsLeft(now));
    const enquiryId = uuidV7();
    const facts = { enquiryId, asker: authority, entryId: entry.entryId, openedBy: body.openedBy, openedAt: now };
    const asked = matchAsked(facts, clientId);
    const { lapsesAt } = asked.enquiry;
    return {
      writes: [
        contactUnchanged(tables.directory, contact),
        useOne(tables.counters, allowance(now), mostMatchEnquiriesADay),
        replaceEntry(tables.entries, entry, { ...entry, matchEnquiry: { enquiryId, lapsesAt } }),
        ...newMatchWrites(tables, asked),
        putWaiting(tables.fingerprints, { subject: `enquiry#${enquiryId}`, since: now }),
      ],
      reply: reply(route, 201, matchEnquiryOf(asked.enquiry), { location: `/v1/enquiries/${enquiryId}` }),
    };
  });
};

/**
 * On the caller's list and not referred anywhere, or retained.
 * @throws Refusal as for a referral; `already-asked`; `validation-failed` where it has nothing that could be compared
 */
const askableEntry = (found: Entry | undefined, authority: string, now: string): Entry => {
  const retained = found?.authority === authority && !isOnList(found) && isRetained(found);
  const entry = retained ? found : referableEntry(found, authority, "/entryId");
  if (entry.matchEnquiry && isAskedAbout(entry, now)) throw alreadyAsked(entry.matchEnquiry.enquiryId);
  if (entry.fingerprints.length === 0) {
    const detail = "leads to a child of whom neither a UPN nor a surname is known: there is nothing to compare";
    throw validationFailed([{ pointer: "/entryId", detail }]);
  }
  return entry;
};

/** Until midnight in England. */
const secondsLeft = (now: string): number =>
  Math.ceil((Date.parse(startOfDayAfter(dateInEngland(now))) - Date.parse(now)) / 1000);

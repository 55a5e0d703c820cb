import { mostOpenEnquiries } from "./enquiry.ts";
import type { Entry } from "./entry.ts";
import { alreadyAsked, tooManyEnquiries } from "./refusals.ts";

/**
 * Of two entries of one child, whether those who have them may know of each other: the child was handed on from one list to
 * the other, or one authority has it on its list twice. What authorities ask that know nothing of each other is counted
 * apart: a refusal would tell the one that the other is looking for the child, and a family in a refuge could be found
 * through that.
 */
export const areCountedTogether = (one: Entry, other: Entry): boolean =>
  one.authority === other.authority || one.origin === other.origin;

/**
 * R7: at most five authorities hold a child's data through enquiries at one time, whichever of the child's entries they were
 * asked about. One that another party asks already learns nothing new, and takes no room.
 * @param others the child's other entries, see {@link areCountedTogether}
 * @throws Refusal `already-asked`, `too-many-enquiries` with the caller's own enquiries and the guidance's words
 */
export const insistOnRoomToAsk = (entry: Entry, others: readonly Entry[], asked: string): void => {
  const all = [entry, ...others];
  const own = all.filter(({ authority }) => authority === entry.authority).flatMap(({ enquiries }) => enquiries);
  const same = own.find((each) => each.asked === asked);
  if (same) throw alreadyAsked(same.enquiryId);
  const authorities = new Set(all.flatMap(({ enquiries }) => enquiries.map((each) => each.asked)));
  if (!authorities.has(asked) && authorities.size >= mostOpenEnquiries) throw tooManyEnquiries(own);
};

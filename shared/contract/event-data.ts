import * as z from "zod";
import { contactId, directoryCode, referralId, uuidV7 } from "./primitives.ts";

/**
 * What an event is of, in ids and numbers alone (R6): whoever is told comes and asks. The same in the feed, in a
 * webhook's body and in what the exchange stores.
 */
export const eventData = z
  .union([
    z.strictObject({ referralId, sequence: z.int().positive() }),
    z.strictObject({ enquiryId: uuidV7, sequence: z.int().positive() }),
    z.strictObject({ entryId: uuidV7, sequence: z.int().positive() }),
    z.strictObject({ noticeId: uuidV7, sequence: z.int().positive() }),
    z.strictObject({ publication: z.int().positive() }),
    z.strictObject({ authority: directoryCode, contactId }),
  ])
  .meta({
    id: "EventData",
    description:
      "The referral, enquiry, entry or notice and the event's place in its trail; the publication's number; or the contact",
  });
export type EventData = z.input<typeof eventData>;

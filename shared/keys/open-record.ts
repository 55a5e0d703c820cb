import type { KMSClient } from "@aws-sdk/client-kms";
import { type Refusal, recordUnreadable } from "../domain/refusals.ts";
import { log } from "../observability/log.ts";
import { type EncryptionContext, EnvelopeRefused, open } from "./envelope.ts";

/** What is to be opened, for the operator: in which request, and what it is of. */
export type Opening = { requestId: string } & (
  | { referralId: string }
  | { entryId: string }
  | { enquiryId: string }
  | { noticeId: string }
);

/** Tells the operator and nobody else why. */
export const unreadable = (opening: Opening, because: string): Refusal => {
  log("record-unreadable", { ...opening, because, alarm: true });
  return recordUnreadable();
};

/**
 * Opens what is kept of a child.
 * @throws Refusal `record-unreadable` when it was altered, moved or is missing: nothing is disclosed, the operator is alerted
 */
export const openRecord = async (
  { kms, recordKey }: { kms: KMSClient; recordKey: string },
  context: EncryptionContext,
  envelope: string | undefined,
  opening: Opening,
): Promise<string> => {
  if (envelope === undefined) throw unreadable(opening, "missing");
  try {
    return await open(kms, recordKey, context, envelope);
  } catch (error) {
    throw error instanceof EnvelopeRefused ? unreadable(opening, error.because) : error;
  }
};

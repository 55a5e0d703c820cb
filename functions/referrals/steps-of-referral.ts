import type * as z from "zod";
import type { readStepsOfReferral } from "../../shared/contract/correspondence.ts";
import { enquirySteps } from "../../shared/domain/enquiry-steps.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { notesOf } from "../cme-list/notes-of-steps.ts";
import type { DisclosureDependencies } from "./disclose-record.ts";

type Step = z.input<(typeof readStepsOfReferral.answers)[200]["schema"]>["items"][number];
type Reading = Pick<DisclosureDependencies, "dynamo" | "kms" | "recordKey"> & {
  tables: { entries: string; records: string };
};

/**
 * The steps of enquiry that travel with a referral: what the sender did to find the child before it was referred, and what
 * it does while the two of them look. After the referral's end the sender's enquiries are its own business again.
 */
export const stepsOf = async (call: { requestId: string }, deps: Reading, referral: Referral): Promise<Step[]> => {
  if (referral.senderEntryId === null) return [];
  const [item] = await readAll(deps.dynamo, [entryPlace(deps.tables.entries, referral.senderEntryId)]);
  const entry = entryFrom(item);
  if (!entry) throw new TypeError("A referral without its sender's entry");
  const { endedAt } = referral;
  const travelling = entry.steps.filter(({ recordedAt }) => endedAt === null || recordedAt <= endedAt);
  const notes = await notesOf({ ...entry, steps: travelling }, call.requestId, deps);
  return travelling.map(({ step, date, outcome, recordedAt, sequence }) => ({
    step,
    text: enquirySteps.find(({ code }) => code === step)?.text ?? step,
    date,
    outcome,
    recordedAt,
    note: notes.get(sequence) ?? null,
  }));
};

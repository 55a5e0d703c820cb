import type * as z from "zod";
import type { recordStep } from "../../shared/contract/cme-list.ts";
import type { Entry, RecordedStep } from "../../shared/domain/entry.ts";

/** A recorded step as its authority, and whoever receives the child, sees it. */
export const stepOf = ({
  step,
  date,
  outcome,
  recordedAt,
  sequence,
}: RecordedStep): z.input<(typeof recordStep.answers)[201]["schema"]> => ({
  step,
  date,
  outcome,
  recordedAt,
  sequence,
});

/** The recorded steps as the guidance's rule takes them: that a step does not apply was always said with a note. */
export const recordsOf = ({ steps }: Pick<Entry, "steps">) =>
  steps.map(({ step, date, outcome, hasNote }) => ({ step, date, outcome, note: hasNote ? "given" : undefined }));

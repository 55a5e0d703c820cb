import type { Context } from "aws-lambda";
import * as z from "zod";

/** A function as Lambda runs it. What it answers is judged, not trusted. */
export type BatchHandler<Event> = (event: Event, context: Context) => Promise<unknown>;

export type EventSource = {
  /** When everything that had come before this call has been handed over. A batch that keeps failing keeps it waiting. */
  idle(): Promise<void>;
  /** Waits for the batches that are being handled. */
  close(): Promise<void>;
};

/** One line. Never an error's message, which may quote what was handled. */
export type Log = (line: string) => void;

const partialFailure = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).nullish() })
  .nullish();

/**
 * Which of the batch's items a function reports as failed, read as Lambda reads `ReportBatchItemFailures`: no answer, or
 * none of that name in it, is success. The function gets a copy of the event, as it would over the wire.
 * Source: "Success and failure conditions" of partial batch responses, AWS Lambda Developer Guide.
 * @throws whatever the function throws, and TypeError on an answer of another shape or an item that was not in the
 *   batch: then the whole batch has failed
 */
export const failuresOf = async <Event>(
  handler: BatchHandler<Event>,
  event: Event,
  identifiers: readonly string[],
): Promise<ReadonlySet<string>> => {
  const answer = partialFailure.safeParse(await handler(structuredClone(event), {} as Context));
  if (!answer.success) throw new TypeError("The function's answer is not a batch response");
  const failed = new Set(answer.data?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
  for (const identifier of failed) {
    if (!identifiers.includes(identifier)) throw new TypeError("The function reports an item it was not given");
  }
  return failed;
};

/** Milliseconds before the next try: 100 after the first failure, twice as long after each further one, at most 5,000. */
export const backOff = (failures: number): number => Math.min(100 * 2 ** (failures - 1), 5_000);

import type { Write } from "./dynamo.ts";

/**
 * Puts what the writes count for into the outbox row that is written with them: whoever tells of the event counts it, in
 * one transaction and so exactly once, and nothing can come onto a list or off it that isn't counted.
 * @throws TypeError when no event tells of it
 */
export const countsInRow = (writes: readonly Write[]): readonly Write[] => {
  const counts = writes.flatMap((write) => write.counts ?? []);
  if (counts.length === 0) return writes;
  const row = writes.find(({ isOutboxRow }) => isOutboxRow);
  const put = row?.item.Put;
  if (!row || !put) throw new TypeError("What changes the figures has no event that tells of it");
  const telling: Write = { ...row, item: { Put: { ...put, Item: { ...put.Item, counts } } } };
  return writes.map((write) => (write === row ? telling : write));
};

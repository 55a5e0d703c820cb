import { log } from "../../shared/observability/log.ts";
import { consumeStream } from "../../shared/queue/consume.ts";
import { tell, tellDependencies } from "./tell.ts";

/** Seconds for which one row may hold up those behind it; then it is left to the reconciler. */
const longestHoldUp = 60;

/** The outbox's stream: each new row is told of. What the row says is read from the table, never from the stream. */
export const handler = consumeStream("fan-out", tellDependencies, async ({ eventName, dynamodb }, deps) => {
  const subject = dynamodb?.Keys?.subject?.S;
  const sequence = Number(dynamodb?.Keys?.sequence?.N);
  if (eventName !== "INSERT" || !subject || !sequence) return;
  try {
    await tell({ subject, sequence }, deps);
  } catch (error) {
    const age = Date.now() / 1000 - (dynamodb?.ApproximateCreationDateTime ?? 0);
    if (age < longestHoldUp) throw error;
    log("outbox-left", { subject, sequence, alarm: true });
  }
});

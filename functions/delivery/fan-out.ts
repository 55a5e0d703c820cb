import { consumeStream } from "../../shared/queue/consume.ts";
import { tell, tellDependencies } from "./tell.ts";

/** The outbox's stream: each new row is told of. What the row says is read from the table, never from the stream. */
export const handler = consumeStream("fan-out", tellDependencies, async (record, deps) => {
  const messageId = record.dynamodb?.Keys?.messageId?.S;
  if (record.eventName === "INSERT" && messageId) await tell(messageId, deps);
});

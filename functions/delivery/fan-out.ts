import { consumeStream } from "../../shared/queue/consume.ts";
import { tell, tellDependencies } from "./tell.ts";

/** The outbox's stream: each new row is told of. What the row says is read from the table, never from the stream. */
export const handler = consumeStream("fan-out", tellDependencies, async ({ eventName, dynamodb }, deps) => {
  const referralId = dynamodb?.Keys?.referralId?.S;
  const sequence = dynamodb?.Keys?.sequence?.N;
  if (eventName === "INSERT" && referralId && sequence) await tell({ referralId, sequence: Number(sequence) }, deps);
});

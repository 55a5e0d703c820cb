import { busy } from "../domain/refusals.ts";
import type { Intent, Proof, Reply } from "../http/call.ts";
import { answerPlace, recordAnswer, recordedAnswer } from "./answers.ts";
import { attempts, commit, type Dynamo, type Item, type Place, readAll, type Write } from "./dynamo.ts";
import { proofReplayed, spendInTransaction } from "./proofs.ts";

/**
 * What an attempt would write, and what it would answer if that commits. `kept` is what is kept of the answer's text for a
 * repeat, where the text itself must not be kept. `afterwards` is called when it has committed, so never for a repeat.
 */
export type Attempt = { writes: Write[]; reply: Reply; kept?: string; afterwards?: () => void };

/**
 * Carries out an intent exactly once. The thing itself, the answer to be repeated and the use of the proof commit in one
 * transaction; where the same intent committed before, its first answer is given again. When something that the decision
 * rested on has changed meanwhile, everything is read and decided anew: so a lost race ends in a refusal that names the
 * present state, and never in half a deed.
 * @param places what the decision needs, read in one call together with the recorded answer
 * @param decide takes what was read and the time, which is later than the reading: so whatever was in effect by then, such
 * as a contact's retirement, is seen
 * @param reopen turns what was kept of an answer into its text again
 * @throws Refusal from the decision; `dpop-replayed`; `idempotency-key-reused`
 */
export const commitOnce = async (
  dynamo: Dynamo,
  tables: { answers: string; proofs: string },
  call: { intent: Intent; proof: Proof },
  places: readonly Place[],
  decide: (items: (Item | undefined)[], now: string) => Promise<Attempt>,
  reopen: (kept: string) => Promise<string> = async (kept) => kept,
): Promise<Reply> => {
  for await (const _ of attempts()) {
    const [answer, ...items] = await readAll(dynamo, [answerPlace(tables.answers, call.intent), ...places]);
    const first = recordedAnswer(answer, call.intent);
    if (first) return { ...first, text: await reopen(first.text) };
    const { writes, reply, kept, afterwards } = await decide(items, new Date().toISOString());
    const outcome = await commit(dynamo, [
      spendInTransaction(tables.proofs, call.proof),
      recordAnswer(tables.answers, call.intent, reply, kept),
      ...writes,
    ]);
    if (outcome.committed) {
      call.proof.spent = true;
      afterwards?.();
      return reply;
    }
    if (outcome.lost.has("proof")) throw proofReplayed();
  }
  throw busy();
};

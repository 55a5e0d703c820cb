import { busy, tokenRevoked } from "../domain/refusals.ts";
import type { Caller, Proof, Reply } from "../http/call.ts";
import { type Client, clientFrom, clientPlace } from "./clients.ts";
import { attempts, commit, type Dynamo, type Item, type Place, readAll, type Write } from "./dynamo.ts";
import { proofReplayed, spendInTransaction } from "./proofs.ts";

/** What is shown, and what to write of it: the thing with one event more. */
export type Disclosure = { reply: Reply; writes: Write[] };

/**
 * Shows something about a child to one who may see it (R5), and never without a trace: the answer leaves only after the
 * read has committed as an event, together with the use of the proof. A client that was deactivated is shown nothing more
 * by the token that it still has: its registration is read in the same call as what is shown.
 * @param places what is read, in one call
 * @throws Refusal `token-revoked`, `dpop-replayed`, and whatever `disclose` does
 */
export const discloseOnce = async (
  dynamo: Dynamo,
  tables: { proofs: string; clients: string },
  { caller, proof }: { caller: Caller; proof: Proof },
  places: readonly Place[],
  disclose: (items: (Item | undefined)[], client: Client) => Promise<Disclosure>,
): Promise<Reply> => {
  for await (const _ of attempts()) {
    const [clientItem, ...items] = await readAll(dynamo, [clientPlace(tables.clients, caller.clientId), ...places]);
    const client = clientFrom(clientItem);
    if (!client?.active) throw tokenRevoked();
    const { reply, writes } = await disclose(items, client);
    const outcome = await commit(dynamo, [spendInTransaction(tables.proofs, proof), ...writes]);
    if (outcome.committed) {
      proof.spent = true;
      return reply;
    }
    if (outcome.lost.has("proof")) throw proofReplayed();
  }
  throw busy();
};

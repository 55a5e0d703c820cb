import { exchangeItself } from "../../shared/domain/event-chain.ts";
import { neighboursAfter, type Reorganisation } from "../../shared/domain/reorganisation.ts";
import { changeAuthority, countChange, readSnapshot } from "../../shared/store/directory.ts";
import { attempts, commit, type Dynamo } from "../../shared/store/dynamo.ts";
import { presentAuthority } from "./find-authority.ts";

type Dependencies = { dynamo: Dynamo; tables: { directory: string; changes: string } };

/** As many authorities as fit a transaction with the links of their chains and the count of the list's changes. */
const mostAtOnce = 49;

/**
 * The authorities around the predecessor have its successors for neighbours from now on. Repeated, it changes what is left
 * to change.
 */
export const settleNeighbours = async (
  reorganisation: Reorganisation,
  { dynamo, tables }: Dependencies,
): Promise<void> => {
  for await (const _ of attempts()) {
    const { authorities } = await readSnapshot(dynamo, tables.directory);
    const ended = authorities.find(({ code }) => code === reorganisation.predecessor);
    if (!ended) throw new TypeError("A reorganisation of an authority that is not there");
    const around = authorities.filter(
      ({ code, effectiveTo }) =>
        code !== ended.code && (effectiveTo === null || effectiveTo >= reorganisation.effectiveOn),
    );
    const changed = [...neighboursAfter(reorganisation, ended, around)];
    if (changed.length === 0) return;
    const at = new Date().toISOString();
    const writes = changed.slice(0, mostAtOnce).flatMap(([code, neighbours]) => {
      const authority = around.find((each) => each.code === code);
      if (!authority) return [];
      const before = presentAuthority(authority);
      const after = { ...before, neighbours, version: before.version + 1 };
      const fact = { type: "authority.changed", at, actor: exchangeItself, before, after } as const;
      return changeAuthority(tables, authority, { neighbours }, fact).writes;
    });
    await commit(dynamo, [...writes, countChange(tables.directory)]);
  }
};

import { cancelReorganisation as route } from "../../shared/contract/reorganisations.ts";
import { alreadyThere, notFound, stateDoesNotAllow } from "../../shared/domain/refusals.ts";
import { isToCome, type Reorganisation } from "../../shared/domain/reorganisation.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { deactivateClientsOf } from "../../shared/store/clients.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import {
  type Authority,
  authorityFrom,
  authorityPlace,
  countChange,
  withdrawAuthority,
} from "../../shared/store/directory.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { reorganisationFrom, reorganisationPlace, replaceReorganisation } from "../../shared/store/reorganisations.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { presentAuthority } from "./find-authority.ts";
import { type ReorganisationDependencies, reorganisationDependencies, reorganised } from "./register-reorganisation.ts";
import { showReorganisation } from "./show-reorganisation.ts";

const dependencies = () => ({ ...reorganisationDependencies(), ...tableNames("clients") });
type Dependencies = ReturnType<typeof dependencies>;

/**
 * Before its day a reorganisation can be called off, and the list is as if it had never been. What was assigned meanwhile is
 * never looked at again. The transaction fails where the day has come and the passing has begun.
 */
const cancelReorganisation: Operation<typeof route, Dependencies> = (call, { dynamo, tables, clients }) =>
  commitOnce(
    dynamo,
    tables,
    call,
    [reorganisationPlace(tables.reorganisations, call.params.id)],
    async ([item], now) => {
      const before = reorganisationFrom(item);
      if (!before) throw notFound();
      if (!isToCome(before, now)) {
        const state = before.state === "registered" ? "under-way" : before.state;
        throw stateDoesNotAllow(state, before.version, "reorganisation");
      }
      const { predecessor, successors } = await concerned(before, { dynamo, tables });
      const withdrawn = successors.filter((each) => neverWas(each, before.predecessor, dateInEngland(now)));
      if (withdrawn.some(({ effectiveTo }) => effectiveTo !== null)) {
        throw alreadyThere("a reorganisation of an authority that this one makes: cancel that one first");
      }
      const actor = actorOf(call.caller);
      // Whoever bears one of these codes some day is another authority: nobody registered for this one acts for it.
      for (const { code } of withdrawn) {
        await deactivateClientsOf(dynamo, { ...tables, clients }, code, { at: now, actor });
      }
      const { after, write } = replaceReorganisation(tables.reorganisations, before, { state: "cancelled" });
      return {
        writes: [
          ...reorganised(tables, predecessor, { effectiveTo: null, successors: [] }, call, now),
          ...successors.flatMap((each) => {
            const facts = presentAuthority(each);
            return withdrawn.includes(each)
              ? withdrawAuthority(tables, each, {
                  type: "authority.reorganised",
                  at: now,
                  actor,
                  before: facts,
                  after: null,
                })
              : reorganised(tables, each, { predecessors: without(each, before.predecessor) }, call, now);
          }),
          countChange(
            tables.directory,
            [],
            withdrawn.map(({ code }) => code),
          ),
          write,
        ],
        reply: reply(route, 201, showReorganisation(after)),
      };
    },
  );

const concerned = async (
  { predecessor, successors }: Reorganisation,
  { dynamo, tables }: Pick<ReorganisationDependencies, "dynamo" | "tables">,
) => {
  const codes = [predecessor, ...successors];
  const items = await readAll(
    dynamo,
    codes.map((code) => authorityPlace(tables.directory, code)),
  );
  const [first, ...others] = items.map((item) => authorityFrom(item));
  if (!first) throw new TypeError("A reorganisation of an authority that is not there");
  return { predecessor: first, successors: others.filter((each) => each !== undefined) };
};

const without = ({ predecessors }: Authority, code: string): string[] => predecessors.filter((each) => each !== code);

/** It was to begin, and nobody else is to be succeeded by it: not even one whose own reorganisation names it. */
const neverWas = (authority: Authority, predecessor: string, today: string): boolean =>
  authority.effectiveFrom > today && without(authority, predecessor).length === 0;

export const handler = serve(route, dependencies, cancelReorganisation);

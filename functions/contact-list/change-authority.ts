import { changeAuthority as route } from "../../shared/contract/contact-list.ts";
import { type BodyFault, notFound, preconditionFailed, validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import {
  type Authority,
  type AuthorityFacts,
  authorityFrom,
  authorityPlace,
  changeAuthority as changed,
  countChange,
  existsOn,
  readSnapshot,
} from "../../shared/store/directory.ts";
import { presentAuthority } from "./find-authority.ts";
import { type MaintenanceDependencies, maintenanceDependencies } from "./maintain-contacts.ts";

const changeAuthority: Operation<typeof route, MaintenanceDependencies> = (call, { dynamo, tables }) =>
  commitOnce(
    dynamo,
    tables,
    call,
    [authorityPlace(tables.directory, call.params.code)],
    async ([authorityItem], now) => {
      const authority = authorityFrom(authorityItem);
      if (!authority) throw notFound();
      if (authority.version !== call.expectedVersion) throw preconditionFailed(authority.version);
      const { authorities } = await readSnapshot(dynamo, tables.directory);
      const faults = faultsOf(call.body, authority, authorities, dateInEngland(now));
      if (faults.length > 0) throw validationFailed(faults);
      const before = presentAuthority(authority);
      const facts = { ...call.body, formerGssCodes: formerGssCodes(authority, call.body.gssCode) };
      const { after, writes } = changed(tables, authority, facts, {
        type: "authority.changed",
        at: now,
        actor: actorOf(call.caller),
        before,
        after: { ...before, ...facts, version: before.version + 1 },
      });
      return {
        writes: [...writes, countChange(tables.directory)],
        reply: reply(route, 201, presentAuthority(after), etagOf(after)),
      };
    },
  );

/** A GSS code is one authority's at a time, and a neighbour is another authority that is there. */
const faultsOf = (
  { gssCode, neighbours }: Call<typeof route>["body"],
  { code }: Authority,
  authorities: readonly Authority[],
  today: string,
): BodyFault[] => {
  const others = authorities.filter((each) => each.code !== code && existsOn(each, today));
  return [
    ...(others.some((each) => each.gssCode === gssCode)
      ? [{ pointer: "/gssCode", detail: "is another authority's" }]
      : []),
    ...neighbours.flatMap((each, index) => {
      const pointer = `/neighbours/${index}`;
      if (neighbours.indexOf(each) < index) return [{ pointer, detail: "is named more than once" }];
      return others.some((other) => other.code === each)
        ? []
        : [{ pointer, detail: "is not another authority in effect" }];
    }),
  ];
};

/** A code that was once an authority's still finds it; as Barnsley's did when ONS gave it another in 2025. */
const formerGssCodes = (authority: AuthorityFacts, gssCode: string): string[] =>
  [...new Set([...authority.formerGssCodes, authority.gssCode])].filter((code) => code !== gssCode).sort();

export const handler = serve(route, maintenanceDependencies, changeAuthority);

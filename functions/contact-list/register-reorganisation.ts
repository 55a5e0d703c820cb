import { v7 as uuidV7 } from "uuid";
import { type NewAuthority, registerReorganisation as route } from "../../shared/contract/reorganisations.ts";
import { newContact } from "../../shared/domain/contacts.ts";
import type { Reorganisation } from "../../shared/domain/reorganisation.ts";
import { dayBefore, startOfDay } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import {
  type Authority,
  addAuthority,
  authorityPlace,
  changeAuthority,
  countChange,
  readSnapshot,
  withdrawnFrom,
} from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { emailDomainsFrom, emailDomainsPlace } from "../../shared/store/email-domains.ts";
import { putNewReorganisation } from "../../shared/store/reorganisations.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { acceptableReorganisation } from "./acceptable-reorganisation.ts";
import { presentAuthority } from "./find-authority.ts";
import { showReorganisation } from "./show-reorganisation.ts";

export const reorganisationDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "directory", "changes", "reorganisations"),
});
export type ReorganisationDependencies = ReturnType<typeof reorganisationDependencies>;

type RegisterCall = Call<typeof route>;

/**
 * From this moment the list says when the predecessor ends and who succeeds it, and the new authorities stand in it with
 * their contacts, in effect from that day. So at midnight nobody has to do anything for the list to be right.
 */
const registerReorganisation: Operation<typeof route, ReorganisationDependencies> = (call, { dynamo, tables }) => {
  const { body } = call;
  const codes = body.successors.map(({ code }) => code);
  const places = [emailDomainsPlace(tables.directory), ...codes.map((code) => authorityPlace(tables.directory, code))];
  return commitOnce(dynamo, tables, call, places, async ([domainsItem, ...items], now) => {
    const { authorities } = await readSnapshot(dynamo, tables.directory);
    const { predecessor, present, beginning } = acceptableReorganisation(body, {
      authorities: new Map(authorities.map((each) => [each.code, each])),
      officialDomains: emailDomainsFrom(domainsItem).domains,
      now,
    });
    const reorganisation = newReorganisation(call, now);
    const ending = { effectiveTo: dayBefore(body.effectiveOn), successors: codes };
    return {
      writes: [
        ...reorganised(tables, predecessor, ending, call, now),
        ...present.flatMap((each) => {
          const predecessors = [...each.predecessors, body.predecessor];
          return reorganised(tables, each, { predecessors }, call, now);
        }),
        ...beginning.flatMap((each) => {
          const facts = authorityThatBegins(each, body, now);
          const fact = {
            type: "authority.added",
            at: now,
            actor: actorOf(call.caller),
            before: null,
            after: facts,
          } as const;
          return addAuthority(tables, facts, fact, withdrawnFrom(items[codes.indexOf(each.code)])).writes;
        }),
        countChange(
          tables.directory,
          beginning.map(({ code }) => code),
        ),
        putNewReorganisation(tables.reorganisations, reorganisation),
      ],
      reply: reply(route, 201, showReorganisation(reorganisation), {
        location: `/v1/reorganisations/${reorganisation.reorganisationId}`,
      }),
    };
  });
};

const newReorganisation = ({ body }: RegisterCall, now: string): Reorganisation => ({
  reorganisationId: uuidV7(),
  predecessor: body.predecessor,
  effectiveOn: body.effectiveOn,
  successors: body.successors.map(({ code }) => code),
  remainderTo: body.remainderTo,
  state: "registered",
  registeredAt: now,
  neighboursSettled: false,
  quietSince: null,
  completedAt: null,
  version: 1,
});

/** What a reorganisation changes of an authority that is there, with the link of its chain of changes. */
export const reorganised = (
  tables: { directory: string; changes: string },
  authority: Authority,
  changes: Partial<Pick<Authority, "effectiveTo" | "successors" | "predecessors">>,
  { caller }: Pick<RegisterCall, "caller">,
  now: string,
) => {
  const before = presentAuthority(authority);
  const after = { ...before, ...changes, version: before.version + 1 };
  return changeAuthority(tables, authority, changes, {
    type: "authority.reorganised",
    at: now,
    actor: actorOf(caller),
    before,
    after,
  }).writes;
};

const authorityThatBegins = (
  { code, contacts, ...facts }: NewAuthority,
  { predecessor, effectiveOn }: RegisterCall["body"],
  now: string,
): Omit<Authority, "version" | "head" | "staged"> => {
  const named = contacts.map((each) => {
    const inEffect = { ...each, effectiveFrom: startOfDay(effectiveOn), effectiveTo: null };
    return newContact(uuidV7(), code, inEffect, { by: "dfe", now });
  });
  return {
    ...facts,
    code,
    neighbours: [...new Set(facts.neighbours)].sort(),
    formerGssCodes: [],
    nation: "England",
    predecessors: [predecessor],
    successors: [],
    effectiveFrom: effectiveOn,
    effectiveTo: null,
    contacts: Object.fromEntries(named.map((each) => [each.contactId, each])),
  };
};

export const handler = serve(route, reorganisationDependencies, registerReorganisation);

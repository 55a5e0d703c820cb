import type { client } from "../../shared/contract/client.ts";
import { authorityScopes, dfeScopes } from "../../shared/contract/route.ts";
import { type BodyFault, tokenRevoked, validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Caller, Intent, Proof, Reply } from "../../shared/http/call.ts";
import { examineKeys } from "../../shared/keys/client-keys.ts";
import {
  addClient,
  administratorsAfter,
  administratorsFrom,
  administratorsPlace,
  type Client,
  type ClientFacts,
  changeClient,
  clientFrom,
  clientPlace,
  keyClaimPlace,
  keyOwnerFrom,
} from "../../shared/store/clients.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { hasNotEnded, readAuthority } from "../../shared/store/directory.ts";
import { type Dynamo, dynamoClient } from "../../shared/store/dynamo.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const maintenanceDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "clients", "changes", "directory"),
});
export type MaintenanceDependencies = ReturnType<typeof maintenanceDependencies>;

type Given = Pick<typeof client._zod.output, "name" | "scopes" | "keys">;
type MaintenanceCall = { caller: Caller; intent: Intent; proof: Proof; body: Given };

/**
 * The story that every change of a client tells: load, give a recorded answer again, see whether the caller still may, see
 * that all is acceptable, and commit with the link of the chain of changes.
 * @param plan whose the client is and whether it is to be active, from how it was before
 * @throws Refusal `token-revoked`, `validation-failed`
 */
export const maintainClients = async (
  call: MaintenanceCall,
  { dynamo, tables }: MaintenanceDependencies,
  clientId: string,
  plan: (before: Client | undefined) => Pick<ClientFacts, "authority" | "active">,
  answer: (client: Client) => Reply,
): Promise<Reply> => {
  const { name, scopes, keys } = call.body;
  const { thumbprints, faults } = await examineKeys(keys);
  return commitOnce(
    dynamo,
    tables,
    call,
    [
      administratorsPlace(tables.clients),
      clientPlace(tables.clients, clientId),
      ...thumbprints.map((thumbprint) => keyClaimPlace(tables.clients, thumbprint)),
    ],
    async ([administratorsItem, clientItem, ...claims], now) => {
      const administrators = administratorsFrom(administratorsItem);
      if (!administrators.ids.includes(call.caller.clientId)) throw tokenRevoked();
      const before = clientFrom(clientItem);
      const facts = { name, scopes, keys, ...plan(before) };
      const all = [
        ...(await ownerFaults(dynamo, tables.directory, facts, now)),
        ...scopeFaults(facts),
        ...faults,
        ...signingFaults(facts),
        ...claims.flatMap((item, index) => claimFaults(keyOwnerFrom(item), clientId, index)),
      ];
      if (all.length > 0) throw validationFailed(all);
      const fact = { at: now, actor: actorOf(call.caller) };
      const { after, writes } = before
        ? changeClient(tables, before, facts, thumbprints, fact)
        : addClient(tables, { clientId, ...facts }, thumbprints, fact);
      return {
        writes: [
          ...writes,
          administratorsAfter(tables.clients, administrators, after),
          ...(mustExist(after) ? [hasNotEnded(tables.directory, after.authority, dateInEngland(now))] : []),
        ],
        reply: answer(after),
      };
    },
  );
};

/** Nobody calls for an authority that has ended; one that is still to begin may connect its systems before. */
const mustExist = ({ authority, active }: Pick<ClientFacts, "authority" | "active">): boolean =>
  authority !== "dfe" && active;

const ownerFaults = async (
  dynamo: Dynamo,
  directory: string,
  facts: Pick<ClientFacts, "authority" | "active">,
  now: string,
): Promise<BodyFault[]> => {
  if (!mustExist(facts)) return [];
  const authority = await readAuthority(dynamo, directory, facts.authority);
  const fault = (detail: string) => [{ pointer: "/authority", detail }];
  if (authority?.nation !== "England") return fault("is not the DfE number of a local authority in England, or dfe");
  const ended = authority.effectiveTo !== null && authority.effectiveTo < dateInEngland(now);
  return ended ? fault("is an authority that has ended: its clients can't be active") : [];
};

const scopeFaults = ({ authority, scopes }: Pick<ClientFacts, "authority" | "scopes">): BodyFault[] => {
  const allowed: readonly string[] = authority === "dfe" ? dfeScopes : authorityScopes;
  return scopes.flatMap((scope, index) =>
    allowed.includes(scope)
      ? []
      : [
          {
            pointer: `/scopes/${index}`,
            detail: `is not one of ${authority === "dfe" ? "the DfE's" : "an authority's"}: ${allowed.join(", ")}`,
          },
        ],
  );
};

const signingFaults = ({ active, keys }: Pick<ClientFacts, "active" | "keys">): BodyFault[] =>
  active && !keys.some(({ use }) => use === "sig")
    ? [{ pointer: "/keys", detail: "must hold a key that signs (use sig): without one the client gets no token" }]
    : [];

const claimFaults = (owner: string | undefined, clientId: string, index: number): BodyFault[] =>
  owner === undefined || owner === clientId
    ? []
    : [{ pointer: `/keys/${index}`, detail: "is, or was, another client's key: make a new key pair" }];

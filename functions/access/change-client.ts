import { isDeepStrictEqual } from "node:util";
import { changeClient as route } from "../../shared/contract/clients.ts";
import { locksYouOut, notFound, preconditionFailed } from "../../shared/domain/refusals.ts";
import type { Call } from "../../shared/http/call.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type Client, isAdministrator, presentClient } from "../../shared/store/clients.ts";
import { type MaintenanceDependencies, maintainClients, maintenanceDependencies } from "./maintain-clients.ts";

const changeClient: Operation<typeof route, MaintenanceDependencies> = (call, deps) =>
  maintainClients(
    call,
    deps,
    call.params.clientId,
    (before) => {
      if (!before) throw notFound();
      if (before.version !== call.expectedVersion) throw preconditionFailed(before.version);
      if (before.clientId === call.caller.clientId && !keepsItsWayIn(before, call.body)) throw locksYouOut();
      return { authority: before.authority, active: call.body.active };
    },
    (client) => reply(route, 201, presentClient(client), etagOf(client)),
  );

/** It stays an administrator, and keeps a key to sign with that it has already. */
const keepsItsWayIn = (before: Client, after: Call<typeof route>["body"]): boolean =>
  isAdministrator(after) &&
  after.keys.some((key) => key.use === "sig" && before.keys.some((each) => isDeepStrictEqual(each, key)));

export const handler = serve(route, maintenanceDependencies, changeClient);

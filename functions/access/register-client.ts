import { v7 as uuidV7 } from "uuid";
import { registerClient as route } from "../../shared/contract/clients.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { presentClient } from "../../shared/store/clients.ts";
import { type MaintenanceDependencies, maintainClients, maintenanceDependencies } from "./maintain-clients.ts";

const registerClient: Operation<typeof route, MaintenanceDependencies> = (call, deps) => {
  const { authority } = call.body;
  return maintainClients(
    call,
    deps,
    `cme-${authority}-${uuidV7()}`,
    () => ({ authority, active: true }),
    (client) =>
      reply(route, 201, presentClient(client), { ...etagOf(client), location: `/v1/clients/${client.clientId}` }),
  );
};

export const handler = serve(route, maintenanceDependencies, registerClient);

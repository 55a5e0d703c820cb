import { changeContact as route } from "../../shared/contract/contacts.ts";
import { changeContact as changed } from "../../shared/domain/contacts.ts";
import { preconditionFailed } from "../../shared/domain/refusals.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { presentContact } from "./find-authority.ts";
import {
  acceptableFacts,
  type MaintenanceDependencies,
  maintainContacts,
  maintenanceDependencies,
  presentOrFuture,
} from "./maintain-contacts.ts";

const changeContact: Operation<typeof route, MaintenanceDependencies> = (call, deps) =>
  maintainContacts(
    call,
    deps,
    (situation) => {
      const before = presentOrFuture(situation, call.params.contactId);
      if (before.version !== call.expectedVersion) throw preconditionFailed(before.version);
      const facts = acceptableFacts(call.body, situation, before);
      return { type: "contact.changed", before, after: changed(before, facts, situation) };
    },
    (contact) => reply(route, 201, presentContact(contact), etagOf(contact)),
  );

export const handler = serve(route, maintenanceDependencies, changeContact);

import { retireContact as route } from "../../shared/contract/contacts.ts";
import { retire } from "../../shared/domain/contacts.ts";
import { validationFailed } from "../../shared/domain/refusals.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { presentContact } from "./find-authority.ts";
import {
  type MaintenanceDependencies,
  maintainContacts,
  maintenanceDependencies,
  presentOrFuture,
} from "./maintain-contacts.ts";

const retireContact: Operation<typeof route, MaintenanceDependencies> = (call, deps) =>
  maintainContacts(
    call,
    deps,
    (situation) => {
      const before = presentOrFuture(situation, call.params.contactId);
      const { effectiveTo = situation.now } = call.body;
      if (effectiveTo < situation.now) {
        throw validationFailed([{ pointer: "/effectiveTo", detail: "is in the past" }]);
      }
      return { type: "contact.retired", before, after: retire(before, effectiveTo) };
    },
    (contact) => reply(route, 201, presentContact(contact), etagOf(contact)),
  );

export const handler = serve(route, maintenanceDependencies, retireContact);

import { verifyContact as route } from "../../shared/contract/contacts.ts";
import { verify } from "../../shared/domain/contacts.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { presentContact } from "./find-authority.ts";
import {
  type MaintenanceDependencies,
  maintainContacts,
  maintenanceDependencies,
  presentOrFuture,
} from "./maintain-contacts.ts";

const verifyContact: Operation<typeof route, MaintenanceDependencies> = (call, deps) =>
  maintainContacts(
    call,
    deps,
    (situation) => {
      const before = presentOrFuture(situation, call.params.contactId);
      return { type: "contact.verified", before, after: verify(before, situation) };
    },
    (contact) => reply(route, 201, presentContact(contact), etagOf(contact)),
  );

export const handler = serve(route, maintenanceDependencies, verifyContact);

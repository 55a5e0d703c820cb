import { v7 as uuidV7 } from "uuid";
import { addContact as route } from "../../shared/contract/contacts.ts";
import { newContact } from "../../shared/domain/contacts.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { presentContact } from "./find-authority.ts";
import {
  acceptableFacts,
  type MaintenanceDependencies,
  maintainContacts,
  maintenanceDependencies,
} from "./maintain-contacts.ts";

const addContact: Operation<typeof route, MaintenanceDependencies> = (call, deps) =>
  maintainContacts(
    call,
    deps,
    (situation) => {
      const facts = acceptableFacts(call.body, situation);
      return {
        type: "contact.added",
        before: null,
        after: newContact(uuidV7(), call.params.code, facts, situation),
      };
    },
    (contact) =>
      reply(route, 201, presentContact(contact), {
        ...etagOf(contact),
        location: `/v1/authorities/${contact.authority}/contacts/${contact.contactId}`,
      }),
  );

export const handler = serve(route, maintenanceDependencies, addContact);

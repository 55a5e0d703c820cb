import { getContact as route } from "../../shared/contract/contact-list.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type DirectoryDependencies, directoryDependencies, findAuthority, presentContact } from "./find-authority.ts";

const getContact: Operation<typeof route, DirectoryDependencies> = async (call, deps) => {
  const { code, contactId } = call.params;
  const { contacts } = await findAuthority(code, call.now, deps);
  const contact = Object.hasOwn(contacts, contactId) ? contacts[contactId] : undefined;
  if (!contact) throw notFound();
  return reply(route, 200, presentContact(contact), etagOf(contact));
};

export const handler = serve(route, directoryDependencies, getContact);

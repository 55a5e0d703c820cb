import { listContacts as route } from "../../shared/contract/contact-list.ts";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { contactsInEffect } from "../../shared/store/directory.ts";
import { pageOf } from "../../shared/store/page.ts";
import { type DirectoryDependencies, directoryDependencies, findAuthority, presentContact } from "./find-authority.ts";

const listContacts: Operation<typeof route, DirectoryDependencies> = async (call, deps) => {
  const authority = await findAuthority(call.params.code, call.now, deps);
  const { limit = defaultLimit, cursor } = call.query;
  return reply(
    route,
    200,
    pageOf(contactsInEffect(authority, call.now).map(presentContact), ({ contactId }) => contactId, {
      list: ["contacts", authority.code],
      limit,
      cursor,
    }),
  );
};

export const handler = serve(route, directoryDependencies, listContacts);

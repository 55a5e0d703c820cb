import { getAuthority as route } from "../../shared/contract/contact-list.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import {
  type DirectoryDependencies,
  directoryDependencies,
  findAuthority,
  presentAuthority,
} from "./find-authority.ts";

const getAuthority: Operation<typeof route, DirectoryDependencies> = async (call, deps) => {
  const authority = presentAuthority(await findAuthority(call.params.code, call.now, deps));
  return reply(route, 200, authority, etagOf(authority));
};

export const handler = serve(route, directoryDependencies, getAuthority);

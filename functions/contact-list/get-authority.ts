import { getAuthority as route } from "../../shared/contract/contact-list.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type DirectoryDependencies, directoryDependencies, findAuthority } from "./find-authority.ts";

const getAuthority: Operation<typeof route, DirectoryDependencies> = async (call, deps) => {
  const { contacts: _, ...authority } = await findAuthority(call.params.code, call.now, deps);
  return reply(route, 200, authority);
};

export const handler = serve(route, directoryDependencies, getAuthority);

import { defaultLimit } from "../../shared/contract/listing.ts";
import { listPublications as route } from "../../shared/contract/publications.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { readPublications } from "../../shared/store/publications.ts";
import { type DocumentDependencies, documentDependencies } from "./find-document.ts";

const listPublications: Operation<typeof route, DocumentDependencies> = async (call, { dynamo, tables }) => {
  const { limit = defaultLimit, cursor } = call.query;
  return reply(route, 200, await readPublications(dynamo, tables.publications, { limit, cursor }));
};

export const handler = serve(route, documentDependencies, listPublications);

import { publishContactList as route } from "../../shared/contract/publications.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { newestPlace } from "../../shared/store/publications.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { nextPublication, publishingDependencies } from "./next-publication.ts";

const dependencies = () => {
  const publishing = publishingDependencies();
  return { ...publishing, tables: { ...publishing.tables, ...tableNames("answers", "proofs") } };
};

const publishContactList: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  commitOnce(deps.dynamo, deps.tables, call, [newestPlace(deps.tables.publications)], async ([newest]) => {
    const { publication, isNew, writes, afterwards } = await nextPublication(newest, deps);
    const location = `/v1/contact-list/publications/${publication.number}`;
    return { writes, reply: reply(route, isNew ? 201 : 200, publication, { location }), afterwards };
  });

export const handler = serve(route, dependencies, publishContactList);

import { getContactList as route } from "../../shared/contract/publications.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type DocumentDependencies, documentDependencies } from "./find-document.ts";
import { showDocument } from "./show-document.ts";

const getContactList: Operation<typeof route, DocumentDependencies> = (call, deps) =>
  showDocument(route, call, "newest", deps);

export const handler = serve(route, documentDependencies, getContactList);

import type { APIGatewayProxyEvent } from "aws-lambda";
import type { Route } from "../../shared/contract/route.ts";
import type { Format } from "../../shared/domain/publication.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import type { Reply } from "../../shared/http/call.ts";
import { hasCopy, preferredMedia } from "../../shared/http/representation.ts";
import { type DocumentDependencies, findDocument } from "./find-document.ts";

const formatOf = { "application/json": "json", "text/csv": "csv" } as const;
const contentTypes: Record<Format, string> = {
  json: "application/json",
  csv: "text/csv; charset=utf-8; header=present",
};

/**
 * A publication in the format that the caller prefers, in the very bytes that were signed; or 304 where it has them.
 * @throws Refusal `not-acceptable`, `not-found`
 */
export const showDocument = async (
  { cacheControl }: Route,
  { accept, event }: { accept: string; event: APIGatewayProxyEvent },
  which: number | "newest",
  deps: DocumentDependencies,
): Promise<Reply> => {
  const format = formatOf[preferredMedia(accept, ["application/json", "text/csv"])];
  const document = await findDocument(which, format, deps);
  if (!document) throw notFound();
  const etag = `"${document.digest.slice("sha-256:".length)}"`;
  const headers = {
    etag,
    vary: "Accept",
    "cache-control": cacheControl,
    "x-publication-number": String(document.number),
    "x-jws-signature": document.signature,
  };
  if (hasCopy(event, etag)) return { status: 304, headers, text: "" };
  return { status: 200, headers: { ...headers, "content-type": contentTypes[format] }, text: document.text };
};

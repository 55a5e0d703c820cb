import * as z from "zod";
import { defaultLimit } from "../../shared/contract/listing.ts";
import { contactList, listContactListChanges as route } from "../../shared/contract/publications.ts";
import { differences, placeOf } from "../../shared/domain/publication.ts";
import { cursorInvalid, notFound, validationFailed } from "../../shared/domain/refusals.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { cursorFor, positionFrom } from "../../shared/store/page.ts";
import type { Document } from "../../shared/store/publications.ts";
import { type DocumentDependencies, documentDependencies, findDocument } from "./find-document.ts";

/** A cursor holds to the later publication too, so that the pages fit together when another is published between them. */
const listContactListChanges: Operation<typeof route, DocumentDependencies> = async (call, deps) => {
  const { since, limit = defaultLimit, cursor } = call.query;
  const list = ["contact-list-changes", since, call.query.to ?? null];
  const position = cursor === undefined ? undefined : positionIn(list, cursor);
  const to = position?.to ?? call.query.to ?? (await newestNumber(deps));
  if (since > to) throw validationFailed([{ pointer: "/since", detail: `is later than ${to}, to which it goes` }]);
  const [earlier, later] = [await listIn("since", since, deps), await listIn("to", to, deps)];
  const after = position?.after ?? "";
  const all = differences(earlier, later).filter((each) => placeOf(each) > after);
  const items = all.slice(0, limit);
  const last = items.at(-1);
  const next = last && all.length > limit ? cursorFor(list, { to, after: placeOf(last) }) : null;
  return reply(route, 200, { since, to, items, next });
};

const position = z.strictObject({ to: z.int().positive(), after: z.string() });

/** Also when the caller made the cursor itself, by the public recipe, it is a place in the list. */
const positionIn = (list: unknown, cursor: string): z.output<typeof position> => {
  const { data } = position.safeParse(positionFrom(list, cursor));
  if (!data) throw cursorInvalid();
  return data;
};

/** @throws Refusal `not-found` before the first publication */
const newestNumber = async (deps: DocumentDependencies): Promise<number> => {
  const newest = await findDocument("newest", "json", deps);
  if (!newest) throw notFound();
  return newest.number;
};

/** @throws Refusal `validation-failed` where there is no publication of that number */
const listIn = async (parameter: "since" | "to", number: number, deps: DocumentDependencies) => {
  const document = await findDocument(number, "json", deps);
  if (!document) throw validationFailed([{ pointer: `/${parameter}`, detail: "is no publication's number" }]);
  return parsed(document);
};

const parsed = ({ text }: Document) => contactList.parse(JSON.parse(text));

export const handler = serve(route, documentDependencies, listContactListChanges);

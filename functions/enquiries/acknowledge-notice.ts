import { acknowledgeNotice as route } from "../../shared/contract/notices.ts";
import { acknowledged, mayDo } from "../../shared/domain/notice.ts";
import { notFound, notYourRole, stateDoesNotAllow, validationFailed } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { authorityFrom, authorityPlace, contactsInEffect, contactUnchanged } from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace } from "../../shared/store/entries.ts";
import { noticePlace } from "../../shared/store/notices.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { noticeOf, noticeStepWrites } from "./notice-writes.ts";
import { partysNotice } from "./readable-notice.ts";

const dependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "directory", "notices", "entries", "caseEvents", "outbox"),
});

const acknowledgeNotice: Operation<typeof route, ReturnType<typeof dependencies>> = (call, { dynamo, tables }) => {
  const { caller, params, body } = call;
  const places = [
    noticePlace(tables.notices, params.id),
    authorityPlace(tables.directory, caller.authority),
    ...(body.entryId ? [entryPlace(tables.entries, body.entryId)] : []),
  ];
  return commitOnce(dynamo, tables, call, places, async ([noticeItem, authorityItem, entryItem], now) => {
    const notice = partysNotice(noticeItem, caller);
    const decision = mayDo("acknowledge", notice, caller.authority);
    if (!decision.permitted) {
      throw decision.because === "role"
        ? notYourRole("recipient", "notice")
        : stateDoesNotAllow(notice.state, notice.version, "notice");
    }
    const authority = authorityFrom(authorityItem);
    if (!authority) throw notFound();
    const contact = contactsInEffect(authority, now).find(({ contactId }) => contactId === body.acknowledgedBy);
    const entry = entryFrom(entryItem);
    const isOwn = body.entryId === undefined || entry?.authority === caller.authority;
    if (!contact || !isOwn) {
      throw validationFailed([
        ...(contact
          ? []
          : [{ pointer: "/acknowledgedBy", detail: "is not a named contact of your authority in effect" }]),
        ...(isOwn ? [] : [{ pointer: "/entryId", detail: "does not lead to an entry on your CME list" }]),
      ]);
    }
    const step = acknowledged(
      notice,
      { acknowledgedBy: contact.contactId, entryId: entry?.entryId ?? null },
      { at: now, actor: actorOf(caller, contact) },
    );
    return {
      writes: [contactUnchanged(tables.directory, contact), ...noticeStepWrites(tables, step)],
      reply: reply(route, 201, noticeOf(step.after, caller.authority)),
    };
  });
};

export const handler = serve(route, dependencies, acknowledgeNotice);

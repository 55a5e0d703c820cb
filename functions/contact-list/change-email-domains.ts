import { changeEmailDomains as route } from "../../shared/contract/contact-list.ts";
import { preconditionFailed } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { etagOf, reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import {
  changeEmailDomains as changed,
  emailDomainsFrom,
  emailDomainsPlace,
} from "../../shared/store/email-domains.ts";
import { type MaintenanceDependencies, maintenanceDependencies } from "./maintain-contacts.ts";

const changeEmailDomains: Operation<typeof route, MaintenanceDependencies> = (call, { dynamo, tables }) =>
  commitOnce(dynamo, tables, call, [emailDomainsPlace(tables.directory)], async ([item], now) => {
    const before = emailDomainsFrom(item);
    if (before.version !== call.expectedVersion) throw preconditionFailed(before.version);
    const domains = [...new Set(call.body.domains)].sort();
    const { after, writes } = changed(tables, before, domains, { at: now, actor: actorOf(call.caller) });
    return { writes, reply: reply(route, 201, { domains, version: after.version }, etagOf(after)) };
  });

export const handler = serve(route, maintenanceDependencies, changeEmailDomains);

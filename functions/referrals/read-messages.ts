import { readMessages as route } from "../../shared/contract/correspondence.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { type DisclosureDependencies, discloseRecord, disclosureDependencies } from "./disclose-record.ts";
import { messagesOf } from "./messages-of-referral.ts";

const readMessages: Operation<typeof route, DisclosureDependencies> = (call, deps) =>
  discloseRecord(call, deps, "messages", [], async (referral) =>
    reply(route, 200, { items: await messagesOf(call, deps, referral) }),
  );

export const handler = serve(route, disclosureDependencies, readMessages);

import { closeEnquiry as route } from "../../shared/contract/enquiries.ts";
import { enquiryOf } from "../../shared/contract/present.ts";
import { closed } from "../../shared/domain/enquiry.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { actOnEnquiry, enquiryDependencies, freedSlot } from "./act-on-enquiry.ts";
import { closeMatch } from "./close-match.ts";
import { enquiryStepWrites } from "./enquiry-writes.ts";

const dependencies = () => {
  const given = enquiryDependencies();
  return { ...given, tables: { ...given.tables, ...tableNames("fingerprints") } };
};

const closeEnquiry: Operation<typeof route, ReturnType<typeof dependencies>> = (call, deps) =>
  actOnEnquiry(
    call,
    deps,
    "close",
    async (enquiry, now) => {
      const step = closed(enquiry, call.body.reason, { at: now, actor: actorOf(call.caller) });
      return {
        writes: [...enquiryStepWrites(deps.tables, step), ...(await freedSlot(deps, enquiry))],
        reply: reply(route, 201, enquiryOf(step.after, call.caller.authority)),
      };
    },
    (enquiry, now) => closeMatch(call, deps, enquiry, now),
  );

export const handler = serve(route, dependencies, closeEnquiry);

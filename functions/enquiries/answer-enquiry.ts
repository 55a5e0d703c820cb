import { answerEnquiry as route } from "../../shared/contract/enquiries.ts";
import { enquiryOf } from "../../shared/contract/present.ts";
import { answered, isGoingOn } from "../../shared/domain/enquiry.ts";
import { actorOf } from "../../shared/http/actor.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { contactUnchanged } from "../../shared/store/directory.ts";
import {
  actOnEnquiry,
  contactOf,
  freedSlot,
  type NotedEnquiryDependencies,
  notedEnquiryDependencies,
  readCaller,
} from "./act-on-enquiry.ts";
import { answerMatch } from "./answer-match.ts";
import { enquiryStepWrites, noteWrites } from "./enquiry-writes.ts";

/** Once, while it is open. Whether a child is known is a named contact's word, like a receipt. */
const answerEnquiry: Operation<typeof route, NotedEnquiryDependencies> = (call, deps) =>
  actOnEnquiry(
    call,
    deps,
    `answer-${call.body.answer}`,
    async (enquiry, now) => {
      const { answer, answeredBy, note } = call.body;
      const authority = await readCaller(deps, call.caller);
      const contact = contactOf(authority, answeredBy, { pointer: "/answeredBy", now });
      const fact = { at: now, actor: actorOf(call.caller, contact) };
      const step = answered(enquiry, { answer, answeredBy, hasNote: note !== undefined }, fact);
      return {
        writes: [
          contactUnchanged(deps.tables.directory, contact),
          ...enquiryStepWrites(deps.tables, step),
          ...(isGoingOn(step.after.state) ? [] : await freedSlot(deps, enquiry)),
          ...(await noteWrites(deps, enquiry, step.event.sequence, note)),
        ],
        reply: reply(route, 201, enquiryOf(step.after, call.caller.authority)),
      };
    },
    (side, now) => answerMatch(call, deps, side, now),
  );

export const handler = serve(route, notedEnquiryDependencies, answerEnquiry);

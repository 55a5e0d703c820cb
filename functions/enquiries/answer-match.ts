import { answerEnquiry as route } from "../../shared/contract/enquiries.ts";
import { matchEnquiryOf } from "../../shared/contract/present.ts";
import { type MatchEnquiry, matchKnown, mayAnswerMatch } from "../../shared/domain/match-enquiry.ts";
import { notFound, notYourRole, stateDoesNotAllow, validationFailed } from "../../shared/domain/refusals.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import type { Attempt } from "../../shared/store/commit-once.ts";
import { contactUnchanged } from "../../shared/store/directory.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";
import { enquiryPlace } from "../../shared/store/enquiries.ts";
import { matchEnquiryFrom } from "../../shared/store/match-enquiries.ts";
import { contactOf, readCaller } from "./act-on-enquiry.ts";
import { type MatchTables, matchStepWrites } from "./match-writes.ts";

/** The holder says that it knows the child: from here on, and not before, the asker learns whom to speak to. */
export const answerMatch = async (
  { caller, body }: Pick<Call<typeof route>, "caller" | "body">,
  { dynamo, tables }: { dynamo: Dynamo; tables: MatchTables & { directory: string } },
  side: MatchEnquiry,
  now: string,
): Promise<Attempt> => {
  if (side.parentId === null) throw notYourRole("asked authority", "enquiry");
  if (body.answer !== "known") {
    const detail = "can only be known: whoever does not know the child, or may not say, stays silent";
    throw validationFailed([{ pointer: "/answer", detail }]);
  }
  if (body.note !== undefined) {
    const detail = "can't go with the answer to a match enquiry: the asker will ask you or refer the child";
    throw validationFailed([{ pointer: "/note", detail }]);
  }
  const [item] = await readAll(dynamo, [enquiryPlace(tables.enquiries, side.parentId)]);
  const parent = matchEnquiryFrom(item);
  if (!parent) throw notFound();
  if (!mayAnswerMatch(parent, side, now)) {
    throw stateDoesNotAllow(side.state === "open" ? parent.state : side.state, side.version, "enquiry");
  }
  const contact = contactOf(await readCaller({ dynamo, tables }, caller), body.answeredBy, {
    pointer: "/answeredBy",
    now,
  });
  const steps = matchKnown(parent, side, { answeredBy: contact.contactId, at: now, clientId: caller.clientId });
  return {
    writes: [
      contactUnchanged(tables.directory, contact),
      ...matchStepWrites(tables, steps.parent),
      ...matchStepWrites(tables, steps.side),
    ],
    reply: reply(route, 201, matchEnquiryOf(steps.side.after)),
  };
};

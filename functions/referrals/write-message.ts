import { writeMessage as route } from "../../shared/contract/correspondence.ts";
import { mayWrite, messageEvents, messageWritten, mostMessages } from "../../shared/domain/correspondence.ts";
import type { ReferralEvent } from "../../shared/domain/event-chain.ts";
import { mayRead, type Referral } from "../../shared/domain/referral.ts";
import { type BodyFault, notFound, stateDoesNotAllow, validationFailed } from "../../shared/domain/refusals.ts";
import { emailsOfCorrespondence } from "../../shared/domain/who-is-told.ts";
import type { Call } from "../../shared/http/call.ts";
import { reply } from "../../shared/http/reply.ts";
import { type Operation, serve } from "../../shared/http/serve.ts";
import { seal } from "../../shared/keys/envelope.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import { authorityFrom, authorityPlace, contactUnchanged } from "../../shared/store/directory.ts";
import { messagePart, putEnvelope, referralContext } from "../../shared/store/records.ts";
import { referralFrom, referralPlace, replaceReferral } from "../../shared/store/referrals.ts";
import { eventAndOutboxRow, eventFrom, eventPlace } from "../../shared/store/trail.ts";
import { type ActionDependencies, actionDependencies, factOf, namedContact } from "./act-on-referral.ts";

/** What officers would otherwise ask each other by email, kept where the child's data may be. */
const writeMessage: Operation<typeof route, ActionDependencies> = (call, { dynamo, tables, kms, recordKey }) => {
  const { id } = call.params;
  const { kind, text, by, answers } = call.body;
  const places = [
    referralPlace(tables.referrals, id),
    authorityPlace(tables.directory, call.caller.authority),
    ...(answers === undefined ? [] : [eventPlace(tables.events, id, answers)]),
  ];
  return commitOnce(dynamo, tables, call, places, async ([referralItem, authorityItem, questionItem], now) => {
    const referral = referralFrom(referralItem);
    const authority = authorityFrom(authorityItem);
    if (!referral || !authority || !mayRead(referral, call.caller.authority)) throw notFound();
    if (!mayWrite(referral, now)) throw stateDoesNotAllow(referral.state, referral.version);
    const faults = faultsOf(call, referral, eventFrom(questionItem));
    if (faults.length > 0) throw validationFailed(faults);
    const situation = { referral, authority, now };
    const contact = namedContact(situation, by, "/by");
    const { event, after } = messageWritten(referral, kind, answers, factOf(call, situation, contact));
    const part = messagePart(event.sequence);
    const envelope = await seal(kms, recordKey, referralContext(referral, part), text);
    return {
      writes: [
        contactUnchanged(tables.directory, contact),
        replaceReferral(tables.referrals, referral, after),
        ...eventAndOutboxRow(
          tables,
          event,
          referral,
          emailsOfCorrespondence("referral-message", referral, call.caller.authority),
        ),
        putEnvelope(tables.records, { kind: "referral", id }, part, envelope),
      ],
      reply: reply(route, 201, {
        number: event.sequence,
        kind,
        answers: answers ?? null,
        at: now,
        authority: call.caller.authority,
        by: contact.contactId,
      }),
    };
  });
};

const faultsOf = (
  { body, caller }: Call<typeof route>,
  { messages }: Referral,
  answered: ReferralEvent | undefined,
): BodyFault[] => {
  const isAnswerable = answered?.type === messageEvents.question && answered.actor.authority !== caller.authority;
  return [
    ...(messages < mostMessages
      ? []
      : [{ pointer: "", detail: `is one message more than the ${mostMessages} that are kept of a referral` }]),
    ...(body.kind === "question" && body.answers !== undefined
      ? [{ pointer: "/answers", detail: "must be left out of a question" }]
      : []),
    ...(body.kind === "answer" && body.answers !== undefined && !isAnswerable
      ? [{ pointer: "/answers", detail: "is not the number of a question that another side asked" }]
      : []),
  ];
};

export const handler = serve(route, actionDependencies, writeMessage);

import type * as z from "zod";
import type { readMessages } from "../../shared/contract/correspondence.ts";
import { messageEvents } from "../../shared/domain/correspondence.ts";
import type { ReferralEvent } from "../../shared/domain/event-chain.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { readAll } from "../../shared/store/dynamo.ts";
import { type NumberedEnvelope, readMessageEnvelopes } from "../../shared/store/records.ts";
import { eventFrom, eventPlace } from "../../shared/store/trail.ts";
import { type DisclosureDependencies, openPart } from "./disclose-record.ts";

type Message = z.input<(typeof readMessages.answers)[200]["schema"]>["items"][number];
type Reading = Pick<DisclosureDependencies, "dynamo" | "kms" | "recordKey"> & {
  tables: { events: string; records: string };
};

/** As many as are read or opened at once. */
const atOnce = 50;

/**
 * The questions and answers about a referral. Who wrote one, when, and what it answers stands in the trail, where nobody can
 * change it; its text is opened from the records.
 * @throws Refusal `record-unreadable`
 */
export const messagesOf = async (
  call: { requestId: string },
  deps: Reading,
  referral: Referral,
): Promise<Message[]> => {
  if (referral.messages === 0) return [];
  const envelopes = await readMessageEnvelopes(deps.dynamo, deps.tables.records, referral.referralId);
  const messages: Message[] = [];
  for (let from = 0; from < envelopes.length; from += atOnce) {
    messages.push(...(await opened(call, deps, referral, envelopes.slice(from, from + atOnce))));
  }
  return messages;
};

const opened = async (
  call: { requestId: string },
  deps: Reading,
  referral: Referral,
  envelopes: readonly NumberedEnvelope[],
): Promise<Message[]> => {
  const items = await readAll(
    deps.dynamo,
    envelopes.map(({ sequence }) => eventPlace(deps.tables.events, referral.referralId, sequence)),
  );
  return Promise.all(
    envelopes.map(async ({ part, item }, index) => ({
      ...toldBy(eventFrom(items[index])),
      text: await openPart(call, deps, referral, part, item),
    })),
  );
};

const toldBy = (event: ReferralEvent | undefined): Omit<Message, "text"> => {
  if (!event?.actor.contactId) throw new TypeError("A message without its event");
  const { sequence, type, at, actor, details } = event;
  return {
    number: sequence,
    kind: type === messageEvents.question ? "question" : "answer",
    answers: details.answers === undefined ? null : Number(details.answers),
    at,
    authority: actor.authority,
    by: event.actor.contactId,
  };
};

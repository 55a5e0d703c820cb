import { type Digest, digestOf } from "./canonical.ts";
import type { EventType } from "./lifecycle.ts";

/** Who acted: the authority, its OAuth client, and the named contact on whose behalf, where the action has one. */
export type Actor = { authority: string; clientId: string; contactId: string | null };

/**
 * One link of a referral's audit trail.
 *
 * `hash` is the SHA-256 of the RFC 8785 canonical JSON of the event without its `hash` member; `previousHash` is the
 * `hash` of the event before it, `null` for the first, whose `sequence` is 1. So a trail can be checked from what
 * `GET /v1/referrals/{id}/events` answers, in any language, and nothing can be changed, taken out or put in unseen.
 */
export type ReferralEvent = {
  referralId: string;
  sequence: number;
  type: EventType;
  at: string;
  actor: Actor;
  /** Facts without child data: codes, digests, ids and dates. */
  details: Record<string, string>;
  previousHash: Digest | null;
  hash: Digest;
};

/** The last link: what the next one is tied to. */
export type ChainHead = { sequence: number; hash: Digest | null };
export const emptyChain: ChainHead = { sequence: 0, hash: null };

export const eventHash = (event: Omit<ReferralEvent, "hash">): Digest => digestOf(event);

export const nextEvent = (
  head: ChainHead,
  fact: Pick<ReferralEvent, "referralId" | "type" | "at" | "actor" | "details">,
): ReferralEvent => {
  const event = {
    referralId: fact.referralId,
    sequence: head.sequence + 1,
    type: fact.type,
    at: fact.at,
    actor: fact.actor,
    details: fact.details,
    previousHash: head.hash,
  };
  return { ...event, hash: eventHash(event) };
};

export type ChainFault = { sequence: number; fault: "sequence" | "previous-hash" | "hash" | "referral" };

/** The first fault of a whole trail in order, or `undefined` when it holds. */
export const chainFault = (events: readonly ReferralEvent[]): ChainFault | undefined => {
  let head = emptyChain;
  for (const { hash, ...event } of events) {
    const fault = (kind: ChainFault["fault"]): ChainFault => ({ sequence: event.sequence, fault: kind });
    if (event.sequence !== head.sequence + 1) return fault("sequence");
    if (event.previousHash !== head.hash) return fault("previous-hash");
    if (event.referralId !== events[0]?.referralId) return fault("referral");
    if (hash !== eventHash(event)) return fault("hash");
    head = { sequence: event.sequence, hash };
  }
  return undefined;
};

import { type Digest, digestOf } from "./canonical.ts";
import type { EventType } from "./lifecycle.ts";

/** Who acted: the authority, its OAuth client, and the named contact on whose behalf, where the action has one. */
export type Actor = { authority: string; clientId: string; contactId: string | null };

/** The exchange itself, where it acts on nobody's word. */
export const exchangeItself: Actor = { authority: "exchange", clientId: "exchange", contactId: null };

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

/** What makes a fact a link of a chain. */
export type Link = { sequence: number; previousHash: Digest | null; hash: Digest };

/** The next link: the fact, numbered, tied to the link before it and hashed. */
export const linked = <Fact extends object>(head: ChainHead, fact: Fact): Fact & Link => {
  const event = { ...fact, sequence: head.sequence + 1, previousHash: head.hash };
  return { ...event, hash: digestOf(event) };
};

export const headAt = ({ sequence, hash }: Link): ChainHead => ({ sequence, hash });

export const nextEvent = (
  head: ChainHead,
  { referralId, type, at, actor, details }: Pick<ReferralEvent, "referralId" | "type" | "at" | "actor" | "details">,
): ReferralEvent => linked(head, { referralId, type, at, actor, details });

export type ChainFault = { sequence: number; fault: "sequence" | "previous-hash" | "hash" | "referral" };

/** The first fault of a whole trail in order, or `undefined` when it holds. */
export const chainFault = (events: readonly ReferralEvent[]): ChainFault | undefined =>
  linkFault(events) ?? strangerAmong(events);

const strangerAmong = (events: readonly ReferralEvent[]): ChainFault | undefined => {
  const stranger = events.find(({ referralId }) => referralId !== events[0]?.referralId);
  return stranger && { sequence: stranger.sequence, fault: "referral" };
};

/** The first fault of any chain of links. */
export const linkFault = (
  links: readonly Link[],
): { sequence: number; fault: Exclude<ChainFault["fault"], "referral"> } | undefined => {
  let head = emptyChain;
  for (const { hash, ...link } of links) {
    if (link.sequence !== head.sequence + 1) return { sequence: link.sequence, fault: "sequence" };
    if (link.previousHash !== head.hash) return { sequence: link.sequence, fault: "previous-hash" };
    if (hash !== digestOf(link)) return { sequence: link.sequence, fault: "hash" };
    head = { sequence: link.sequence, hash };
  }
  return undefined;
};

import type { JSONWebKeySet } from "jose";
import type { ReferralEvent } from "../../shared/domain/event-chain.ts";
import type { Referral } from "../../shared/domain/referral.ts";
import { type EvidenceClaims, verifyEvidence } from "../../shared/keys/evidence.ts";
import type { Fault } from "./fault.ts";
import { partiesAt, payloadDigestAt } from "./judge-referral.ts";

/**
 * Do the receipt and the removal certificate verify (R4), and do they speak of this referral and of the event they were
 * issued with?
 */
export const faultsOfEvidence = async (
  referral: Referral,
  events: readonly ReferralEvent[],
  keys: JSONWebKeySet,
): Promise<Fault[]> => {
  const eventOf = (type: ReferralEvent["type"]) => events.find((event) => event.type === type);
  return [
    ...(await judge("receipt", referral, referral.receipt, events, eventOf("referral.received"), keys)),
    ...(await judge("removal", referral, referral.certificate, events, eventOf("referral.removed"), keys)),
  ];
};

const judge = async (
  kind: EvidenceClaims["kind"],
  referral: Referral,
  jws: string | null,
  events: readonly ReferralEvent[],
  event: ReferralEvent | undefined,
  keys: JSONWebKeySet,
): Promise<Fault[]> => {
  const { referralId } = referral;
  if (jws === null) return event ? [{ code: "evidence-missing", referralId, detail: kind }] : [];
  try {
    const { by, ...claims } = await verifyEvidence(jws, keys);
    const said = { ...claims, contactId: by.contactId };
    const expected = {
      kind,
      referralId,
      ...partiesAt(events, event?.sequence ?? 0),
      payloadDigest: payloadDigestAt(events, event?.sequence ?? 0),
      contactId: event?.actor.contactId,
      at: event?.at,
      eventHash: event?.hash,
    };
    const names = Object.keys(expected) as (keyof typeof expected)[];
    const different = names.find((name) => said[name] !== expected[name]);
    return different ? [{ code: "evidence-differs", referralId, detail: `${kind}: ${different}` }] : [];
  } catch (error) {
    return [{ code: "evidence-refused", referralId, detail: `${kind}: ${reasonOf(error)}` }];
  }
};

/** The kind of failure alone: the message may repeat what was signed. */
const reasonOf = (error: unknown): string => {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return String(code ?? name);
};

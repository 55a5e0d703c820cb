import { receiptDueAt, type Urgency } from "./answering-in-time.ts";
import type { Digest } from "./canonical.ts";
import type { Actor } from "./event-chain.ts";
import type { Figures } from "./figures.ts";
import { initialState, isOpen } from "./lifecycle.ts";
import { addedTo, type Correction, type Referral, type Step } from "./referral.ts";

export const messageKinds = ["question", "answer"] as const;
export type MessageKind = (typeof messageKinds)[number];

export const messageEvents = {
  question: "referral.question-asked",
  answer: "referral.question-answered",
} as const satisfies Record<MessageKind, string>;

/**
 * (ours) Days for which the sides of a referral that has ended may still write to each other: whoever looks for the child
 * now asks what the record meant. After them nobody waits for an answer there any more.
 */
export const daysOfWriting = 30;

/** (ours) As many as an evidence pack takes in one answer. */
export const mostMessages = 200;
export const mostCorrections = 10;

const millisecondsOfDay = 86_400_000;

/** May its sides still write to each other? */
export const mayWrite = ({ state, endedAt }: Pick<Referral, "state" | "endedAt">, now: string): boolean =>
  isOpen(state) || (endedAt !== null && Date.parse(now) < Date.parse(endedAt) + daysOfWriting * millisecondsOfDay);

type Fact = { at: string; actor: Actor };

/** The referral after one of its sides wrote to the others. What it wrote is sealed and bears the event's number. */
export const messageWritten = (
  before: Referral,
  kind: MessageKind,
  answers: number | undefined,
  { at, actor }: Fact,
): Step =>
  addedTo(
    before,
    messageEvents[kind],
    { at, actor, details: answers === undefined ? {} : { answers: String(answers) } },
    { messages: before.messages + 1 },
  );

/** The number of the record's newest version: what was submitted is the first. */
export const recordVersion = ({ corrections }: Pick<Referral, "corrections">): number => corrections.length + 1;

/** The digest of that version of the record; `undefined` where there is none. */
export const digestOfVersion = (
  { corrections, payloadDigest }: Pick<Referral, "corrections" | "payloadDigest">,
  version: number,
): Digest | undefined =>
  version === 1 ? (corrections[0]?.previousDigest ?? payloadDigest) : corrections[version - 2]?.payloadDigest;

/** A corrected record in what tells of the child besides it. */
export type CorrectedRecord = {
  payloadDigest: Digest;
  /** Does it tell of a safeguarding concern? */
  concern: boolean;
  figures: Figures;
  fingerprints: string[];
};

/**
 * The referral after one of its parties corrected the child's record. A receipt that was issued before stays evidence of
 * what was received then; the next one covers the record as it stands.
 *
 * (ours) A safeguarding concern of which the record told nothing before makes the referral urgent, and where its receipt is
 * still awaited and not late, the recipient has the urgent response time from now on.
 */
export const recordCorrected = (
  before: Referral,
  { payloadDigest, concern, figures, fingerprints }: CorrectedRecord,
  { at, actor }: Fact & { actor: { contactId: string } },
): Step => {
  const correction: Correction = {
    payloadDigest,
    previousDigest: before.payloadDigest,
    at,
    authority: actor.authority,
    correctedBy: actor.contactId,
  };
  const corrections = [...before.corrections, correction];
  const urgency: Urgency = concern ? "urgent" : before.urgency;
  return addedTo(
    before,
    "referral.record-corrected",
    {
      at,
      actor,
      details: {
        payloadDigest,
        previousDigest: before.payloadDigest,
        recordVersion: String(corrections.length + 1),
        ...(urgency !== before.urgency && { urgency }),
      },
    },
    { payloadDigest, corrections, figures, fingerprints, urgency, ...sooner(before, urgency, at) },
  );
};

const sooner = (before: Referral, urgency: Urgency, at: string): Partial<Referral> => {
  const dueAt = receiptDueAt(at, urgency);
  if (urgency === before.urgency || before.state !== initialState || dueAt >= before.receiptDueAt) return {};
  return { receiptDueAt: dueAt, answerCountedFrom: at, nextRungAt: dueAt };
};

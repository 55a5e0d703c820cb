import type { CaseEvent } from "../../shared/domain/case-events.ts";
import type { Notice } from "../../shared/domain/notice.ts";
import type { Fault } from "./fault.ts";
import { caseTrailFaults, type Kept, keptTexts, missingTexts, outboxFaults } from "./judge-trail.ts";

/** A notice with everything that must agree with it. */
export type NoticeCase = Kept & { notice: Notice };

/** What does not hold about it; empty when all does. */
export const faultsOfNotice = ({ notice, events, rows, parts }: NoticeCase, now: string): Fault[] => {
  const texts = notice.erasedAt === null ? ["record"] : [];
  return [
    ...caseTrailFaults(notice, events, { told: factsOf(events), differs: "notice-differs" }),
    ...outboxFaults(events, rows, now),
    ...missingTexts(texts, parts),
    ...keptTexts(texts, parts),
  ].map(([code, rest]) => ({ code, noticeId: notice.noticeId, ...rest }));
};

/** What the trail says of the things that stand on the notice too; each event counts as a version. */
const factsOf = (events: readonly CaseEvent[]) => {
  const of = (type: CaseEvent["type"]) => events.find((event) => event.type === type);
  const [first] = events;
  const parties = { sender: first?.actor.authority, recipient: first?.details.recipient };
  for (const { type, details } of events) {
    const { side, to } = details;
    if (type === "notice.reassigned" && (side === "sender" || side === "recipient")) parties[side] = to;
  }
  const acknowledgement = of("notice.acknowledged");
  const lapse = of("notice.lapsed");
  return {
    ...parties,
    schoolUrn: first?.details.schoolUrn,
    startDate: first?.details.startDate,
    state: acknowledgement ? "acknowledged" : lapse ? "lapsed" : "awaiting-acknowledgement",
    acknowledgedAt: acknowledgement?.at ?? null,
    acknowledgedBy: acknowledgement?.actor.contactId ?? null,
    erasedAt: (lapse ?? of("notice.erased"))?.at ?? null,
    version: events.length,
  };
};

import { advanceEntry, type Entry, type EntryStep } from "../../shared/domain/entry.ts";
import type { Actor } from "../../shared/domain/event-chain.ts";
import { busy, notFound } from "../../shared/domain/refusals.ts";
import { isTold } from "../../shared/domain/told-events.ts";
import type { Caller, Intent, Proof, Reply } from "../../shared/http/call.ts";
import { putCaseEvent } from "../../shared/store/case-events.ts";
import { type Attempt, commitOnce } from "../../shared/store/commit-once.ts";
import {
  attempts,
  commit,
  type Dynamo,
  type Item,
  type Place,
  readAll,
  type Write,
} from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace, replaceEntry } from "../../shared/store/entries.ts";
import { putOutboxRow } from "../../shared/store/outbox.ts";
import { proofReplayed, spendInTransaction } from "../../shared/store/proofs.ts";

type EntryCall = { caller: Caller; intent: Intent; proof: Proof; params: { entryId: string } };
type Tables = { answers: string; proofs: string; entries: string };

/** The story of every action on an entry of the caller's own list: load, plan, commit once. */
export const actOnEntry = (
  call: EntryCall,
  { dynamo, tables }: { dynamo: Dynamo; tables: Tables },
  plan: (entry: Entry, now: string) => Promise<Attempt>,
): Promise<Reply> =>
  commitOnce(dynamo, tables, call, [entryPlace(tables.entries, call.params.entryId)], ([item], now) =>
    plan(ownEntry(entryFrom(item), call.caller), now),
  );

/** @throws Refusal `not-found` where it is another authority's, the same as where there is none */
export const ownEntry = (entry: Entry | undefined, { authority }: Caller): Entry => {
  if (entry?.authority !== authority) throw notFound();
  return entry;
};

export const actorOf = ({ authority, clientId }: Caller): Actor => ({ authority, clientId, contactId: null });

/** What tells of a step of an entry's own life: its event, and the row for the authority's feed and webhook. */
export const eventWrites = (tables: { caseEvents: string; outbox: string }, { after, event }: EntryStep): Write[] => [
  putCaseEvent(tables.caseEvents, event),
  ...(isTold(event.type)
    ? [
        putOutboxRow(tables.outbox, {
          subject: event.subject,
          sequence: event.sequence,
          type: event.type,
          at: event.at,
          data: { entryId: after.entryId, sequence: event.sequence },
          concerns: [after.authority],
          ...(event.type === "entry.matched" && {
            emails: [{ authority: after.authority, template: "retained-child-found" as const, contactId: null }],
          }),
        }),
      ]
    : []),
];

/** A step's writes: the entry as it is after, its event and its outbox row. */
export const entryStepWrites = (
  tables: { entries: string; caseEvents: string; outbox: string },
  step: EntryStep,
): Write[] => [replaceEntry(tables.entries, step.before, step.after), ...eventWrites(tables, step)];

type DisclosureCall = { params: { entryId: string }; caller: Caller; proof: Proof };

/**
 * Shows an authority what it keeps of a child on its own list, and never without a trace: the answer leaves only after the
 * read has committed as an event, together with the use of the proof.
 * @param what it is, for the event
 */
export const discloseOfEntry = async (
  call: DisclosureCall,
  { dynamo, tables }: { dynamo: Dynamo; tables: { proofs: string; entries: string; caseEvents: string } },
  what: "record" | "steps" | "evidence-pack",
  places: readonly Place[],
  disclose: (entry: Entry, items: (Item | undefined)[]) => Promise<Reply>,
): Promise<Reply> => {
  for await (const _ of attempts()) {
    const [item, ...items] = await readAll(dynamo, [entryPlace(tables.entries, call.params.entryId), ...places]);
    const entry = ownEntry(entryFrom(item), call.caller);
    const answer = await disclose(entry, items);
    const fact = { at: new Date().toISOString(), actor: actorOf(call.caller), details: { what } };
    const read = advanceEntry(entry, "entry.child-read", fact);
    const outcome = await commit(dynamo, [
      spendInTransaction(tables.proofs, call.proof),
      replaceEntry(tables.entries, entry, read.after),
      putCaseEvent(tables.caseEvents, read.event),
    ]);
    if (outcome.committed) {
      call.proof.spent = true;
      return answer;
    }
    if (outcome.lost.has("proof")) throw proofReplayed();
  }
  throw busy();
};

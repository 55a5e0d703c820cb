import { advanceEntry, type Entry, type EntryStep } from "../../shared/domain/entry.ts";
import { notFound } from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Caller, Intent, Proof, Reply } from "../../shared/http/call.ts";
import { caseEventAndOutboxRow, putCaseEvent } from "../../shared/store/case-events.ts";
import type { Client } from "../../shared/store/clients.ts";
import { type Attempt, commitOnce } from "../../shared/store/commit-once.ts";
import { discloseOnce } from "../../shared/store/disclose-once.ts";
import type { Dynamo, Write } from "../../shared/store/dynamo.ts";
import { entryFrom, entryPlace, replaceEntry } from "../../shared/store/entries.ts";

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

/** What tells of a step of an entry's own life: its event, and the row for the authority's feed and webhook. */
export const eventWrites = (tables: { caseEvents: string; outbox: string }, { after, event }: EntryStep): Write[] => {
  const { entryId, authority } = after;
  return caseEventAndOutboxRow(tables, event, {
    data: { entryId },
    concerns: [authority],
    ...(event.type === "entry.matched" && {
      emails: [{ authority, template: "retained-child-found", contactId: null }],
    }),
  });
};

/** A step's writes: the entry as it is after, its event and its outbox row. */
export const entryStepWrites = (
  tables: { entries: string; caseEvents: string; outbox: string },
  step: EntryStep,
): Write[] => [replaceEntry(tables.entries, step.before, step.after), ...eventWrites(tables, step)];

type DisclosureCall = { params: { entryId: string }; caller: Caller; proof: Proof };

/**
 * Shows an authority what it keeps of a child on its own list: see {@link discloseOnce}.
 * @param what it is, for the event
 */
export const discloseOfEntry = (
  call: DisclosureCall,
  {
    dynamo,
    tables,
  }: { dynamo: Dynamo; tables: { proofs: string; entries: string; clients: string; caseEvents: string } },
  what: "record" | "steps" | "evidence-pack",
  disclose: (entry: Entry, client: Client) => Promise<Reply>,
): Promise<Reply> =>
  discloseOnce(dynamo, tables, call, [entryPlace(tables.entries, call.params.entryId)], async ([item], client) => {
    const entry = ownEntry(entryFrom(item), call.caller);
    const reply = await disclose(entry, client);
    const fact = { at: new Date().toISOString(), actor: actorOf(call.caller), details: { what } };
    const { after, event } = advanceEntry(entry, "entry.child-read", fact);
    return { reply, writes: [replaceEntry(tables.entries, entry, after), putCaseEvent(tables.caseEvents, event)] };
  });

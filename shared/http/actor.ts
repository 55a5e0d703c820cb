import type { Actor } from "../domain/event-chain.ts";
import type { Caller } from "./call.ts";

/**
 * Who acts by a request, for the event that tells of it.
 * @param contact on whose word, where the action has one
 */
export const actorOf = ({ authority, clientId }: Caller, contact?: { contactId: string }): Actor => ({
  authority,
  clientId,
  contactId: contact?.contactId ?? null,
});

import type { submitReferral as route } from "../../shared/contract/referrals.ts";
import { schoolAgeFaults } from "../../shared/contract/school-age-faults.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { type Entry, isOnList } from "../../shared/domain/entry.ts";
import { partyOf, type Referral } from "../../shared/domain/referral.ts";
import { type BodyFault, entryAlreadyReferred, entryClosed, validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import type { Call } from "../../shared/http/call.ts";
import { type Authority, contactsInEffect, existsOn } from "../../shared/store/directory.ts";

/** What stands in the database about a referral that somebody wants to submit. */
export type Found = {
  sender: Authority | undefined;
  recipient: Authority | undefined;
  temporary: Authority | undefined;
  followed: Referral | undefined;
  entry: Entry | undefined;
};

/**
 * Everything that must be true before a child is referred, all faults at once; answers the contact who refers.
 * @throws Refusal `validation-failed`
 */
export const acceptable = ({ caller, body }: Call<typeof route>, found: Found, now: string): Contact => {
  const contact =
    found.sender && contactsInEffect(found.sender, now).find(({ contactId }) => contactId === body.sentBy);
  const faults = [
    ...recipientFaults(caller.authority, body.recipient, found.recipient, now),
    ...(contact ? [] : [{ pointer: "/sentBy", detail: "is not a named contact of your authority in effect" }]),
    ...schoolAgeFaults(body.child.identity.dateOfBirth, now),
    ...(body.temporaryAuthority
      ? temporaryFaults([caller.authority, body.recipient], body.temporaryAuthority, found.temporary, now)
      : []),
    ...(body.followsReferralId && !(found.followed && hasReceived(found.followed, caller.authority))
      ? [{ pointer: "/followsReferralId", detail: "is not a referral that your authority received" }]
      : []),
  ];
  if (!contact || faults.length > 0) throw validationFailed(faults);
  return contact;
};

const hasReceived = (referral: Referral, authority: string): boolean =>
  partyOf(referral, authority) === "recipient" && referral.receivedAt !== null;

/** Nothing is sent to authorities outside England through the exchange, nor to one that no one would answer for. */
const recipientFaults = (sender: string, code: string, recipient: Authority | undefined, now: string): BodyFault[] => {
  const fault = (detail: string) => [{ pointer: "/recipient", detail }];
  if (code === sender) return fault("is your own authority");
  if (!recipient) return fault("is not the DfE number of a local authority in England");
  if (!existsOn(recipient, dateInEngland(now))) return fault("is an authority that is not in effect");
  if (contactsInEffect(recipient, now).length === 0) return fault("has no named contact in effect; tell the DfE");
  return [];
};

const temporaryFaults = (
  parties: string[],
  code: string,
  temporary: Authority | undefined,
  now: string,
): BodyFault[] => {
  const fault = (detail: string) => [{ pointer: "/temporaryAuthority", detail }];
  if (parties.includes(code)) return fault("is the sender or the recipient");
  if (!temporary || !existsOn(temporary, dateInEngland(now))) {
    return fault("is not the DfE number of a local authority in England in effect");
  }
  return [];
};

/**
 * The entry, if the child may be referred from it.
 * @throws Refusal: it is not the caller's (422, the same as when there is none), closed or under another open referral (409)
 */
export const referableEntry = (entry: Entry | undefined, authority: string, pointer: string): Entry => {
  if (!entry || entry.authority !== authority) {
    throw validationFailed([{ pointer, detail: "does not lead to an entry on your CME list" }]);
  }
  if (!isOnList(entry)) throw entryClosed();
  if (entry.openReferralId !== null) throw entryAlreadyReferred(entry.openReferralId);
  return entry;
};

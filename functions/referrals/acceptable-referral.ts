import type { submitReferral as route } from "../../shared/contract/referrals.ts";
import { schoolAgeFaults } from "../../shared/contract/school-age-faults.ts";
import type { Warning } from "../../shared/contract/warning.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import { type Entry, isOnList } from "../../shared/domain/entry.ts";
import { partyOf, type Referral } from "../../shared/domain/referral.ts";
import { type BodyFault, entryAlreadyReferred, entryClosed, validationFailed } from "../../shared/domain/refusals.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import type { Call, Caller } from "../../shared/http/call.ts";
import { type Authority, authorityFrom, authorityPlace, contactsInEffect } from "../../shared/store/directory.ts";
import { type Dynamo, readAll } from "../../shared/store/dynamo.ts";

type Request = Pick<Call<typeof route>, "caller" | "body">;
/** A register transfer that is wanted, and by whom. */
export type TransferRequest = Request & { body: { kind: "register-transfer" } };
/** A referral that is wanted, and by whom. */
export type ReferralRequest = Pick<Request, "caller"> & { body: Exclude<Request["body"], TransferRequest["body"]> };

/** What stands in the database about a referral that somebody wants to submit. */
export type Found = {
  sender: Authority | undefined;
  recipient: Authority | undefined;
  temporary: Authority | undefined;
  /** Those of the recipient or the temporary authority, where that has ended. */
  successors: readonly Authority[];
  followed: Referral | undefined;
  entry: Entry | undefined;
};

/**
 * Everything that must be true before a child is referred, all faults at once; answers the contact who refers.
 * @throws Refusal `validation-failed`
 */
export const acceptable = ({ caller, body }: ReferralRequest, found: Found, now: string): Contact => {
  const contact =
    found.sender && contactsInEffect(found.sender, now).find(({ contactId }) => contactId === body.sentBy);
  const faults = [
    ...recipientFaults(caller.authority, body.recipient, found, now),
    ...(contact ? [] : [{ pointer: "/sentBy", detail: "is not a named contact of your authority in effect" }]),
    ...schoolAgeFaults(body.child.identity.dateOfBirth, now),
    ...(body.temporaryAuthority
      ? temporaryFaults([caller.authority, body.recipient], body.temporaryAuthority, found, now)
      : []),
    ...(body.followsReferralId && !(found.followed && hasReceived(found.followed, caller.authority))
      ? [{ pointer: "/followsReferralId", detail: "is not a referral that your authority received" }]
      : []),
  ];
  if (!contact || faults.length > 0) throw validationFailed(faults, whereToTurn(found, now));
  return contact;
};

/**
 * What must be true before anything about a child is sent to another authority, all faults at once with those that the
 * caller has found; answers the contact who sends it.
 * @throws Refusal `validation-failed`
 */
export const acceptableSending = async (
  { caller, body }: { caller: Caller; body: { recipient: string; sentBy: string } },
  { sender, recipient, faults }: Sides,
  now: string,
  { dynamo, tables }: { dynamo: Dynamo; tables: { directory: string } },
): Promise<Contact> => {
  const items = await readAll(
    dynamo,
    successorCodes([recipient], now).map((code) => authorityPlace(tables.directory, code)),
  );
  const successors = items.flatMap((item) => authorityFrom(item) ?? []);
  const addressee = { own: caller.authority, code: body.recipient, addressee: recipient, successors };
  const amiss = whyNotToSendTo(addressee, now);
  const contact = sender && contactsInEffect(sender, now).find(({ contactId }) => contactId === body.sentBy);
  const all = [
    ...(amiss === undefined ? [] : [{ pointer: "/recipient", detail: amiss }]),
    ...(contact ? [] : [{ pointer: "/sentBy", detail: "is not a named contact of your authority in effect" }]),
    ...faults,
  ];
  if (!contact || all.length > 0) {
    throw validationFailed(all, whereToTurn({ recipient, temporary: undefined, successors }, now));
  }
  return contact;
};

type Sides = { sender: Authority | undefined; recipient: Authority | undefined; faults: readonly BodyFault[] };

const hasReceived = (referral: Referral, authority: string): boolean =>
  partyOf(referral, authority, "recipient") === "recipient" && referral.receivedAt !== null;

const recipientFaults = (sender: string, code: string, found: Found, now: string): BodyFault[] => {
  const detail = whyNotToSendTo({ own: sender, code, addressee: found.recipient, successors: found.successors }, now);
  return detail === undefined ? [] : [{ pointer: "/recipient", detail }];
};

/** Why nothing about a child can be sent to that authority by this one; nothing where it can. */
export const whyNotToSendTo = (
  {
    own,
    code,
    addressee,
    successors,
  }: { own: string; code: string; addressee: Authority | undefined; successors: readonly Authority[] },
  now: string,
): string | undefined => {
  if (code === own) return "is your own authority";
  if (!addressee) return "is not the code of a local authority";
  const amiss = notReachedByExchange(addressee, successors, now);
  if (amiss !== undefined) return amiss;
  // One that no one would answer for.
  return contactsInEffect(addressee, now).length === 0 ? "has no named contact in effect; tell the DfE" : undefined;
};

const temporaryFaults = (parties: string[], code: string, found: Found, now: string): BodyFault[] => {
  const fault = (detail: string) => [{ pointer: "/temporaryAuthority", detail }];
  const { temporary } = found;
  if (parties.includes(code)) return fault("is the sender or the recipient");
  if (!temporary) return fault("is not the code of a local authority");
  const amiss = notReachedByExchange(temporary, found.successors, now);
  return amiss === undefined ? [] : fault(amiss);
};

/** Why nothing can be sent to that authority through the exchange at this moment. */
const notReachedByExchange = (
  { nation, effectiveFrom, effectiveTo, successors }: Authority,
  known: readonly Authority[],
  now: string,
): string | undefined => {
  const today = dateInEngland(now);
  if (nation !== "England") {
    return `is in ${nation}, and nothing is sent there through the exchange: contact it yourself, see contacts`;
  }
  if (effectiveTo !== null && effectiveTo < today) {
    const named = successors.map((code) => `${code} ${known.find((each) => each.code === code)?.name ?? ""}`.trim());
    return `is an authority that ended on ${effectiveTo}${named.length > 0 ? `; succeeded by ${named.join(", ")}` : ""}`;
  }
  return effectiveFrom > today ? `is an authority that begins on ${effectiveFrom}` : undefined;
};

/** Further members of the refusal: whom to contact instead, and to whom to refer instead. */
export const whereToTurn = (
  { recipient, temporary, successors }: Pick<Found, "recipient" | "temporary" | "successors">,
  now: string,
) => {
  const addressed = [recipient, temporary].filter((each) => each !== undefined);
  const contacts = addressed
    .filter(({ nation }) => nation !== "England")
    .flatMap((each) => contactsInEffect(each, now))
    .map(({ authority, name, role, email, telephone }) => ({ authority, name, role, email, telephone }));
  return {
    ...(contacts.length > 0 && { contacts }),
    ...(successors.length > 0 && { successors: successors.map(({ code, name }) => ({ code, name })) }),
  };
};

/** The codes of the authorities that succeed those that have ended: what they are called is read only then. */
export const successorCodes = (addressed: readonly (Authority | undefined)[], now: string): string[] => {
  const today = dateInEngland(now);
  const ended = addressed.filter((each) => each?.effectiveTo != null && each.effectiveTo < today);
  return [...new Set(ended.flatMap((each) => each?.successors ?? []))];
};

/** Does every email to the authority's contacts come back? It receives referrals all the same, and may not know of them. */
export const isUnreachable = (authority: Authority | undefined, now: string): boolean =>
  authority !== undefined &&
  contactsInEffect(authority, now).every(({ unreachableSince }) => unreachableSince !== null);

export const recipientUnreachable: Warning = {
  code: "recipient-unreachable",
  pointer: "/recipient",
  detail: "has it, but emails to every one of its contacts come back: telephone it as well",
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

import type { Change } from "../../shared/domain/changes.ts";
import {
  type Contact,
  type ContactFacts,
  factFaults,
  hasEnded,
  keptContacts,
  leavesNobody,
  mostContacts,
} from "../../shared/domain/contacts.ts";
import {
  type BodyFault,
  lastContact,
  notFound,
  notYourOwn,
  stateDoesNotAllow,
  validationFailed,
} from "../../shared/domain/refusals.ts";
import { actorOf } from "../../shared/http/actor.ts";
import type { Caller, Intent, Proof, Reply } from "../../shared/http/call.ts";
import { commitOnce } from "../../shared/store/commit-once.ts";
import {
  type Authority,
  authorityFrom,
  authorityPlace,
  changeAuthority,
  countChange,
} from "../../shared/store/directory.ts";
import { dynamoClient } from "../../shared/store/dynamo.ts";
import { emailDomainsFrom, emailDomainsPlace } from "../../shared/store/email-domains.ts";
import { tableNames } from "../../shared/store/table-names.ts";

export const maintenanceDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("answers", "proofs", "directory", "changes"),
});
export type MaintenanceDependencies = ReturnType<typeof maintenanceDependencies>;

type MaintenanceCall = { caller: Caller; intent: Intent; proof: Proof; params: { code: string } };

/** What there is when a change is about to be planned: the caller may make it. */
export type Situation = { authority: Authority; officialDomains: readonly string[]; now: string; by: string };

/** The contact as it was and as it is to be; neither is the other's absence. */
export type ContactChange = { type: Change["type"]; before: Contact | null; after: Contact };

/**
 * The story that every change of a contact tells: load, give a recorded answer again, see whether the caller may, plan,
 * see that the authority keeps somebody to contact, and commit with the link of the chain of changes.
 * @throws Refusal `not-your-role`, `not-found`, `last-contact`
 */
export const maintainContacts = (
  call: MaintenanceCall,
  { dynamo, tables }: MaintenanceDependencies,
  plan: (situation: Situation) => ContactChange,
  answer: (contact: Contact) => Reply,
): Promise<Reply> => {
  const { caller, params } = call;
  if (!maintains(caller, params.code)) throw notYourOwn();
  return commitOnce(
    dynamo,
    tables,
    call,
    [authorityPlace(tables.directory, params.code), emailDomainsPlace(tables.directory)],
    async ([authorityItem, domainsItem], now) => {
      const authority = authorityFrom(authorityItem);
      if (!authority) throw notFound();
      const { domains } = emailDomainsFrom(domainsItem);
      const { type, before, after } = plan({ authority, officialDomains: domains, now, by: caller.authority });
      const contacts = { ...keptContacts(authority.contacts, now), [after.contactId]: after };
      if (leavesNobody(authority, contacts, now)) throw lastContact();
      const fact = { type, at: now, actor: actorOf(caller), before, after };
      return {
        writes: [...changeAuthority(tables, authority, { contacts }, fact).writes, countChange(tables.directory)],
        reply: answer(after),
      };
    },
  );
};

/** The DfE maintains the whole list, an authority its own part. */
export const maintains = (caller: Caller, code: string): boolean =>
  caller.scopes.has("contacts:admin") || caller.authority === code;

/** @throws Refusal `not-found`; `state-does-not-allow` when the contact has ended */
export const presentOrFuture = ({ authority, now }: Situation, contactId: string): Contact => {
  const contact = Object.hasOwn(authority.contacts, contactId) ? authority.contacts[contactId] : undefined;
  if (!contact) throw notFound();
  if (hasEnded(contact, now)) throw stateDoesNotAllow("retired", contact.version, "contact");
  return contact;
};

type Given = Omit<ContactFacts, "effectiveFrom" | "effectiveTo"> & {
  effectiveFrom?: string | undefined;
  effectiveTo?: string | null | undefined;
};

/**
 * What was given of a contact, made whole.
 * @param present the contact as it is, where there is one: what has begun keeps its beginning
 * @throws Refusal `validation-failed` with all that is wrong
 */
export const acceptableFacts = (given: Given, situation: Situation, present?: Contact): ContactFacts => {
  const { authority, now } = situation;
  const { name, role, email, telephone } = given;
  const effectiveFrom = given.effectiveFrom ?? present?.effectiveFrom ?? now;
  const facts = { name, role, email, telephone, effectiveFrom, effectiveTo: given.effectiveTo ?? null };
  const others = Object.values(authority.contacts).filter(({ contactId }) => contactId !== present?.contactId);
  const faults: BodyFault[] = [
    ...factFaults(facts, situation, present).map(({ member, detail }) => ({ pointer: `/${member}`, detail })),
    ...(others.filter((each) => !hasEnded(each, now)).length >= mostContacts
      ? [{ pointer: "", detail: `is one contact more than the ${mostContacts} that an authority may have` }]
      : []),
  ];
  if (faults.length > 0) throw validationFailed(faults);
  return facts;
};

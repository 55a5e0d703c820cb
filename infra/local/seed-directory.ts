import type { Contact } from "../../shared/domain/contacts.ts";
import type { Actor } from "../../shared/domain/event-chain.ts";
import { commit, dynamoClient, readAll } from "../../shared/store/dynamo.ts";
import { changeEmailDomains, emailDomainsFrom, emailDomainsPlace } from "../../shared/store/email-domains.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { addMissing, knownAuthorities } from "../authorities.ts";

const actor: Actor = { authority: "dfe", clientId: "seed", contactId: null };

/**
 * All authorities. Those already there stay. Each that is in effect gets two synthetic contacts.
 * @returns the codes of England's authorities
 */
export const seedDirectory = async (now: string): Promise<string[]> => {
  const place = { dynamo: dynamoClient(), tables: tableNames("directory", "changes") };
  const authorities = await knownAuthorities();
  await addMissing(
    place,
    authorities,
    (facts) => (facts.effectiveTo === null ? syntheticContacts(facts, authorities.indexOf(facts), now) : {}),
    { at: now, actor },
  );
  await seedEmailDomains(now);
  return authorities.filter((each) => each.nation === "England" && each.effectiveTo === null).map(({ code }) => code);
};

/** The synthetic contacts are at a domain that is nobody's, so that is an official one here. */
const seedEmailDomains = async (now: string): Promise<void> => {
  const tables = tableNames("directory", "changes");
  const [item] = await readAll(dynamoClient(), [emailDomainsPlace(tables.directory)]);
  if (item) return;
  const initial = emailDomainsFrom(undefined);
  const domains = [...initial.domains, "example.org"].sort();
  await commit(dynamoClient(), changeEmailDomains(tables, initial, domains, { at: now, actor }).writes);
};

/**
 * Nobody real: the domains are reserved for examples (RFC 2606) and the numbers are from the range that Ofcom keeps for
 * drama (01632 960000 to 960999).
 */
const syntheticContacts = (
  { code, name }: { code: string; name: string },
  index: number,
  now: string,
): Record<string, Contact> => {
  const contact = (role: "lead" | "inbox", title: string, offset: number): Contact => ({
    contactId: `${code}-${role}`,
    authority: code,
    name: `${title}, ${name}`,
    role,
    email: `cme-${role}@la-${code.toLowerCase()}.example.org`,
    telephone: `01632 960${String(2 * index + offset).padStart(3, "0")}`,
    effectiveFrom: "2025-09-01T00:00:00.000Z",
    effectiveTo: null,
    verifiedAt: now,
    verifiedBy: "dfe",
    unreachableSince: null,
    verificationAsked: 0,
    version: 1,
  });
  const lead = contact("lead", "CME lead officer", 0);
  const inbox = contact("inbox", "CME team inbox", 1);
  return { [lead.contactId]: lead, [inbox.contactId]: inbox };
};

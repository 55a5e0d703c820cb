import {
  type Contact,
  type ContactFacts,
  changeContact,
  factFaults,
  hasEnded,
  inEffect,
  keptContacts,
  leavesNobody,
  mostContacts,
  newContact,
  retire,
} from "./contacts.ts";
import { dateInEngland, startOfDay, startOfDayAfter } from "./working-days.ts";

/** A day, as a list says it, or the very moment. */
export type When = { date: string } | { instant: string };

/** A row of the list, read and well-formed, of an authority that there is. */
export type ImportRow = {
  line: number;
  authority: string;
  contactId: string | null;
  name: string;
  role: Contact["role"];
  email: string;
  telephone: string;
  /** `null` where the list doesn't say. */
  effectiveFrom: When | null;
  /** The last day, or the moment of the end; `null` for no end; `undefined` where the list has no such column. */
  effectiveTo: When | null | undefined;
};

/** A member of a row, or the row as a whole. */
export type RowFault = { line: number; member: keyof ImportRow | null; reason: string };

/** What a plan needs to know of an authority. */
export type PresentAuthority = {
  code: string;
  effectiveFrom: string;
  effectiveTo: string | null;
  contacts: Readonly<Record<string, Contact>>;
};

type Changed = { before: Contact; after: Contact };

/** What the import makes of one authority's contacts: nothing, where any of its rows is at fault. */
export type AuthorityPlan = {
  code: string;
  added: Contact[];
  changed: Changed[];
  retired: Changed[];
  unchanged: number;
  /** All of them afterwards, by contact id. */
  contacts: Record<string, Contact>;
  faults: RowFault[];
};

export type PlanSituation = {
  officialDomains: readonly string[];
  now: string;
  /** Who imports: the list is correct by its word. */
  by: string;
  newId: () => string;
};

/**
 * What an import makes of the authorities that the list names: for each of them the list is all there is. A row is a
 * contact that there is by its id, or else by its email address, or else by its role and name; any other row is a new one,
 * and a contact in effect that no row is ends now. Contacts that are yet to begin, and authorities that the list doesn't
 * name, are left alone.
 */
export const planImport = (
  authorities: readonly PresentAuthority[],
  rows: readonly ImportRow[],
  situation: PlanSituation,
): AuthorityPlan[] => {
  const byAuthority = Map.groupBy(rows, ({ authority }) => authority);
  return authorities.flatMap((authority) => {
    const own = byAuthority.get(authority.code);
    return own ? [planOne(authority, own, situation)] : [];
  });
};

export const changesAnything = ({ added, changed, retired }: AuthorityPlan): boolean =>
  added.length + changed.length + retired.length > 0;

const planOne = (authority: PresentAuthority, rows: readonly ImportRow[], situation: PlanSituation): AuthorityPlan => {
  const { now, by, newId } = situation;
  const { pairs, left, faults } = pairUp(authority, rows, now);
  const plan: AuthorityPlan = {
    code: authority.code,
    added: [],
    changed: [],
    retired: left.filter((contact) => inEffect(contact, now)).map((before) => ({ before, after: retire(before, now) })),
    unchanged: 0,
    contacts: keptContacts(authority.contacts, now),
    faults,
  };
  for (const [row, present] of pairs) {
    const facts = factsOf(row, present, now);
    if (present && sameFacts(present, facts)) {
      plan.unchanged += 1;
      continue;
    }
    const wrong = factFaults(facts, situation, present);
    plan.faults.push(...wrong.map(({ member, detail }) => ({ line: row.line, member, reason: detail })));
    if (wrong.length > 0) continue;
    if (present) plan.changed.push({ before: present, after: changeContact(present, facts, { by, now }) });
    else plan.added.push(newContact(newId(), authority.code, facts, { by, now }));
  }
  for (const contact of [...plan.added, ...[...plan.changed, ...plan.retired].map(({ after }) => after)]) {
    plan.contacts[contact.contactId] = contact;
  }
  if (plan.faults.length === 0) plan.faults.push(...faultsOfWhole(authority, rows, plan.contacts, now));
  return plan.faults.length === 0 ? plan : { ...plan, added: [], changed: [], retired: [], unchanged: 0 };
};

/** What no single row is to blame for is told of the authority's last. */
const faultsOfWhole = (
  authority: PresentAuthority,
  rows: readonly ImportRow[],
  contacts: Record<string, Contact>,
  now: string,
): RowFault[] => {
  const line = rows.at(-1)?.line ?? 1;
  const faults: RowFault[] = [];
  if (Object.values(contacts).filter((each) => !hasEnded(each, now)).length > mostContacts) {
    const reason = `the authority would have more than ${mostContacts} contacts`;
    faults.push({ line, member: null, reason });
  }
  if (leavesNobody(authority, contacts, now)) {
    const reason = "the authority would have no contact in effect at some time from now on";
    faults.push({ line, member: null, reason });
  }
  return faults;
};

const folded = (text: string): string => text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
const emailKey = ({ email }: { email: string }): string => email.toLowerCase();
const nameKey = ({ role, name }: { role: string; name: string }): string => `${role}#${folded(name)}`;

type Pairs = {
  pairs: [ImportRow, Contact | undefined][];
  /** Contacts that have not ended and that no row is. */
  left: Contact[];
  faults: RowFault[];
};

/**
 * Which row is which contact. Rows and contacts that share an address, as a team may, are told apart by role and name
 * first; only then an address, or a role and name, that belongs to one row and one contact alone makes them one.
 */
const pairUp = ({ contacts }: PresentAuthority, rows: readonly ImportRow[], now: string): Pairs => {
  const faults: RowFault[] = [];
  const pairs: Pairs["pairs"] = [];
  const left = new Map(
    Object.values(contacts)
      .filter((each) => !hasEnded(each, now))
      .map((each) => [each.contactId, each]),
  );
  let open: ImportRow[] = [];
  const seen = new Map<string, number>();
  for (const row of rows) {
    const keys = [`${emailKey(row)}#${folded(row.name)}`, ...(row.contactId ? [`#${row.contactId}`] : [])];
    const earlier = keys.map((key) => seen.get(key)).find((line) => line !== undefined);
    for (const key of keys) seen.set(key, row.line);
    if (earlier !== undefined) {
      faults.push({ line: row.line, member: null, reason: `is the same contact as line ${earlier}` });
    } else if (row.contactId) {
      const contact = left.get(row.contactId);
      left.delete(row.contactId);
      if (contact) pairs.push([row, contact]);
      else faults.push({ line: row.line, member: "contactId", reason: reasonOfNoContact(contacts, row.contactId) });
    } else open.push(row);
  }
  const steps = [
    (each: ImportRow | Contact) => `${emailKey(each)}#${nameKey(each)}`,
    (each: ImportRow | Contact) => emailKey(each),
    (each: ImportRow | Contact) => nameKey(each),
  ];
  for (const keyOf of steps) {
    const contactsBy = Map.groupBy(left.values(), keyOf);
    const rowsBy = Map.groupBy(open, keyOf);
    open = open.filter((row) => {
      const [contact, ...others] = contactsBy.get(keyOf(row)) ?? [];
      if (!contact || others.length > 0 || rowsBy.get(keyOf(row))?.length !== 1) return true;
      pairs.push([row, contact]);
      left.delete(contact.contactId);
      return false;
    });
  }
  pairs.push(...open.map((row): [ImportRow, undefined] => [row, undefined]));
  return { pairs: pairs.sort(([one], [other]) => one.line - other.line), left: [...left.values()], faults };
};

const reasonOfNoContact = (contacts: PresentAuthority["contacts"], contactId: string): string =>
  Object.hasOwn(contacts, contactId)
    ? "is of a contact that has ended: leave the id out for a new one"
    : "is of no contact of this authority: leave the id out for a new one";

/** What the row makes of the contact: what the list doesn't say stays as it is. */
const factsOf = (row: ImportRow, present: Contact | undefined, now: string): ContactFacts => {
  const { name, role, email, telephone } = row;
  return {
    name,
    role,
    email,
    telephone,
    effectiveFrom: beginning(row.effectiveFrom, present?.effectiveFrom, now),
    effectiveTo: end(row.effectiveTo, present?.effectiveTo ?? null),
  };
};

/** A list says since when its people have been in post: that a contact is in effect already, and no more. */
const beginning = (given: When | null, present: string | undefined, now: string): string => {
  if (given === null) return present ?? now;
  if (present !== undefined && "date" in given && dateInEngland(present) === given.date) return present;
  const moment = "date" in given ? startOfDay(given.date) : given.instant;
  if (moment > now) return moment;
  return present !== undefined && present <= now ? present : now;
};

const end = (given: When | null | undefined, present: string | null): string | null => {
  if (given === undefined) return present;
  if (given === null) return null;
  return "date" in given ? startOfDayAfter(given.date) : given.instant;
};

const sameFacts = (present: Contact, facts: ContactFacts): boolean =>
  present.name === facts.name &&
  present.role === facts.role &&
  present.email === facts.email &&
  present.telephone === facts.telephone &&
  present.effectiveFrom === facts.effectiveFrom &&
  present.effectiveTo === facts.effectiveTo;

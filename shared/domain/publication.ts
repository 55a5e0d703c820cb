import { isDeepStrictEqual } from "node:util";
import { stringify } from "csv-stringify/sync";
import { type Contact, hasEnded } from "./contacts.ts";
import { dateInEngland } from "./working-days.ts";

/** For machines and for people; each publication is in both. */
export const formats = ["json", "csv"] as const;
export type Format = (typeof formats)[number];

/** What a publication says of an authority: its place in the list, but not how often that was changed. */
export type PublishedAuthority = {
  code: string;
  gssCode: string;
  formerGssCodes: string[];
  name: string;
  councilName: string;
  nation: "England" | "Wales" | "Scotland" | "Northern Ireland";
  type: string;
  region: string;
  neighbours: string[];
  predecessors: string[];
  successors: string[];
  effectiveFrom: string;
  effectiveTo: string | null;
};

/** What it says of a contact: what others need to reach it and to judge whether it still stands. */
export type PublishedContact = Omit<Contact, "verifiedBy" | "verificationAsked" | "version">;

/** Authorities by code; contacts by authority and id. */
export type ContactList = { authorities: PublishedAuthority[]; contacts: PublishedContact[] };

/** The list as it stands at that moment: whatever is in effect or to come, and nothing that has ended. */
export const listAt = (
  authorities: readonly (PublishedAuthority & { contacts: Readonly<Record<string, Contact>> })[],
  now: string,
): ContactList => {
  const today = dateInEngland(now);
  const listed = authorities
    .filter(({ effectiveTo }) => effectiveTo === null || today <= effectiveTo)
    .sort((one, other) => (one.code < other.code ? -1 : 1));
  return {
    authorities: listed.map(publishedAuthority),
    contacts: listed.flatMap(({ contacts }) =>
      Object.values(contacts)
        .filter((each) => !hasEnded(each, now))
        .sort((one, other) => (one.contactId < other.contactId ? -1 : 1))
        .map(publishedContact),
    ),
  };
};

const publishedAuthority = (authority: PublishedAuthority): PublishedAuthority => ({
  code: authority.code,
  gssCode: authority.gssCode,
  formerGssCodes: authority.formerGssCodes,
  name: authority.name,
  councilName: authority.councilName,
  nation: authority.nation,
  type: authority.type,
  region: authority.region,
  neighbours: authority.neighbours,
  predecessors: authority.predecessors,
  successors: authority.successors,
  effectiveFrom: authority.effectiveFrom,
  effectiveTo: authority.effectiveTo,
});

const publishedContact = (contact: PublishedContact): PublishedContact => ({
  contactId: contact.contactId,
  authority: contact.authority,
  name: contact.name,
  role: contact.role,
  email: contact.email,
  telephone: contact.telephone,
  effectiveFrom: contact.effectiveFrom,
  effectiveTo: contact.effectiveTo,
  verifiedAt: contact.verifiedAt,
  unreachableSince: contact.unreachableSince,
});

/** The columns of the list as a spreadsheet, which the import of the list takes again. */
const columns = {
  code: "DfE number",
  gssCode: "GSS code",
  authority: "Local authority",
  council: "Council",
  nation: "Nation",
  region: "Region",
  contactId: "Contact ID",
  name: "Name",
  role: "Role",
  email: "Email",
  telephone: "Telephone",
  effectiveFrom: "Effective from",
  effectiveTo: "Effective to",
  verifiedAt: "Last verified",
} as const;

/**
 * The contacts as CSV (RFC 4180) for spreadsheets: UTF-8 with a byte-order mark, without which Excel takes it for
 * Windows-1252. A cell that a spreadsheet would run as a formula begins with an apostrophe, as OWASP's "CSV Injection"
 * has it; so do telephone numbers that begin with a plus. Moments are whole, so that nothing is lost on the way back.
 */
export const csvOf = ({ authorities, contacts }: ContactList): string => {
  const byCode = new Map(authorities.map((authority) => [authority.code, authority]));
  const rows = contacts.map(({ authority: code, ...contact }) => {
    const authority = byCode.get(code);
    if (!authority) throw new TypeError("A contact of no authority");
    const { gssCode, name, councilName: council, nation, region } = authority;
    return { ...contact, code: code === gssCode ? "" : code, gssCode, authority: name, council, nation, region };
  });
  return stringify(rows, { header: true, columns, bom: true, record_delimiter: "windows", escape_formulas: true });
};

type Change<Thing> =
  | { change: "added"; before: null; after: Thing }
  | { change: "changed"; before: Thing; after: Thing }
  | { change: "retired"; before: Thing; after: null };

/** What one publication says otherwise than an earlier one; what has ended since, or is gone, is `retired`. */
export type Difference =
  | ({ of: "authority"; authority: string; contactId: null } & Change<PublishedAuthority>)
  | ({ of: "contact"; authority: string; contactId: string } & Change<PublishedContact>);

/** Where a difference stands among all: an authority, then its contacts. No code or id holds a space. */
export const placeOf = ({ authority, contactId }: { authority: string; contactId: string | null }): string =>
  `${authority} ${contactId ?? ""}`;

/** Everything that the later list says otherwise than the earlier, in the order of {@link placeOf}. */
export const differences = (earlier: ContactList, later: ContactList): Difference[] =>
  [
    ...changesOf(earlier.authorities, later.authorities, ({ code }) => code).map(
      ([{ code }, change]): Difference => ({ of: "authority", authority: code, contactId: null, ...change }),
    ),
    ...changesOf(earlier.contacts, later.contacts, placeOf).map(
      ([{ authority, contactId }, change]): Difference => ({ of: "contact", authority, contactId, ...change }),
    ),
  ].sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1));

const changesOf = <Thing>(
  earlier: readonly Thing[],
  later: readonly Thing[],
  nameOf: (thing: Thing) => string,
): [Thing, Change<Thing>][] => {
  const was = new Map(earlier.map((thing) => [nameOf(thing), thing]));
  const is = new Set(later.map(nameOf));
  const gone = earlier.filter((thing) => !is.has(nameOf(thing)));
  return [
    ...later.flatMap((after): [Thing, Change<Thing>][] => {
      const before = was.get(nameOf(after));
      if (before === undefined) return [[after, { change: "added", before: null, after }]];
      return isDeepStrictEqual(before, after) ? [] : [[after, { change: "changed", before, after }]];
    }),
    ...gone.map((before): [Thing, Change<Thing>] => [before, { change: "retired", before, after: null }]),
  ];
};

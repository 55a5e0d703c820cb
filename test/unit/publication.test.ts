import { describe, expect, it } from "vitest";
import type { Contact } from "../../shared/domain/contacts.ts";
import {
  csvOf,
  differences,
  listAt,
  type PublishedAuthority,
  type PublishedContact,
} from "../../shared/domain/publication.ts";

const birmingham: PublishedAuthority = {
  code: "330",
  gssCode: "E08000025",
  formerGssCodes: [],
  name: "Birmingham",
  councilName: "Birmingham City Council",
  nation: "England",
  type: "Metropolitan borough",
  region: "West Midlands",
  neighbours: ["332"],
  predecessors: [],
  successors: [],
  effectiveFrom: "2009-01-01",
  effectiveTo: null,
};
const glasgow: PublishedAuthority = {
  ...birmingham,
  code: "S12000049",
  gssCode: "S12000049",
  name: "Glasgow City",
  councilName: "Glasgow City Council",
  nation: "Scotland",
  region: "Scotland",
  neighbours: [],
};
const ann: PublishedContact = {
  contactId: "330-lead",
  authority: "330",
  name: "Ann Example",
  role: "lead",
  email: "ann@birmingham.gov.uk",
  telephone: "0121 496 0000",
  effectiveFrom: "2025-09-01T00:00:00.000Z",
  effectiveTo: null,
  verifiedAt: "2026-11-21T09:30:00.000Z",
  unreachableSince: null,
};
const kept = { verifiedBy: "dfe", verificationAsked: 0, version: 7 } as const;
const contact = (facts: Partial<PublishedContact>): Contact => ({ ...ann, ...facts, ...kept });
const byId = (...contacts: Contact[]): Record<string, Contact> =>
  Object.fromEntries(contacts.map((each) => [each.contactId, each]));

describe("the list at a moment", () => {
  const now = "2026-11-23T12:00:00.000Z";

  it("has what is in effect or to come, in order, and only what is for everybody to know", () => {
    const list = listAt(
      [
        { ...glasgow, contacts: {} },
        { ...birmingham, contacts: byId(contact({}), contact({ contactId: "330-inbox", role: "inbox" })) },
      ],
      now,
    );
    expect(list).toEqual({
      authorities: [birmingham, glasgow],
      contacts: [{ ...ann, contactId: "330-inbox", role: "inbox" }, ann],
    });
  });

  it("leaves out a contact from the moment of its end, and has one before its beginning", () => {
    const contacts = byId(
      contact({ contactId: "a", effectiveTo: "2026-11-23T12:00:00.000Z" }),
      contact({ contactId: "b", effectiveTo: "2026-11-23T12:00:00.001Z" }),
      contact({ contactId: "c", effectiveFrom: "2027-04-01T00:00:00.000Z" }),
    );
    expect(listAt([{ ...birmingham, contacts }], now).contacts.map(({ contactId }) => contactId)).toEqual(["b", "c"]);
  });

  it("leaves out an authority, and its contacts, after its last day in England, and has one to come", () => {
    const contacts = byId(contact({}));
    const authorities = [
      { ...birmingham, code: "100", contacts, effectiveTo: "2027-06-30" },
      { ...birmingham, code: "101", contacts, effectiveTo: "2027-07-01" },
      { ...birmingham, code: "102", contacts, effectiveFrom: "2028-04-01" },
    ];
    // One o'clock in the night in England, where it is summer: 1 July.
    const list = listAt(authorities, "2027-07-01T00:00:00.000Z");
    expect(list.authorities.map(({ code }) => code)).toEqual(["101", "102"]);
    expect(list.contacts).toHaveLength(2);
    // Half past midnight of 1 July in England, while it is 30 June in UTC.
    expect(listAt(authorities, "2027-06-30T23:30:00.000Z").authorities.map(({ code }) => code)).toEqual(["101", "102"]);
    expect(listAt(authorities, "2027-06-30T22:30:00.000Z").authorities).toHaveLength(3);
  });
});

describe("the list as CSV", () => {
  const header =
    "\ufeffDfE number,GSS code,Local authority,Council,Nation,Region,Contact ID,Name,Role,Email,Telephone,Effective from,Effective to,Last verified\r\n";

  it("has a row for each contact, with a byte-order mark and CRLF", () => {
    const other = { ...ann, contactId: "s-inbox", authority: "S12000049", effectiveTo: "2027-01-01T00:00:00.000Z" };
    expect(csvOf({ authorities: [birmingham, glasgow], contacts: [ann, { ...other, verifiedAt: null }] })).toBe(
      `${header}330,E08000025,Birmingham,Birmingham City Council,England,West Midlands,330-lead,Ann Example,lead,ann@birmingham.gov.uk,0121 496 0000,2025-09-01T00:00:00.000Z,,2026-11-21T09:30:00.000Z\r\n` +
        ",S12000049,Glasgow City,Glasgow City Council,Scotland,Scotland,s-inbox,Ann Example,lead,ann@birmingham.gov.uk,0121 496 0000,2025-09-01T00:00:00.000Z,2027-01-01T00:00:00.000Z,\r\n",
    );
  });

  it.each([
    ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
    ["+44 121 496 0000", "'+44 121 496 0000"],
    ["-1", "'-1"],
    ["@sum", "'@sum"],
    ['=1,"2"', `"'=1,""2"""`],
    ["O'Neill, Ann", `"O'Neill, Ann"`],
    ["Siân", "Siân"],
  ])("has a name of %s as %s", (name, cell) => {
    const [, row = ""] = csvOf({ authorities: [birmingham], contacts: [{ ...ann, name }] }).split("\r\n");
    expect(row).toBe(
      `330,E08000025,Birmingham,Birmingham City Council,England,West Midlands,330-lead,${cell},lead,ann@birmingham.gov.uk,0121 496 0000,2025-09-01T00:00:00.000Z,,2026-11-21T09:30:00.000Z`,
    );
  });
});

describe("what changed between two lists", () => {
  it("is nothing between equal ones", () => {
    expect(
      differences(
        { authorities: [birmingham], contacts: [ann] },
        { authorities: [{ ...birmingham, neighbours: ["332"] }], contacts: [{ ...ann }] },
      ),
    ).toEqual([]);
  });

  it("is what was added, changed and retired, each authority before its contacts", () => {
    const renamed = { ...birmingham, name: "Greater Birmingham" };
    const bob = { ...ann, contactId: "330-bob", name: "Bob Example" };
    const moved = { ...ann, telephone: "0121 496 0001" };
    const hamish = { ...ann, contactId: "1", authority: "S12000049" };
    expect(
      differences(
        { authorities: [birmingham], contacts: [bob, ann] },
        { authorities: [renamed, glasgow], contacts: [moved, hamish] },
      ),
    ).toEqual([
      { of: "authority", authority: "330", contactId: null, change: "changed", before: birmingham, after: renamed },
      { of: "contact", authority: "330", contactId: "330-bob", change: "retired", before: bob, after: null },
      { of: "contact", authority: "330", contactId: "330-lead", change: "changed", before: ann, after: moved },
      { of: "authority", authority: "S12000049", contactId: null, change: "added", before: null, after: glasgow },
      { of: "contact", authority: "S12000049", contactId: "1", change: "added", before: null, after: hamish },
    ]);
    expect(differences({ authorities: [glasgow], contacts: [] }, { authorities: [], contacts: [] })).toEqual([
      { of: "authority", authority: "S12000049", contactId: null, change: "retired", before: glasgow, after: null },
    ]);
  });

  it("takes contacts of two authorities with the same id for two", () => {
    const other = { ...ann, authority: "S12000049" };
    const authorities = [birmingham, glasgow];
    expect(differences({ authorities, contacts: [ann] }, { authorities, contacts: [ann, other] })).toEqual([
      { of: "contact", authority: "S12000049", contactId: "330-lead", change: "added", before: null, after: other },
    ]);
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readContactRows } from "../../functions/contact-list/read-contact-rows.ts";
import type { AuthorityMatch } from "../../shared/domain/authority-names.ts";
import { type ImportRow, planImport } from "../../shared/domain/contact-list-import.ts";
import type { Contact } from "../../shared/domain/contacts.ts";
import type { Cell } from "../../shared/spreadsheet/table.ts";

const now = "2026-11-21T10:00:00.000Z";

const match = (text: string): AuthorityMatch =>
  text === "330" || text === "Birmingham" ? { found: "330" } : text === "201" ? { found: "201" } : { fault: "unknown" };

const headings: Cell[] = ["LA code", "Named officer", "Role", "E-mail", "Tel", "From", "To"];
const good: Cell[] = ["330", "Siân O’Brien", "Lead officer", "sian@x.gov.uk", "0121 303 1234", null, null];
const table = (...rows: Cell[][]) => ({ sheet: null, rows: rows.map((cells, i) => ({ line: i + 1, cells })) });
const read = (...rows: Cell[][]) => readContactRows(table(...rows), match);
/** The row with something else in one of its cells. */
const but = (column: number, cell: Cell): Cell[] => good.with(column, cell);

describe("the headings of a list", () => {
  it.each([
    ["LA code", "Local authority", "Named officer", "Role", "E-mail", "Tel"],
    ["dfe NUMBER", "LA", "Contact name", "Contact role", "Team mailbox", "Telephone number"],
    ["Authority code", "Council", "name", "role", "email", "telephone"],
    ["LA No.", "Authority Name", "CME Officer", "Type", "Email Address", "Phone"],
  ])("are recognised: %s, %s, %s, %s, %s, %s", (...names) => {
    const cells = ["330", "Birmingham", "A", "lead", "a@x.gov.uk", "0121 303 1234"];
    const order = [3, 0, 5, 2, 4, 1];
    const shuffled = read(
      order.map((at) => names[at] ?? ""),
      order.map((at) => cells[at] ?? ""),
    );
    expect(shuffled.refused).toEqual([]);
    expect(shuffled.rows).toEqual([
      {
        line: 2,
        authority: "330",
        contactId: null,
        name: "A",
        role: "lead",
        email: "a@x.gov.uk",
        telephone: "0121 303 1234",
        effectiveFrom: null,
        effectiveTo: undefined,
      },
    ]);
  });

  it("may stand below a title, beside columns that are not taken", () => {
    const found = read(["CME contacts"], [...headings, "Office hours", null], [...good, "9 to 5", "x"]);
    expect(found).toMatchObject({ columnsIgnored: ["Office hours"], refused: [], rows: [{ line: 3 }] });
  });

  it.each<[string, Cell[], RegExp]>([
    ["a needed column", ["LA code", "Name", "E-mail"], /no column headed: Role; Telephone\./],
    [
      "whose contact it is",
      ["Name", "Role", "E-mail", "Tel"],
      /no column headed: LA code or GSS code or Local authority or Council\./,
    ],
    ["which of two", [...headings, "Team mailbox"], /two columns for: Email/],
    ["any heading", ["330", "secret"], /no column headed/],
  ])("must say %s", (_, cells, message) => {
    expect(() => read(cells, good)).toThrow(message);
    expect(() => read(cells, good)).not.toThrow(/secret/);
  });

  it("must have rows below", () => {
    expect(() => read(headings)).toThrow(/no rows below/);
  });
});

describe("a row of a list", () => {
  it.each<[string, number, Cell, Partial<ImportRow>]>([
    ["a number of an authority", 0, 330, { authority: "330" }],
    ["white space around it", 1, " Siân\u00A0", { name: "Siân" }],
    ["a role in another spelling", 2, "Team mailbox", { role: "inbox" }],
    ["a telephone number without its zero", 4, 1213031234, { telephone: "0121 303 1234" }],
    ["a telephone number as text without its zero", 4, "1213031234", { telephone: "0121 303 1234" }],
    ["an international number that became one", 4, 441213031234, { telephone: "0121 303 1234" }],
    ["a telephone number abroad", 4, "+353 1 234 5678", { telephone: "+353 1 234 5678" }],
    ["a day as in Britain", 5, "01/09/2025", { effectiveFrom: { date: "2025-09-01" } }],
    ["a day in one digit", 5, "1.9.2025", { effectiveFrom: { date: "2025-09-01" } }],
    ["a day as ISO 8601 has it", 5, "2025-09-01", { effectiveFrom: { date: "2025-09-01" } }],
    ["a day of the sheet", 5, new Date("2025-09-01T00:00:00Z"), { effectiveFrom: { date: "2025-09-01" } }],
    ["a day's serial number", 5, 45901, { effectiveFrom: { date: "2025-09-01" } }],
    ["a moment", 6, "2027-01-01T00:00:00.000Z", { effectiveTo: { instant: "2027-01-01T00:00:00.000Z" } }],
    ["no end", 6, null, { effectiveTo: null }],
  ])("is read with %s", (_, column, cell, expected) => {
    expect(read(headings, but(column, cell))).toMatchObject({ refused: [], rows: [expected] });
  });

  it.each<[string, number, Cell, string, RegExp]>([
    ["no authority", 0, null, "LA code", /missing/],
    ["an unknown authority", 0, "Atlantis", "LA code", /no local authority/],
    ["a formula", 3, { hazard: "formula" }, "Email", /formula/],
    ["an error", 1, { hazard: "error" }, "Contact name", /error/],
    ["a formula as text", 1, '=HYPERLINK("http://x")', "Contact name", /begins as a formula/],
    ["a formula in full width", 1, "＝1+1", "Contact name", /begins as a formula/],
    ["a call as text", 1, "@SUM(1)", "Contact name", /begins as a formula/],
    ["a minus", 3, "-a@x.gov.uk", "Email", /begins as a formula/],
    ["a number for a name", 1, 7, "Contact name", /number/],
    ["a name too long", 1, "x".repeat(201), "Contact name", /200/],
    ["two lines", 1, "A\nB", "Contact name", /one line/],
    ["a control character", 1, "A\u0007B", "Contact name", /control characters/],
    ["half a character", 1, "A\uD800", "Contact name", /well-formed/],
    ["a role unheard of", 2, "director", "Role", /none of lead, deputy and inbox/],
    ["no email address", 3, "ask Siân", "Email", /no email address/],
    ["scientific notation", 4, "4.41213E+11", "Telephone", /scientific/],
    ["a number that lost more", 4, 44121303, "Telephone", /become a number/],
    ["a number too large", 4, 4.4e22, "Telephone", /become a number/],
    ["no telephone number", 4, "ask", "Telephone", /telephone number/],
    ["a day that isn't", 5, "31/02/2027", "Effective from", /no date/],
    ["an American day", 5, "09/31/2025", "Effective from", /no date/],
    ["a word for a day", 6, "soon", "Effective to", /no date/],
    ["a number for a day", 6, 12, "Effective to", /no date/],
  ])("is refused with %s", (_, column, cell, called, reason) => {
    const { rows, refused } = read(headings, but(column, cell));
    expect(rows).toEqual([]);
    expect(refused).toEqual([{ line: 2, column: called, reason: expect.stringMatching(reason) }]);
    if (typeof cell === "string" && cell.length > 4) expect(JSON.stringify(refused)).not.toContain(cell);
  });

  it("is refused where its number and its name are of two authorities", () => {
    const { refused } = read(["LA code", "LA", ...headings.slice(1)], ["201", "Birmingham", ...good.slice(1)]);
    expect(refused).toEqual([{ line: 2, column: "LA code", reason: "is not that of the same authority: 201, 330" }]);
  });

  it("is told of all its faults", () => {
    const { refused, named, incomplete } = read(headings, ["330", null, "x", "y", "z"]);
    expect(refused.map(({ column }) => column)).toEqual(["Contact name", "Role", "Email", "Telephone"]);
    expect([[...named], [...incomplete]]).toEqual([["330"], ["330"]]);
  });

  it("is taken or refused, never more, whatever stands in its cells", () => {
    const naughty: string[] = JSON.parse(
      readFileSync(new URL("../data/naughty-strings.json", import.meta.url), "utf8"),
    );
    for (const text of naughty) {
      const cells: Cell[] = [text, text, text, text, text, text, text];
      const { rows, refused } = read(headings, cells.with(0, "330"), cells);
      expect(rows).toEqual([]);
      expect(refused.length).toBeGreaterThan(1);
    }
  });
});

const contact = (contactId: string, more: Partial<Contact> = {}): Contact => ({
  contactId,
  authority: "330",
  name: contactId,
  role: "lead",
  email: `${contactId}@x.gov.uk`,
  telephone: "0121 303 1234",
  effectiveFrom: "2025-09-01T00:00:00.000Z",
  effectiveTo: null,
  verifiedAt: "2026-01-01T00:00:00.000Z",
  verifiedBy: "330",
  unreachableSince: null,
  verificationAsked: 1,
  version: 4,
  ...more,
});
const counter = (from: number) => {
  let last = from;
  return () => {
    last += 1;
    return last;
  };
};
const nextLine = counter(1);
const row = (name: string, more: Partial<ImportRow> = {}): ImportRow => ({
  line: nextLine(),
  authority: "330",
  contactId: null,
  name,
  role: "lead",
  email: `${name}@x.gov.uk`,
  telephone: "0121 303 1234",
  effectiveFrom: null,
  effectiveTo: undefined,
  ...more,
});
const plan = (contacts: Contact[], rows: ImportRow[], authority: { effectiveTo?: string } = {}) => {
  const nextId = counter(0);
  const present = {
    code: "330",
    effectiveFrom: "2009-01-01",
    effectiveTo: null,
    contacts: Object.fromEntries(contacts.map((each) => [each.contactId, each])),
    ...authority,
  };
  const newId = () => `new-${nextId()}`;
  const [made, ...more] = planImport([present], rows, { officialDomains: ["gov.uk"], now, by: "dfe", newId });
  expect(more).toEqual([]);
  if (!made) throw new Error("planned nothing");
  return {
    added: made.added.map(({ contactId, name }) => [contactId, name]),
    changed: made.changed.map(({ after }) => [after.contactId, after.name]),
    retired: made.retired.map(({ after }) => [after.contactId, after.effectiveTo]),
    unchanged: made.unchanged,
    faults: made.faults.map(({ member, reason }) => [member, reason]),
    contacts: made.contacts,
  };
};
const nothing = { added: [], changed: [], retired: [], unchanged: 0, faults: [] };

describe("the plan of an import", () => {
  it("leaves what is the same as it is, with its version and verification", () => {
    const made = plan([contact("a")], [row("a")]);
    expect(made).toMatchObject({ ...nothing, unchanged: 1 });
    expect(made.contacts.a).toEqual(contact("a"));
  });

  it("adds, changes and retires, so that the list is what the file says", () => {
    const made = plan([contact("a"), contact("b")], [row("a", { telephone: "0121 303 9999" }), row("c")]);
    expect(made).toMatchObject({
      ...nothing,
      added: [["new-1", "c"]],
      changed: [["a", "a"]],
      retired: [["b", now]],
    });
    expect(made.contacts).toEqual({
      a: contact("a", {
        telephone: "0121 303 9999",
        verifiedAt: now,
        verifiedBy: "dfe",
        verificationAsked: 0,
        version: 5,
      }),
      b: contact("b", { effectiveTo: now, version: 5 }),
      "new-1": contact("new-1", {
        name: "c",
        email: "c@x.gov.uk",
        effectiveFrom: now,
        verifiedAt: now,
        verifiedBy: "dfe",
        verificationAsked: 0,
        version: 1,
      }),
    });
  });

  it.each<[string, Contact[], ImportRow[], object]>([
    [
      "by its id, whatever else it is",
      [contact("a"), contact("b")],
      [row("x", { contactId: "a" }), row("b")],
      { changed: [["a", "x"]], unchanged: 1 },
    ],
    ["by its address in any case", [contact("a")], [row("x", { email: "A@X.gov.uk" })], { changed: [["a", "x"]] }],
    [
      "by its role and name",
      [contact("a")],
      [row(" A", { name: "A", email: "new@x.gov.uk" })],
      { changed: [["a", "A"]] },
    ],
    [
      "by role and name first where two share an address",
      [contact("a", { email: "team@x.gov.uk" }), contact("b", { email: "team@x.gov.uk" })],
      [row("b", { email: "team@x.gov.uk" }), row("a", { email: "team@x.gov.uk" })],
      { unchanged: 2 },
    ],
    [
      "by nothing that two could be",
      [contact("a", { email: "team@x.gov.uk" }), contact("b", { email: "team@x.gov.uk" })],
      [row("c", { email: "team@x.gov.uk" })],
      {
        added: [["new-1", "c"]],
        retired: [
          ["a", now],
          ["b", now],
        ],
      },
    ],
    [
      "not by what has ended",
      [contact("a"), contact("b", { effectiveTo: "2026-01-01T00:00:00.000Z" })],
      [row("a"), row("b")],
      { added: [["new-1", "b"]], unchanged: 1 },
    ],
  ])("knows a contact %s", (_, contacts, rows, expected) => {
    expect(plan(contacts, rows)).toMatchObject({ ...nothing, ...expected });
  });

  it("leaves contacts alone that are yet to begin", () => {
    const future = contact("b", { effectiveFrom: "2027-01-01T00:00:00.000Z" });
    expect(plan([contact("a"), future], [row("a")])).toMatchObject({ ...nothing, unchanged: 1 });
  });

  it("leaves the end as it is without a column for it, and takes it away where the cell is empty", () => {
    const ending = contact("a", { effectiveTo: "2027-01-01T00:00:00.000Z" });
    expect(plan([ending, contact("b")], [row("a"), row("b")])).toMatchObject({ ...nothing, unchanged: 2 });
    const open = plan([ending, contact("b")], [row("a", { effectiveTo: null }), row("b", { effectiveTo: null })]);
    expect(open).toMatchObject({ ...nothing, changed: [["a", "a"]], unchanged: 1 });
    expect(open.contacts.a?.effectiveTo).toBeNull();
  });

  it("takes a last day to its end, also in summer", () => {
    const made = plan([contact("b")], [row("a", { effectiveTo: { date: "2027-07-31" } }), row("b")]);
    expect(made.contacts["new-1"]?.effectiveTo).toBe("2027-07-31T23:00:00.000Z");
  });

  it.each<[string, ImportRow["effectiveFrom"], string]>([
    ["long ago", { date: "2019-01-01" }, now],
    ["today", { date: "2026-11-21" }, now],
    ["on a day to come", { date: "2027-06-01" }, "2027-05-31T23:00:00.000Z"],
    ["at a moment to come", { instant: "2027-06-01T09:00:00.000Z" }, "2027-06-01T09:00:00.000Z"],
  ])("has a new contact begin, who began %s", (_, effectiveFrom, expected) => {
    expect(plan([contact("b")], [row("a", { effectiveFrom }), row("b")]).contacts["new-1"]?.effectiveFrom).toBe(
      expected,
    );
  });

  it("keeps the beginning of what has begun, and refuses to move it", () => {
    expect(plan([contact("a")], [row("a", { effectiveFrom: { date: "2019-01-01" } })])).toMatchObject({ unchanged: 1 });
    expect(plan([contact("a")], [row("a", { effectiveFrom: { date: "2027-01-01" } })]).faults).toEqual([
      ["effectiveFrom", "can't be changed: the contact is in effect already"],
    ]);
  });

  it.each<[string, ImportRow[], (string | null)[]]>([
    [
      "an unofficial address",
      [row("a"), row("c", { email: "c@gmail.com" })],
      ["email", "is not at one of the official domains of GET /v1/contact-list/email-domains"],
    ],
    [
      "an end in the past",
      [row("a"), row("c", { effectiveTo: { date: "2026-01-01" } })],
      ["effectiveTo", "is in the past"],
    ],
    [
      "an id that is nobody's",
      [row("a"), row("c", { contactId: "zz" })],
      ["contactId", "is of no contact of this authority: leave the id out for a new one"],
    ],
    [
      "nobody in effect",
      [row("c", { effectiveFrom: { date: "2027-01-01" } })],
      [null, "the authority would have no contact in effect at some time from now on"],
    ],
    [
      "too many",
      [row("a"), ...Array.from({ length: 30 }, (_, i) => row(`n${i}`))],
      [null, "the authority would have more than 30 contacts"],
    ],
  ])("refuses %s, and plans nothing of that authority", (_, rows, fault) => {
    const made = plan([contact("a"), contact("b")], rows);
    expect(made).toMatchObject({ added: [], changed: [], retired: [], unchanged: 0 });
    expect(made.faults).toContainEqual(fault);
  });

  it("refuses a row that is there twice", () => {
    const rows = [row("a", { line: 2 }), row("A", { line: 9, email: "a@x.gov.uk", role: "deputy" })];
    expect(plan([contact("a")], rows).faults).toEqual([[null, "is the same contact as line 2"]]);
    const ids = [row("a", { line: 2, contactId: "a" }), row("z", { line: 3, contactId: "a" })];
    expect(plan([contact("a")], ids).faults).toEqual([[null, "is the same contact as line 2"]]);
  });

  it("needs nobody after an authority's own end", () => {
    const rows = [row("a", { effectiveTo: { date: "2027-03-31" } })];
    expect(plan([contact("a")], rows, { effectiveTo: "2027-03-31" })).toMatchObject({
      ...nothing,
      changed: [["a", "a"]],
    });
    expect(plan([contact("a")], [row("a", { effectiveTo: { date: "2027-03-30" } })]).faults).toHaveLength(1);
  });
});

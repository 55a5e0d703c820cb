/** What a column of a contact list may hold. The first four say whose contact it is: any one will do. */
export const columnNames = [
  "authorityCode",
  "gssCode",
  "authorityName",
  "councilName",
  "contactId",
  "name",
  "role",
  "email",
  "telephone",
  "effectiveFrom",
  "effectiveTo",
] as const;
export type ColumnName = (typeof columnNames)[number];

/** What each column is called when something is said about it, and the headings under which lists have it. */
const columns: Record<ColumnName, { called: string; headings: readonly string[] }> = {
  authorityCode: {
    called: "LA code",
    headings: [
      "LA code",
      "LA number",
      "LA no",
      "LA no.",
      "LEA code",
      "LEA number",
      "DfE number",
      "DfE no",
      "DfE code",
      "DfE LA code",
      "LA DfE code",
      "Local authority code",
      "Local authority number",
      "Authority code",
      "Authority number",
      "Code",
    ],
  },
  gssCode: {
    called: "GSS code",
    headings: ["GSS code", "GSS", "ONS code", "GSS LA code", "LA GSS code", "New LA code", "Authority GSS code"],
  },
  authorityName: {
    called: "Local authority",
    headings: [
      "Local authority",
      "Local authority name",
      "LA",
      "LA name",
      "LEA",
      "LEA name",
      "Authority",
      "Authority name",
      "Name of authority",
      "Name of local authority",
    ],
  },
  councilName: { called: "Council", headings: ["Council", "Council name", "Name of council"] },
  contactId: { called: "Contact ID", headings: ["Contact ID", "Contact ref", "Contact reference", "ID"] },
  name: {
    called: "Contact name",
    headings: [
      "Contact name",
      "Contact",
      "Name",
      "Full name",
      "Named officer",
      "Named contact",
      "Named person",
      "Named CME officer",
      "CME officer",
      "CME contact",
      "CME contact name",
      "Officer",
      "Officer name",
      "Name of contact",
      "Name of officer",
    ],
  },
  role: {
    called: "Role",
    headings: ["Role", "Contact role", "Type", "Contact type", "Type of contact", "Position"],
  },
  email: {
    called: "Email",
    headings: [
      "Email",
      "E-mail",
      "Email address",
      "E-mail address",
      "Contact email",
      "Contact email address",
      "Mail",
      "Mailbox",
      "Team mailbox",
      "Team email",
      "Secure email",
      "CME email",
    ],
  },
  telephone: {
    called: "Telephone",
    headings: [
      "Telephone",
      "Telephone number",
      "Telephone no",
      "Tel",
      "Tel.",
      "Tel no",
      "Tel number",
      "Phone",
      "Phone number",
      "Phone no",
      "Contact number",
      "Contact telephone",
      "Contact phone",
    ],
  },
  effectiveFrom: {
    called: "Effective from",
    headings: ["Effective from", "From", "From date", "Start", "Start date", "Date from", "Valid from", "In post from"],
  },
  effectiveTo: {
    called: "Effective to",
    headings: [
      "Effective to",
      "To",
      "To date",
      "Until",
      "End",
      "End date",
      "Date to",
      "Valid to",
      "Effective until",
      "In post until",
      "Last day",
    ],
  },
};

/** Letters and digits alone: `E-mail`, `email` and `E mail` are one heading, and `contactId` is `Contact ID`. */
const key = (heading: string): string =>
  heading
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");

const byHeading = new Map(
  columnNames.flatMap((name) => columns[name].headings.map((heading): [string, ColumnName] => [key(heading), name])),
);

export const columnOf = (heading: string): ColumnName | undefined => byHeading.get(key(heading));

export const calledOf = (name: ColumnName): string => columns[name].called;

/** The column that a member of a contact comes from; what is wrong with a row as a whole has no column. */
export const saysWhose: readonly ColumnName[] = ["authorityCode", "gssCode", "authorityName", "councilName"];
export const required = ["name", "role", "email", "telephone"] as const satisfies readonly ColumnName[];

const roleNames = {
  lead: [
    "lead",
    "lead officer",
    "lead contact",
    "cme lead",
    "cme lead officer",
    "main",
    "main contact",
    "primary",
    "primary contact",
    "named officer",
    "named person",
    "named contact",
    "named cme officer",
  ],
  deputy: [
    "deputy",
    "deputy lead",
    "deputy lead officer",
    "cme deputy",
    "secondary",
    "secondary contact",
    "second contact",
    "backup",
    "back up",
    "cover",
    "deputy contact",
  ],
  inbox: [
    "inbox",
    "team inbox",
    "cme inbox",
    "cme team inbox",
    "mailbox",
    "team mailbox",
    "shared mailbox",
    "shared inbox",
    "generic mailbox",
    "generic inbox",
    "team",
    "cme team",
    "duty",
    "duty team",
    "duty inbox",
  ],
} as const;
export type RoleName = keyof typeof roleNames;

const byRole = new Map(
  (Object.keys(roleNames) as RoleName[]).flatMap((role) =>
    roleNames[role].map((spelling): [string, RoleName] => [key(spelling), role]),
  ),
);

export const roleOf = (text: string): RoleName | undefined => byRole.get(key(text));

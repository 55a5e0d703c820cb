import type { Contact } from "./contacts.ts";
import { type Rung, toldAtRung } from "./escalation.ts";
import type { EventType, Party } from "./lifecycle.ts";
import { type Referral, type Role, roles } from "./referral.ts";

export const emailTemplateNames = [
  "referral-awaits",
  "referral-received",
  "referral-returned",
  "referral-withdrawn",
  "not-located",
  "concluded",
  "overdue",
  "overdue-lead",
  "webhook-failing",
  "contact-verification",
  "contact-unreachable",
  "enquiry-awaits",
  "enquiry-answered",
  "enquiry-lapsed",
  "enquiry-matched",
  "enquiry-match-known",
  "retained-child-found",
  "referral-temporary",
  "transfer-awaits",
  "transfer-received",
  "transfer-overdue",
  "transfer-overdue-lead",
  "notice-awaits",
  "notice-lapsed",
  "referral-message",
  "record-corrected",
] as const;
export type EmailTemplate = (typeof emailTemplateNames)[number];

/** One email to one named contact of an authority. */
export type Email = { template: EmailTemplate; authority: string; contactId: string };

/** What happened; a deadline that passed says which rung of the ladder it was. */
export type Happening = { type: Exclude<EventType, "referral.overdue"> } | { type: "referral.overdue"; rung: Rung };

type Recipient = Pick<Contact, "contactId" | "role" | "unreachableSince">;
type Audience = "contact-and-inbox" | "lead" | "sent-by" | "sent-by-and-inbox";
type Told = Partial<Record<Role, { template: EmailTemplate; to: Audience }>>;

/**
 * Which event emails whom: those who have something to do now, or whose work it settles, and never those who did it.
 * Everything, for both parties, is in the event feed and their webhooks anyway.
 */
const table: Record<Exclude<EventType, "referral.overdue">, Told> = {
  /** Guidance, "Children in temporary accommodation": the temporary authority is included in the discussion. */
  "referral.submitted": {
    recipient: { template: "referral-awaits", to: "contact-and-inbox" },
    temporaryAuthority: { template: "referral-temporary", to: "contact-and-inbox" },
  },
  "referral.withdrawn": { recipient: { template: "referral-withdrawn", to: "contact-and-inbox" } },
  /** The child is with the sender alone again, so the team is told too, not only the person who sent it. */
  "referral.returned": { sender: { template: "referral-returned", to: "sent-by-and-inbox" } },
  "referral.received": { sender: { template: "referral-received", to: "sent-by" } },
  /** The receipt opened the gate already: nothing to do. */
  "referral.located": {},
  "referral.not-located": { sender: { template: "not-located", to: "sent-by-and-inbox" } },
  /** The recipient has had the child on its list since the receipt: nothing to do. */
  "referral.removed": {},
  "referral.concluded": { sender: { template: "concluded", to: "sent-by" } },
  /** Reads are for the trail; an email for each would bury the ones that matter. */
  "referral.child-read": {},
  /** Of a referral that awaits receipt and has another recipient now. */
  "referral.reassigned": { recipient: { template: "referral-awaits", to: "contact-and-inbox" } },
  /** A third list has the child too; nothing changes for the two parties. */
  "referral.temporary-listed": {},
  /** Whoever reads the referral finds the file with it. */
  "referral.file-attached": {},
  /** Told to the other sides than the one that wrote or corrected: see {@link emailsOfCorrespondence}. */
  "referral.question-asked": {},
  "referral.question-answered": {},
  "referral.record-corrected": {},
};

/** What the same event is called where the referral is a register transfer: its child is not missing education. */
const ofTransfers: Partial<Record<EmailTemplate, EmailTemplate>> = {
  "referral-awaits": "transfer-awaits",
  "referral-received": "transfer-received",
  overdue: "transfer-overdue",
  "overdue-lead": "transfer-overdue-lead",
};

/** The ladder's emails; what the DfE sees at the third rung is its overview. */
const overdueTable: Record<Rung, Told> = {
  1: { recipient: { template: "overdue", to: toldAtRung[1] } },
  2: { recipient: { template: "overdue-lead", to: toldAtRung[2] } },
  3: {},
};

/**
 * The emails that an event asks for, each contact at most once.
 *
 * @param inEffect the named contacts of both parties, and of the temporary authority, in effect at that moment; nobody else is ever told. Of an authority
 * with any contact in effect, somebody is
 */
export const emailsFor = (
  happening: Happening,
  referral: Pick<Referral, "sender" | "recipient" | "sentBy"> & Partial<Pick<Referral, "temporaryAuthority" | "kind">>,
  inEffect: Record<Party, readonly Recipient[]> & Partial<Record<Role, readonly Recipient[]>>,
): Email[] => {
  const told = happening.type === "referral.overdue" ? overdueTable[happening.rung] : table[happening.type];
  return roles.flatMap((role) => {
    const [email, authority] = [told[role], referral[role] ?? null];
    if (email === undefined || authority === null) return [];
    const contacts = reachableOrAll(inEffect[role] ?? []);
    const isTransfer = referral.kind === "register-transfer";
    const template = (isTransfer && ofTransfers[email.template]) || email.template;
    return addressed(template, authority, audiences[email.to](contacts, referral.sentBy));
  });
};

/** Something that an authority is to act on or to know: the contact whose business it is and the inbox learn of it. */
export const emailsTo = (
  { template, authority, contactId }: { template: EmailTemplate; authority: string; contactId: string | null },
  inEffect: readonly Recipient[],
): Email[] => {
  const contacts = reachableOrAll(inEffect);
  const audience = contactId === null ? contactAndInbox(contacts) : audiences["sent-by-and-inbox"](contacts, contactId);
  return addressed(template, authority, audience);
};

/**
 * Whom a message or a corrected record is emailed to: the other sides' contacts who have dealt with the referral, and
 * their inboxes. Only its two parties and the temporary authority are sides.
 */
export const emailsOfCorrespondence = (
  template: "referral-message" | "record-corrected",
  { sender, recipient, temporaryAuthority, sentBy, receivedBy }: SidesOfReferral,
  by: string,
): { authority: string; template: EmailTemplate; contactId: string | null }[] => {
  const sides = new Map<string, string | null>([
    ...(temporaryAuthority === null ? [] : [[temporaryAuthority, null] as const]),
    [recipient, receivedBy],
    [sender, sentBy],
  ]);
  sides.delete(by);
  return [...sides].map(([authority, contactId]) => ({ authority, template, contactId }));
};

type SidesOfReferral = Pick<Referral, "sender" | "recipient" | "temporaryAuthority" | "sentBy" | "receivedBy">;

/** An authority's deliveries have failed for good or its subscription has ended: all its contacts in effect learn of it. */
export const emailsForFailingWebhook = (authority: string, inEffect: readonly Recipient[]): Email[] =>
  addressed("webhook-failing", authority, reachableOrAll(inEffect));

/** A contact's emails come back: the others who can be reached learn of it. The DfE sees it in its feed and overview. */
export const emailsForUnreachableContact = (
  { authority, contactId }: { authority: string; contactId: string },
  inEffect: readonly Recipient[],
): Email[] =>
  addressed(
    "contact-unreachable",
    authority,
    reachable(inEffect).filter((each) => each.contactId !== contactId),
  );

const reachable = (contacts: readonly Recipient[]): Recipient[] =>
  contacts.filter(({ unreachableSince }) => unreachableSince === null);

/**
 * Whose emails come back is passed over for a colleague. Where that is everybody, all are tried: an address may work again,
 * and an authority is never left out.
 */
const reachableOrAll = (contacts: readonly Recipient[]): readonly Recipient[] => {
  const found = reachable(contacts);
  return found.length > 0 ? found : contacts;
};

const addressed = (template: EmailTemplate, authority: string, contacts: readonly Recipient[]): Email[] =>
  [...new Set(contacts.map(({ contactId }) => contactId))].map((contactId) => ({ template, authority, contactId }));

const havingRole = (contacts: readonly Recipient[], role: Contact["role"]): Recipient[] =>
  contacts.filter((contact) => contact.role === role);

/** The contacts in the first of these roles that anybody has. */
const firstOf = (contacts: readonly Recipient[], ...roles: Contact["role"][]): Recipient[] =>
  roles.map((role) => havingRole(contacts, role)).find((found) => found.length > 0) ?? [];

/** Who deals with referrals first: the deputy, so that the lead is somebody to turn to, or the lead where there is none. */
const contactAndInbox = (contacts: readonly Recipient[]): Recipient[] => [
  ...firstOf(contacts, "deputy", "lead"),
  ...havingRole(contacts, "inbox"),
];

/** The contact who sent the referral may have left since: then whoever deals with referrals is told instead. */
const audiences: Record<Audience, (contacts: readonly Recipient[], sentBy: string) => Recipient[]> = {
  "contact-and-inbox": contactAndInbox,
  lead: (contacts) => firstOf(contacts, "lead", "deputy", "inbox"),
  "sent-by": (contacts, sentBy) => {
    const sender = contacts.filter(({ contactId }) => contactId === sentBy);
    return sender.length > 0 ? sender : contactAndInbox(contacts);
  },
  "sent-by-and-inbox": (contacts, sentBy) => [
    ...audiences["sent-by"](contacts, sentBy),
    ...havingRole(contacts, "inbox"),
  ],
};

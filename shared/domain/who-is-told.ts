import type { Contact } from "./contacts.ts";
import { type Rung, toldAtRung } from "./escalation.ts";
import type { EventType, Party } from "./lifecycle.ts";
import type { Referral } from "./referral.ts";

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
] as const;
export type EmailTemplate = (typeof emailTemplateNames)[number];

/** One email to one named contact of an authority. */
export type Email = { template: EmailTemplate; authority: string; contactId: string };

/** What happened; a deadline that passed says which rung of the ladder it was. */
export type Happening = { type: Exclude<EventType, "referral.overdue"> } | { type: "referral.overdue"; rung: Rung };

type Recipient = Pick<Contact, "contactId" | "role">;
type Audience = "contact-and-inbox" | "lead" | "sent-by" | "sent-by-and-inbox";
type Told = Partial<Record<Party, { template: EmailTemplate; to: Audience }>>;

/**
 * Which event emails whom: those who have something to do now, or whose work it settles, and never those who did it.
 * Everything, for both parties, is in the event feed and their webhooks anyway.
 */
const table: Record<Exclude<EventType, "referral.overdue">, Told> = {
  "referral.submitted": { recipient: { template: "referral-awaits", to: "contact-and-inbox" } },
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
 * @param inEffect the named contacts of both parties in effect at that moment; nobody else is ever told. Of an authority
 * with any contact in effect, somebody is
 */
export const emailsFor = (
  happening: Happening,
  referral: Pick<Referral, "sender" | "recipient" | "sentBy">,
  inEffect: Record<Party, readonly Recipient[]>,
): Email[] => {
  const told = happening.type === "referral.overdue" ? overdueTable[happening.rung] : table[happening.type];
  return (["sender", "recipient"] as const).flatMap((party) => {
    const email = told[party];
    if (email === undefined) return [];
    return addressed(email.template, referral[party], audiences[email.to](inEffect[party], referral.sentBy));
  });
};

/** An authority's deliveries have failed for good or its subscription has ended: all its contacts in effect learn of it. */
export const emailsForFailingWebhook = (authority: string, inEffect: readonly Recipient[]): Email[] =>
  addressed("webhook-failing", authority, inEffect);

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

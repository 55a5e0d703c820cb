/** A named contact of an authority: a person or a team's inbox that it appointed for children missing education. */
export type Contact = {
  contactId: string;
  authority: string;
  name: string;
  role: "lead" | "deputy" | "inbox";
  email: string;
  telephone: string;
  /** Instants; `effectiveTo` is the moment from which the contact no longer is one. */
  effectiveFrom: string;
  effectiveTo: string | null;
  verifiedAt: string | null;
  verifiedBy: string | null;
  version: number;
};

/** Is this contact in effect at that moment? Only such a one can confirm receipt, find, remove or send. */
export const inEffect = (contact: Pick<Contact, "effectiveFrom" | "effectiveTo">, now: string): boolean =>
  contact.effectiveFrom <= now && (contact.effectiveTo === null || now < contact.effectiveTo);

import { randomBytes, randomUUID } from "node:crypto";
import { emailTemplates } from "../../shared/email/templates.ts";
import type { EmailRequest, EmailStatus, LocalTemplate } from "./engines/notify.ts";

/** A key of Notify's form, new at each start: whoever has none from this process is refused. */
export const localApiKey = (): string => `local-${randomUUID()}-${randomUUID()}`;

/** What Notify would be given for its callbacks, new at each start too. */
export const localCallbackToken = (): string => randomBytes(32).toString("base64url");

/**
 * What becomes of an email to one of these at any domain; any other arrives. They are the names of GOV.UK Notify's own
 * simulator (perm-fail@simulator.notify), at domains that a contact may have.
 */
const failing: Readonly<Record<string, EmailStatus>> = {
  "perm-fail": "permanent-failure",
  "temp-fail": "temporary-failure",
  "tech-fail": "technical-failure",
};

export const localStatusOf = ({ email_address }: EmailRequest): EmailStatus =>
  failing[email_address.split("@")[0]?.toLowerCase() ?? ""] ?? "delivered";

/** The exchange's templates as they would be entered in Notify. */
export const localTemplates: LocalTemplate[] = Object.entries(emailTemplates).map(
  ([name, { subject, body }], index) => ({
    id: `00000000-0000-4000-8000-${String(index + 1).padStart(12, "0")}`,
    name,
    subject,
    body,
  }),
);

export const templateIds = localTemplates.map(({ name, id }) => `${name}=${id}`).join(",");

import { randomUUID } from "node:crypto";
import { emailTemplates } from "../../shared/email/templates.ts";
import type { LocalTemplate } from "./engines/notify.ts";

/** A key of Notify's form, new at each start: whoever has none from this process is refused. */
export const localApiKey = (): string => `local-${randomUUID()}-${randomUUID()}`;

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

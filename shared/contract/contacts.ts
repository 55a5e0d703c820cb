import * as z from "zod";
import { contact } from "./directory.ts";
import { contactId, directoryCode, email, instant, singleLine } from "./primitives.ts";
import { route } from "./route.ts";
import { publicTelephone } from "./telephone.ts";

/** What whoever maintains a contact says of it. */
export const contactFacts = z.strictObject({
  // In a spreadsheet it would be a formula.
  name: singleLine(200)
    .regex(/^[^=+\-@＝＋－＠]/, "must not begin with =, +, - or @")
    .describe("A person or a team's inbox"),
  role: contact.shape.role,
  email: email.describe("At a domain of the DfE's list of official domains"),
  telephone: publicTelephone,
  effectiveFrom: instant.optional().describe("At once, if absent; not in the past"),
  effectiveTo: instant.nullable().optional().describe("The moment from which it is no longer a contact"),
});

const maintaining = { kind: "token", scope: ["contacts:own", "contacts:admin"], proof: "committed" } as const;

const contactInPath = z.strictObject({
  code: directoryCode.describe("The authority's code"),
  contactId: contactId.describe("The contact's id"),
});

export const addContact = route({
  operationId: "addContact",
  method: "POST",
  path: "/v1/authorities/{code}/contacts",
  summary: "Appoint a named contact: an authority for itself, the DfE for any",
  access: maintaining,
  params: z.strictObject({ code: directoryCode.describe("The authority's code") }),
  body: contactFacts,
  answers: { 201: { description: "The contact", schema: contact, location: true, etag: true } },
  refusals: ["not-your-role"],
  handler: "functions/contact-list/add-contact.ts",
});

export const changeContact = route({
  operationId: "changeContact",
  method: "PUT",
  path: "/v1/authorities/{code}/contacts/{contactId}",
  summary: "Change a named contact that has not ended. Whoever changes it says with that that it is correct",
  access: maintaining,
  params: contactInPath,
  body: contactFacts,
  ifMatch: true,
  answers: { 201: { description: "The contact as it is now", schema: contact, etag: true } },
  refusals: ["not-your-role", "state-does-not-allow", "last-contact"],
  handler: "functions/contact-list/change-contact.ts",
});

export const retireContact = route({
  operationId: "retireContact",
  method: "POST",
  path: "/v1/authorities/{code}/contacts/{contactId}/retirement",
  summary:
    "End a named contact, at once or at a later moment. From then on it can't confirm a receipt; an authority's last contact in effect can't be retired",
  access: maintaining,
  params: contactInPath,
  body: z.strictObject({ effectiveTo: instant.optional().describe("At once, if absent; not in the past") }),
  answers: { 201: { description: "The contact as it is now", schema: contact, etag: true } },
  refusals: ["not-your-role", "state-does-not-allow", "last-contact"],
  handler: "functions/contact-list/retire-contact.ts",
});

export const verifyContact = route({
  operationId: "verifyContact",
  method: "POST",
  path: "/v1/authorities/{code}/contacts/{contactId}/verification",
  summary: "Say that a named contact is still correct",
  access: maintaining,
  params: contactInPath,
  body: z.strictObject({}),
  answers: { 201: { description: "The contact as it is now", schema: contact, etag: true } },
  refusals: ["not-your-role", "state-does-not-allow"],
  handler: "functions/contact-list/verify-contact.ts",
});

import * as z from "zod";
import { changeTypes } from "../domain/changes.ts";
import { authority, contact, nations } from "./directory.ts";
import { listing, page } from "./listing.ts";
import { contactId, directoryCode, gssCode, instant, sha256Digest, singleLine } from "./primitives.ts";
import { route } from "./route.ts";

const reading = { kind: "token", scope: "contacts:read", proof: "remembered" } as const;
const maintaining = { kind: "token", scope: ["contacts:own", "contacts:admin"], proof: "committed" } as const;
const administering = { kind: "token", scope: "contacts:admin", proof: "committed" } as const;

/** Present or former GSS codes find the authority that bears the code today. */
const codeInPath = z.strictObject({
  code: z.union([directoryCode, gssCode]).describe("A DfE number, or a present or former GSS code"),
});
const contactInPath = z.strictObject({
  code: directoryCode.describe("The authority's code"),
  contactId: contactId.describe("The contact's id"),
});

export const listAuthorities = route({
  operationId: "listAuthorities",
  method: "GET",
  path: "/v1/authorities",
  summary: "Authorities in effect, by code; q finds part of a name, a DfE number or a present or former GSS code",
  access: reading,
  query: z.strictObject({
    region: singleLine(60).optional().describe("The region's whole name, in any case"),
    nation: z.enum(nations).optional().describe("Only the authorities of this nation"),
    q: singleLine(100).optional().describe("Part of a name, or a whole DfE number or GSS code"),
    ...listing,
  }),
  answers: { 200: { description: "One page of authorities", schema: page(authority).meta({ id: "AuthorityPage" }) } },
  handler: "functions/contact-list/list-authorities.ts",
});

export const getAuthority = route({
  operationId: "getAuthority",
  method: "GET",
  path: "/v1/authorities/{code}",
  summary: "One authority by its code, in effect or not, or the one in effect that bears a present or former GSS code",
  access: reading,
  params: codeInPath,
  answers: { 200: { description: "The authority", schema: authority, etag: true } },
  handler: "functions/contact-list/get-authority.ts",
});

export const changeAuthority = route({
  operationId: "changeAuthority",
  method: "PUT",
  path: "/v1/authorities/{code}",
  summary:
    "Change what the list says of an authority. A new GSS code makes the old one a former one. What ends an authority, or makes one, is a reorganisation",
  access: administering,
  params: z.strictObject({ code: directoryCode.describe("The authority's code") }),
  body: z.strictObject({
    gssCode,
    name: singleLine(200),
    councilName: singleLine(200),
    type: singleLine(60),
    region: singleLine(60),
    neighbours: z.array(directoryCode).max(60),
  }),
  ifMatch: true,
  answers: { 201: { description: "The authority as it is now", schema: authority, etag: true } },
  handler: "functions/contact-list/change-authority.ts",
});

export const listContacts = route({
  operationId: "listContacts",
  method: "GET",
  path: "/v1/authorities/{code}/contacts",
  summary: "An authority's named contacts in effect",
  access: reading,
  params: codeInPath,
  query: z.strictObject(listing),
  answers: { 200: { description: "One page of contacts", schema: page(contact).meta({ id: "ContactPage" }) } },
  handler: "functions/contact-list/list-contacts.ts",
});

export const getContact = route({
  operationId: "getContact",
  method: "GET",
  path: "/v1/authorities/{code}/contacts/{contactId}",
  summary: "One named contact, in effect or not",
  access: reading,
  params: contactInPath,
  answers: { 200: { description: "The contact", schema: contact, etag: true } },
  handler: "functions/contact-list/get-contact.ts",
});

/** A link of the chain of changes of an authority, a client or the list of official domains. */
export const change = z
  .strictObject({
    subject: z.string().describe("authority# or client# and its code or id; or email-domains"),
    sequence: z.int().positive(),
    type: z.enum(changeTypes),
    at: instant,
    actor: z.strictObject({
      authority: z.string(),
      clientId: z.string(),
      contactId: contactId.nullable(),
    }),
    before: z.unknown().describe("What was changed as it was; null where there was none"),
    after: z.unknown().describe("What was changed as it was from then on; null where there was none"),
    previousHash: sha256Digest.nullable(),
    hash: sha256Digest.describe("SHA-256 over the RFC 8785 canonical JSON of this change without its hash"),
  })
  .meta({ id: "Change", description: "Who changed what, when, and how it was before and after" });

export const listAuthorityChanges = route({
  operationId: "listAuthorityChanges",
  method: "GET",
  path: "/v1/authorities/{code}/changes",
  summary: "Every change of an authority and its contacts, oldest first, as a hash chain: for the DfE and itself",
  access: { ...maintaining, proof: "remembered" },
  params: z.strictObject({ code: directoryCode.describe("The authority's code") }),
  query: z.strictObject(listing),
  answers: { 200: { description: "One page of changes", schema: page(change).meta({ id: "ChangePage" }) } },
  refusals: ["not-your-role"],
  handler: "functions/contact-list/list-authority-changes.ts",
});

/** Domains under which official email addresses are: an address is at one of them or below it. */
export const emailDomains = z
  .strictObject({
    domains: z
      .array(
        z
          .string()
          .max(253)
          .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, "must be a domain in lower case"),
      )
      .min(1)
      .max(500),
    version: z.int().positive(),
  })
  .meta({ id: "EmailDomains", description: "The domains at which named contacts may have email addresses" });

export const getEmailDomains = route({
  operationId: "getEmailDomains",
  method: "GET",
  path: "/v1/contact-list/email-domains",
  summary: "The domains at which named contacts may have email addresses, also below them",
  access: reading,
  answers: { 200: { description: "The domains", schema: emailDomains, etag: true } },
  handler: "functions/contact-list/get-email-domains.ts",
});

export const changeEmailDomains = route({
  operationId: "changeEmailDomains",
  method: "PUT",
  path: "/v1/contact-list/email-domains",
  summary: "Change the domains at which named contacts may have email addresses. Contacts that are there already stay",
  access: administering,
  body: emailDomains.pick({ domains: true }),
  ifMatch: true,
  answers: { 201: { description: "The domains as they are now", schema: emailDomains, etag: true } },
  handler: "functions/contact-list/change-email-domains.ts",
});

import * as z from "zod";
import { listing, page } from "./listing.ts";
import { authorityCode, calendarDate, contactId, instant, singleLine } from "./primitives.ts";
import { route } from "./route.ts";

export const gssCode = z
  .string()
  .regex(/^[EWSN]\d{8}$/, "must be a GSS code")
  .describe("GSS code, such as E08000025 for Birmingham");

export const authority = z
  .strictObject({
    code: authorityCode,
    gssCode,
    formerGssCodes: z.array(gssCode),
    name: z.string(),
    councilName: z.string(),
    type: z.string(),
    region: z.string(),
    neighbours: z.array(authorityCode),
    effectiveFrom: calendarDate,
    effectiveTo: calendarDate.nullable(),
  })
  .meta({ id: "Authority", description: "A local authority in England" });

export const contact = z
  .strictObject({
    contactId,
    authority: authorityCode,
    name: z.string(),
    role: z.enum(["lead", "deputy", "inbox"]),
    email: z.string(),
    telephone: z.string(),
    effectiveFrom: instant,
    effectiveTo: instant.nullable(),
    verifiedAt: instant.nullable().describe("When somebody last said that it is still correct"),
    verifiedBy: z.string().nullable(),
    version: z.int().positive(),
  })
  .meta({ id: "Contact", description: "A named contact for children missing education" });

const access = { kind: "token", scope: "contacts:read", proof: "remembered" } as const;

/** Present or former GSS codes find the authority that bears the code today. */
const codeInPath = z.strictObject({
  code: z.union([authorityCode, gssCode]).describe("A DfE number, or a present or former GSS code"),
});

export const listAuthorities = route({
  operationId: "listAuthorities",
  method: "GET",
  path: "/v1/authorities",
  summary: "Authorities in effect, by DfE number; q finds part of a name, a DfE number or a present or former GSS code",
  access,
  query: z.strictObject({
    region: singleLine(60).optional().describe("The region's whole name, in any case"),
    q: singleLine(100).optional().describe("Part of a name, or a whole DfE number or GSS code"),
    ...listing,
  }),
  answers: { 200: { description: "One page of authorities", schema: page(authority).meta({ id: "AuthorityPage" }) } },
  handler: "functions/contact-list/list-authorities.ts",
  cacheControl: "no-store",
});

export const getAuthority = route({
  operationId: "getAuthority",
  method: "GET",
  path: "/v1/authorities/{code}",
  summary: "One authority in effect, by DfE number or by present or former GSS code",
  access,
  params: codeInPath,
  answers: { 200: { description: "The authority", schema: authority } },
  handler: "functions/contact-list/get-authority.ts",
  cacheControl: "no-store",
});

export const listContacts = route({
  operationId: "listContacts",
  method: "GET",
  path: "/v1/authorities/{code}/contacts",
  summary: "An authority's named contacts in effect",
  access,
  params: codeInPath,
  query: z.strictObject(listing),
  answers: { 200: { description: "One page of contacts", schema: page(contact).meta({ id: "ContactPage" }) } },
  handler: "functions/contact-list/list-contacts.ts",
  cacheControl: "no-store",
});

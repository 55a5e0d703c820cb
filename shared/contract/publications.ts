import * as z from "zod";
import { authority, contact } from "./directory.ts";
import { listing, page } from "./listing.ts";
import { contactId, directoryCode, instant, sha256Digest } from "./primitives.ts";
import { route } from "./route.ts";

const reading = { kind: "token", scope: "contacts:read", proof: "remembered" } as const;
const administering = { kind: "token", scope: "contacts:admin", proof: "committed" } as const;

/** A publication's number as it stands in an address, described as the number that its digits stand for. */
const numberInAddress = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, "must be the number of a publication")
  .transform(Number)
  .meta({
    description: "A publication's number",
    override: ({ jsonSchema }) => {
      delete jsonSchema.pattern;
      Object.assign(jsonSchema, { type: "integer", minimum: 1, maximum: 999_999_999 });
    },
  });

const signed = z.strictObject({
  digest: sha256Digest.describe("SHA-256 of the document's bytes"),
  signature: z
    .string()
    .describe("JWS with detached content over the document's bytes, as in x-jws-signature (RFC 7515, Appendix F)"),
});

export const publication = z
  .strictObject({
    number: z.int().positive().describe("1, 2, 3 … without gaps"),
    publishedAt: instant,
    json: signed,
    csv: signed,
    authorities: z.int().nonnegative().describe("How many are in it"),
    contacts: z.int().nonnegative().describe("How many are in it"),
  })
  .meta({ id: "Publication", description: "A numbered, signed and immutable copy of the contact list" });
export type Publication = z.output<typeof publication>;

export const publishedAuthority = authority
  .omit({ version: true })
  .meta({ id: "PublishedAuthority", description: "What a publication says of an authority" });

export const publishedContact = contact
  .omit({ verifiedBy: true, version: true })
  .meta({ id: "PublishedContact", description: "What a publication says of a named contact" });

export const contactList = z
  .strictObject({
    number: publication.shape.number,
    publishedAt: instant,
    issuer: z.string().describe("Which exchange publishes it"),
    authorities: z.array(publishedAuthority).describe("In effect or to come, by code"),
    contacts: z.array(publishedContact).describe("In effect or to come, by authority and id"),
  })
  .meta({ id: "ContactList", description: "The contact list of all four nations as it stood when it was published" });

const representations = {
  200: {
    description: "The list, in the very bytes that were signed",
    schema: contactList,
    otherMedia: {
      "text/csv": z
        .string()
        .describe("A row for each contact, in UTF-8 with a byte-order mark, as POST /v1/contact-list/imports takes it"),
    },
    signed: true,
  },
  304: { description: "The copy that If-None-Match names is this one", signed: true },
} as const;

export const publishContactList = route({
  operationId: "publishContactList",
  method: "POST",
  path: "/v1/contact-list/publications",
  summary: "Number and sign the contact list as it stands, and tell every authority. It is done daily in any case",
  access: administering,
  body: z.strictObject({}),
  answers: {
    201: { description: "The publication", schema: publication, location: true },
    200: {
      description: "There is no new one: the newest, which this is, says already what the list says",
      schema: publication,
      location: true,
    },
  },
  handler: "functions/contact-list/publish-contact-list.ts",
});

export const getContactList = route({
  operationId: "getContactList",
  method: "GET",
  path: "/v1/contact-list",
  summary: "The newest publication of the contact list, a minute old at most",
  access: reading,
  ifNoneMatch: true,
  answers: representations,
  refusals: ["not-found", "not-acceptable"],
  handler: "functions/contact-list/get-contact-list.ts",
  // Contacts' names and numbers are for those who may ask; and a copy of yesterday's list is to be asked about first.
  cacheControl: "private, no-cache",
});

export const listPublications = route({
  operationId: "listPublications",
  method: "GET",
  path: "/v1/contact-list/publications",
  summary: "The publications of the contact list, newest first",
  access: reading,
  query: z.strictObject(listing),
  answers: {
    200: { description: "One page of publications", schema: page(publication).meta({ id: "PublicationPage" }) },
  },
  handler: "functions/contact-list/list-publications.ts",
});

export const getPublication = route({
  operationId: "getPublication",
  method: "GET",
  path: "/v1/contact-list/publications/{number}",
  summary: "One publication of the contact list, which never changes",
  access: reading,
  params: z.strictObject({ number: numberInAddress }),
  ifNoneMatch: true,
  answers: representations,
  refusals: ["not-acceptable"],
  handler: "functions/contact-list/get-publication.ts",
  cacheControl: "private, max-age=31536000, immutable",
});

const changes = ["added", "changed", "retired"] as const;

const difference = z
  .discriminatedUnion("of", [
    z.strictObject({
      of: z.literal("authority"),
      change: z.enum(changes),
      authority: directoryCode,
      contactId: z.null(),
      before: publishedAuthority.nullable().describe("null where it was added"),
      after: publishedAuthority.nullable().describe("null where it is retired"),
    }),
    z.strictObject({
      of: z.literal("contact"),
      change: z.enum(changes),
      authority: directoryCode,
      contactId,
      before: publishedContact.nullable().describe("null where it was added"),
      after: publishedContact.nullable().describe("null where it is retired"),
    }),
  ])
  .meta({
    id: "ContactListDifference",
    description: "What the later publication says otherwise; what is not in it any more is retired",
  });

export const listContactListChanges = route({
  operationId: "listContactListChanges",
  method: "GET",
  path: "/v1/contact-list/changes",
  summary: "What changed between two publications: by authority, itself and then its contacts",
  access: reading,
  query: z.strictObject({
    since: numberInAddress.describe("The earlier publication's number"),
    to: numberInAddress.optional().describe("The later one's; absent: the newest at the time of the first page"),
    ...listing,
  }),
  answers: {
    200: {
      description: "One page of differences",
      schema: z
        .strictObject({
          since: publication.shape.number,
          to: publication.shape.number,
          ...page(difference).shape,
        })
        .meta({ id: "ContactListDifferencePage" }),
    },
  },
  refusals: ["not-found"],
  handler: "functions/contact-list/list-contact-list-changes.ts",
});

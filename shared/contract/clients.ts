import * as z from "zod";
import { client, clientId, clientOwner, clientScope, sentKeys } from "./client.ts";
import { change } from "./contact-list.ts";
import { listing, page } from "./listing.ts";
import { singleLine } from "./primitives.ts";
import { authorityScopes, dfeScopes, route } from "./route.ts";

const reading = { kind: "token", scope: "clients:admin", proof: "remembered" } as const;
const maintaining = { kind: "token", scope: "clients:admin", proof: "committed" } as const;

/** What the DfE says of a client. */
const clientFacts = {
  name: singleLine(200).describe("The system that it is, such as the product and the environment"),
  scopes: z
    .array(clientScope)
    .min(1)
    .refine((scopes) => new Set(scopes).size === scopes.length, "must not name a scope twice")
    .describe(
      `Of an authority's client among ${authorityScopes.join(", ")}; of the DfE's among ${dfeScopes.join(", ")}`,
    ),
  keys: sentKeys,
};

const clientInPath = z.strictObject({ clientId });

export const listClients = route({
  operationId: "listClients",
  method: "GET",
  path: "/v1/clients",
  summary: "OAuth clients by their ids, active or not",
  access: reading,
  query: z.strictObject({
    authority: clientOwner.optional().describe("Only the clients of this authority, by its DfE number, or of dfe"),
    active: z.enum(["true", "false"]).optional().describe("Only those that are active, or that are not"),
    ...listing,
  }),
  answers: { 200: { description: "One page of clients", schema: page(client).meta({ id: "ClientPage" }) } },
  handler: "functions/access/list-clients.ts",
});

export const registerClient = route({
  operationId: "registerClient",
  method: "POST",
  path: "/v1/clients",
  summary: "Register a system of an authority or of the DfE by its public keys. It can get tokens at once",
  access: maintaining,
  body: z.strictObject({ authority: clientOwner, ...clientFacts }),
  answers: { 201: { description: "The client, with the id made for it", schema: client, location: true, etag: true } },
  handler: "functions/access/register-client.ts",
});

export const getClient = route({
  operationId: "getClient",
  method: "GET",
  path: "/v1/clients/{clientId}",
  summary: "One client",
  access: reading,
  params: clientInPath,
  answers: { 200: { description: "The client", schema: client, etag: true } },
  handler: "functions/access/get-client.ts",
});

export const changeClient = route({
  operationId: "changeClient",
  method: "PUT",
  path: "/v1/clients/{clientId}",
  summary:
    "Change a client: its name, scopes and keys, and whether it is active. To rotate a key, add the new one, let the system change over, and take the old one out",
  access: maintaining,
  params: clientInPath,
  body: z.strictObject({ ...clientFacts, active: z.boolean() }),
  ifMatch: true,
  answers: { 201: { description: "The client as it is now", schema: client, etag: true } },
  refusals: ["locks-you-out"],
  handler: "functions/access/change-client.ts",
});

export const listClientChanges = route({
  operationId: "listClientChanges",
  method: "GET",
  path: "/v1/clients/{clientId}/changes",
  summary: "Every change of a client, oldest first, as a hash chain",
  access: reading,
  params: clientInPath,
  query: z.strictObject(listing),
  answers: { 200: { description: "One page of changes", schema: page(change).meta({ id: "ClientChangePage" }) } },
  handler: "functions/access/list-client-changes.ts",
});

import * as z from "zod";
import { listedChild } from "./child-record.ts";
import { listing, page } from "./listing.ts";
import { authorityCode, calendarDate, entryId, instant, referralId, urn } from "./primitives.ts";
import { route } from "./route.ts";
import { warning } from "./warning.ts";

const closure = z
  .discriminatedUnion("as", [
    z.strictObject({ as: z.literal("transferred"), at: instant, referralId }),
    z.strictObject({ as: z.literal("on-school-register"), at: instant, schoolUrn: urn, startDate: calendarDate }),
    z.strictObject({ as: z.literal("suitable-education-otherwise"), at: instant }),
    z.strictObject({ as: z.literal("not-located"), at: instant, referralId }),
  ])
  .meta({ id: "Closure", description: "How and when the entry left the list" });

export const entry = z
  .strictObject({
    entryId,
    status: z.enum(["suspected", "confirmed", "closed"]),
    openedAt: instant,
    openedBy: authorityCode,
    referralId: referralId.nullable().describe("The newest referral that concerns this entry"),
    closure: closure.nullable().describe("null while the child is on the list"),
    version: z.int().positive(),
  })
  .meta({ id: "Entry", description: "One child on one authority's CME list" });

export const listEntries = route({
  operationId: "listEntries",
  method: "GET",
  path: "/v1/cme-list",
  summary: "The caller's own CME list: the open entries unless asked otherwise, newest first",
  access: { kind: "token", scope: "cme-list", proof: "remembered" },
  query: z.strictObject({
    status: z.enum(["open", "closed"]).optional().describe("The entries on the list (open) or off it; open if absent"),
    ...listing,
  }),
  answers: { 200: { description: "One page of entries", schema: page(entry).meta({ id: "EntryPage" }) } },
  handler: "functions/cme-list/list-entries.ts",
  cacheControl: "no-store",
});

export const addEntry = route({
  operationId: "addEntry",
  method: "POST",
  path: "/v1/cme-list",
  summary: "Add a suspected child to the caller's own CME list; the record is kept encrypted",
  access: { kind: "token", scope: "cme-list", proof: "committed" },
  body: z.strictObject({ child: listedChild }).meta({ id: "NewEntry" }),
  answers: {
    201: {
      description: "The entry",
      schema: z.strictObject({ ...entry.shape, warnings: z.array(warning) }).meta({ id: "AddedEntry" }),
      location: true,
    },
  },
  handler: "functions/cme-list/add-entry.ts",
  cacheControl: "no-store",
});

export const getEntry = route({
  operationId: "getEntry",
  method: "GET",
  path: "/v1/cme-list/{entryId}",
  summary: "One entry of the caller's own CME list",
  access: { kind: "token", scope: "cme-list", proof: "remembered" },
  params: z.strictObject({ entryId }),
  answers: { 200: { description: "The entry", schema: entry } },
  handler: "functions/cme-list/get-entry.ts",
  cacheControl: "no-store",
});

import * as z from "zod";
import { calendarDate, contactId, directoryCode, gssCode, instant } from "./primitives.ts";

export const nations = ["England", "Wales", "Scotland", "Northern Ireland"] as const;

export const authority = z
  .strictObject({
    code: directoryCode,
    gssCode,
    formerGssCodes: z.array(gssCode),
    name: z.string(),
    councilName: z.string(),
    nation: z.enum(nations).describe("Nothing is sent through the exchange to authorities outside England"),
    type: z.string(),
    region: z.string(),
    neighbours: z.array(directoryCode),
    predecessors: z.array(directoryCode).describe("The authorities whose area it took over"),
    successors: z.array(directoryCode).describe("The authorities that took over, or will take over, its area"),
    effectiveFrom: calendarDate,
    effectiveTo: calendarDate.nullable().describe("The last day on which it exists"),
    version: z.int().positive(),
  })
  .meta({ id: "Authority", description: "A local authority" });

export const contact = z
  .strictObject({
    contactId,
    authority: directoryCode,
    name: z.string(),
    role: z.enum(["lead", "deputy", "inbox"]),
    email: z.string(),
    telephone: z.string(),
    effectiveFrom: instant,
    effectiveTo: instant.nullable().describe("The moment from which it is no longer a contact"),
    verifiedAt: instant.nullable().describe("When somebody last said that it is still correct"),
    verifiedBy: z.string().nullable().describe("The authority that said so, or dfe"),
    unreachableSince: instant.nullable().describe("When an email to it came back for good"),
    version: z.int().positive(),
  })
  .meta({ id: "Contact", description: "A named contact for children missing education" });
